.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: setup demo test lint types bench bench-peers faults pictures lock clean help

PORT ?= 8000
PYTEST_ARGS ?=
BENCH_ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := domain store projections web workers suivi
# The first interpreter that is 3.11 or newer and can make a virtual environment; PYTHON=… chooses another one.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python /usr/bin/python3; do \
	"$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo "$$python" && break; done)
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
INSTALL = $(PIP) install --quiet --require-hashes --requirement
EDITABLE = $(PIP) install --quiet --no-deps --no-build-isolation --editable .

# Stamps: what is installed, so that a second run is instant. The environment for development serves the demo as well.
DEV := $(VENV)/.dev
RUNTIME := $(VENV)/.runtime
PEERS := $(VENV)/peers/.ready

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Suivi needs Python 3.11 or newer with venv (Debian: apt install python3-venv)." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(DEV): requirements/dev.lock setup.cfg | $(BIN)/python
	@echo "Installing what development needs in $(VENV)…"
	$(INSTALL) requirements/dev.lock
	$(EDITABLE)
	@touch $(DEV) $(RUNTIME)

$(RUNTIME): requirements/runtime.lock setup.cfg | $(BIN)/python
	@echo "Installing Suivi in $(VENV)…"
	$(INSTALL) requirements/runtime.lock
	$(EDITABLE)
	@touch $(RUNTIME)

setup: $(DEV) ## create .venv with everything for development
	@:

demo: $(if $(wildcard $(DEV)),$(DEV),$(RUNTIME)) ## run a fictitious town hall on http://127.0.0.1:8000 (PORT=…)
	$(BIN)/suivi demo --port $(PORT)

test: $(DEV) ## run every test (PYTEST_ARGS=… for some of them)
	$(BIN)/python -m pytest -n 3 --dist loadgroup $(PYTEST_ARGS)

lint: $(DEV) ## check style, formatting and the layers between packages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(DEV) ## check types, strictly
	$(BIN)/mypy $(PACKAGES)

bench: $(DEV) ## measure speed against its targets (BENCH_ARGS=--full for a million demands)
	$(BIN)/python -m benchmarks $(BENCH_ARGS)

bench-peers: $(PEERS) bench ## the same beside django-helpdesk, in an environment of its own

$(PEERS): benchmarks/peers/requirements.txt | $(BIN)/python
	$(BIN)/python -m venv $(VENV)/peers
	$(VENV)/peers/bin/python -m pip --disable-pip-version-check --no-input install --quiet --requirement $<
	@touch $(PEERS)

faults: $(DEV) ## kill, fill and cut everything, at full length, on both databases
	SUIVI_FAULTS=full $(BIN)/python -m pytest -n 3 --dist loadgroup tests/faults $(PYTEST_ARGS)

pictures: $(DEV) ## take the pictures of the help pages and the README again, from the fictitious town (needs Chromium)
	$(BIN)/python -m tests.browser.pictures

UV = $(VENV)/lock/bin/uv --no-config pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header setup.cfg

lock: | $(BIN)/python ## resolve the lock files anew (UPGRADE=--upgrade takes newer versions)
	$(BIN)/python -m venv $(VENV)/lock
	$(VENV)/lock/bin/python -m pip --disable-pip-version-check install --quiet uv
	$(UV) $(UPGRADE) --extra postgres --extra redis --extra rabbitmq --extra xlsx --extra build --output-file requirements/runtime.lock
	$(UV) $(UPGRADE) --all-extras --constraint requirements/runtime.lock --output-file requirements/dev.lock
	rm -r $(VENV)/lock

clean: ## remove .venv and every cache, keep the data
	rm -rf $(VENV) build dist *.egg-info .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
