"""Of which kind a network is, by its configuration or its layers' names; torch is not needed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

#: What fires in a residual block, by the last letter of its layer's name.
_PARTS = {"a": "inside", "b": "sum"}


def is_residual(config: Mapping[str, Any]) -> bool:
    """Return whether the fields of a configuration, as in a card, are a residual network's."""
    return "blocks" in config


def is_deep(layers: Collection[str]) -> bool:
    """Return whether layers are those of residual blocks, in stages."""
    return any(layer.startswith("stage") for layer in layers)


def stage_of(layer: str) -> str:
    """Return the stage of a residual network's layer, "stage2" of "stage2_1a"; else its name."""
    return layer.partition("_")[0]


def layer_title(layer: str) -> str:
    """Return a layer's name with what it is, "stage1_2b: block 2, sum"; else its name."""
    _, _, block = layer.partition("_")
    if not block or block[-1] not in _PARTS:
        return layer
    return f"{layer}: block {block[:-1]}, {_PARTS[block[-1]]}"
