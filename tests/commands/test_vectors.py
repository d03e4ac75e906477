import json

from sessa_ref.oracle import battery


def test_vectors(command, tmp_path, monkeypatch):
    from sessa_ref.oracle import vectors

    monkeypatch.setattr(vectors, "battery", lambda: [c for c in battery() if c.name in ("two_tokens", "three_tokens")])
    assert command("vectors", "export", tmp_path / "vectors").exit_code == 0
    manifest = json.loads((tmp_path / "vectors" / "manifest.json").read_text())
    exposed = {entry["name"]: entry["exposes"] for entry in manifest["cases"]}
    assert "GroupsInterleaved" not in exposed["two_tokens"], "there are no groups"
    assert "TanhGelu" in exposed["two_tokens"]
    assert "SolveOneHop" not in exposed["two_tokens"]
    assert "SolveOneHop" in exposed["three_tokens"]
    for name in exposed:
        folder = tmp_path / "outputs" / name
        folder.mkdir(parents=True)
        (folder / "out.safetensors").write_bytes((tmp_path / "vectors" / name / "expected.safetensors").read_bytes())
    result = command("vectors", "check", tmp_path / "vectors", tmp_path / "outputs")
    assert result.exit_code == 0, result.output
    assert command("vectors", "check", tmp_path / "absent", tmp_path / "outputs").exit_code == 2
