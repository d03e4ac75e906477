"""Settings that train in a second."""

from dataclasses import replace

from experiments.settings import Settings

SMALL = Settings(
    width=8, heads=2, layers=2, symbols=4, starts=3, lag=6, steps=6, batch=4, warmup=2, watch_every=2, save_every=2,
    test_lags=(3, 6), test_sequences=10,
)  # fmt: skip


def small(mixer: str = "sessa", **entries) -> Settings:
    return replace(SMALL, mixer=mixer, **entries)
