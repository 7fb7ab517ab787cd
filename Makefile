# The doors of the project; `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin
SETUP := build/.setup-done
SEEDS ?= 20
FIRST ?= 0
SECONDS ?= 20
ROOM ?=
SAMPLE ?=
LEDGER ?=

# The tests, the demo and the benchmarks start hundreds of programs; each would compile all of our sources anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-long check format bench simulate fuzz mutate audit lock docs clean

help:  ## list these verbs
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(SETUP)  ## set up what is missing: system packages, .venv from the hashed locks; doing it twice is free

$(SETUP): requirements/base.txt requirements/dev.txt pyproject.toml tools/setup.sh
	@PYTHON=$(PYTHON) bash tools/setup.sh
	@mkdir -p build && touch $@

demo: setup  ## run a whole hall (center, hub, boxes on genuine MicroPython, citizens) and print its pages
	@$(BIN)/tingting demo

test: setup  ## every test (long runs in their short form)
	@$(BIN)/python -m pytest -m "not long" -n 3 --dist loadfile --no-loadscope-reorder --durations=15

test-long: setup  ## the long form of the long runs
	@$(BIN)/python -m pytest -m long

check: setup  ## format, lint, types, import contracts, links in the docs, generated tables current
	@$(BIN)/python -m tools.checks

format: setup  ## let ruff write the format
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

docs: setup  ## write the generated tables again
	@$(BIN)/python -m tools.checks.generated --write

bench: setup  ## all benchmarks: a table, and build/bench.json
	@$(BIN)/tingting bench

simulate: setup  ## the seeded whole-hall fault simulation (SEEDS=20 FIRST=0; LEDGER=1 notes it)
	@$(BIN)/tingting simulate --seeds $(SEEDS) --first $(FIRST) $(if $(LEDGER),--ledger)

fuzz: setup  ## every parser under atheris and hypothesis for so long each (SECONDS=20): rates, reach, findings
	@$(BIN)/python -m tests.fuzz.run --seconds $(SECONDS)

mutate: setup  ## change one thing at a time in the rooms that carry the promise: what does no test notice? (ROOM=ingest SAMPLE=100)
	@$(BIN)/python -m tests.mutate $(ROOM) $(if $(SAMPLE),--sample $(SAMPLE))

audit: setup  ## ask the advisory service whether a locked package has a known hole (needs the network; not part of CI)
	@$(BIN)/pip-audit --strict --require-hashes --disable-pip --progress-spinner off \
	  -r requirements/base.txt -r requirements/dev.txt

lock: setup  ## resolve the locks anew from pyproject.toml (needs uv)
	@uv pip compile pyproject.toml --universal --generate-hashes --no-emit-index-url \
	  --custom-compile-command 'make lock' --quiet --output-file requirements/base.txt
	@uv pip compile pyproject.toml --group dev --universal --generate-hashes --no-emit-index-url \
	  --custom-compile-command 'make lock' --constraint requirements/base.txt --quiet --output-file requirements/dev.txt

clean:  ## remove what was built; running data in var/ stays
	rm -rf build .venv
