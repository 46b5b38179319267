# Every command of the project. Each one does its own set-up on a fresh machine: Python 3.11 or later is enough.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# What `make bench` is told: make bench BENCH="--write docs/performance.md"
BENCH ?=
# Processes that run tests at the same time.
JOBS ?= 2
# Which Python is taken: the first of these that is new enough and can make environments. That of the distribution comes
# first: it is compiled with profile-guided optimisation, which one that a developer's tool compiled mostly isn't, and
# which is a tenth of an office's CPU.
PYTHONS := $(PYTHON) /usr/bin/python3 python3 python3.14 python3.13 python3.12 python3.11
# `make serve` takes tertulia.toml when there is one, otherwise an office on this machine.
CONFIG := $(wildcard tertulia.toml)

.PHONY: help demo test test-postgres check format serve bench migration messages lock clean

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(INSTALLED) ## Three offices on this machine that talk to each other
	$(BIN)/tertulia demo

test: $(INSTALLED) ## The whole test suite, on SQLite and on PostgreSQL
	$(BIN)/pytest -n $(JOBS)

test-postgres: $(INSTALLED) ## The half of the tests of storage that runs on PostgreSQL
	TERTULIA_TEST_BACKENDS=postgresql $(BIN)/pytest -n $(JOBS)

check: $(INSTALLED) ## Format, lint, types and floors
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(INSTALLED) ## Format the code and apply the safe corrections
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

serve: $(INSTALLED) ## One office: tertulia.toml, or http://localhost:8080 without one
ifeq ($(CONFIG),)
	TERTULIA_DOMAIN=$${TERTULIA_DOMAIN:-localhost:8080} $(BIN)/tertulia serve --log-format text
else
	$(BIN)/tertulia serve --config $(CONFIG) --log-format text
endif

bench: $(INSTALLED) ## Measure speed, memory and growth, as the table in docs/performance.md (a quarter of an hour)
	$(BIN)/python -m bench $(BENCH)

migration: $(INSTALLED) ## Draft the next revision of the tables: make migration MESSAGE="Let an account have two names"
	$(BIN)/python -W ignore -m migrations "$(MESSAGE)"

messages: $(INSTALLED) ## Add the texts that templates ask for to the catalogues in web/locale
	$(BIN)/python -m web.messages

lock: $(INSTALLED) ## Write the installed versions to constraints.txt
	{ echo '# Tested versions, for reproducible installs. Written by `make lock`.'; \
	  $(BIN)/pip freeze --exclude-editable --exclude tertulia | sed '/^soupsieve==/s/$$/; python_full_version >= "3.11.5"/'; \
	  } > constraints.txt.new
	mv constraints.txt.new constraints.txt
	touch $(INSTALLED)

clean: ## Remove the virtual environment, caches and the demo's data
	rm -rf $(VENV) .demo build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(INSTALLED): pyproject.toml constraints.txt
	@python=$$(for name in $(PYTHONS); do \
	    $$name -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { command -v $$name; break; }; done); \
	  test -n "$$python" || { echo "Tertulia needs Python 3.11 or later with venv (Debian: python3-venv): install it, or name one with make PYTHON=..." >&2; exit 1; }; \
	  test -x $(BIN)/python || $$python -m venv $(VENV)
	@echo "Installing Tertulia into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@
