import pytest

from sessa_ref.plotting import path_figure, picture_files
from sessa_ref.symbolic import routing


@pytest.mark.parametrize("suffix", picture_files.FORMATS)
def test_files_can_be_repeated(tmp_path, suffix):
    for name in ("a", "b"):
        picture_files.save(path_figure.draw_paths(routing.general(4), 0, 3), tmp_path / f"{name}{suffix}")
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_other_endings(tmp_path):
    with pytest.raises(ValueError, match=r"must end in one of \.svg, \.pdf, \.png, got paths\.jpeg"):
        picture_files.save(path_figure.draw_paths(routing.general(3), 0, 2), tmp_path / "paths.jpeg")
