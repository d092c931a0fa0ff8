# Every target is one line of help; `make` alone prints them.
.DEFAULT_GOAL := help
SHELL := /bin/bash

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA ?= data/demo
RUN ?= data/run
# The demo has a workspace of its own: models that were trained on drawings must not search
# a user's own photographs.
DEMO_RUN ?= $(if $(filter command%,$(origin RUN)),$(RUN),data/demo-run)
ARGS ?=
# The rankers of "make compare", the baseline first: all of the registry, or some by name.
RANKERS ?= all
# Processes that share the tests: one for each core, at most four, since each takes up to
# 2 GB. 0 runs them all in one process.
WORKERS ?= logical
# The number of a stage is written in one place only: the name of its file.
STAGES := $(shell ls stages | sed -n 's/^s\([0-9]*\)_.*\.py$$/\1/p' | sort -n)

# Stage 1 alone reads the dataset itself; the others read the run.
STAGE = $(BIN)/python -m stages $(1) --workspace "$(RUN)" $(if $(filter 1,$(1)),--data "$(DATA)") $(ARGS_$(1)) $(ARGS)

# glibc gives large buffers back after every batch and faults each page in again for the
# next one, which takes up to 30 % of training.
KEEP_MEMORY := MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=10000000000 MALLOC_TOP_PAD_=268435456

# Drawn prints and cuts are told apart by their place, and scenes have a light of their
# own: the network over the cells is ahead of the one that also looks at colours.
DEMO_DEEPRANK := --network cells --epochs 10 --learning-rate 1e-3

DEMO_QUERY = import json, sys; images = json.load(open(sys.argv[1]))["images"]; \
	print(next(i["file_name"] for i in images if (i["source"], i["split"]) == ("street", "test")))

.PHONY: help demo search-demo all locator tune folds compare test bench bench-index bench-catalogue bench-serve check format lint types real clean

help: ## print this help
	@awk 'BEGIN {FS = ":.*## "} /^[a-z%-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo '  DATA=dir  the dataset (default $(DATA))'
	@echo '  RUN=dir   the workspace (default $(RUN); of the demo $(DEMO_RUN))'
	@echo '  ARGS="--option value"  options of a stage; python -m stages encode --help lists them'
	@echo '  ARGS_2="..."           options of stage 2 within make all; ARGS_6 of 6, ARGS_8 of 8'
	@echo '  ARGS_TUNE="..."        options of tune within make tune'
	@echo '  RANKERS="cosine lab"   the rankers of make compare (default all)'
	@echo '  WORKERS=number         processes that share the tests of make test (default: one for each core)'
	@echo '  ARGS_SETS="..."        options of make compare for SETS alone, such as --boxes whole'

$(VENV)/installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 to 3.13 is needed; use make PYTHON=python3.12" if not (3, 11) <= sys.version_info < (3, 14) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

demo: $(VENV)/installed ## make synthetic data, run every stage on it, search it
	$(BIN)/tiefvision data synth "$(DATA)"
	@$(MAKE) --no-print-directory all RUN="$(DEMO_RUN)" ARGS_8='$(DEMO_DEEPRANK) $(ARGS_8)'
	@$(MAKE) --no-print-directory search-demo RUN="$(DEMO_RUN)"

search-demo:
	@photo="$(DATA)/images/$$($(BIN)/python -c '$(DEMO_QUERY)' "$(DATA)/annotations.json")"; \
	echo "tiefvision search $$photo --workspace $(RUN) --k 5"; \
	$(BIN)/tiefvision search "$$photo" --workspace "$(RUN)" --k 5 --html "$(RUN)/reports/search.html"
	@echo
	@echo "The comparison of both rankers: $(RUN)/reports/compare.html"
	@echo "The search above as a page:     $(RUN)/reports/search.html"

stage-%: $(VENV)/installed ## run one stage, such as make stage-2
	@$(call STAGE,$*)

all: $(VENV)/installed ## run every stage in order on DATA
	@for number in $(STAGES); do $(MAKE) --no-print-directory stage-$$number || exit; done

locator: $(VENV)/installed ## train a locator on DATA in RUN: heads of its own over an encoder as it is, stages 1 to 5
	@for number in 1 2 3 4 5; do \
		$(MAKE) --no-print-directory stage-$$number ARGS_3='--start fresh --reduced 48 $(ARGS_3)' \
			ARGS_4='--start fresh --reduced 48 $(ARGS_4)' || exit; \
	done

tune: $(VENV)/installed ## the same with the encoder's last layers: tune, then stages 2 to 5
	@$(MAKE) --no-print-directory stage-1
	$(KEEP_MEMORY) $(BIN)/tiefvision tune "$(DATA)" --split-of "$(RUN)" --output "$(RUN)/locator.safetensors" $(ARGS_TUNE)
	@for number in 2 3 4 5; do \
		$(MAKE) --no-print-directory stage-$$number ARGS_2='--weights "$(RUN)/locator.safetensors" $(ARGS_2)' \
			ARGS_3='--epochs 0 $(ARGS_3)' ARGS_4='--epochs 0 $(ARGS_4)' || exit; \
	done

folds: $(VENV)/installed ## the same for each of five folds, RUN/fold-0 to RUN/fold-4, and their table
	@for fold in 0 1 2 3 4; do \
		$(MAKE) --no-print-directory locator RUN="$(RUN)/fold-$$fold" ARGS_1="--folds 5 --fold $$fold" || exit; \
	done
	$(BIN)/tiefvision folds "$(RUN)"/fold-?

compare: $(VENV)/installed ## all rankers side by side, on RUN's own dataset and on others: SETS="data/luma"
	@set -e; for set in own $(SETS); do \
		pack="$(RUN)/packs/$$(basename "$$set")"; \
		test "$$set" = own && data= || data="--data $$set "'$(ARGS_SETS)'; \
		$(BIN)/tiefvision compare --workspace "$(RUN)" $$data --pack "$$pack" \
			$(foreach ranker,$(RANKERS),--ranker $(ranker)) $(ARGS); \
	done

test: $(VENV)/installed ## run the tests
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --maxprocesses 4 --dist worksteal

real: $(VENV)/installed ## run only the tests that need the real photographs
	$(BIN)/python -m pytest -m real

bench: $(VENV)/installed ## time encoding, locating and training against the machine's limit
	$(BIN)/tiefvision bench --workspace "$(RUN)" $(ARGS)

bench-index: $(VENV)/installed ## time the index beside hnswlib, faiss and usearch
	$(BIN)/python -m pip install --quiet --editable '.[bench]'
	$(BIN)/tiefvision bench-index $(ARGS)

bench-catalogue: $(VENV)/installed ## time searches of a catalogue that changes, beside a quiet one
	$(BIN)/tiefvision bench-catalogue $(ARGS)

bench-serve: $(VENV)/installed ## time searches by the web application on this machine
	$(BIN)/tiefvision bench-serve $(ARGS)

format: $(VENV)/installed ## format the code
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .

lint: $(VENV)/installed ## check format and style
	$(BIN)/ruff format --check . && $(BIN)/ruff check .

types: $(VENV)/installed ## check the types
	$(BIN)/mypy

check: lint types test ## everything that must pass before a change lands

clean: ## remove what the tools leave behind; datasets and runs stay
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache build *.egg-info
