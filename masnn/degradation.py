"""Spiking degradation: how well residual networks learn the digits as they grow deeper.

A deep network that does worse in training than a shallow one of its kind does not overfit: it
cannot be trained (paper, Sec. 7.1, of spikes in the shortcut). Each network here is trained by the
recipe of the preset "digits", and looked at on the same images before and after.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from masnn.evaluation import evaluate
from masnn.framesets import FrameSet
from masnn.imagesets import ImageSet
from masnn.isometry_designs import config_of, fresh
from masnn.isometry_sweep import Settings, trained
from masnn.presets import PRESETS
from masnn.residual import ResidualSNN, still
from masnn.training import train

Part = FrameSet | ImageSet

#: Depths that are trained, in blocks.
DEPTHS = (4, 10, 20, 40)

#: What `isometry_sweep.Course.summary` says that stands in a row, before training and after.
KEPT = ("phi", "varphi", "log10_norm", "active_first", "active_last")


@dataclass(frozen=True)
class Trial:
    """Name one network to train.

    Args:
        design: A key of `isometry_designs.DESIGNS`.
        blocks: Its blocks.
        seed: Draws its weights, and the order and the changes of the images.
        width: Its channels.
        epochs: Passes over the training part; the last one is reported.
    """

    design: str
    blocks: int
    seed: int
    width: int = 16
    epochs: int = PRESETS["digits"].training.epochs

    @property
    def name(self) -> str:
        """Return what its file is called."""
        return f"{self.design}-{self.blocks}x{self.width}-e{self.epochs}-s{self.seed}"


def measured(trial: Trial, training: Part, test: Part, how: Settings) -> dict[str, Any]:
    """Train a network and return a row of plain numbers.

    Args:
        trial: Which network.
        training: Images to learn from, 8 x 8 px.
        test: Images to measure on; signals are sent back for `how.n_inputs` of them.
        how: How many inputs and probes measure isometry.

    Returns:
        The trial's fields; "training_accuracy" and "test_accuracy" of the last epoch, 0 to 1, both
        in evaluation and of images as they are; their "n_training", "n_test"; "nasfr" on the test
        part; and `KEPT` with "before_" and "after_": None where it is not finite.
    """
    config = config_of(trial.design, trial.blocks, width=trial.width)
    shown = _shown(test, how.n_inputs)
    before = _summary(fresh(config, shown, seed=trial.seed), shown, how)
    recipe = replace(PRESETS["digits"].training, epochs=trial.epochs, seed=trial.seed)
    network, _, last = train(config, training, test, recipe)
    assert isinstance(network, ResidualSNN)
    learned = evaluate(network, training)
    after = _summary(network, shown, how)
    return {
        "name": trial.design,
        "blocks": trial.blocks,
        "seed": trial.seed,
        "width": trial.width,
        "epochs": trial.epochs,
        "n_training": learned.n,
        "n_test": last.n,
        "training_accuracy": learned.accuracy,
        "test_accuracy": last.accuracy,
        "nasfr": last.nasfr,
        **{f"before_{key}": before[key] for key in KEPT},
        **{f"after_{key}": after[key] for key in KEPT},
    }


def each(
    trials: Iterable[Trial],
    training: Part,
    test: Part,
    how: Settings,
    runs: Path,
    on_done: Callable[[dict[str, Any]], None] = lambda row: None,
) -> list[dict[str, Any]]:
    """Return a row for each trial, and keep each in a file: what is there is not trained again.

    Args:
        trials: Which networks.
        training: As in `measured`.
        test: As in `measured`.
        how: As in `measured`.
        runs: Folder of the rows; their names hold settings and data.
        on_done: Called with each row.
    """
    rows = []
    data = f"{training.digest()[:8]}{test.digest()[:8]}-{how.n_inputs}x{how.n_probes}"
    for trial in trials:
        file = runs / f"{trial.name}-{data}.json"
        if file.is_file():
            row = json.loads(file.read_text(encoding="utf-8"))
        else:
            row = measured(trial, training, test, how)
            file.parent.mkdir(parents=True, exist_ok=True)
            beside = file.with_suffix(".new")
            beside.write_text(json.dumps(row), encoding="utf-8")
            beside.replace(file)
        rows.append(row)
        on_done(row)
    return rows


def _summary(network: ResidualSNN, shown: Tensor, how: Settings) -> dict[str, Any]:
    return trained("", network, how, shown).summary()


def _shown(test: Part, n: int) -> Tensor:
    """Return images from all over a part, which is sorted by class: (n, 1, 1, H, W)."""
    chosen = np.linspace(0, len(test) - 1, n).round().astype(int).tolist()
    return still(torch.from_numpy(np.stack([test.clips(i, 1)[0, 0] for i in chosen])), 1)
