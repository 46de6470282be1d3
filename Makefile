# The environment is .venv; it is created once, and again when setup.py or the lock changes.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
# Exact versions; `make test-newest` has none.
LOCK := constraints.txt
PIP = $(RUN) -m pip --quiet --disable-pip-version-check
RUN := $(VENV)/bin/python
DEMO := runs/demo
# Durations of the last tests.
DURATIONS := build/durations.json
PYTEST = $(RUN) -m pytest -p tests.durations --record-durations=$(DURATIONS) -n 2 --dist worksteal

.PHONY: demo environment test test-all test-times test-newest lock lint clean help
.NOTPARALLEL:

help:
	@echo "make demo         train, evaluate, plot, export, serve and call a beta-VAE (a few minutes)"
	@echo "make test         run the tests except slow ones (under 6 minutes on two cores)"
	@echo "make test-all     run all tests (16 minutes)"
	@echo "make test-times   show how long the last tests took, by folder, file and model"
	@echo "make test-newest  run all tests with the newest versions that setup.py allows (for a schedule)"
	@echo "make lock         renew constraints.txt, the exact versions for CI and make"
	@echo "make lint         run ruff and mypy"

# The stamp is written last, so an incomplete environment is created again.
define install
	@test -n "$(PYTHON)" || { echo "error: no python3.11 on the PATH; install Python 3.11 or run make PYTHON=..." >&2; exit 1; }
	@echo "setting up $(VENV) (a few minutes, once)"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install -e $(1) $(addprefix -c ,$(LOCK))
endef

$(VENV)/.installed: setup.py $(LOCK)
	$(call install,.)
	@touch $@

$(VENV)/.installed-dev: setup.py $(LOCK)
	$(call install,".[dev]")
	@touch $(VENV)/.installed $@

demo: $(VENV)/.installed
	@$(RUN) -m examples.demo --workdir=$(DEMO)

environment: $(VENV)/.installed-dev

# Two workers share the cores: one thread each.
test test-all: export TF_NUM_INTRAOP_THREADS := 1
test test-all: export TF_NUM_INTEROP_THREADS := 1
test test-all: export OMP_NUM_THREADS := 1

test: $(VENV)/.installed-dev
	@$(PYTEST) -m "not slow"

test-all: $(VENV)/.installed-dev
	@$(PYTEST)

test-times: $(VENV)/.installed-dev
	@$(RUN) -m tests.durations $(DURATIONS)

test-newest:
	@rm -rf .venv-newest
	@$(MAKE) --no-print-directory test-all VENV=.venv-newest LOCK= DURATIONS=build/durations-newest.json

# From a fresh environment; [dev] includes all extras except the GPU's.
lock:
	@rm -rf .venv-lock
	@$(MAKE) --no-print-directory environment VENV=.venv-lock LOCK=
	@{ echo "# Exact versions for CI and make, on $$(.venv-lock/bin/python --version) and Linux; setup.py has the ranges."; \
	  echo "# Written by 'make lock'. For another Python: make test-newest PYTHON=python3.13"; \
	  .venv-lock/bin/python -m pip freeze --all --exclude pip --exclude-editable; } > .venv-lock/constraints.txt
	@mv .venv-lock/constraints.txt constraints.txt
	@rm -rf .venv-lock

lint: $(VENV)/.installed-dev
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy

clean:
	rm -rf $(VENV) .venv-newest .venv-lock build *.egg-info
