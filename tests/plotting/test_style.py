"""Figures are the same whatever settings of matplotlib the user has."""

import os
import subprocess
import sys

import pytest

matplotlib = pytest.importorskip("matplotlib")

from sessa_ref.oracle import Result  # noqa: E402
from sessa_ref.oracle.report.results import Status  # noqa: E402
from sessa_ref.plotting import path_figure, picture_files, style  # noqa: E402
from sessa_ref.plotting.ratio_figures import ratios_by_case, ratios_by_length  # noqa: E402
from sessa_ref.symbolic import routing  # noqa: E402

RESULTS = [Result("c", "float64", "forward", Status.PASSED, 0.1)]
UNUSUAL = {
    "text.usetex": True,
    "font.family": "an absent family",
    "axes.grid": True,
    "figure.facecolor": "red",
    "xtick.minor.visible": True,
    "svg.fonttype": "path",
    "lines.linewidth": 7,
    "savefig.bbox": "tight",
    "axes.unicode_minus": False,
}


def drawn(folder):
    picture_files.save(path_figure.draw_paths(routing.general(3), 0, 2), folder / "paths.svg")
    return ratios_by_case(RESULTS), ratios_by_length(RESULTS, {"c": 3}), (folder / "paths.svg").read_bytes()


def test_the_users_settings_change_nothing(tmp_path):
    usual = drawn(tmp_path)
    with matplotlib.rc_context(UNUSUAL):
        assert drawn(tmp_path) == usual
        assert matplotlib.rcParams["text.usetex"], "and they are left as they were"


def test_no_figure_needs_pyplot_or_a_backend():
    source = (
        "import sys\n"
        "from sessa_ref.oracle import Result\n"
        "from sessa_ref.plotting.ratio_figures import ratios_by_case\n"
        "from sessa_ref.oracle.report.results import Status\n"
        "ratios_by_case([Result('c', 'float64', 'forward', Status.PASSED, 0.1)])\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    environment = os.environ | {"MPLBACKEND": "a backend that is not there"}
    run = subprocess.run([sys.executable, "-c", source], env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert not run.stderr


def test_settings_are_those_asked_for():
    with matplotlib.rc_context({"font.size": 3}), style.applied({"axes.titlesize": 5}):
        assert matplotlib.rcParams["font.size"] == matplotlib.rcParamsDefault["font.size"]
        assert matplotlib.rcParams["axes.titlesize"] == 5


def test_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install \"sessa-ref\[report\]\""):
        path_figure.draw_paths(routing.general(3), 0, 2)


def test_the_book_has_the_same_style():
    """A page of the book says `plt.style.use`; everything else asks for `applied`."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.style.use("sessa_ref.plotting.style")
        of_the_book = dict(matplotlib.rcParams)
    with style.applied():
        assert dict(matplotlib.rcParams) == of_the_book
