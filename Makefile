# Everything a newcomer or a machine runs, by name. `make help` lists it.
PYTHON ?= python3
VENV ?= .venv
RUN := $(VENV)/bin/python
DEMO := runs/demo
DATA ?= ../shared/data
# what LR pictures may be, see keras_secn/data/degradation.py
KINDS := png,jpeg95,jpeg90,jpeg75,jpeg60,jpeg40,webp75,noise5,noise10,area,lanczos,bicubic_noaa
# processes that share the tests; each takes a file at a time, and 1 to 2 GB of memory
WORKERS ?= 2
PYTEST := -m pytest -q -rs -n $(WORKERS) --dist loadfile --no-loadscope-reorder
TESTS_TORCH := tests/contract/test_layers.py tests/models/test_models.py
# layers, models, metrics, the cascade, training and upscaling by Keras
TESTS_JAX := $(TESTS_TORCH) tests/metrics/test_psnr_metric.py tests/cascade/test_cascade.py \
  tests/training/test_scripts_on_jax.py tests/rewrite/test_fuse_upsampler.py \
  $(addprefix tests/upscaling/test_,upscale.py networks_in_tiles.py tiling.py alpha.py)
# most of a short training's time is the compiler's
JAX := KERAS_BACKEND=jax JAX_COMPILATION_CACHE_DIR=.venv-jax/compiled \
  JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS=0

.PHONY: help env demo test test-jax test-torch test-slow test-short lint pages docs inputs table web faults scale notebooks notebooks-run clean

help:  ## Lists these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 16

$(VENV)/installed: setup.py
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --upgrade pip
	$(RUN) -m pip install --quiet --editable '.[dev]'
	touch $@

env: $(VENV)/installed  ## Makes a virtual environment with all that the targets below need

demo: env  ## Makes SECN light by a cascade, and from scratch: table, plots, crops (5 minutes)
	$(RUN) training/cascade.py --data_dir keras_secn/samples/train \
	  --val_dir keras_secn/samples/validation --output_dir $(DEMO) --initial secn --from_scratch \
	  --initializer lstsq --blocks_per_stage 8 --stage_steps 60 --last_steps 180 \
	  --stage_learning_rate 1e-3 --batch_size 8 --hr_patch 48 --interval 60
	@echo "look at $(DEMO)/crops.png, $(DEMO)/psnr_parameters.png and $(DEMO)/history.png"

test: env  ## Runs the tests; those that need what is not here skip and say so
	$(RUN) $(PYTEST)

.venv-%/installed: setup.py tests/without_tensorflow.py
	$(PYTHON) -m venv .venv-$*
	.venv-$*/bin/python -m pip install --quiet --upgrade pip
	.venv-$*/bin/python -m pip install --quiet --no-deps --editable .
	.venv-$*/bin/python tests/without_tensorflow.py $* >.venv-$*/requirements.txt
	.venv-$*/bin/python -m pip install --quiet --requirement .venv-$*/requirements.txt
	touch $@

test-jax: .venv-jax/installed  ## Runs tests on JAX in an environment without TensorFlow
	$(JAX) .venv-jax/bin/python $(PYTEST) $(TESTS_JAX)

test-torch: .venv-torch/installed  ## Runs tests of layers and networks on PyTorch (a large download)
	KERAS_BACKEND=torch .venv-torch/bin/python $(PYTEST) $(TESTS_TORCH)

test-slow: env  ## Runs the long tests: real trainings, several devices and processes, QAT
	$(RUN) $(PYTEST) -m slow

test-short: env  ## Runs one of the long tests of each file
	$(RUN) $(PYTEST) -m slow --short

lint: env  ## Checks style, which room imports which, and the public surface's type hints
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/lint-imports
	$(VENV)/bin/mypy

pages: env  ## Fills the pages' tables from what is shipped: options, presets, measured gains
	$(RUN) docs/fill.py
	$(RUN) tests/tried.py

docs: env  ## Builds the pages and the API reference into site/, warnings as errors
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict --quiet
	@echo "look at site/index.html: $(RUN) -m http.server --directory site 8001"

web/runtime: web/package-lock.json web/collect.py
	cd web && npm ci --silent && python3 collect.py

# what reads LiteRT files, a tenth of the whole environment
.venv-web/installed: setup.py
	$(PYTHON) -m venv .venv-web
	.venv-web/bin/python -m pip install --quiet --upgrade pip
	.venv-web/bin/python -m pip install --quiet lazy_loader "$$(grep -o 'ai-edge-litert[^"]*' setup.py)"
	touch $@

web: web/runtime .venv-web/installed  ## Serves the page that enlarges in the browser, on port 8000
	KERAS_SECN_LAZY=1 PYTHONPATH=. .venv-web/bin/python web/networks.py
	.venv-web/bin/python web/serve.py 8000

inputs: env  ## Measures what networks gain on compressed, noisy and drawn pictures, for the pages
	$(RUN) training/evaluate.py --model ct_secn_16,ct_secn_16_jpeg,auto --degradation $(KINDS) \
	  --data_dir $(DATA)/set5 --data_dir $(DATA)/set14 --data_dir $(DATA)/choose --json docs/inputs.json
	$(RUN) training/evaluate.py --model ct_secn_16,ct_secn_16_jpeg,pocket_secn_l,auto \
	  --degradation png,jpeg90,jpeg75,jpeg60,jpeg40 --data_dir pages --json docs/inputs_pages.json
	$(RUN) docs/compressed.py
	$(RUN) docs/fill.py

notebooks: env  ## Opens the notebooks in JupyterLab
	$(RUN) -m pip install --quiet --editable '.[notebooks]'
	$(VENV)/bin/jupyter lab notebooks

notebooks-run: env  ## Runs the notebooks again and stores what they show
	$(RUN) notebooks/execute.py

faults: env  ## Kills, fills disks and damages files, 50 times each; prints what was lost (hours)
	KERAS_SECN_LAZY=1 $(RUN) tests/faults.py --rounds 50

scale: env  ## Measures devices, processes and 50,000 photographs (20 GB of disk)
	$(RUN) benchmarks/scale.py

clean:  ## Removes the demo's results; the environment and training runs stay
	rm -rf $(DEMO)
