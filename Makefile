# Every target sets up .venv by itself; the system Python is only used to create it.
PYTHON ?= python3
BACKENDS ?= blocked
AUDIT ?=
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
BOOK_INSTALLED := $(VENV)/.book-installed
# Without --no-compile about half of the time would go to compiling modules that nothing here imports.
INSTALL := $(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --constraint constraints.txt
EXTRAS := torch,jax,report,transformers,dev
# A worker that is done takes over tests of another one; until then each has files of its own, and what these share is made once.
TESTS := $(BIN)/python -m pytest -n auto --dist worksteal
# Thousands of layers are run there; checking shapes in all of them would take more than twice as long.
MANY_LAYERS := tests/oracle/test_mutants.py tests/oracle/test_levels.py tests/oracle/explain tests/faults/variations tests/proofs_checks/test_rows.py \
	tests/commands/test_verify.py tests/commands/test_explain.py tests/test_testing.py tests/examples tests/language_model/test_layers.py

.PHONY: help verify ledger proofs test test-layers test-rest test-book lint book book-pdf notebooks clean
.DEFAULT_GOAL := help

help:  ## Say what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(BIN)/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit(f"Python 3.11 or newer is needed, {sys.executable} is {v.major}.{v.minor}; try: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv $(VENV)

$(INSTALLED): pyproject.toml constraints.txt | $(BIN)/python
	@echo "== Setting up $(VENV) (NumPy, torch and the tools; a few minutes the first time)"
	@$(INSTALL) --editable '.[$(EXTRAS)]'
	@touch $@

verify: $(INSTALLED)  ## Check the torch layer against the NumPy definition with the correctness oracle
	@echo "== Checking the torch layer against the NumPy definition"
	@for backend in $(BACKENDS); do \
		$(BIN)/sessa-ref verify sessa_ref.optimized.backends:$$backend || exit; \
	done

ledger: $(INSTALLED)  ## Check every statement of the paper, record how strongly it holds, and write it into the README
	@echo "== Checking the paper's statements"
	@$(BIN)/sessa-ref ledger
	@$(BIN)/python -m proofs_checks.readme

proofs: $(INSTALLED)  ## Compile and audit the machine-checked proofs; needs Coq, and says how to install it
	@echo "== Compiling and auditing the proofs"
	@$(BIN)/python -m proofs_checks.formal.audit --build build/formal $(AUDIT)
	@$(BIN)/python -m proofs_checks.readme

test: test-layers test-rest test-book  ## Run all tests

test-layers: $(INSTALLED)
	@echo "== Running the oracle on wrong and on right layers, without type checks at run time"
	@$(TESTS) --override-ini addopts=--import-mode=importlib $(MANY_LAYERS)

test-rest: $(INSTALLED)
	@echo "== Running the other tests"
	@$(TESTS) $(addprefix --ignore ,$(MANY_LAYERS) tests/book)

test-book: $(INSTALLED)
	@echo "== Running the tests of the book's pages, in a browser where it is built"
	@$(TESTS) tests/book

lint: $(INSTALLED)  ## Check style, spelling, types and import contracts
	@echo "== ruff"
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@echo "== codespell"
	@$(BIN)/codespell
	@echo "== pyright"
	@$(BIN)/pyright
	@echo "== import contracts"
	@$(BIN)/lint-imports

$(BOOK_INSTALLED): pyproject.toml constraints.txt | $(BIN)/python
	@echo "== Setting up $(VENV) with the book's tools (a few minutes the first time)"
	@$(INSTALL) --editable '.[$(EXTRAS),book]'
	@touch $(INSTALLED) $@

book: $(BOOK_INSTALLED)  ## Build the book; every page is run
	@echo "== Building the book"
	@$(BIN)/python book/prepare.py
	@$(BIN)/jupyter-book build --warningiserror --keep-going --quiet book
	@echo "open book/_build/html/index.html"

book-pdf: $(BOOK_INSTALLED)  ## Print the built book into one PDF, book/_build/book.pdf; needs Chromium
	@$(BIN)/python book/pdf.py

# A configuration of its own, in which a click on a page opens it as a notebook.
notebooks: LAB_CONFIG := JUPYTER_CONFIG_DIR=$(abspath $(VENV))/jupyter
notebooks: $(BOOK_INSTALLED)  ## Open the book's pages as notebooks in JupyterLab
	@$(LAB_CONFIG) $(BIN)/jupytext-config set-default-viewer markdown
	@$(LAB_CONFIG) $(BIN)/jupyter lab --notebook-dir book

clean:  ## Remove the environment and all caches
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis .import_linter_cache book/_build book/_generated book/node_modules
