# From a fresh clone with Python >= 3.11 and make: `make verify` or `make test`; each installs what it needs into .venv.
PYTHON ?= python3
BIN := .venv/bin
RUNS := .venv/.runs
INSTALLED := .venv/.installed
TYPES = $(BIN)/mypy -p temperance
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: install verify test test-slow test-all test-lowest test-interop test-coq papers licences docs bench clean

install: $(INSTALLED)

# what temperance runs on, in the versions of requirements.lock
$(RUNS): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, not " + sys.version if sys.version_info < (3, 11) else 0)'
	@echo "step 1 of 2: making .venv"
	@$(PYTHON) -m venv .venv
	@echo "step 2 of 2: installing temperance and what it runs on"
	@$(PIP) install --constraint requirements.lock --editable '.[notebooks]'
	@echo "compiling the search, once: about half a minute"
	@$(BIN)/python -c 'from temperance.numerics.fitting.climb import compiled_climb; compiled_climb()'
	@touch $@

$(INSTALLED): $(RUNS)
	@echo "installing what tests and documentation need"
	@$(PIP) install --requirement requirements.lock
	@touch $@

# the claims, proved and measured, as a table and in report.json
verify: $(RUNS)
	$(BIN)/temperance verify --output report.json

# style, types and the tests that are quick; a file of tests stays in one process, which has what others of it computed
test: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(TYPES)
	$(BIN)/pytest --numprocesses 2 --dist loadfile -m "not slow and not full"

# notebooks, pages, processes that are killed, fuzz, whole claims; not what Coq checks, which is test-coq
test-slow: $(INSTALLED)
	$(BIN)/pytest --numprocesses 2 --dist worksteal -m "slow and not coq and not full"

# every test, at its full size
test-all: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(TYPES)
	$(BIN)/pytest --numprocesses 2 --dist worksteal

# what is fast, with outcomes beside the times: run alone on the machine
bench: $(INSTALLED)
	$(BIN)/python benchmarks/cold.py --claims all
	$(BIN)/python benchmarks/answers.py --ranking
	$(BIN)/python benchmarks/kernels.py --json
	$(BIN)/python benchmarks/workload.py --json --share 0.05

# names, traced callables and routers against torch, jax and keras themselves
test-interop: $(INSTALLED)
	$(PIP) install torch transformers jax keras
	$(BIN)/pytest tests/temperance/interop/test_interop.py tests/temperance/routers

# the tests that are not of full size, or those of TESTS, with the lowest versions that pyproject.toml allows, in an
# environment of their own; but for pictures and tables drawn to the letter by later ones
LOWEST := build/lowest
test-lowest:
	$(PYTHON) -m venv --clear $(LOWEST)
	$(PYTHON) tools/lowest.py notebooks cluster sklearn docs test > $(LOWEST)/requirements.txt
	$(LOWEST)/bin/python -m pip --disable-pip-version-check --quiet install --requirement $(LOWEST)/requirements.txt
	$(LOWEST)/bin/python -m pip --disable-pip-version-check --quiet install --no-deps --editable .
	NUMBA_CACHE_DIR=$(CURDIR)/$(LOWEST)/numba $(LOWEST)/bin/pytest --numprocesses 2 -m "not full and not pinned" $(TESTS)

# theorems, false ones among them, against the proof assistant Coq, which is not installed here; in one process, as the
# library is checked once
test-coq: $(INSTALLED)
	@command -v coqc >/dev/null || { echo "test-coq needs coqc with Interval and Coquelicot; in Debian: apt-get install coq libcoq-interval libcoq-coquelicot"; exit 1; }
	$(BIN)/pytest tests/theory/coq -m "coq and not full" -rs

# the papers of docs/papers: minutes
PAPER = $(BIN)/temperance paper -o docs/papers
papers: $(RUNS)
	mkdir -p docs/papers
	$(PAPER)/linear --gate linear
	$(PAPER)/tanh --activation tanh --gauge anchored
	$(PAPER)/softmax --gate softmax
	$(PAPER)/quadratic --gate quadratic
	$(PAPER)/cosine --gate cosine --dim 2
	$(PAPER)/cubic --gate "beta1*x**3/tau + beta2*x"

# the licences of what requirements.lock pins
licences: $(INSTALLED)
	$(BIN)/python tools/licences.py > LICENSES.md

# the documentation site, in build/site
docs: $(INSTALLED)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build

clean:
	rm -rf .venv build report.json
