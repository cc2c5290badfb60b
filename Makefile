# The few commands a developer or a newcomer needs. `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help install demo test floors check clean

help:  ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: .venv/.installed  ## make .venv, with baotinh in .venv/bin

.venv/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; say which: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: install  ## crawl the sample web into a corpus, in ./demo
	@$(BIN)/python -m tests.demo

test: install  ## run every test
	$(BIN)/python -m pytest -n 2

floors: install  ## measure how well the golden set is read, raise the floors that got better
	@$(BIN)/python -m tests.quality.update $(if $(BECAUSE),--because "$$BECAUSE")

check: install  ## format, lint, types, imports: seconds
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:  ## remove what the other commands made
	rm -rf .venv demo .pytest_cache .mypy_cache .ruff_cache .import_linter_cache *.egg-info
