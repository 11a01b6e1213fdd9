# One command each: `make run` starts a demo, `make test` proves the whole.
.DELETE_ON_ERROR:
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/.stamps
ARGS ?=
FRONTEND := $(shell find frontend -path frontend/node_modules -prune -o -type f -print)

.PHONY: run test lint check bench fuzz mutants test-real lock screens clean

run: $(STAMPS)/built
	@exec $(BIN)/glasshouse demo $(ARGS)

test: $(STAMPS)/dev $(STAMPS)/built $(STAMPS)/peers
	@scripts/install-test-tools.sh
	@$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest $(ARGS)

lint: $(STAMPS)/dev $(STAMPS)/built
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd frontend && PATH="$$(../$(BIN)/python ../scripts/node_path.py):$$PATH" npm run --silent check

bench: $(STAMPS)/dev $(STAMPS)/built
	$(BIN)/python -m bench $(ARGS)

screens: $(STAMPS)/dev $(STAMPS)/built
	@scripts/install-test-tools.sh
	$(BIN)/python scripts/screens.py

fuzz mutants test-real:
	@echo "make $@ has nothing to run yet: it comes with the work that needs it." >&2; exit 1

lock: $(STAMPS)/dev
	scripts/lock.sh

clean:
	rm -rf $(VENV) frontend/node_modules tests/peers/node_modules src/glasshouse/web/static/dist

# -- what the commands stand on ---------------------------------------------

$(STAMPS)/venv: scripts/make-venv.sh
	@scripts/make-venv.sh $(VENV)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/run: requirements/run.txt $(STAMPS)/venv
	@echo "Installing what Glasshouse needs into $(VENV) …" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(STAMPS)/dev: requirements/dev.txt $(STAMPS)/run
	@echo "Installing what the tests need into $(VENV) …" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(STAMPS)/built: pyproject.toml hatch_build.py $(FRONTEND) $(STAMPS)/run
	@echo "Building the front end …" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(STAMPS)/peers: tests/peers/package-lock.json $(STAMPS)/run
	@cd tests/peers && PATH="$$(../../$(BIN)/python ../../scripts/node_path.py):$$PATH" npm ci --silent --ignore-scripts --no-audit --no-fund
	@touch $@
