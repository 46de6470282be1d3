# The environment is .venv; it is made once and made again when setup.py changes.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
RUN := $(VENV)/bin/python
DEMO := runs/demo

.PHONY: demo test test-all lint clean help

help:
	@echo "make demo      train, evaluate, plot, export, serve and call a beta-VAE (a few minutes)"
	@echo "make test      the tests, under 12 minutes on two cores"
	@echo "make test-all  the slow ones too"
	@echo "make lint      ruff and mypy"

# A half-made environment is made anew: the stamp is written last.
$(VENV)/.installed: setup.py
	@test -n "$(PYTHON)" || { echo "error: no python3.11 on the PATH; install Python 3.11 or give make PYTHON=..." >&2; exit 1; }
	@echo "setting up $(VENV) (a few minutes, once)"
	@$(PYTHON) -m venv $(VENV)
	@$(RUN) -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@$(RUN) -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	@touch $@

demo: $(VENV)/.installed
	@$(RUN) -m examples.demo --workdir=$(DEMO)

test: $(VENV)/.installed-dev
	@$(RUN) -m pytest -m "not slow" -n 2 --dist worksteal

test-all: $(VENV)/.installed-dev
	@$(RUN) -m pytest -n 2 --dist worksteal

lint: $(VENV)/.installed-dev
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy

clean:
	rm -rf $(VENV) build *.egg-info
