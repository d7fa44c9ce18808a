"""MS-ResNet-18 and -34: `.pth` of github.com/Ariande1/MS-ResNet (Hu et al., TNNLS 2024).

Blocks are named as in `authors_residual`, without gates; a shortcut is a strided 1 x 1 convolution
(`shortcut.0`, `shortcut.1.bn`), not averaged first. The form "paper" computes that exactly without
its max pooling and with every stage halving; that neurons fire above the threshold, and not at it,
is a threshold at the next number that 32 bits know. MS-ResNet-104 has another stem and is refused.
"""

from __future__ import annotations

import numpy as np

from masnn.importers._opening import Stored
from masnn.importers._pictures import settled_transform
from masnn.importers._plan import Plan, Told, settled
from masnn.importers.authors_residual import (
    blocks_of,
    is_residual,
    map_blocks,
    refuse_other_stems,
    shape_of,
)
from masnn.residual_config import ResidualConfig

LAYOUT = "MS-ResNet"
_OPTIONS = ("T", "dt_ms", "input_size", "decay", "v_threshold", "transform")


def recognised(stored: Stored) -> bool:
    """Return whether a file is of this layout: residual blocks with strided shortcuts."""
    return is_residual(stored) and "conv2_x.0.shortcut.0.weight" in stored.weights


def plan(stored: Stored, told: Told) -> Plan:
    """Return how to convert a file of this layout.

    Raises:
        CheckpointError: If it cannot be converted; the message says why.
        ValueError: If its shapes describe no network; IndexError and ZeroDivisionError likewise.
    """
    told.refuse_all_but(_OPTIONS, LAYOUT)
    refuse_other_stems(stored)
    blocks, assumed = blocks_of(stored), list[str]()
    shape = shape_of(stored, blocks, told, assumed)
    threshold = settled(assumed, "--v-threshold", told.v_threshold, 0.5, "the published thresh")
    above = float(np.nextafter(np.float32(threshold), np.float32(np.inf)))
    n_stages = len({name.split(".")[0] for name in blocks})
    config = ResidualConfig(
        **shape,  # type: ignore[arg-type]
        T=settled(assumed, "--T", told.T, 6, "the published time_window"),
        dt_ms=1.0 if told.dt_ms is None else told.dt_ms,
        attention="none",
        form="paper",
        stem_pool=False,
        strides=(2,) * n_stages,
        v_threshold=above,
        decay=settled(assumed, "--decay", told.decay, 0.25, "the published decay"),
        dropout=0.0,
    )
    made = Plan(LAYOUT, config, assumed=assumed)
    made.transform = settled_transform(config, told, "imagenet", assumed)
    map_blocks(made, stored, blocks, shortcut=0)
    made.neuron = (
        f"fires above {threshold:g} and not at it, written as a threshold of {above:.9g}; a spike "
        f"leaves 0; decay {config.decay:g}"
    )
    made.norm = "over (B, T, H, W), after every convolution"
    made.differs = ["no max pooling after the stem; every stage halves the map, the first one too"]
    return made
