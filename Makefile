# A fresh clone needs these targets and nothing else; `make help` lists them.

PYTHON ?= python3
# For a person's own additions: make lab LAB_ARGS=--no-browser, make test PYTEST_ARGS="-k magic"
LAB_ARGS ?=
PYTEST_ARGS ?= -n 2 --dist loadgroup --no-loadscope-reorder

VENV := .venv
OLDEST := .venv-oldest
BIN := $(CURDIR)/$(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
TOUR := examples/00-tour.ipynb
WHEELS := build/wheels

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# jlpm, jupyter and, where the machine has none, node are those of the environment.
export PATH := $(BIN):$(PATH)
# Of another environment that happens to be active: IPython warns of it, and warnings are errors in the tests.
unexport VIRTUAL_ENV

EXTENSION_SOURCES := $(shell find labextension/schema labextension/src labextension/style labextension/tools ssvm_kernel/deciders/static -type f 2>/dev/null) \
  $(wildcard labextension/*.json labextension/yarn.lock)
PACKAGE_SOURCES := $(shell find ssvm_kernel -type f -not -name '*.pyc' -not -path 'ssvm_kernel/labextension/*' 2>/dev/null)
BUILD_INPUTS := pyproject.toml $(wildcard hatch_*.py) $(EXTENSION_SOURCES)

.PHONY: help
help:  ## List the targets
	@sed -nE 's/^([a-z-]+):.*  ## (.*)/  make \1\t\2/p' Makefile | expand -t 28

.PHONY: lab
lab: $(VENV)/.installed system-examples  ## Install, and open JupyterLab on the tour
	$(BIN)/jupyter lab --LabApp.default_url=/lab/tree/$(TOUR) $$([ "$$(id -u)" != 0 ] || echo --allow-root) $(LAB_ARGS)

.PHONY: demo
demo: $(VENV)/.installed system-rust  ## Run the tour without a browser and print its outputs
	@$(BIN)/python tools/demo.py $(TOUR)

.PHONY: bench
bench: $(VENV)/.installed system-rust  ## Run all benchmarks and print their tables
	@$(BIN)/python -m benchmarks

.PHONY: test
test:  ## Install what the tests need, then lint and run every test
	@$(MAKE) --no-print-directory -j2 system-test $(VENV)/.installed-dev $(OLDEST)/.requirements
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory test-labextension
	@$(MAKE) --no-print-directory test-python

.PHONY: test-python
test-python: $(VENV)/.installed-dev $(OLDEST)/.installed  ## The Python tests alone, browser tests included
	SSVM_OLDEST_PYTHON=$(CURDIR)/$(OLDEST)/bin/python SSVM_WHEEL="$$(ls $(CURDIR)/$(WHEELS)/*.whl)" \
	  $(BIN)/python -m pytest $(PYTEST_ARGS)

.PHONY: test-labextension
test-labextension: labextension/node_modules/.yarn-state.yml  ## The unit tests of the JupyterLab extension
	@cd labextension && jlpm test

.PHONY: lint
lint: $(VENV)/.installed-dev labextension/node_modules/.yarn-state.yml  ## Check style and types, Python and TypeScript
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@cd labextension && jlpm check

.PHONY: docs
docs: $(VENV)/.installed-dev system-examples  ## Build the documentation into docs/_build/html, with every notebook executed
	@$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

.PHONY: binder-check
binder-check: $(VENV)/.base  ## Do what Binder would do, and run every example there with 2 GB of memory
	@$(BIN)/python tools/binder_check.py

.PHONY: release-check
release-check: $(VENV)/.base system-rust  ## Build sdist and wheel, install each into a fresh environment, run the tour
	@$(PIP) install --group release
	@$(BIN)/python tools/release_check.py

.PHONY: badges
badges: python  ## Give README and examples their Binder badges (REPOSITORY=owner/name)
	@$(PYTHON) tools/badges.py $(REPOSITORY)

.PHONY: changelog
changelog: $(VENV)/.base  ## Put the fragments of changelog.d into CHANGELOG.md (VERSION=X)
	@$(PIP) install --group release
	@$(BIN)/python -m towncrier build --version "$(VERSION)"

.PHONY: clean
clean:  ## Remove all that make made, environments included
	rm -rf $(VENV) $(OLDEST) build dist labextension/build labextension/lib labextension/node_modules labextension/.yarn
	rm -rf ssvm_kernel/labextension ssvm_kernel/sdk/sysroot examples/*-data* examples/commands/bin tests/artifacts docs/_build docs/tutorials
	rm -rf .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- what is not Python's to install

.PHONY: system-rust
system-rust:
	@tools/setup-system.sh rust

.PHONY: system-examples
system-examples:
	@tools/setup-system.sh rust tesseract

.PHONY: system-test
system-test:
	@tools/setup-system.sh rust browser tesseract

# --- environments; a stamp file says that a step was done with the files that it depends on

.PHONY: python
python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || \
	  { echo "Python 3.10 or newer is needed; '$(PYTHON)' is not. Try: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "'$(PYTHON)' cannot make virtual environments. On Debian: apt install python3-venv" >&2; exit 1; }

# The build's requirements are put into the environment itself: an isolated build would fetch 100 MB of compiler anew.
$(VENV)/.base: pyproject.toml $(wildcard hatch_*.py) | python
	@echo "==> making $(VENV) (the first time takes a minute or two)"
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	@$(PIP) install --upgrade 'pip>=25.1'
	@$(PIP) install --group build
	@needed="$$($(BIN)/python -c 'import hatch_node; print(*hatch_node.node_requirement())')"; \
	  [ -z "$$needed" ] || $(PIP) install "$$needed"
	@touch $@

$(VENV)/.installed: $(VENV)/.base $(BUILD_INPUTS)
	@echo "==> installing ssvm-kernel into $(VENV)"
	@$(PIP) install --no-build-isolation --editable '.[all,examples]'
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.base $(BUILD_INPUTS)
	@echo "==> installing ssvm-kernel and the test tools into $(VENV)"
	@$(PIP) install --no-build-isolation --editable '.[dev]'
	@touch $(VENV)/.installed $@

labextension/node_modules/.yarn-state.yml: $(VENV)/.base labextension/package.json labextension/yarn.lock
	@cd labextension && jlpm install --immutable
	@touch $@

# The oldest supported versions, with the package as a person gets it: from its wheel, not from this folder.
$(OLDEST)/.requirements: tests/oldest-requirements.txt | python
	@echo "==> making $(OLDEST)"
	@[ -x $(OLDEST)/bin/python ] || $(PYTHON) -m venv $(OLDEST)
	@$(OLDEST)/bin/python -m pip --quiet --disable-pip-version-check install -r $<
	@touch $@

$(WHEELS)/.made: $(VENV)/.installed-dev $(PACKAGE_SOURCES) README.md
	@rm -rf $(WHEELS)
	@$(BIN)/python -m hatchling build --target wheel --directory $(WHEELS)
	@touch $@

$(OLDEST)/.installed: $(OLDEST)/.requirements $(WHEELS)/.made
	@$(OLDEST)/bin/python -m pip --quiet --disable-pip-version-check install --force-reinstall --no-deps $(WHEELS)/*.whl
	@touch $@
