# make demo          run the example app
# make test          style, types, and all tests (ARGS="..." is passed on to pytest: "-k words",
#                    "-n 0 --pdb")
# make test-matrix   what users have beside that: the four that follow
# make test-websockets  gateway and clients on each supported line of websockets
# make test-pythons  unit and client tests on the oldest and the newest Python (PYTHONS="python3.15")
# make test-dash     browser tests on the oldest, the newest and the coming Dash (with the React to
#                    come), changes of the layout on those that differ in them
# make test-browsers all browser tests in Firefox, WebKit and the whole of Chromium; make test runs
#                    a core in the first two, and the headless shell of Chromium
# make soak          random sequences over Dash's renderer, clients that write one context, a gateway
#                    whose peers are cut off and killed (ARGS="--only gateway --sequences 1000" is
#                    passed on; ARGS="--only memory --minutes 30": does it grow)
# make fuzz          right and wrong frames for a gateway (ARGS="--frames 1000000 --seed 7" is passed
#                    on)
# make build         browser bundle and Python component classes
# make types         tsc and pyright
# make style         ruff and biome
# make bench         measurements (ARGS="..." is passed on; ARGS="--compare REV": beside another commit)
# make clean         remove everything that was generated or installed

PYTHON ?= python3
ARGS ?=
# Of pytest, for two processors. More are faster by a little, and tests that go by the clock fail now
# and then where there are not as many processors.
WORKERS ?= 2
# Private parts of it are in use, which move between versions; 17 needs Python 3.11.
WEBSOCKETS := 15.0 16.1 17.4
# Looked for on PATH, as no package registry has them for every system.
PYTHONS ?= python3.10 python3.14
OLDEST_DASH := 3.0.0
# The first that mounts siblings anew, and the one to come, which does not, with the React to come.
MOUNTING_DASH := 4.1.0
COMING_DASH := 4.5.0rc2
COMING_REACT := 19.2.4
LAYOUT_TESTS := $(addprefix tests/browser/,test_layout_changes.py test_discovery.py test_pattern_ids.py)
COMING_TESTS := $(LAYOUT_TESTS) $(addprefix tests/browser/,test_partial_patterns.py test_cancel.py)

VENV := .venv
BIN := $(VENV)/bin
MATRIX := .venv-matrix
# Other commits, which the benchmark checks out.
COMPARED := .bench
# Hundreds of processes of the tests would compile anew what they import, and pytest every test.
unexport PYTHONDONTWRITEBYTECODE
# Into the environment whose Python follows; six times as fast as pip. make builds the bundle itself,
# so installing does not have to.
INSTALL := DASH_INTEROP_BUILD=never $(BIN)/uv pip install --quiet --python

BROWSERS := chromium chromium-headless-shell chromedriver firefox WebKitWebDriver Xvfb
BROWSER_PACKAGES := chromium chromium-headless-shell chromium-driver firefox-esr webkit2gtk-driver xvfb

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

DISTRIBUTED := --numprocesses=$(WORKERS)
COMMA := ,
heading = @printf '\n==> %s\n' '$(1)'

ifndef SIDE_BY_SIDE
.NOTPARALLEL:
endif
.DELETE_ON_ERROR:
.PHONY: test-matrix test-websockets test-pythons test-dash test-browsers
.PHONY: demo test build types style soak fuzz bench clean browser unit-js unit-py

demo: $(RUNNABLE) build
	$(call heading,Demo)
	$(BIN)/dash-interop demo $(ARGS)

test:
	+$(SIDE_BY_SIDE_MAKE) $(TESTABLE) unit-js browser build
	+$(SIDE_BY_SIDE_MAKE) types style unit-py

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

# The + lets pytest tell what it does while it does so, beside other steps.
unit-py: $(TESTABLE) build
	$(call heading,Tests: pytest)
	+$(BIN)/python -m pytest $(DISTRIBUTED) $(ARGS)

bench: $(TESTABLE) build browser
	$(call heading,Bench)
	$(BIN)/python -m tests.bench $(ARGS)

soak: $(TESTABLE) build browser
	$(call heading,Soak)
	$(BIN)/python -m tests.soak $(ARGS)

fuzz: $(TESTABLE)
	$(call heading,Fuzz)
	$(BIN)/python -m tests.fuzz $(ARGS)

test-matrix: test-websockets test-pythons test-dash test-browsers

# An environment of the matrix: its name, its Python, the extras, more requirements.
define environment
test -x $(MATRIX)/$(1)/bin/python || $(2) -m venv $(MATRIX)/$(1)
$(INSTALL) $(MATRIX)/$(1)/bin/python -e '.[$(3)]' $(4)
endef

test-websockets: $(WEBSOCKETS:%=websockets-%)

websockets-%: build
	$(call heading,Gateway and clients on websockets $*)
	$(call environment,websockets-$*,$(PYTHON),test,'websockets==$*.*')
	$(MATRIX)/websockets-$*/bin/python -m pytest $(DISTRIBUTED) \
		tests/unit/gateway tests/unit/client tests/client tests/conformance $(ARGS)

test-pythons: $(PYTHONS:%=on-%)

on-%: build
	$(call heading,Unit and client tests on $*)
	@$* -c '' || \
		{ echo "$* is not on PATH. Please install it, or name others: PYTHONS='...'"; exit 1; }
	$(call environment,$*,$*,test$(COMMA)fastapi$(COMMA)quart)
	$(MATRIX)/$*/bin/python -m pytest $(DISTRIBUTED) tests/unit tests/client $(ARGS)

# The bundle is built once and serves every Dash version.
test-dash: build browser
	$(call heading,Browser tests on Dash $(OLDEST_DASH))
	$(call environment,oldest,$(PYTHON),test,'dash==$(OLDEST_DASH)')
	DASH_INTEROP_TEST_ENGINES=chromium DASH_INTEROP_TEST_BACKENDS=flask \
		$(MATRIX)/oldest/bin/python -m pytest $(DISTRIBUTED) tests/browser $(ARGS)
	$(call heading,Browser tests on the newest Dash 4)
	$(call environment,newest,$(PYTHON),test$(COMMA)fastapi$(COMMA)quart,--upgrade-package dash 'dash>=4')
	DASH_INTEROP_TEST_ENGINES=chromium DASH_INTEROP_TEST_BACKENDS=flask,fastapi,quart \
		$(MATRIX)/newest/bin/python -m pytest $(DISTRIBUTED) tests/browser $(ARGS)
	$(call heading,Changes of the layout on Dash $(MOUNTING_DASH))
	$(call environment,mounting,$(PYTHON),test,'dash==$(MOUNTING_DASH)')
	DASH_INTEROP_TEST_ENGINES=chromium \
		$(MATRIX)/mounting/bin/python -m pytest $(DISTRIBUTED) $(LAYOUT_TESTS) $(ARGS)
	$(call heading,Changes of the layout and patterns on Dash $(COMING_DASH) with React 18)
	# With the extras: pip takes a release to come only where it is asked for in the same words.
	$(call environment,coming,$(PYTHON),test$(COMMA)fastapi$(COMMA)quart,'dash[async$(COMMA)diskcache$(COMMA)fastapi$(COMMA)quart$(COMMA)testing]==$(COMING_DASH)')
	DASH_INTEROP_TEST_ENGINES=chromium \
		$(MATRIX)/coming/bin/python -m pytest $(DISTRIBUTED) $(COMING_TESTS) $(ARGS)
	$(call heading,Browser tests on Dash $(COMING_DASH) with React $(COMING_REACT))
	REACT_VERSION=$(COMING_REACT) DASH_INTEROP_TEST_ENGINES=chromium DASH_INTEROP_TEST_BACKENDS=flask \
		$(MATRIX)/coming/bin/python -m pytest $(DISTRIBUTED) tests/browser $(ARGS)

test-browsers: build browser
	$(call heading,Browser tests in Firefox$(COMMA) WebKit and the whole of Chromium)
	$(call environment,newest,$(PYTHON),test$(COMMA)fastapi$(COMMA)quart,--upgrade-package dash 'dash>=4')
	DASH_INTEROP_TEST_ENGINES=firefox,webkit,whole-chromium DASH_INTEROP_TEST_BACKENDS=flask \
		$(MATRIX)/newest/bin/python -m pytest $(DISTRIBUTED) tests/browser $(ARGS)

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

$(BIN)/uv:
	$(call heading,Python environment in $(VENV))
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

$(RUNNABLE): setup.py pyproject.toml | $(BIN)/uv
	$(call heading,Install dash_interop)
	$(INSTALL) $(BIN)/python -e . PyYAML
	touch $@

$(TESTABLE): setup.py pyproject.toml | $(BIN)/uv
	$(call heading,Install dash_interop with what the tests need)
	$(INSTALL) $(BIN)/python -e '.[test,fastapi,quart]'
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
