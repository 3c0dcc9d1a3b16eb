# The template's own commands; `make help` explains them. Everything they need is
# installed into .venv, once.

VENV := .venv
PY := $(VENV)/bin/python
PROJECT := {{cookiecutter.project_slug}}
SOURCES := coursework demo docs/tools hooks tests
# black leaves long comments and texts as they are.
LENGTH := --select=E501 --max-line-length=88 --exclude=migrations
WORKFLOWS := $(wildcard .github/workflows/*.yml) coursework/student/grade.yml \
	$(wildcard $(PROJECT)/.github/workflows/*.yml)
DEPENDABOTS := .github/dependabot.yml $(PROJECT)/.github/dependabot.yml
# The project's own workflows call each other by a path in the project, and actionlint
# looks for it in this repository; the tests lint them in a project.
ELSEWHERE := could not read reusable workflow file for "./.github/
SCRIPTS := .ci/run .ci/publish-site $(wildcard $(PROJECT)/scripts/*.sh) $(wildcard $(PROJECT)/terraform/*/*.sh) \
	$(wildcard $(PROJECT)/ci/*.sh) $(wildcard $(PROJECT)/lab/rehearsal/host/*.sh) \
	$(wildcard tests/deploy/*.sh tests/deploy/standins/*.sh)

.DEFAULT_GOAL := help
.PHONY: help demo course test lint format listing bench docs docs-serve docs-refresh clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/.demo  ## Render the project, run it and walk through it (ARGS=--once: stop after the walk)
	@$(PY) -m demo $(ARGS)

course: $(VENV)/.demo  ## Make a class's starter, or prove its grader (ARGS="new --exercises 1-4 --language ko --out DIR")
	@$(PY) -m coursework $(ARGS)

test: $(VENV)/.dev  ## Prove the template and what it renders (ARGS=--deep: containers and AWS too; ARGS='-k slug': some only)
	@$(PY) -m pytest $(ARGS)

lint: $(VENV)/.dev  ## Check style, look for bugs, check workflows and shell scripts
	$(PY) -m black --quiet --check --diff $(SOURCES)
	$(PY) -m isort --quiet --check --diff $(SOURCES)
	$(VENV)/bin/ruff check --quiet --no-cache .
	$(PY) -m pycodestyle $(LENGTH) $(SOURCES) '$(PROJECT)'
	$(VENV)/bin/shellcheck $(SCRIPTS)
	$(VENV)/bin/actionlint -shellcheck $(VENV)/bin/shellcheck -ignore '$(ELSEWHERE)' $(WORKFLOWS)
	$(VENV)/bin/check-jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS)
	$(VENV)/bin/check-jsonschema --builtin-schema vendor.dependabot $(DEPENDABOTS)
	$(VENV)/bin/zizmor --offline --quiet $(WORKFLOWS) $(DEPENDABOTS)

format: $(VENV)/.dev  ## Put the code into shape
	$(PY) -m black $(SOURCES)
	$(PY) -m isort $(SOURCES)

listing: $(VENV)/.dev  ## Rewrite tests/files.txt, after files came or went
	@$(PY) -m tests.files

bench: $(VENV)/.demo  ## Measure anew what docs/assets/bench/ shows (half an hour on a quiet machine)
	@$(PY) -m cookiecutter . --no-input --overwrite-if-exists --output-dir build
	@$(MAKE) --no-print-directory -C build/library-api bench bench-full
	@mkdir -p docs/assets/bench
	@cd build/library-api/build/bench/full && cp report.md results.json summary.json *.svg $(CURDIR)/docs/assets/bench/
	@cp build/library-api/build/bench/quick/report.md docs/assets/bench/quick.md
	@echo "docs/assets/bench/ shows this run."

docs: $(VENV)/.docs  ## Build the site in both languages, strictly, into site/
	@$(PY) -m docs.tools build

docs-serve: $(VENV)/.docs  ## Build the site and serve it at http://localhost:8000 (PORT=... to change)
	@$(PY) -m docs.tools serve --port $(or $(PORT),8000)

docs-refresh: $(VENV)/.docs  ## Rewrite the site's listings, numbers, figures and reference (ARGS='--run PAGE': outputs too)
	@$(PY) -m docs.tools refresh $(ARGS)

clean:  ## Delete everything that git ignores: .venv, build, what runs in place left
	git clean -fdXq

# PYTHON=/usr/bin/python3.13 chooses the interpreter of a new .venv.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$python && break; done)

$(PY):
	@$(or $(PYTHON),false) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	{ echo "Python 3.11 or newer is needed, and '$(or $(PYTHON),python3)' is not: install it, or say PYTHON=/path/to/python3.13"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	{ echo "$(PYTHON) cannot make virtual environments: install its venv module (Debian: apt install python3-venv)"; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.demo $(VENV)/.docs $(VENV)/.dev: $(VENV)/.%: pyproject.toml | $(PY)
	@echo "Installing the packages of group '$*' into $(VENV)"
	@$(PY) '$(PROJECT)/tools/install.py' $(VENV) --group $*
	@touch $@
