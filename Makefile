# make demo          run the example app
# make test          style, types, and all tests (ARGS="..." is passed on to pytest: "-k words",
#                    "-n 0 --pdb")
# make test-matrix   browser tests on the oldest and the newest Dash, changes of the layout on
#                    those that differ in them, and all of them in Firefox and WebKit, of which
#                    make test runs a core
# make soak          random sequences over Dash's renderer (ARGS="--sequences 1000" is passed on)
# make build         browser bundle and Python component classes
# make types         tsc and pyright
# make style         ruff and biome
# make bench         measurements (ARGS="..." is passed on; ARGS="--compare REV": beside another commit)
# make clean         remove everything that was generated or installed

PYTHON ?= python3
ARGS ?=
# Of pytest: more than there are processors, as a test waits for other processes most of the time.
WORKERS ?= 4
OLDEST_DASH := 3.0.0
# The first that mounts siblings anew, and the one to come, which does not, with the React to come.
MOUNTING_DASH := 4.1.0
COMING_DASH := 4.5.0rc2
COMING_REACT := 19.2.4

VENV := .venv
BIN := $(VENV)/bin
MATRIX := .venv-matrix
# Other commits, which the benchmark checks out.
COMPARED := .bench
# make builds the bundle itself, so installing does not have to.
PIP_ENV := DASH_INTEROP_BUILD=never
# Python compiles what is imported, which is a small part of what is installed.
PIP := -m pip install --no-compile --quiet --disable-pip-version-check

BROWSERS := chromium chromedriver firefox WebKitWebDriver Xvfb
BROWSER_PACKAGES := chromium chromium-driver firefox-esr webkit2gtk-driver xvfb

RUNNABLE := $(VENV)/.installed-run
TESTABLE := $(VENV)/.installed-test
MODULES := node_modules/.installed
BUNDLE := dash_interop/dash_interop.min.js
CLASSES := dash_interop/_imports_.py

# With the folders, whose time changes when a file is added or removed.
SOURCES := $(shell find src)
COMPONENTS := $(shell find src/components)

# Steps at the same time: each tells what it says when it is through.
SIDE_BY_SIDE_MAKE = $(MAKE) --no-print-directory --jobs=4 --output-sync=line SIDE_BY_SIDE=yes

heading = @printf '\n==> %s\n' '$(1)'

ifndef SIDE_BY_SIDE
.NOTPARALLEL:
endif
.DELETE_ON_ERROR:
.PHONY: demo test test-matrix build types style soak bench clean browser unit-js unit-py

demo: $(RUNNABLE) build
	$(call heading,Demo)
	$(BIN)/dash-interop demo $(ARGS)

test:
	+$(SIDE_BY_SIDE_MAKE) $(TESTABLE) unit-js browser
	+$(SIDE_BY_SIDE_MAKE) types style
	$(MAKE) --no-print-directory unit-py

build: $(BUNDLE) $(CLASSES)

style: $(TESTABLE) $(MODULES)
	$(call heading,Style: ruff and biome)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	npm run --silent lint

types: $(TESTABLE) build
	$(call heading,Types: tsc and pyright)
	npm run --silent typecheck
	PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(BIN)/pyright

unit-js: $(MODULES)
	$(call heading,Tests: vitest)
	npm test --silent

unit-py: $(TESTABLE) build
	$(call heading,Tests: pytest)
	$(BIN)/python -m pytest --numprocesses=$(WORKERS) $(ARGS)

bench: $(TESTABLE) build browser
	$(call heading,Bench)
	$(BIN)/python -m tests.bench $(ARGS)

soak: $(TESTABLE) build browser
	$(call heading,Soak)
	$(BIN)/python -m tests.soak $(ARGS)

# The bundle is built once and serves every Dash version.
test-matrix: build browser
	$(call heading,Browser tests on Dash $(OLDEST_DASH))
	test -x $(MATRIX)/oldest/bin/python || $(PYTHON) -m venv $(MATRIX)/oldest
	$(PIP_ENV) $(MATRIX)/oldest/bin/python $(PIP) -e '.[test]' 'dash==$(OLDEST_DASH)'
	DASH_INTEROP_TEST_ENGINES=chromium DASH_INTEROP_TEST_BACKENDS=flask \
		$(MATRIX)/oldest/bin/python -m pytest tests/browser $(ARGS)
	$(call heading,Browser tests on the newest Dash 4)
	test -x $(MATRIX)/newest/bin/python || $(PYTHON) -m venv $(MATRIX)/newest
	$(PIP_ENV) $(MATRIX)/newest/bin/python $(PIP) --upgrade -e '.[test,fastapi,quart]' 'dash>=4'
	DASH_INTEROP_TEST_ENGINES=chromium DASH_INTEROP_TEST_BACKENDS=flask,fastapi,quart \
		$(MATRIX)/newest/bin/python -m pytest tests/browser $(ARGS)
	$(call heading,Changes of the layout on Dash $(MOUNTING_DASH))
	test -x $(MATRIX)/mounting/bin/python || $(PYTHON) -m venv $(MATRIX)/mounting
	$(PIP_ENV) $(MATRIX)/mounting/bin/python $(PIP) -e '.[test]' 'dash==$(MOUNTING_DASH)'
	DASH_INTEROP_TEST_ENGINES=chromium \
		$(MATRIX)/mounting/bin/python -m pytest tests/browser/test_layout_changes.py $(ARGS)
	$(call heading,Changes of the layout on Dash $(COMING_DASH) with React 18 and $(COMING_REACT))
	test -x $(MATRIX)/coming/bin/python || $(PYTHON) -m venv $(MATRIX)/coming
	$(PIP_ENV) $(MATRIX)/coming/bin/python $(PIP) -e '.[test]' 'dash==$(COMING_DASH)'
	DASH_INTEROP_TEST_ENGINES=chromium \
		$(MATRIX)/coming/bin/python -m pytest tests/browser/test_layout_changes.py $(ARGS)
	REACT_VERSION=$(COMING_REACT) DASH_INTEROP_TEST_ENGINES=chromium \
		$(MATRIX)/coming/bin/python -m pytest tests/browser/test_layout_changes.py $(ARGS)
	$(call heading,Browser tests in Firefox and WebKit)
	DASH_INTEROP_TEST_ENGINES=firefox,webkit DASH_INTEROP_TEST_BACKENDS=flask \
		$(MATRIX)/newest/bin/python -m pytest tests/browser $(ARGS)

clean:
	$(call heading,Clean)
	rm -rf $(VENV) $(MATRIX) node_modules build dist *.egg-info coverage
	rm -rf .pytest_cache .ruff_cache .hypothesis
	rm -f dash_interop/*.js dash_interop/*.js.map dash_interop/*.js.LICENSE.txt
	rm -f dash_interop/metadata.json dash_interop/package-info.json
	rm -f $(CLASSES) dash_interop/[A-Z]*.py
	if test -d $(COMPARED); then rm -rf $(COMPARED) && git worktree prune; fi
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Installed once, and again when the requirements change.

$(BIN)/python:
	$(call heading,Python environment in $(VENV))
	$(PYTHON) -m venv $(VENV)

$(RUNNABLE): setup.py pyproject.toml | $(BIN)/python
	$(call heading,Install dash_interop)
	$(PIP_ENV) $(BIN)/python $(PIP) -e . PyYAML
	touch $@

$(TESTABLE): setup.py pyproject.toml | $(BIN)/python
	$(call heading,Install dash_interop with what the tests need)
	$(PIP_ENV) $(BIN)/python $(PIP) -e '.[test,fastapi,quart]'
	touch $@ $(RUNNABLE)

$(MODULES): package.json package-lock.json .npmrc
	$(call heading,Install npm packages)
	npm ci --no-audit --no-fund
	touch $@

$(BUNDLE): $(SOURCES) package.json tsconfig.json webpack.config.mjs $(MODULES)
	$(call heading,Build the browser bundle)
	npm run --silent build:js
	touch $@

$(CLASSES): $(COMPONENTS) package.json tsconfig.json $(MODULES) | $(RUNNABLE)
	$(call heading,Generate the component classes)
	rm -f $(CLASSES) dash_interop/[A-Z]*.py
	PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent build:py
	touch $@

browser:
	@missing=''; \
	for program in $(BROWSERS); do \
		command -v "$$program" >/dev/null || missing="$$missing $$program"; \
	done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	printf '\n==> Install the browsers of the tests:%s\n' "$$missing"; \
	if ! command -v apt-get >/dev/null || [ "$$(id -u)" != 0 ]; then \
		echo 'The browser tests need these programs on PATH. Please install them;'; \
		echo 'make does it by itself only on Debian and as root.'; \
		exit 1; \
	fi; \
	export DEBIAN_FRONTEND=noninteractive; \
	apt-get update -q && apt-get install -y -q --no-install-recommends $(BROWSER_PACKAGES)
