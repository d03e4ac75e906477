import itertools

import pytest

from experiments.settings import Settings


def test_entries_of_a_file_are_read_and_replaced(tmp_path):
    file = tmp_path / "config.toml"
    file.write_text('mixer = "gain-0"\nlag = 5\ntest_lags = [5, 10]\n')
    settings = Settings.read(file, {"seed": 7, "lag": 6})
    assert settings == Settings(mixer="gain-0", lag=6, seed=7, test_lags=(5, 10))
    assert Settings.of(settings.entries()) == settings


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("mixer = 'sesa'", ValueError, "mixer must be one of sessa, .* got sesa; the nearest are sessa"),
        ("learningrate = 1", ValueError, "there is no setting learningrate; the nearest are learning_rate"),
        ("lag = 'x'", TypeError, "lag must be a whole number, got 'x'"),
        ("lag = true", TypeError, "lag must be a whole number, got True"),
        ("steps = 0", ValueError, "steps must be positive, got 0"),
        ("seed = -1", ValueError, "seed must be at least 0, got -1"),
        ("seed = 9223372036854775808", ValueError, r"seed must be below 2\^63, got 9223372036854775808"),
        ("learning_rate = nan", ValueError, "learning_rate must be positive, got nan"),
        ("symbols = 1", ValueError, "symbols must be at least 2, got 1"),
        ("test_lags = []", TypeError, r"test_lags must be a list of whole numbers, got \[\]"),
        ("test_lags = [0]", ValueError, "test_lags must be positive, got 0"),
        ("heads = 5", ValueError, "width must be divisible by heads"),
        ("lag =", ValueError, "config.toml must be a TOML file"),
    ],
)
def test_bad_files(tmp_path, text, error, message):
    file = tmp_path / "config.toml"
    file.write_text(text)
    with pytest.raises(error, match=message):
        Settings.read(file, {})


def test_the_learning_rate_rises_and_falls():
    settings = Settings(steps=100, warmup=10, learning_rate=1.0)
    rates = [settings.rate(step) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[9] == rates[70] == 1.0
    assert all(a > b for a, b in itertools.pairwise(rates[70:]))
    assert rates[99] == pytest.approx(1 / 30)
