# The two commands: `make run` and `make test`. Everything else serves them.
PYTHON ?= python3
PORT ?= 8000
HOST ?= 127.0.0.1
VENV := .venv
BIN := $(VENV)/bin
INPUTS := $(shell find data ontology shapes -name '*.ttl' -o -name '*.jsonld' 2>/dev/null)
RULES := $(shell find graph_service/build graph_service/search graph_service/store -name '*.rq' -o -name '*.py' 2>/dev/null)

.PHONY: run test lint build bench long referee format-data lock design clean parts docs
.DEFAULT_GOAL := run

run: build
	$(BIN)/ansvarsgraf serve --host $(HOST) --port $(PORT)

build: $(BIN)/ansvarsgraf design build/snapshots/CURRENT

build/snapshots/CURRENT: $(BIN)/ansvarsgraf $(INPUTS) $(RULES)
	$(BIN)/ansvarsgraf build

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Ansvarsgraf kræver Python 3.11 eller nyere; $(PYTHON) er ældre eller findes ikke." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "Python mangler modulet venv. På Debian: apt install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(BIN)/ansvarsgraf: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Henter de biblioteker, som tjenesten bruger (et minut første gang) …"
	$(BIN)/pip install --quiet --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(BIN)/ansvarsgraf
	@echo "Henter de biblioteker, som testene bruger …"
	$(BIN)/pip install --quiet --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

# The public sector's design system, when npm is at hand; otherwise our own small stylesheet serves.
design:
	@sh deploy/design.sh

# What some tests need beside Python: Chromium and Virtuoso. Installed when we may, named when not.
parts:
	@sh tests/parts.sh

# Files beside each other, a process on each core (what is in one file shares its servers); then
# those that must have the machine for themselves.
test: $(VENV)/.dev build parts
	$(BIN)/python -m pytest -m 'not referee and not long and not alone' \
	  --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder
	$(BIN)/python -m pytest -m 'alone and not referee and not long'

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# What takes minutes and finds little on a common day: fuzzing, and what is the same in principle.
long: $(VENV)/.dev build parts
	$(BIN)/python -m pytest -m long --override-ini 'addopts=-q --strict-markers'

referee: $(VENV)/.dev build
	$(BIN)/python -m pytest -m referee --override-ini 'addopts=-q --strict-markers'

$(VENV)/.bench: requirements-bench.lock $(VENV)/.dev
	$(BIN)/pip install --quiet --quiet --disable-pip-version-check --require-hashes -r requirements-bench.lock
	@touch $@

bench: $(VENV)/.bench build
	$(BIN)/python -m bench

format-data: $(BIN)/ansvarsgraf
	$(BIN)/python -m graph_service.build.turtle data

docs: $(BIN)/ansvarsgraf
	$(BIN)/python -m graph_service.build.docs docs

lock:
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q -o requirements.lock
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q -o requirements-dev.lock
	uv pip compile pyproject.toml --extra dev --extra bench --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q -o requirements-bench.lock

clean:
	rm -rf $(VENV) build graph_service/web/static/dkfds
