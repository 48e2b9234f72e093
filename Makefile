# Everything is done by these targets; `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# One file pins every installed version, direct or not.
PINS := constraints.txt
INSTALL := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --constraint $(PINS)

.DEFAULT_GOAL := help
.PHONY: help run install tryout test lint audit check bench bench-encoder fuzz soak pictures clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/run.stamp ## join Discord when DISCORD_TOKEN is set, else chat in this terminal
	@$(BIN)/tianwen run

install: $(VENV)/install.stamp ## set up .venv for a server, with PostgreSQL's driver, and start nothing

tryout: $(VENV)/tryout.stamp ## talk to the bot in a simulated Discord, in your browser
	@$(BIN)/tianwen tryout

test: $(VENV)/dev.stamp ## run the whole test suite
	@$(BIN)/python -m pytest

lint: $(VENV)/dev.stamp ## linter, formatter and strict type checker
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

audit: $(VENV)/dev.stamp ## look for known faults in dependencies, and for secrets in what is committed
	@$(BIN)/python .ci/audit.py
	@git ls-files -z | xargs -0 $(BIN)/detect-secrets-hook --exclude-files '[.](png|jsonl)$$' --exclude-secrets '^PASSWORD$$'

check: test lint audit ## tests, linter and types, audit: what CI runs

bench: $(VENV)/bench.stamp ## measure start-up, asking beside an echo bot, and the matching beside its peers
	@$(BIN)/python -m benchmarks.startup
	@$(BIN)/python -m benchmarks.asking
	@$(BIN)/python -m benchmarks.matching

bench-encoder: ## take the sentence encoder along (a download of gigabytes)
	@$(MAKE) --no-print-directory $(VENV)/bench.stamp
	@$(INSTALL) --editable '.[bench-encoder]' </dev/null >&2
	@$(MAKE) --no-print-directory bench

fuzz: $(VENV)/dev.stamp ## ask 100,000 random and mutated questions
	@$(BIN)/python -m benchmarks.fuzz

soak: $(VENV)/dev.stamp ## half an hour of a busy server with faults at random, against a fake Discord
	@$(BIN)/python -m benchmarks.soak

pictures: $(VENV)/dev.stamp ## draw the pictures in docs/ from the real bot
	@$(BIN)/python -m docs.pictures

clean: ## remove the virtual environment and caches
	@rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache

# The set-up talks on standard error only and reads nothing, so that `make run` can be piped.
$(VENV)/python.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tianwen needs Python 3.11 or newer; set PYTHON=/path/to/it")' </dev/null
	@echo "Setting up $(VENV) (once) ..." >&2
	@$(PYTHON) -m venv $(VENV) </dev/null >&2
	@touch $@

$(VENV)/run.stamp: $(VENV)/python.stamp pyproject.toml $(PINS)
	@$(INSTALL) --editable . </dev/null >&2
	@touch $@

$(VENV)/install.stamp: $(VENV)/python.stamp pyproject.toml $(PINS)
	@$(INSTALL) --editable '.[postgres]' </dev/null >&2
	@touch $@ $(VENV)/run.stamp

$(VENV)/tryout.stamp: $(VENV)/python.stamp pyproject.toml $(PINS)
	@$(INSTALL) --editable '.[tryout]' </dev/null >&2
	@touch $@ $(VENV)/run.stamp

$(VENV)/dev.stamp: $(VENV)/python.stamp pyproject.toml $(PINS)
	@$(INSTALL) --editable '.[dev]' </dev/null >&2
	@touch $@ $(VENV)/run.stamp $(VENV)/tryout.stamp

$(VENV)/bench.stamp: $(VENV)/dev.stamp
	@$(INSTALL) --editable '.[bench]' </dev/null >&2
	@touch $@
