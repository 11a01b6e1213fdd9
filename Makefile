# Everything happens in .venv, from the lock files. A second run finds the stamps and starts at once.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.NOTPARALLEL:
# Hundreds of processes are started by the tests: each would compile all of it again.
unexport PYTHONDONTWRITEBYTECODE
.SUFFIXES:

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install
DIST := src/glasshouse/web/static/dist/manifest.json
LANGUAGES := src/glasshouse/web/text/catalogs/compiled/languages.json
CATALOGS := scripts/messages.py $(wildcard src/glasshouse/web/text/catalogs/*.po)
FRONTEND := $(shell find frontend scripts/node.py -name node_modules -prune -o -type f -print)
UV := uv==0.13.9
ARGS ?=
# One more than two cores have: tests also wait. In order: the files that take long come first.
SPREAD := -n 3 --dist loadfile --no-loadscope-reorder

.PHONY: help run test assets wheel lint types bench fuzz mutants test-real messages lock format clean FORCE

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: .venv/run.stamp .venv/built.stamp ## install, build and start the demo; ARGS="…" goes to it
	$(BIN)/glasshouse demo $(ARGS)

test: .venv/dev.stamp .venv/built.stamp ## everything that has to hold: lint, types, rooms, tests
	scripts/install-test-tools.sh
	$(BIN)/python scripts/node.py ci tests/peers
	@$(MAKE) --no-print-directory lint types
	$(BIN)/python -m pytest $(SPREAD) $(ARGS)

assets: .venv/run.stamp .venv/built.stamp ## build the front end

wheel: .venv/run.stamp ## build what can be installed elsewhere, into dist/
	@mkdir -p dist
	$(BIN)/python -m pip --disable-pip-version-check --quiet wheel --no-deps --no-build-isolation --wheel-dir dist .

lint: .venv/dev.stamp ## style and the import contract
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports

types: .venv/dev.stamp ## mypy and tsc
	$(BIN)/mypy
	$(BIN)/python scripts/node.py run frontend check

format: .venv/dev.stamp ## mend what ruff can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: .venv/dev.stamp .venv/built.stamp ## benchmarks, to bench/results/
	@test -f bench/__main__.py || { echo "nothing here yet: benchmarks as ratios in one run" >&2; exit 1; }
	$(BIN)/python -m bench $(ARGS)

fuzz: .venv/dev.stamp .venv/fuzz.stamp .venv/built.stamp ## the long fuzz runs; ARGS="--fuzz-seconds 3600"
	$(BIN)/python -m pytest tests/fuzz --fuzz $(ARGS)

mutants: .venv/dev.stamp .venv/built.stamp ## mutation testing
	@test -f scripts/mutants.py || { echo "nothing here yet: mutation testing of policy and ledger" >&2; exit 1; }
	$(BIN)/python scripts/mutants.py $(ARGS)

test-real: .venv/dev.stamp .venv/built.stamp ## tests against a real Faktory: FAKTORY=path
	@test -d tests/real || { echo "nothing here yet: tests against a real Faktory binary" >&2; exit 1; }
	@test -n "$(FAKTORY)" || { echo "say where Faktory is: make test-real FAKTORY=path" >&2; exit 2; }
	FAKTORY="$(FAKTORY)" $(BIN)/python -m pytest tests/real $(ARGS)

messages: .venv/dev.stamp .venv/built.stamp ## extract the screen's messages, merge them into each language, compile
	$(BIN)/python -m scripts.messages update

lock: .venv/run.stamp ## renew all lock files
	test -x .venv-lock/bin/uv || { $(BIN)/python -m venv .venv-lock && .venv-lock/bin/pip --quiet install $(UV); }
	PYTHON=$(BIN)/python scripts/lock.sh .venv-lock/bin/uv

clean: ## remove what was made
	rm -rf .venv .venv-lock dist src/glasshouse/web/static/dist $(dir $(LANGUAGES)) frontend/node_modules tests/peers/node_modules
	rm -rf .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

.venv/made.stamp:
	python=$$(scripts/python.sh) && rm -rf .venv && "$$python" -m venv .venv
	@touch $@

.venv/run.stamp: .venv/made.stamp requirements/run.txt
	$(PIP) --require-hashes -r requirements/run.txt
	@touch $@

.venv/dev.stamp: .venv/made.stamp requirements/dev.txt
	$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@

.venv/fuzz.stamp: .venv/made.stamp requirements/fuzz.txt
	$(PIP) --require-hashes -r requirements/fuzz.txt
	@touch $@

# Whichever lock is installed first brings what building needs; neither is a prerequisite here.
.venv/built.stamp: .venv/made.stamp pyproject.toml hatch_build.py $(FRONTEND) $(CATALOGS) \
		$(if $(wildcard $(DIST)),$(if $(wildcard $(LANGUAGES)),,FORCE),FORCE)
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

FORCE:
