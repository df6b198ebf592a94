# Everything runs inside .venv, made from the lock file; nothing else is installed by hand.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$p; break; }; done)
VENV := .venv
READY := $(VENV)/.ready
BIN := $(VENV)/bin
DAYS ?= 1
ROUNDS ?= 20
MINUTES ?= 60
RATE ?= 1
MESSAGES ?= 1000000
REPEATS ?= 3
SEED ?= 1
JOBS ?= 6
# Some images set it: then every process of the tests compiles all that it imports again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo check test test-long why crash fuzz soak lint format sbom audit docs bench bench-latency \
	bench-scale bench-memory lock clean

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and was not found"; exit 2; }
	@echo "making $(VENV) from requirements.lock"
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY) ## a simulated nation through broker, workers and ClickHouse; prints what was found
	@$(BIN)/emissions demo --days $(DAYS)

PYTEST := $(BIN)/python -m pytest

check: $(READY) ## some two minutes, before every commit: every test that needs no process
	@TEST_EXAMPLES=$(or $(TEST_EXAMPLES),0.25) $(PYTEST) -n 2 -m "not process and not slow and not long"

test: $(READY) ## what a build runs, JOBS beside each other; Apache Kafka needs Java 17 and, once, Maven
	@$(PYTEST) -n $(JOBS) -m "not long"

test-long: $(READY) ## ten times as many examples of all that is generated, and the longest scenarios
	@TEST_EXAMPLES=$(or $(TEST_EXAMPLES),10) $(PYTEST) -n 4 -m "long or (generated and not process)"

why: $(READY) ## TEST=tests/...::test_name again, its failing example made as small as it gets
	@HYPOTHESIS_PROFILE=why $(BIN)/python -m pytest $(TEST)

crash: $(READY) ## ROUNDS of kill -9 at every point of the work, by SEED; what is left must be the same
	@$(BIN)/python -m tests.crash --rounds $(ROUNDS) --seed $(SEED)

fuzz: $(READY) ## MESSAGES hostile messages through the judging code and the deployed workers, by SEED
	@$(BIN)/python -m tests.fuzz --messages $(MESSAGES) --seed $(SEED)

soak: $(READY) ## MINUTES at RATE times the national load, a worker killed every five minutes
	@$(BIN)/python -m tests.bench.soak --minutes $(MINUTES) --rate $(RATE) $(ARGS)

lint: $(READY) ## ruff, mypy --strict, and who may import whom
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(READY) ## write the code in its one format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

AUDIT := .venv-audit
BOMS := build/sbom

$(AUDIT)/.ready: requirements-audit.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and was not found"; exit 2; }
	@rm -rf $(AUDIT)
	@$(PYTHON) -m venv $(AUDIT)
	@$(AUDIT)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

sbom: $(AUDIT)/.ready ## what is in each image, with hashes: build/sbom/*.cdx.json (CycloneDX)
	@mkdir -p $(BOMS)
	@for lock in production portal tracing; do \
		$(AUDIT)/bin/cyclonedx-py requirements --pyproject pyproject.toml --mc-type application \
			--output-reproducible --output-format JSON --output-file $(BOMS)/$$lock.cdx.json \
			requirements-$$lock.lock || exit 1; \
		echo "wrote $(BOMS)/$$lock.cdx.json"; done

audit: $(AUDIT)/.ready ## known weaknesses of the locked dependencies; asks a database on the network
	@for lock in production portal tracing build; do \
		$(AUDIT)/bin/pip-audit --strict --progress-spinner off --disable-pip --require-hashes \
			--requirement requirements-$$lock.lock >$(AUDIT)/said 2>&1; code=$$?; \
		if grep -qE "could not be audited|ConnectionError|Max retries|timed out" $(AUDIT)/said; then \
			echo "the database of weaknesses does not answer: requirements-$$lock.lock was not compared"; \
			exit 3; fi; \
		echo "requirements-$$lock.lock"; cat $(AUDIT)/said; [ $$code -eq 0 ] || exit 1; done

docs: $(READY) ## write the pages of docs/reference and the dashboards of Grafana from the code
	@$(BIN)/python -m tests.docs

bench: $(READY) ## the whole job beside its ceilings and its peers; SCALE=1: how it grows instead
	@$(BIN)/python -m tests.bench$(if $(SCALE),.scale) --repeats $(REPEATS) $(ARGS)

bench-latency: $(READY) ## from arrival to a violation readable in its topic and in ClickHouse
	@$(BIN)/python -m tests.bench.detection $(ARGS)

bench-scale: $(READY) ## workers, sources, state of lateness, backlog
	@$(BIN)/python -m tests.bench.scale $(ARGS)

bench-memory: $(READY) ## a worker with 10,000 sources and the state of 72 hours, when a day closes
	@$(BIN)/python -m tests.bench.memory $(ARGS)

PIN := pip-compile --quiet --allow-unsafe --generate-hashes --strip-extras --no-header \
	--no-annotate --no-emit-index-url --no-emit-find-links

lock: ## pin every dependency again (needs pip-tools); UPGRADE=1: to the newest allowed
	@$(PIN) $(if $(UPGRADE),--upgrade) --extra dev --extra embedded --extra documents --extra admin --extra portal --extra tracing --output-file requirements.lock pyproject.toml
	@$(PIN) --constraint requirements.lock --output-file requirements-production.lock pyproject.toml
	@$(PIN) --constraint requirements.lock --extra portal --output-file requirements-portal.lock pyproject.toml
	@$(PIN) --constraint requirements.lock --extra tracing --output-file requirements-tracing.lock pyproject.toml
	@$(PIN) --output-file requirements-audit.lock requirements-audit.in
	@$(PIN) --constraint requirements.lock --only-build-deps --build-deps-for wheel \
		--output-file requirements-build.lock pyproject.toml

clean: ## remove the environment and caches
	@rm -rf $(VENV) $(AUDIT) .mypy_cache .ruff_cache .import_linter_cache .hypothesis build *.egg-info
