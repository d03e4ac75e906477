import itertools

import pytest

from experiments.settings import CONFIGS, Settings
from sessa_ref.tasks import MarkedRecall


def test_entries_of_a_file_are_read_and_replaced(tmp_path):
    file = tmp_path / "config.toml"
    file.write_text('mixer = "gain-0"\n[options]\nlag = 5\n[[tests]]\nlag = 10\n')
    settings = Settings.read(file, {"seed": 7, "layers": 1})
    assert settings == Settings(mixer="gain-0", options={"lag": 5}, seed=7, layers=1, tests=({"lag": 10},))
    assert settings.make_task(lag=7) == MarkedRecall(lag=7)
    assert Settings.of(settings.entries()) == settings


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("mixer = 'sesa'", ValueError, "mixer must be one of sessa, .* got sesa; the nearest are sessa"),
        ("learningrate = 1", ValueError, "there is no setting learningrate; the nearest are learning_rate"),
        ("task = 'needle-single'", ValueError, "task must be one of recall, .* the nearest are needles-single"),
        ("task = 1", TypeError, "task must be a name, got 1"),
        ("[options]\nlags = 1", ValueError, "recall has no option lags, but lag, symbols, starts; the nearest are lag"),
        ("[options]\nlag = 0", ValueError, "lag must be at least 1, got 0"),
        ("[options]\nsymbols = 1", ValueError, "symbols must be at least 2, got 1"),
        ("options = 3", TypeError, "options must be a table of options, got 3"),
        ("[options]\nlag = [3]", TypeError, r"options: lag must be a number, a name, true or false, got \[3\]"),
        ("tests = []", TypeError, r"tests must be a list of tables of options, got \[\]"),
        ("[[tests]]\n[[tests]]\nlag = 0", ValueError, "test 2: lag must be at least 1, got 0"),
        (
            "[[tests]]\nsymbols = 3",
            ValueError,
            "test 1 must have the tokens and answers of the training, 65 and 32, got 7 ",
        ),
        ("batch = 'x'", TypeError, "batch must be a whole number, got 'x'"),
        ("batch = true", TypeError, "batch must be a whole number, got True"),
        ("steps = 0", ValueError, "steps must be positive, got 0"),
        ("seed = -1", ValueError, "seed must be at least 0, got -1"),
        ("seed = 9223372036854775808", ValueError, r"seed must be below 2\^63, got 9223372036854775808"),
        ("learning_rate = 1e300", ValueError, r"learning_rate must be below 2\^120, got 1e\+300"),
        ("learning_rate = nan", ValueError, "learning_rate must be positive, got nan"),
        ("heads = 5", ValueError, "width must be divisible by heads"),
        ("steps =", ValueError, "config.toml must be a TOML file"),
    ],
)
def test_bad_files(tmp_path, text, error, message):
    file = tmp_path / "config.toml"
    file.write_text(text)
    with pytest.raises(error, match=message):
        Settings.read(file, {})


@pytest.mark.parametrize("file", sorted(CONFIGS.glob("*.toml")), ids=lambda file: file.stem)
def test_configs_that_come_along_are_sound(file):
    assert len(Settings.read(file, {}).tests) > 1


def test_the_learning_rate_rises_and_falls():
    settings = Settings(steps=100, warmup=10, learning_rate=1.0)
    rates = [settings.rate(step) for step in range(100)]
    assert rates[0] == 1 / 10
    assert rates[9] == rates[70] == 1.0
    assert all(a > b for a, b in itertools.pairwise(rates[70:]))
    assert rates[99] == 1 / 30
