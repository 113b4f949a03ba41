# Terrace (梯田). `make` prints the verbs.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
PACKAGES := contracts shared services deploy

.DEFAULT_GOAL := help
.PHONY: help run demo up down test check format migration migrate contracts events bench clean

help: ## Print these verbs
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(INSTALLED): deploy/requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Terrace needs Python 3.11 or newer: make PYTHON=python3.12 ..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing the locked dependencies into .venv"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		-r deploy/requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--no-build-isolation -e .
	@touch $@

run: $(INSTALLED) ## Start everything, load the sample region, keep serving on port 8000
	@$(BIN)/terrace up --sample

demo: $(INSTALLED) ## Run the whole chain once on its own state and check it [CHAOS=1]
	@$(BIN)/terrace demo $(if $(CHAOS),--chaos)

up: $(INSTALLED) ## Start everything in the background
	@$(BIN)/terrace up --detach

down: $(INSTALLED) ## Stop everything that up or run started
	@$(BIN)/terrace down

test: $(INSTALLED) ## Run the tests on real PostgreSQL and real Kafka [ARGS=...]
	@$(BIN)/terrace fetch
	@$(BIN)/python -m pytest $(ARGS)

check: $(INSTALLED) ## Format, lint, types, imports, contracts current, tests: what CI runs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --strict $(PACKAGES)
	$(BIN)/lint-imports
	$(BIN)/python -m contracts.generate --check
	@$(MAKE) --no-print-directory test

format: $(INSTALLED) ## Format the code and sort the imports
	@$(BIN)/ruff check --select I --fix --quiet .
	@$(BIN)/ruff format .

migration: $(INSTALLED) ## Write the next migration: SERVICE=funding NAME=add_caps
	@test -n "$(SERVICE)" -a -n "$(NAME)" || { echo "Give SERVICE= and NAME="; exit 1; }
	@$(BIN)/python -m shared.migrate "$(SERVICE)" --new "$(NAME)"

migrate: $(INSTALLED) ## Bring a database up to date: SERVICE=funding TERRACE_DATABASE_URL=...
	@test -n "$(SERVICE)" || { echo "Give SERVICE= (make up migrates the local ones)"; exit 1; }
	@$(BIN)/python -m shared.migrate "$(SERVICE)"

contracts: $(INSTALLED) ## Generate the contracts from the code
	@$(BIN)/python -m contracts.generate

events: $(INSTALLED) ## Print who publishes and who consumes what
	@$(BIN)/python -m contracts.generate --events

bench: $(INSTALLED) ## Measure against the targets, one JSON object per line [ONLY=relay]
	@ONLY="$(ONLY)" $(BIN)/python -m tests.bench

clean: ## Stop the stack; delete its data, every cache and .venv
	@test ! -x $(BIN)/terrace || $(BIN)/terrace down --remove-data
	@test ! -x $(BIN)/terrace || $(BIN)/terrace down --remove-data --state-dir .terrace/demo
	@rm -rf .terrace .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
