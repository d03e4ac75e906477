"""Files are tried before, leave no trace then, and are written independently of each other."""

import json
import os
from pathlib import Path

import pytest

from sessa_ref.oracle import Report, Result
from sessa_ref.oracle.report import files
from sessa_ref.oracle.report.results import Status
from tests.oracle.report.reports import REPORT


class TestFiles:
    """Files are tried before, leave no trace then, and are written independently of each other."""

    def test_a_trial_leaves_nothing(self, tmp_path):
        kept = tmp_path / "kept.json"
        kept.write_bytes(b"kept")
        files.try_out({"json": kept, "junit": tmp_path / "new.xml", "html": tmp_path / "new.html"})
        assert [path.name for path in tmp_path.iterdir()] == ["kept.json"]
        assert kept.read_bytes() == b"kept"

    @pytest.mark.parametrize(
        ("name", "error", "message"),
        [
            ("absent/r.json", FileNotFoundError, r"there is no folder .*absent to write r\.json into"),
            ("file/r.json", OSError, "Not a directory"),
            (".", IsADirectoryError, "is a folder, expected a file to write"),
            ("n" * 300, OSError, "File name too long"),
            ("loop", OSError, "Too many levels of symbolic links"),
            ("dangling", FileNotFoundError, r"there is no folder .*nowhere to write r\.json into"),
        ],
    )
    def test_what_cannot_be_written_is_known_before(self, tmp_path, name, error, message):
        (tmp_path / "file").write_text("")
        (tmp_path / "loop").symlink_to(tmp_path / "loop")
        (tmp_path / "dangling").symlink_to(tmp_path / "nowhere" / "r.json")
        with pytest.raises(error, match=message):
            files.try_out({"json": tmp_path / name})

    def test_two_reports_need_two_files(self, tmp_path):
        (tmp_path / "link").symlink_to(tmp_path / "r")
        with pytest.raises(ValueError, match="must go into different files"):
            files.try_out({"json": tmp_path / "r", "junit": tmp_path / "link"})

    def test_nor_two_names_of_one(self, tmp_path):
        (tmp_path / "a").write_text("")
        (tmp_path / "b").hardlink_to(tmp_path / "a")
        with pytest.raises(ValueError, match="must go into different files"):
            files.try_out({"json": tmp_path / "a", "junit": tmp_path / "b"})

    @pytest.mark.skipif(not Path("/dev/fd").is_dir(), reason="needs /dev/fd")
    def test_devices_and_pipes_are_files(self):
        files.try_out({"json": Path("/dev/null")})
        ends = os.pipe()
        try:
            files.try_out({"json": Path(f"/dev/fd/{ends[1]}")})  # as the shell's >(program) has it
        finally:
            for end in ends:
                os.close(end)

    def test_one_that_fails_keeps_none_from_being_written(self, tmp_path, monkeypatch):
        def broken(report, lengths):
            raise RuntimeError("no\nbackend")

        monkeypatch.setattr(files, "to_html", broken)
        paths = {"html": tmp_path / "r.html", "json": tmp_path / "r.json", "junit": tmp_path / "absent" / "r.xml"}
        outcome = dict(files.write(REPORT, paths, {}))
        assert outcome[paths["html"]] == "RuntimeError: no backend"
        assert outcome[paths["json"]] == ""
        assert outcome[paths["junit"]] == f"No such file or directory: {paths['junit']}"
        assert json.loads(paths["json"].read_text(encoding="utf-8"))["target"] == "my <layer>"

    def test_files_are_utf8_with_line_feeds(self, tmp_path):
        report = Report("\u2260", [Result("c", "float64", "forward", Status.PASSED, 0.5, "\u03b3")], {})
        paths = {"junit": tmp_path / "r.xml", "html": tmp_path / "r.html"}
        assert set(dict(files.write(report, paths, {})).values()) == {""}
        for path in paths.values():
            assert "\u2260" in path.read_bytes().decode("utf-8")
            assert b"\r" not in path.read_bytes()
