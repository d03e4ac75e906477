"""Gathers every script that the book's pages load, so that the built book needs no network.

`make book` runs it. It installs what `package.json` lists, and fills `_generated`, which Sphinx copies into the book:

    mathjax/            MathJax and its fonts
    interactive.js      the interactive figures, with the JavaScript layer that the oracle verifies, in one file:
                        browsers refuse to import modules into a page that was opened from a file

    small-layer.json    the layer of the landing page's figure, which interactive.js contains
    trained-layer.json  the one to look into, likewise
    trained-rows.json   what a trained layer reads, for the walks, likewise

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
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sessa_ref.parameters import SessaParameters

BOOK = Path(__file__).resolve().parent
GENERATED = BOOK / "_generated"
BENCHMARKS = ("width-512", "length-4096")  # files of benchmarks/results; the second measures one length once more
WALKED = 25  # tokens in the figure of walks
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
    _write_small_layer(GENERATED / "small-layer.json")
    _write_trained_layer(GENERATED / "trained-layer.json")
    _write_trained_rows(GENERATED / "trained-rows.json")
    # sessa.mjs is also a program of node; in a page it must not look for itself, nor for modules of node.
    run("node", MODULES / "esbuild" / "bin" / "esbuild", BOOK / "interactive" / "index.mjs", "--bundle", "--minify",
        "--format=iife", "--external:node:*", "--define:import.meta.url=undefined",
        f"--outfile={GENERATED / 'interactive.js'}", "--log-level=warning")  # fmt: skip
    _write_benchmarks(GENERATED / "benchmarks")
    _write_ledger(GENERATED / "ledger")
    _write_formal(GENERATED / "formal")
    _write_glossary(GENERATED / "glossary.md")


def _write_small_layer(file: Path) -> None:
    """A published layer with its initial weights."""
    from sessa_ref.config import SessaConfig
    from sessa_ref.parameters import SessaParameters

    file.write_text(
        json.dumps(_entries(SessaParameters.random(SessaConfig.published(16, 2), seed=0))), encoding="utf-8"
    )


def _write_trained_layer(file: Path) -> None:
    """The one layer of the smallest model that was trained, its tokens by their names, and a sequence of them."""
    from experiments.checkpoints import load_model
    from experiments.results import KEPT, MODEL
    from experiments.watch import layer_of

    model, settings = load_model(KEPT / "tiny" / "sessa-0.01000-0" / MODEL)
    task = settings.make_task()
    symbols = "abcdefghijklmnopqrstuvwxyz"[: task.classes]
    names = [*symbols, *(f"{symbol}*" for symbol in symbols), "?"]
    content = {
        **_entries(layer_of(model.blocks[0])),
        "tokens": dict(zip(names, model.embedding.weight.tolist(), strict=True)),
        "sequence": " ".join(names[token] for token in task.sample(1, seed=0).tokens[0]),
    }
    file.write_text(json.dumps(content), encoding="utf-8")


def _entries(layer: "SessaParameters") -> dict[str, Any]:
    """A layer as `sessa.mjs` takes it."""
    arrays = {name: {"shape": array.shape, "data": array.ravel().tolist()} for name, array in layer.items()}
    return {"config": json.loads(layer.config.to_json()), "parameters": arrays}


def _write_trained_rows(file: Path) -> None:
    """The feedback weights of the trained model's second layer, for the first tokens of a sequence; one is marked."""
    from experiments.checkpoints import load_model
    from experiments.results import KEPT, MODEL
    from experiments.watch import traces

    model, settings = load_model(KEPT / "recall" / "sessa-0.00300-0" / MODEL)
    recall = settings.make_task().sample(1, seed=0)
    _, second = traces(model, recall.tokens[:, :WALKED])
    rows = [row[:t].tolist() for t, row in enumerate(second.alpha_fb[0])]
    file.write_text(
        json.dumps({"marked": int(recall.positions[0, 0]) - settings.options["lag"], "rows": rows}), encoding="utf-8"
    )


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
