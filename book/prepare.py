"""Gathers every script that the book's pages load, so that the built book needs no network.

`make book` runs it. It installs what `package.json` lists, and fills `_generated`, which Sphinx copies into the book:

    mathjax/            MathJax and its fonts
    interactive.js      the interactive figures, with the JavaScript layer that the oracle verifies, in one file:
                        browsers refuse to import modules into a page that was opened from a file

    small-layer.json    the layer of the landing page's figure, which interactive.js contains
    smaller-layer.json  the one to look into, likewise

and what a page includes:

    benchmarks/         the tables and the figure of the project's benchmarks
    ledger/             the ledger of the paper's statements: its pages and figures
    formal/             the machine-checked statements
    glossary.md         the terms of `terms.toml`, each with the page that introduces it
"""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

BOOK = Path(__file__).resolve().parent
GENERATED = BOOK / "_generated"
BENCHMARKS = ("width-512", "length-4096")  # files of benchmarks/results; the second measures one length once more
MODULES = BOOK / "node_modules"
MATHJAX = ("tex-mml-chtml.js", "output/chtml/fonts/woff-v2")


def main() -> None:
    """Install and gather; anything that fails ends the build with its own message."""
    tools = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}

    def run(*command: str | Path) -> None:
        subprocess.run(command, cwd=BOOK, env=tools, check=True)

    run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent")
    shutil.rmtree(GENERATED, ignore_errors=True)
    for part in MATHJAX:
        source, target = MODULES / "mathjax" / "es5" / part, GENERATED / "mathjax" / part
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    sys.path.insert(0, str(BOOK.parent))
    _write_layers(GENERATED)
    # sessa.mjs is also a program of node; in a page it must not look for itself, nor for modules of node.
    run("node", MODULES / "esbuild" / "bin" / "esbuild", BOOK / "interactive" / "index.mjs", "--bundle", "--minify",
        "--format=iife", "--external:node:*", "--define:import.meta.url=undefined",
        f"--outfile={GENERATED / 'interactive.js'}", "--log-level=warning")  # fmt: skip
    _write_benchmarks(GENERATED / "benchmarks")
    _write_ledger(GENERATED / "ledger")
    _write_formal(GENERATED / "formal")
    _write_glossary(GENERATED / "glossary.md")


def _write_layers(folder: Path) -> None:
    """Published layers that figures run: one with its initial weights, and a smaller one that attends less evenly."""
    from sessa_ref.config import SessaConfig
    from sessa_ref.parameters import SessaParameters

    small = SessaParameters.random(SessaConfig.published(16, 2), seed=0)
    smaller = SessaParameters.random(SessaConfig.published(8, 2), seed=0)
    factors = {"mixer.q_proj.weight": 30, "mixer.proj_fb.weight": 10, "mixer.gamma_ctx.weight": 4}
    smaller = smaller.replace({name: factor * smaller[name] for name, factor in factors.items()})
    for name, layer in (("small-layer", small), ("smaller-layer", smaller)):
        arrays = {key: {"shape": array.shape, "data": array.ravel().tolist()} for key, array in layer.items()}
        config = json.loads(layer.config.to_json())
        text = json.dumps({"config": config, "parameters": arrays})
        (folder / f"{name}.json").write_text(text, encoding="utf-8")


def _write_benchmarks(folder: Path) -> None:
    from benchmarks import causal_maps
    from benchmarks.plot import save
    from benchmarks.report import markdown, summary
    from benchmarks.results import Results

    folder.mkdir()
    files = [BOOK.parent / "benchmarks" / "results" / f"{name}.json" for name in BENCHMARKS]
    runs = [Results.from_json(file.read_text(encoding="utf-8")) for file in files]
    for file, run in zip(files, runs, strict=True):
        (folder / f"{file.stem}.md").write_text(markdown(run), encoding="utf-8")
    (folder / "summary.md").write_text(summary(*runs) + "\n", encoding="utf-8")
    save(runs[0], folder / "figure.svg")
    rows = json.loads(causal_maps.FILE.read_text(encoding="utf-8"))
    (folder / "causal-maps.md").write_text(causal_maps.markdown(rows), encoding="utf-8")


def _write_ledger(folder: Path) -> None:
    from proofs_checks.figures import save_dependencies, save_tightness
    from proofs_checks.pages import pages
    from proofs_checks.proof_pages import proof_pages
    from proofs_checks.record import shown

    outcomes = shown()
    for name, text in (pages(outcomes) | proof_pages()).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    save_tightness(outcomes, folder / "tightness.svg")
    save_dependencies(outcomes, folder / "dependencies.svg")


def _write_formal(folder: Path) -> None:
    from proofs_checks.formal_pages import formal_pages
    from proofs_checks.record import shown

    folder.mkdir()
    for name, text in formal_pages(shown()).items():
        (folder / name).write_text(text, encoding="utf-8")


def _write_glossary(file: Path) -> None:
    terms = tomllib.loads((BOOK / "terms.toml").read_text(encoding="utf-8"))
    entries = [
        f"{term}\n    {one['meaning']} *Introduced in:* {{doc}}`/{one['page']}`\n"
        for term, one in sorted(terms.items(), key=lambda item: item[0].lower())
    ]
    file.write_text("\n".join(["::::{glossary}", *entries, "::::", ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
