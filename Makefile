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

.PHONY: help setup pipeline demo test soak unit check lint audit bench kubernetes node ingress secrets-controller policies release clean services services-test services-load services-lock

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Install everything: Python packages, cdktf-cli, Terraform's providers, tools
	@tools/setup.sh setup

pipeline: ## Install what a job of the pipeline needs. FOR=github, synthesis, plan, apply or release
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

test: ## Everything `check` does and every other test, those of the services included
	@tools/setup.sh test
	@$(MAKE) lint
	@$(MAKE) services-test
	@$(RUN) pytest -n $(ALL_WORKERS) --dist loadgroup --no-loadscope-reorder --durations 10

soak: ## Kill bootstrap, deploy and approved apply 200 times, show what is lost. SOAK_KILLS=20 SOAK_SEED=1
	@tools/setup.sh test
	@$(RUN) python -m tests.faults.soak $(if $(SOAK_KILLS),--kills $(SOAK_KILLS)) $(if $(SOAK_SEED),--seed $(SOAK_SEED)) $(ARGS)

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

audit: ## Licences and known vulnerabilities of locked packages, asked of OSV.dev. ARGS="--ignore-vuln GHSA-…"
	@tools/setup.sh check
	@tools/setup.sh services
	@$(RUN) pytest -q tests/toolchain/test_licences.py
	@$(RUN) tools/audit.sh $(ARGS)

bench: ## Measure synthesis, diffs and services under load; writes bench.json. ARGS=diff for one case
	@tools/setup.sh bench
	@$(RUN) gw bench $(ARGS)
ifeq ($(ARGS),)
	@$(MAKE) services-load
endif

services-load: ## Send each service a bounded load on loopback. ARGS="--clients 32 --seconds 10"
	@tools/setup.sh services
	@$(RUN) services/.venv/bin/python -m servicekit.load market users ledger transactions \
		--ferretdb .groundwork/bin/ferretdb $(ARGS)

kubernetes: ## Build the embedded Kubernetes for `gw local up --kubernetes`: six minutes, once
	@tools/setup.sh kubernetes

node: ## Build what runs containers in the embedded Kubernetes, as root on Linux: four minutes after `make kubernetes`
	@tools/setup.sh node

ingress: ## Build Traefik, which answers Ingresses and the Gateway API on the embedded node: eleven minutes, once
	@tools/setup.sh ingress

secrets-controller: ## Build External Secrets, which brings secrets of AWS to pods of the embedded node: ten minutes, once
	@tools/setup.sh secrets-controller

policies: ## Build conftest, which judges the rules of policies/*.rego: under three minutes, once
	@tools/setup.sh policies

services: ## Run the services in real pods with real databases, as root on Linux; ARGS=--once ends after the requests
	@tools/setup.sh kubernetes
	@tools/setup.sh node
	@tools/setup.sh services
	@$(RUN) gw services $(ARGS)

services-test: ## Types and tests of the services, against a Postgres of their own. ARGS="-k ledger"
	@tools/setup.sh services
	@cd services && .venv/bin/mypy
	@cd services && .venv/bin/pytest -q -n $(WORKERS) $(ARGS)

# Each package's version is kept; ARGS="--upgrade" takes newer ones, ARGS="--upgrade-package fastapi" one.
services-lock: ## Pin the packages of the services: services/requirements.txt, and runtime.txt without those of tests
	@tools/setup.sh services
	@cd services && $(RUN) uv pip compile $(LOCK) --group dev $(ARGS) pyproject.toml --output-file requirements.txt
	@cd services && $(RUN) uv pip compile $(LOCK) --constraint requirements.txt pyproject.toml --output-file runtime.txt

LOCK = --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url \
	--no-emit-find-links --custom-compile-command 'make services-lock' \
	$(patsubst services/%/pyproject.toml,--no-emit-package %,$(wildcard services/*/pyproject.toml))

release: ## Make what a release holds in dist/: zips of the functions, charts, images. VERSION=v1.2.3
	@$(RUN) tools/release.sh "$(VERSION)"

clean: ## Remove everything made in this checkout (the user's cache stays)
	@rm -rf .venv node_modules cdktf.out .groundwork services/.venv bench.json dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache uv.toml
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
