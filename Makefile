# Recipes for people who work on RoleThread Store. `make help` lists them.
# Each sets up .venv by itself, from the versions in constraints.txt.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
WORKERS ?= 2
N ?= 1000000

.DEFAULT_GOAL := help
.PHONY: help demo test test-deep lint bench format clean

help: ## list the recipes
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(STAMP) ## the whole job on the bundled sample, in a folder that is removed afterwards
	@PATH="$(CURDIR)/$(BIN):$$PATH" bash docs/demo.sh

test: $(STAMP) ## everything but the deep tests
	$(BIN)/python -m pytest -n $(WORKERS) -m "not deep"

test-deep: $(STAMP) ## every test, with many more examples, crashes and damaged bytes
	HYPOTHESIS_PROFILE=deep $(BIN)/python -m pytest -n $(WORKERS) --timeout 3600

lint: $(STAMP) ## style, types and the floors of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP) ## put the source into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP) ## measure the bars of the design (N=1000000 entries; takes minutes)
	$(BIN)/python -m benchmarks.run_all --entries $(N)

clean: ## remove .venv and every cache
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache dist

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "RoleThread Store needs Python 3.11 or later; '$(PYTHON)' is not."; \
		echo "Name another one: make PYTHON=python3.12 $(MAKECMDGOALS)"; \
		exit 1; \
	}
	@echo "Setting up $(VENV) (once; a few minutes on a slow line)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@
