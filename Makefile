# make demo   set everything up and run the main job
# make test   set everything up and run the tests
# make setup  set everything up: leaves a working .venv/bin/wf
# make check  everything that CI runs: lint, types, docs, tests

PYTHON ?= python3
# so many tests at once, each file's in one process; 0 for all in one, as a debugger needs it. They
# wait for disks, daemons and time to pass as well: two for each core
WORKERS ?= $(shell expr 2 '*' $$(getconf _NPROCESSORS_ONLN))
BIN := .venv/bin
READY := .venv/.ready
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo test setup check lint types docs bench lock format clean

demo: setup
	$(BIN)/wf run train-mnist-no-gpu
	$(BIN)/wf show last
	$(BIN)/wf artifacts tree last

test: setup
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

setup: $(READY)

# uv is faster than pip, which comes after it where only pip knows the index. What is installed is
# compiled, which matters where PYTHONDONTWRITEBYTECODE is set; the project itself is compiled here,
# because an editable install is not
$(READY): requirements/dev.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 10) or sys.exit("wf needs Python 3.10 or newer; set PYTHON=python3.11, say")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	sed -n '/^uv==/,/[^\\]$$/p' requirements/dev.lock | $(PIP) --require-hashes --no-deps -r /dev/stdin
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --no-deps --compile-bytecode -r requirements/dev.lock \
	|| $(PIP) --require-hashes --no-deps --compile -r requirements/dev.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q runner
	@touch $(READY)

check: lint types docs test

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports

types: setup
	$(BIN)/mypy

docs: setup
	$(BIN)/sphinx-build --fail-on-warning --keep-going -q docs docs/_build/html

bench: setup
	$(BIN)/python benchmarks/bench.py $(ARGS)

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# pins and hashes for every platform, without addresses
lock: setup
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.10 --generate-hashes --no-annotate --no-header --quiet --upgrade --output-file requirements/dev.lock

clean:
	rm -rf .venv .cache docs/_build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
