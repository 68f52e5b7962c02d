# `make` alone lists the targets. Every target sets up what it needs first; a second time that costs nothing.
# PYTHON=/path/to/python3.11 names the interpreter.
.DEFAULT_GOAL := help
SHELL := /bin/sh
.SHELLFLAGS := -euc
MAKEFLAGS += --no-print-directory
export GROUNDWORK_PYTHON := $(or $(PYTHON),$(GROUNDWORK_PYTHON))
# One synthesis imports 600 modules: without their byte code it takes twice as long.
unexport PYTHONDONTWRITEBYTECODE
# Set-up itself looks for programs on the PATH of the user; only what comes after it sees ours.
RUN := PATH="$(CURDIR)/.venv/bin:$(CURDIR)/.groundwork/bin:$$PATH"
WORKFLOWS := $(wildcard .github/workflows/*.yml .github/workflows/*.yaml)
DOCKERFILES := $(shell git ls-files '*Dockerfile' 2>/dev/null)
# Quick tests are work for the processor. Of the others most wait for the AWS provider's own polls, so more fit side by
# side; they take turns on providers of 0.3 GB.
WORKERS ?= 2
ALL_WORKERS ?= 6

.PHONY: help setup pipeline demo test unit check lint bench kubernetes release clean

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Install everything: Python packages, cdktf-cli, Terraform's providers, tools
	@tools/setup.sh setup

pipeline: ## Install what a job of the pipeline needs. FOR=github, synthesis, plan or apply
	@tools/setup.sh "$(or $(FOR),apply)"

demo: ## Deploy the platform to this laptop, send a request through it, show a diff
	@tools/setup.sh demo
	@$(RUN) gw demo $(ARGS)

unit: ## The tests that start no program and open no connection, in seconds
	@tools/setup.sh check
	@$(RUN) pytest -q -m unit

check: ## Lint, types and quick tests, in under two minutes
	@tools/setup.sh check
	@$(MAKE) lint
	@$(RUN) pytest -q -n $(WORKERS) -m "not terraform and not slow"

test: ## Everything `check` does and every other test
	@tools/setup.sh test
	@$(MAKE) lint
	@$(RUN) pytest -n $(ALL_WORKERS) --dist loadgroup --no-loadscope-reorder --durations 10

lint:
	@$(RUN) ruff check
	@$(RUN) ruff format --check
	@$(RUN) mypy
	@$(RUN) lint-imports --no-logo
ifneq ($(WORKFLOWS),)
	@$(RUN) actionlint $(WORKFLOWS)
	@$(RUN) zizmor --offline --quiet .github
endif
ifneq ($(DOCKERFILES),)
	@$(RUN) hadolint $(DOCKERFILES)
endif

bench: ## Measure synthesis and diffs against the stock ways; writes bench.json. ARGS=diff for one case
	@tools/setup.sh bench
	@$(RUN) gw bench $(ARGS)

kubernetes: ## Build the embedded Kubernetes for `gw local up --kubernetes`: six minutes, once
	@tools/setup.sh kubernetes

release: ## Make what a release holds in dist/: zips of the functions, charts, images. VERSION=v1.2.3
	@$(RUN) tools/release.sh "$(VERSION)"

clean: ## Remove everything made in this checkout (the user's cache stays)
	@rm -rf .venv node_modules cdktf.out .groundwork bench.json dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache uv.toml
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
