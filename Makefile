# make run    set up what is missing and open the app on a bundled example
# make test   set up what is missing and run the tests
# make check  lint, format and types

PYTHON ?= python3
PORT ?= 8501
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test check examples zoo bench clean

run: $(VENV)/.run
	@(sleep 4; $(BIN)/python -m webbrowser http://localhost:$(PORT)) >/dev/null 2>&1 & \
	exec $(BIN)/python -m streamlit run app/main.py --server.port $(PORT)

test: $(VENV)/.dev
	$(BIN)/python -m pytest

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The bundled recordings: simulated, one seed for all of a kind, so that no single one is picked. The
# gestures' seed was changed once, from 1000: they are examples to look at and measure nothing. The
# bundled images: of each digit the first one that no network learned from.
GESTURES := hand_clapping right_hand_wave left_hand_wave right_arm_clockwise \
  right_arm_counter_clockwise left_arm_clockwise left_arm_counter_clockwise arm_roll air_drums \
  air_guitar other_gestures
examples: $(VENV)/.run
	for digit in 0 1 2 3 4 5 6 7 8 9; do \
	  $(BIN)/python -m masnn simulate digit $$digit --seed 0 -o app/examples/simulated_digit_$$digit.bin || exit; \
	done
	$(BIN)/python -m masnn digits data/digits
	for digit in 0 1 2 3 4 5 6 7 8 9; do \
	  cp "$$(ls data/digits/val/$$digit/*.png | head -n 1)" app/examples/digit_$$digit.png || exit; \
	done
	for gesture in $(GESTURES); do \
	  $(BIN)/python -m masnn simulate gesture $$gesture --seed 1004 --seconds 2 -o app/examples/simulated_$$gesture.npz || exit; \
	done

# Every network that ships: trains what is missing, goes on where it was stopped. Name the first
# 1000 recordings of N-MNIST's training part, as tonic unpacks them, with NMNIST=DIR.
NMNIST ?= data/NMNIST
zoo: $(VENV)/.run
	@test -d "$(NMNIST)" || { echo "$(NMNIST) is not there: name N-MNIST's folder with make zoo NMNIST=DIR (tonic downloads it: see README)"; exit 2; }
	$(BIN)/python -m masnn simulate dataset gestures data/gestures
	$(BIN)/python -m masnn digits data/digits
	$(BIN)/python -m masnn zoo --nmnist $(NMNIST) --gestures data/gestures --digits data/digits --cache data/frames
	$(BIN)/python -m masnn zoo --table checkpoints/README.md

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks

# Stamps: what is installed is as new as the files that name it.
$(VENV)/.run: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "masnn needs Python 3.11 or newer; name one with make PYTHON=...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt requirements-peers.txt $(VENV)/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-peers.txt
	@touch $@

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
