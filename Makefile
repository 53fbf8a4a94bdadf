# Everything one does with TailTribe. `make` alone lists it. Needs only Python 3.11–3.13 and make.

.DEFAULT_GOAL := help
SHELL := /bin/sh
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
# `PYTHON=/path/to/python make setup` chooses the interpreter; otherwise the newest supported one is found.
PYTHON ?=
UV := UV_COMPILE_BYTECODE=1 UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT=$(VENV) VIRTUAL_ENV= $(BIN)/uv
RUNTIME := $(VENV)/.synced-runtime
DEVELOPMENT := $(VENV)/.synced-development
LOCKED := pyproject.toml uv.lock

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(DEVELOPMENT) ## Make .venv with everything for development (once)

.PHONY: run
run: $(RUNTIME) ## Migrate, load the demo and serve on 127.0.0.1:8000 (or PORT); Ctrl-C stops
	@$(BIN)/tailtribe migrate && $(BIN)/tailtribe demo && exec $(BIN)/tailtribe serve

.PHONY: test
test: $(DEVELOPMENT) ## Run every test; brings its own PostgreSQL and Redis
	$(BIN)/pytest --cov --cov-report=term:skip-covered $(ARGS)

.PHONY: check
check: $(DEVELOPMENT) ## Lint, format, types, import contracts, dependencies, known vulnerabilities
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports --no-cache
	$(BIN)/deptry .
	@$(BIN)/python tools/audit_dependencies.py

.PHONY: migrate
migrate: $(RUNTIME) ## Bring the database to the newest schema and load the gazetteer
	@$(BIN)/tailtribe migrate

.PHONY: bench
bench: $(DEVELOPMENT) ## Measure what guarantees speak of: start, memory, latency
	@$(BIN)/python -m benchmarks $(ARGS)

.PHONY: screenshot
screenshot: $(DEVELOPMENT) ## Make the README's picture of the dashboard; needs Chromium
	@$(BIN)/python -m tools.dashboard_screenshot

.PHONY: soak-jobs
soak-jobs: $(DEVELOPMENT) ## Kill workers and Redis under 20,000 jobs (8 minutes); count what is lost
	@$(BIN)/python -m benchmarks.soak_jobs $(ARGS)

.PHONY: soak-cache
soak-cache: $(DEVELOPMENT) ## Kill, freeze and empty Redis under readers and writers (5 minutes); count what is seen too late
	@$(BIN)/python -m benchmarks.soak_cache $(ARGS)

.PHONY: fuzz
fuzz: $(DEVELOPMENT) ## Send each role many made-up requests of the OpenAPI document (some 15 minutes); FUZZ_EXAMPLES=100
	FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-100} $(BIN)/pytest tests/e2e/test_contract_fuzz.py $(ARGS)

.PHONY: mutate
mutate: $(DEVELOPMENT) ## Try the tests of the circuit breaker, money and bookings on mutants, some 20 minutes; fails below 90 % killed
	@$(BIN)/python tools/mutation_score.py $(ARGS)

.PHONY: clean
clean: ## Remove .venv and caches; the data in DATA_DIR stays
	rm -rf $(VENV) tests/peers/node_modules .pytest_cache .ruff_cache .hypothesis .coverage htmlcov mutants

# What follows makes the environment. A stamp is older than the lock file when the environment must be synced again.

$(BIN)/uv:
	@python="$$(sh tools/find_python.sh $(PYTHON))" && echo "Using $$python" && "$$python" -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.8,<1"

# Running needs no development packages; an environment that has them is good for running too.
$(RUNTIME): $(LOCKED) | $(BIN)/uv
	@if [ -e $(DEVELOPMENT) ]; then $(UV) sync --frozen --quiet; else $(UV) sync --frozen --no-dev --quiet; fi
	@touch $@

$(DEVELOPMENT): $(LOCKED) | $(BIN)/uv
	@$(UV) sync --frozen --quiet
	@touch $(RUNTIME) $@
