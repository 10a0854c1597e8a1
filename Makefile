# make run   the whole reproduction, from a bare machine to results/index.html
# make test  the test suite, in the same environment
# make test-browser  the pages in a real browser
# make test-kills    runs that are killed by force resume (KILLS=10)
# make test-same     the same numbers and bytes on other cores, in other batches, shards and threads
# make test-profiles the profiles of clusters that can only be made up here
# make test-offline  studies without a network, after their downloads
# make test-slurm    a private SLURM of several nodes runs the workflow, and things go wrong
# make help  everything else

PYTHON ?= python3
CORES ?= all
KILLS ?= 10
VENV := .venv
AUDIT := .venv-audit
BIN := $(VENV)/bin

.PHONY: run test test-browser test-kills test-same test-profiles test-offline test-slurm stress audit lint reference help

run: $(VENV)/.ok ## make the environment and run the workflow
	$(BIN)/snakemake --cores $(CORES)
	@echo
	@echo "Results are in results/. Open results/index.html first."

test: $(VENV)/.ok ## run the whole test suite
	$(BIN)/python -m slipcover -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder --durations=15 -m "not cluster" --ignore=tests/browser --ignore=tests/stress --ignore=tests/slurm

test-browser: $(VENV)/.ok ## try the pages in headless Chromium, which has to be there
	$(BIN)/python -m pytest tests/browser

test-kills: $(VENV)/.ok ## kill runs by force at KILLS random moments, and compare what they resume to
	CNNVIS_KILLS=$(KILLS) $(BIN)/python -m pytest tests/stress/test_kills.py

test-same: $(VENV)/.ok ## compare results of other cores, batches, shards and threads
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder tests/stress/test_same_*.py

test-profiles: $(VENV)/.ok ## run the workflow through the profiles of PBS and Kubernetes, made up
	$(BIN)/python -m pytest --numprocesses auto tests/profiles -m cluster

test-offline: $(VENV)/.ok ## run studies with the network taken away, after their downloads
	$(BIN)/python -m pytest tests/stress/test_without_network.py

test-slurm: $(VENV)/.ok ## run the workflow on a private SLURM, whose daemons have to be installed
	$(BIN)/python -m pytest tests/slurm

stress: $(VENV)/.ok ## what repeats for long: 50 kills
	$(MAKE) test-kills KILLS=50

lint: $(VENV)/.ok ## run every linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint

audit: $(AUDIT)/.ok ## ask a vulnerability service about every pinned package (needs the network)
	$(AUDIT)/bin/python tools/audit.py requirements.lock requirements-torch.txt

# In an environment of its own: the tool's packages are not those of a study.
$(AUDIT)/.ok: requirements-audit.lock
	$(PYTHON) -m venv $(AUDIT)
	$(AUDIT)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-audit.lock
	touch $@

# pip (not a faster installer) because it alone honours every way a site sets up its package index.
$(VENV)/.ok: pyproject.toml requirements.lock requirements-torch.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "cnnvis needs Python 3.11 or newer; choose one with: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-torch.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

reference: $(VENV)/.ok ## write the generated parts of the documentation anew
	$(BIN)/python tools/write_configuration_reference.py
	$(BIN)/python tools/write_network_reference.py
	$(BIN)/python tools/write_method_reference.py
	$(BIN)/python tools/write_support_table.py
	$(BIN)/python tools/write_option_reference.py
	$(BIN)/python tools/write_rule_graph.py
	$(BIN)/python tools/write_resource_table.py

help: ## show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16
