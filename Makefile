# Groundswell.  `make` lists what there is; `make run` and `make test` are all that a newcomer needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
GROUNDSWELL := $(BIN)/groundswell
FITS := import sys; (3, 11) <= sys.version_info < (3, 14) or sys.exit("Groundswell needs Python 3.11, 3.12 or 3.13, and this is " + sys.version.split()[0] + ". Name another: make run PYTHON=python3.11")
PARALLEL := --numprocesses logical --maxprocesses 4 --dist worksteal
FAULTS ?= 300
MEASURED := "not real and (torch or not slow)"

.DEFAULT_GOAL := help
.PHONY: help run test test-all coverage check hooks format real-servers real-servers-down bench chaos histories compiled install install-train lock contracts house clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

run: install ## Start everything, embedded, with a simulated stream; Ctrl-C ends it
	@$(GROUNDSWELL) run

test: install ## Run the tests that this machine can run; says what it leaves out, and what that needs
	@$(BIN)/pytest -q $(PARALLEL)

test-all: ## Run every test: the slow ones and those on the real servers too (some twenty minutes)
	@GROUNDSWELL_TEST_ALL=1 $(MAKE) --no-print-directory test

coverage: install-train ## Measure what tests run of pipeline and models, workers counted; at least 90 % of branches
	@rm -f .coverage .coverage.*
	@GROUNDSWELL_TEST_ALL=1 GROUNDSWELL_PURE=1 $(BIN)/coverage run -m pytest -q $(PARALLEL) -m $(MEASURED)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

check: install ## Lint, formatting, spelling, types, layers, and contracts up to date
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/typos
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo --no-cache
	$(BIN)/python -m pipeline.contracts.schemas --check

hooks: install ## Run the quick checks at every commit (.pre-commit-config.yaml)
	$(BIN)/pre-commit install

format: install ## Format the code and mend what can be mended by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

real-servers: install ## Bring up the real Kafka and Elasticsearch here, without Docker (JDK 21 or later, Maven)
	@$(BIN)/python -m deploy.local up

real-servers-down: install ## Stop them
	@$(BIN)/python -m deploy.local down

chaos: install ## Harm real servers, workers and networks, and hold the ledger against them (hours; FAULTS=20 for a few)
	@$(BIN)/python -m tests.chaos --injections $(FAULTS)

bench: install ## Speed by stage and end to end, printed with its peers
	@$(GROUNDSWELL) bench

histories: install ## Replay real histories (GROUNDSWELL_HISTORIES=FOLDER) and show what changed since the record
	$(BIN)/python -m benchmarks.histories --cache $${TMPDIR:-/tmp}/groundswell-histories

compiled: install ## Compile detector and linker anew, after changing it (plain Python till then; needs a C compiler)
	@$(BIN)/python -m pipeline.compiled

contracts: install ## Write the JSON Schemas of every message anew
	$(BIN)/python -m pipeline.contracts.schemas

house: install ## Draw the picture of the rooms anew (docs/images/house.svg)
	$(BIN)/python docs/house.py

install: $(VENV)/.installed ## Make the virtual environment (the other targets do it)

$(VENV)/.installed: requirements/default.lock pyproject.toml
	@echo "Installing into $(VENV) (two or three minutes, once) …"
	@$(BIN)/python -c '$(FITS)' 2>/dev/null || { $(PYTHON) -c '$(FITS)' && rm -rf $(VENV) && $(PYTHON) -m venv $(VENV); }
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/default.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@$(BIN)/python -m pipeline.compiled
	@touch $@

install-train: install $(VENV)/.train ## Add torch, for training and for the torch runtime (several GB)

$(VENV)/.train: requirements/train.lock
	@echo "Installing torch (several GB, a few minutes, once) …"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/train.lock
	@touch $@

lock: ## Resolve the versions anew (after changing pyproject.toml; needs uv)
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-emit-index-url --quiet --upgrade -o requirements/default.lock
	uv pip compile pyproject.toml --extra dev --extra train --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-emit-index-url --quiet -c requirements/default.lock -o requirements/train.lock

clean: ## Remove what was built, downloaded or written here
	rm -rf $(VENV) .real .groundswell $$(find pipeline -name compiled -type d) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage*
