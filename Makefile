# make demo     set everything up and serve the demonstration
# make test     all quick tests          make lint    style, types, floors, migrations, messages
# make test-browser, test-faults, test-data    drive Chromium, kill processes, import real data
# make test-api every address and operation of the API against invented things
# make soak MINUTES=60  a phone on a patchy network
# make bench    measurements             make lock    new versions of all dependencies
# make messages new sentences into the English catalogue
PYTHON ?= python3
TEST_PROCESSES ?= 2
BIN := .venv/bin
# Some images forbid Python to keep what it compiled; each of the stages' processes would compile everything again.
export PYTHONDONTWRITEBYTECODE :=
CATALOGUES := $(wildcard huying/locale/*/LC_MESSAGES/*.po)

.PHONY: demo setup assets test test-api test-browser test-faults test-data soak lint messages format bench lock clean

demo: setup
	@$(BIN)/huying demo

setup: .venv/.installed assets $(CATALOGUES:.po=.mo)
	@tools/system_packages.sh papers

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Huying needs Python 3.11 or newer; here is: $$($(PYTHON) --version 2>&1). Set PYTHON=/path/to/python3.11" >&2; exit 1; }
	@tools/system_packages.sh venv
	$(PYTHON) -m venv .venv

.venv/.installed: requirements-dev.txt pyproject.toml clients/python/pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . -e clients/python
	@touch $@

# The pages' scripts and styles. Without npm everything but maps, charts and live parts still works, so go on.
assets: .assets/.collected
.assets/.collected: package-lock.json tools/collect_assets.py
	@tools/system_packages.sh npm
	@if command -v npm >/dev/null; then \
	  npm ci --ignore-scripts --silent && $(PYTHON) tools/collect_assets.py && touch $@; fi

%.mo: %.po .venv/.installed
	$(BIN)/python tools/messages.py compile

test: setup
	$(BIN)/pytest -p no:schemathesis -n $(TEST_PROCESSES) --dist worksteal

test-browser: setup
	@tools/system_packages.sh browser
	$(BIN)/pytest -p no:schemathesis -m browser tests/browser

# By itself: its tests, one for each operation, share one name, and workers that are given groups would run the first only.
OPERATIONS := huying/config/tests/test_every_operation.py
test-api: setup
	$(BIN)/pytest -m schema -n $(TEST_PROCESSES) --dist loadgroup --ignore $(OPERATIONS)
	$(BIN)/pytest -m schema -n $(TEST_PROCESSES) $(OPERATIONS)

test-faults: setup
	$(BIN)/pytest -p no:schemathesis -m faults -n $(TEST_PROCESSES) --dist worksteal tests/faults

# A grid worker's phone on a patchy network for so many minutes; everything kept must be there once in the end.
MINUTES ?= 60
SEED ?= 12345
soak: setup
	@tools/system_packages.sh browser
	$(BIN)/python -m tests.soak $(MINUTES) $(SEED)

# Whole files of real data from ../shared/data; skipped where they are absent.
test-data: setup
	$(BIN)/pytest -m data -n $(TEST_PROCESSES)

lint: .venv/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/huying manage makemigrations --check --dry-run
	$(BIN)/python tools/messages.py check
	$(BIN)/mypy

# New sentences of the code into the catalogues, where they wait for a translation.
messages: .venv/.installed
	$(BIN)/python tools/messages.py collect

format: .venv/.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup
	$(BIN)/python -m benchmarks

LOCK := $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
  --generate-hashes --no-header --no-annotate --no-emit-index-url
lock: .venv/.installed
	$(LOCK) requirements.in -o requirements.txt
	$(LOCK) requirements-dev.in -c requirements.txt -o requirements-dev.txt

# Takes away what can be made again; keeps .data, where the database and the uploaded files are.
clean:
	rm -rf .venv .assets node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache $(CATALOGUES:.po=.mo)
