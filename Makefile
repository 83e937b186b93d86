# Set-up and the everyday commands. Everything is installed into .venv, from the exact versions in envs/.
PYTHON ?= python3
VENV ?= .venv
CORES ?= 2
KILLS ?= 60
BIN = $(VENV)/bin
SNAKEMAKE = $(BIN)/snakemake --cores $(CORES)
# jobs pin their own threads; two processes of two threads on two cores are eight times slower than two of one
export OMP_NUM_THREADS = 1
# images of containers often switch bytecode off; tests start two thousand processes, which would each compile the package
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test test-full test-faults test-smoke test-slurm test-lowest lint docs format report schema requirements benchmarks demo-docs concepts-docs evaluation-docs tofu-docs icu-docs clean

help:
	@echo "make demo        install into $(VENV) and run the embedded experiment (config.yaml)"
	@echo "make test        install into $(VENV) and run the tests, everything once at small size (about 10 minutes on two cores)"
	@echo "make test-full   run what make test leaves out: methods on larger models, kills, full disks"
	@echo "make test-faults kill a run 60 times, fill disks, damage files (10 minutes; mounts need root)"
	@echo "make test-smoke  run every published protocol at toy size (15 minutes)"
	@echo "make test-slurm  bring up a SLURM cluster on this machine and run the experiment and the faults on it (as root)"
	@echo "make test-lowest try the lowest versions of packages that pyproject.toml allows (10 minutes, 6 GB more)"
	@echo "make lint        formatting, style, types, workflow lint"
	@echo "make docs        build the site of the documents, docs/_build/index.html; a warning is an error"
	@echo "make benchmarks  measure the figures in benchmarks/results"
	@echo "make report      Snakemake's own report of the embedded experiment, report.html"
	@echo "make format      fix what make lint reports, as far as a program can"
	@echo "make schema      regenerate docs/config.schema.json, after a change of a setting"
	@echo "make requirements  write the newest versions into envs/"
	@echo "make demo-docs   copy the table and the figure that README.md shows from results/digits, as make demo made them"
	@echo "make concepts-docs  draw the pictures of docs/concepts.md from results/digits"
	@echo "make evaluation-docs  copy the files that docs/evaluation.md shows from results/fashion_mnist_evaluation"
	@echo "make tofu-docs   copy the files that docs/tofu.md shows from results/tofu_smollm2"
	@echo "make icu-docs    copy the tables that docs/icu.md shows from results/icu_smollm2"
	@echo "make clean       remove $(VENV), results, logs and Snakemake's records"

demo: $(VENV)/.core
	$(SNAKEMAKE)
	@echo
	@echo "KLOM, 95th percentile in nats; the row 'oracle' is the noise floor, 'do_nothing' the one to improve on."
	@awk '/^### / { shown = /nines/ } shown' results/digits/tables/klom.md
	@echo "All tables:  results/digits/tables/*.md     Report:  results/digits/report/index.html"

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n $(CORES) --dist worksteal

# the tests that are marked slow
test-full: $(VENV)/.dev
	$(BIN)/python -m pytest -n $(CORES) --dist worksteal -m slow

# `make test-full` has fewer kills, and damages half the kinds of files
test-faults: $(VENV)/.dev
	UNLEARNKIT_KILLS=$(KILLS) $(BIN)/python -m pytest tests/runs/faults -m "slow or not slow" -s --timeout 3600

# the published protocols at toy size; one of them is in `make test-full`
test-smoke: $(VENV)/.dev
	$(BIN)/python -m pytest tests/runs/test_experiments.py -m "slow or by_name" -v --durations=0 --timeout 3600

# the cluster: tests/slurm/cluster.sh, which names the packages that it needs
test-slurm: $(VENV)/.dev
	UNLEARNKIT_SLURM=1 $(BIN)/python -m pytest tests/slurm -v --durations=0 --timeout 3600

# the lowest versions that pyproject.toml allows, of the core alone and of everything; docs/releasing.md has what was found
test-lowest: $(VENV)/.dev
	$(call lowest,core,,tests/hub tests/score/test_score.py $(FILES_OF_CORE))
	$(call lowest,all,--extra all,tests/metrics/distribution tests/score tests/core/test_registry.py $(FILES_OF_CORE))
	mkdir -p $(VENV)/lowest-run && cd $(VENV)/lowest-run && export PATH=$(abspath $(VENV))/lowest-all/bin:$$PATH PYTHONPATH=$(CURDIR) \
		&& rm -rf study && python -m unlearnkit init study && cd study && snakemake --profile smoke --quiet && python -m unlearnkit verify

FILES_OF_CORE = $(foreach kind,tables observation_files margin_files store,tests/artifacts/test_$(kind).py)

define lowest
	$(BIN)/uv pip compile -q --python-version 3.11 --resolution lowest-direct $(2) pyproject.toml -o $(VENV)/lowest-$(1).txt
	$(BIN)/uv venv -q --clear --python $(BIN)/python $(VENV)/lowest-$(1)
	$(BIN)/uv pip install -q --python $(VENV)/lowest-$(1) -r $(VENV)/lowest-$(1).txt pytest hypothesis
	$(VENV)/lowest-$(1)/bin/python -m pytest -p no:cacheprovider $(3)
endef

lint: $(VENV)/.dev $(VENV)/.docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/snakemake --lint
	$(BIN)/basedpyright --pythonpath $(BIN)/python

# links, anchors and the reading order of docs/index.md are checked; the reference is made of the code
docs: $(VENV)/.docs
	$(BIN)/sphinx-build --quiet --fresh-env --write-all --fail-on-warning --keep-going -c docs/site . docs/_build

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile rules

report: $(VENV)/.core
	$(SNAKEMAKE) --report report.html

schema: $(VENV)/.core
	$(BIN)/unlearnkit schema > docs/config.schema.json

benchmarks: $(VENV)/.dev
	for benchmark in benchmarks/*.py; do $(BIN)/python $$benchmark || exit 1; done

# the files that README.md and docs/quickstart.md show, as make demo made them
demo-docs:
	mkdir -p docs/demo
	cp results/digits/tables/klom.md docs/demo
	cp results/digits/figures/nines/klom_trade_off.svg docs/demo/trade_off.svg

# the pictures of docs/concepts.md, from the embedded experiment
concepts-docs:
	$(BIN)/python docs/site/concept_pictures.py results/digits docs/concepts

# the files that docs/evaluation.md shows, as the run made them
EVALUATION = results/fashion_mnist_evaluation
evaluation-docs:
	mkdir -p docs/evaluation
	cp $(EVALUATION)/leaderboard/leaderboard.md $(EVALUATION)/leaderboard/critical_difference.svg $(EVALUATION)/tables/*.md \
		$(EVALUATION)/tables/arena.svg $(EVALUATION)/tables/sizes.svg docs/evaluation
	cp $(EVALUATION)/figures/boots/margin_distance_trade_off.svg docs/evaluation/boots_trade_off.svg
	cp $(EVALUATION)/figures/random_50/margin_distance_trade_off.svg docs/evaluation/random_50_trade_off.svg

# the files that docs/tofu.md shows, as the run made them
TOFU = results/tofu_smollm2
tofu-docs:
	mkdir -p docs/tofu
	cp $(TOFU)/tables/*.md docs/tofu
	cp $(TOFU)/figures/williams/margin_distance_trade_off.svg docs/tofu/trade_off.svg
	cp $(TOFU)/figures/williams/margins.svg $(TOFU)/figures/williams/loss_curves.svg docs/tofu

# the tables that docs/icu.md shows, as the run made them
icu-docs:
	mkdir -p docs/icu
	cp results/icu_smollm2/tables/*.md docs/icu

# exact versions of everything, resolved from the lower bounds in pyproject.toml; those of the tests first, which are bounded more narrowly
requirements: $(VENV)/.dev
	$(BIN)/uv pip compile -q --upgrade --no-header --no-annotate --python-version 3.11 --extra dev pyproject.toml \
		-o envs/requirements-dev.txt
	$(BIN)/uv pip compile -q --upgrade --no-header --no-annotate --python-version 3.11 --extra all pyproject.toml \
		-c envs/requirements-dev.txt -o envs/requirements.txt
	$(BIN)/uv pip compile -q --upgrade --no-header --no-annotate --python-version 3.11 --extra docs pyproject.toml \
		-c envs/requirements-dev.txt -o envs/requirements-docs.txt

$(VENV)/.core: pyproject.toml envs/requirements.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "unlearnkit needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(call install,-r envs/requirements.txt)
	$(call install,--no-deps -e .)
	@touch $@

$(VENV)/.dev: $(VENV)/.core envs/requirements-dev.txt
	$(call install,-r envs/requirements-dev.txt)
	@touch $@

$(VENV)/.docs: $(VENV)/.core envs/requirements-docs.txt
	$(call install,-r envs/requirements-docs.txt)
	@touch $@

# uv installs in seconds what takes pip minutes; where uv is not available, pip does the same. Bytecode is compiled once here, since
# otherwise every job may compile all of torch's again.
define install
	$(BIN)/python -m pip install --quiet uv && $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python $(1) \
		|| $(BIN)/python -m pip install --quiet $(1)
endef

clean:
	rm -rf $(VENV) results logs .snakemake report.html docs/_build docs/reference
