# `make demo` and `make test` are all a newcomer needs; both set up .venv first.
PYTHON ?= python3
BIN := .venv/bin
# Else each of many processes compiles the source anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-all check docs clean

demo: .venv/ready
	$(BIN)/python examples/demo.py

test: .venv/dev
	$(BIN)/python -m pytest -q -n 2 --dist loadfile -m "not slow"

test-all: .venv/dev
	$(BIN)/python -m pytest -q -n 2 --dist loadfile

check: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/codespell src tests docs examples benchmarks README.md CHANGELOG.md CONTRIBUTING.md

docs: .venv/docs
	$(BIN)/python docs/generate.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

clean:
	rm -rf .venv build dist site docs/recipes docs/figures.md docs/cli.md

.venv/ready: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q -e .
	touch $@

.venv/dev: .venv/ready
	$(BIN)/python -m pip install -q -e '.[dev]'
	touch $@

.venv/docs: .venv/ready
	$(BIN)/python -m pip install -q -e '.[docs,molecules]'
	touch $@
