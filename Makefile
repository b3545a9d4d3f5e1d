# Quorum. `make` lists what you can do; the only things it needs are Python 3.11 or newer with venv, and make.
PYTHON ?= python3
PORT ?= 8000
JOBS ?= 2
PY = .venv/bin/python
.DEFAULT_GOAL := help
.PHONY: help run dev test check bench chaos contracts lock reset lint format migrations docs tokens clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- use it -----------------------------------------------------------------------------------------------------------
run: .venv/.installed ## install what is missing, start everything, print the address (PORT=8000)
	@$(PY) manage.py up --port $(PORT)

dev: .venv/.installed ## the same, with DEBUG on and a web server that follows the code
	@$(PY) manage.py up --port $(PORT) --reload

reset: .venv/.installed ## forget the people, money, files and mail of this checkout
	@$(PY) manage.py up --reset

# --- change it --------------------------------------------------------------------------------------------------------
test: .venv/.installed ## all tests, on PostgreSQL and Valkey of their own (ARGS="tests/payments -k refund")
	@$(PY) -m pytest -q -n $(JOBS) --dist worksteal $(ARGS)

check: lint ## everything that must hold before a change is accepted
	@mkdir -p build
	@$(PY) -m coverage erase
	@$(PY) -m coverage run -m pytest -q -n $(JOBS) --dist worksteal $(ARGS)
	@$(PY) -m coverage combine -q
	@$(PY) -m coverage json -q -o build/coverage.json
	@$(PY) .ci/floors.py build/coverage.json

lint: .venv/.installed ## format, style, types, layers
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports --no-cache

format: .venv/.installed ## put the code into shape
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix-only .

tokens: ## write static/css/tokens.css from core/palette.py
	@$(PYTHON) -m core.palette static/css/tokens.css

docs: .venv/.installed ## write the pages of docs/ that are made from the code
	@$(PY) manage.py write_reference

migrations: .venv/.installed ## write the migrations that changed models need
	@$(PY) manage.py makemigrations

chaos: .venv/.installed ## kills, faults of the network and races: on servers, money and work (CHAOS_QUICK=1: a tenth)
	@$(PY) -m pytest -q -m chaos
	@$(PY) -m bench.chaos

bench: .venv/.installed ## measure speed beside raw SQL and a bare Django; writes build/bench.json
	@$(PY) -m bench

contracts: .venv/.installed requirements-contract.txt ## do the tools our exports are made for load them? (installs more)
	@$(PY) -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements-contract.txt
	@! command -v npm > /dev/null || npm ci --prefix tests/contracts/verifier --ignore-scripts --no-audit --no-fund --silent
	@HF_HUB_OFFLINE=1 $(PY) -m pytest -q -m contract

UV = build/uv/bin/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header

lock: ## resolve pyproject.toml again into the hashed requirements files (UPGRADE=1 takes newer versions)
	@test -x build/uv/bin/uv || { $(PYTHON) -m venv build/uv && build/uv/bin/pip install -q uv; }
	@$(UV) $(if $(UPGRADE),--upgrade) -o requirements.txt
	@$(UV) $(if $(UPGRADE),--upgrade) --group dev -o requirements-dev.txt
	@$(UV) --group contract --constraint requirements-dev.txt -o requirements-contract.txt

clean: ## remove what the tools leave (not your data: that is `make reset`)
	@rm -rf build staticfiles .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage

# --- installing -------------------------------------------------------------------------------------------------------
.venv/.installed: requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Quorum needs Python 3.11 or newer; try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "Python's venv module is missing. On Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "Installing $$(grep -c '==' requirements-dev.txt) pinned packages into .venv (once; half a minute to a minute)."
	@$(PYTHON) -m venv .venv
	@rm -f .venv/.failed
	@{ $(PY) -m pip install --disable-pip-version-check --no-input --progress-bar off --require-hashes \
		--only-binary :all: -r requirements-dev.txt 2> .venv/install.log || touch .venv/.failed; } | awk \
		'/^Collecting/ {if (++n % 15 == 0) {print "  " n " fetched"; fflush()}} /^Installing/ {print "  unpacking"; fflush()}'
	@test ! -e .venv/.failed || { tail -20 .venv/install.log; echo "Installing failed; the end of the log is above."; exit 1; }
	@touch $@
