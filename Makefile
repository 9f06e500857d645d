VENV := .venv
PYTHON ?= python3
BIN := $(VENV)/bin

.PHONY: demo up test lint lock clean

# Everything waits for this stamp: the lock file decides when to install again.
$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Relance needs Python 3.11 or newer: set PYTHON=/path/to/python3.11") if sys.version_info < (3, 11) else None'
	@echo "Installing Relance into $(VENV) (once, about half a minute) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

demo: $(VENV)/.installed  ## The main job, end to end, on servers of its own
	@$(BIN)/relance demo

up: $(VENV)/.installed  ## The same stack for real use; data stays in .relance/
	@$(BIN)/relance up

test: $(VENV)/.installed  ## Every test
	$(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile

lint: $(VENV)/.installed  ## Every linter and type check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/vulture
	$(BIN)/deptry .

bench-%: $(VENV)/.installed  ## A benchmark: make bench-latency
	@$(BIN)/python -m bench.$*

lock: $(VENV)/.installed  ## Compiles requirements.lock anew from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-find-links --python-version 3.11 \
		--all-extras pyproject.toml --output-file requirements.lock --custom-compile-command "make lock"

clean:  ## Removes what can be made again; your data in .relance/ stays
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis
