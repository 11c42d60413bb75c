# gridplan: two commands do everything on a fresh machine that has make and python3 (3.11 or
# later, with venv).
#   make demo   set up, plan the embedded example, audit it, write its map
#   make test   set up, lint, check types, run the tests
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PYTEST := $(BIN)/python -m pytest
DEMO := outputs/demo

KERNELS := kernels-atoms kernels-points kernels-requests

.PHONY: help demo test test-all lint bench notebooks docs clean $(KERNELS)
.DEFAULT_GOAL := help

help: ## show the verbs
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

.venv/use: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) --upgrade pip
	$(PIP) -e '.[report]' # with what --plot needs
	touch $@

.venv/dev: pyproject.toml .venv/use
	$(PIP) -e '.[dev]'
	touch $@

.venv/docs: pyproject.toml .venv/use
	$(PIP) -e '.[docs]'
	touch $@

demo: .venv/use ## set up and plan, audit and map the embedded example
	$(BIN)/gridplan plan data/example/town.gpkg -o $(DEMO) --seed 1 --overwrite
	$(BIN)/gridplan audit $(DEMO) --strict
	$(BIN)/gridplan map $(DEMO)
	@echo "open $(DEMO)/map.html in a browser, $(DEMO)/plan.gpkg in QGIS"

lint: .venv/dev ## ruff and mypy
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

$(KERNELS): .venv/dev # else each worker of the tests would compile them all
	$(BIN)/python -m tests.kernels $(@:kernels-%=%)

test: .venv/dev ## set up, lint and run the tests
	$(MAKE) --no-print-directory --jobs 4 lint $(KERNELS)
	$(PYTEST) -n 2 --dist worksteal -m 'not slow'

test-all: test docs ## the slow tests too, and the site; LibreOffice and poppler for documents
	$(PYTEST) -n 2 --dist worksteal -m slow

bench: .venv/dev ## measure speed, memory and quality, and print tables
	$(BIN)/python -m benchmarks

notebooks: .venv/dev ## run the notebooks afresh, in place
	$(BIN)/jupyter execute --inplace notebooks/*.ipynb

docs: .venv/docs ## build the manual as a site that needs no network, in outputs/site
	$(BIN)/mkdocs build --quiet --clean
	$(BIN)/python docs/check_site.py outputs/site

clean: ## remove what was made
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis outputs/demo
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
