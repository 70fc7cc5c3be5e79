# genba: `make run` sets everything up and does the main job; `make test` sets up and runs every check.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv/bin
SERVE  ?= 1
PORT   ?= 8420
export GENBA_HOME ?= $(CURDIR)/.genba
# Wrong local files that shadow modules must never be imported.
export PYTHONSAFEPATH := 1

.PHONY: run test lint bench bench-gpu chaos mutants docs clean help

run:  ## Set up, run the first shift on a real grid, write its reports, serve the console (SERVE=0: do not serve)
	@$(PYTHON) tools/bootstrap.py all
	@$(VENV)/genba shift examples/first-shift.toml --reports $(GENBA_HOME)/reports
ifneq ($(SERVE),0)
	@$(VENV)/genba up --port $(PORT)
endif

test: setup-dev lint docs  ## Set up and run every check: style, types, layers, tests
	@GENBA_SCREENSHOTS=$(CURDIR)/build/screenshots $(VENV)/python tests/sealed.py $(VENV)/python -m pytest

setup-dev:
	@$(PYTHON) tools/bootstrap.py dev --browser

setup-rivals: setup-dev
	@$(PYTHON) tools/bootstrap.py rivals

lint: setup-dev  ## Style, types and layers
	@$(VENV)/ruff check .
	@$(VENV)/ruff format --check .
	@$(VENV)/mypy
	@$(VENV)/lint-imports --no-cache

bench: setup-rivals  ## Every benchmark with its rival, as Markdown tables
	@for script in benchmarks/*.py $(filter-out benchmarks/grid/rival_%,$(wildcard benchmarks/grid/*.py)) \
			$(filter-out benchmarks/line/rival_% %_instances.py,$(wildcard benchmarks/line/*.py)); do \
		echo; echo "## $$script"; PYTHONPATH=benchmarks/grid:benchmarks/line $(VENV)/python $$script || exit 1; done

bench-gpu: setup-dev  ## cuDSS beside the CPU on KKT matrices, recorded in build/gpu; without a GPU that is recorded
	@if command -v nvidia-smi >/dev/null 2>&1; then $(PYTHON) tools/bootstrap.py cuda; fi
	@PYTHONPATH=benchmarks/grid $(VENV)/python benchmarks/grid/gpu.py --out build/gpu

chaos: setup-dev  ## 200 rounds of kill -9
	@GENBA_CHAOS_SEEDS=200 $(VENV)/python tests/sealed.py $(VENV)/python -m pytest tests/chaos --timeout 3600

mutants: setup-dev  ## Mutation testing of the certificates and the state machine
	@$(VENV)/python tools/mutants.py

docs: setup-dev  ## The documentation in site/, without warnings
	@NO_MKDOCS_2_WARNING=1 $(VENV)/mkdocs build --strict --quiet

clean:  ## Remove the environment and what tools left; the home .genba stays
	@rm -rf .venv site .mypy_cache .ruff_cache .pytest_cache

help:  ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/:/' | sort
