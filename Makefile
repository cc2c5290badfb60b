# The few commands a developer or a newcomer needs. `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin
PARTS := format lint types imports migrations names

# Nothing here may reach an archive that the shell's settings name.
unexport BAOTINH_DATA BAOTINH_DATABASE_URL BAOTINH_CONTACT BAOTINH_KEEP_FREE BAOTINH_NOW
# Where a shell forbids it, each of the tests' hundred processes compiles the whole program anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install demo test torture bench floors check $(PARTS:%=check-%) format upgrade clean

help:  ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: .venv/.installed  ## make .venv, with baotinh in .venv/bin

.venv/.installed: pyproject.toml constraints.txt
	@$(NEW_ENOUGH)
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

# It asks for older versions of what we use, so it gets an environment of its own (half a minute).
.venv/pywb/.installed: .venv/.installed tests/pywb.txt
	$(PYTHON) -m venv .venv/pywb
	.venv/pywb/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r tests/pywb.txt
	@touch $@

# Readers of others, which ours are held against: what they need is nothing that baotinh needs.
.venv/field/.installed: .venv/.installed tests/bench/field.txt
	$(PYTHON) -m venv .venv/field
	.venv/field/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r tests/bench/field.txt
	@touch $@

define NEW_ENOUGH
$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
  || { echo "Python 3.11 or newer is needed; say which: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
endef

demo: install  ## crawl the sample web into a corpus, in ./demo
	@$(BIN)/python -m tests.demo

test: install .venv/pywb/.installed  ## run every test (minutes; PostgreSQL's server programs are needed)
	$(BIN)/python -m pytest -n 2 --dist worksteal

torture: install  ## run the long fault runs, and the property tests on thousands of new examples each: hours
	$(BIN)/python -m pytest -m torture
	HYPOTHESIS_PROFILE=torture $(BIN)/python -m pytest -n 2 --dist worksteal -m hypothesis

bench: install .venv/field/.installed  ## measure speed and memory as ratios, in minutes (PAGES=DIR: on saved pages too)
	@$(BIN)/python -m tests.bench $(if $(PAGES),--pages "$(PAGES)")

floors: install  ## measure how well the golden set is read, raise the floors that got better
	@$(BIN)/python -m tests.quality.update $(if $(BECAUSE),--because "$$BECAUSE")

check: install  ## format, lint, types, imports, migrations, names: seconds
	@$(MAKE) --no-print-directory --jobs --keep-going --output-sync=target $(PARTS:%=check-%) \
	  || { echo 'make check: failed in the parts marked *** above (make format corrects what ruff can)'; exit 1; }
	@echo 'make check: $(words $(PARTS)) parts passed: $(PARTS)'

check-format: install
	$(BIN)/ruff format --check .

check-lint: install
	$(BIN)/ruff check .

check-types: install
	$(BIN)/mypy

check-imports: install
	$(BIN)/lint-imports --no-logo

# Whether the migrations make the tables that the models describe (on SQLite; `make test` looks at both).
check-migrations: install
	@echo '$(BIN)/baotinh db upgrade && $(BIN)/alembic check'
	@data=$$(mktemp -d) && trap 'rm -rf "$$data"' EXIT && export BAOTINH_DATA="$$data" \
	  && $(BIN)/baotinh db upgrade && $(BIN)/alembic check

check-names: install
	$(BIN)/python -m pytest -p no:hypothesispytest tests/crawler/test_declarations.py tests/crawler/test_scrapy.py

format: install  ## let ruff correct the format and what else it can
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

upgrade:  ## refresh constraints.txt from the ranges in pyproject.toml
	@$(NEW_ENOUGH)
	$(PYTHON) -m tests.update_constraints

clean:  ## remove what the other commands made
	rm -rf .venv demo .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info
