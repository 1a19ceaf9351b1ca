# make quickstart   set up, then data -> GAN -> ONNX -> scores -> a picture of a digit, on the bundled digits
# make test         set up, then lint and test

PYTHON ?= $(shell command -v python3.11 || command -v python3)
# CUDA's ONNX Runtime where an NVIDIA driver answers
RUNTIME := $(shell nvidia-smi >/dev/null 2>&1 && echo gpu || echo cpu)

# the environment's commands, without activating it
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: quickstart test

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check \
		--constraint constraints.txt pip setuptools
	.venv/bin/python -m pip install --quiet --disable-pip-version-check \
		--constraint constraints.txt --editable '.[$(RUNTIME),train,dev]'
	touch $@

# A project of its own in quickstart/, so that params.yaml and dvc.lock stay as they are.
quickstart: .venv/installed
	mkdir -p quickstart
	rm -rf quickstart/pipeline quickstart/stages
	cp -r pipeline stages dvc.yaml .dvcignore quickstart
	cp presets/quickstart.yaml quickstart/params.yaml
	cd quickstart && { test -d .dvc || dvc init --quiet --no-scm; } \
		&& dvc config core.analytics false && dvc config core.check_update false \
		&& dvc repro \
		&& gan-infer --onnx exported/quickstart.onnx --digit 5 --scale 12 --out digit-5.png --force
	@echo "The generator is quickstart/exported/quickstart.onnx, its five quickstart/digit-5.png,"
	@echo "its scores are in quickstart/metrics/quickstart/, pictures of its training in quickstart/models/quickstart/."

test: .venv/installed
	ruff check .
	ruff format --check .
	pytest -n auto --dist worksteal
