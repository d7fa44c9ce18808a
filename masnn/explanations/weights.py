"""B's gates: how their weights are made, what they multiply, and how far they are open here."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from masnn.explanations import formulas
from masnn.explanations.writing import Explanation, Formula, enough, escaped, line, whole
from masnn.sides import Side

#: What gates multiply, by where they act.
_TARGETS = {
    "membrane": ("U'", "the membrane potential before firing"),
    "current": ("X", "the input current"),
    "branch": ("Y", "the block\u2019s branch, before its shortcut is added"),
    "sum": ("X", "the sum of the block\u2019s branch and its shortcut"),
}

_SUBJECT = {"time": "step", "channel": "channel", "space": "place"}


def gate(b: Side, kind: str, layers: Collection[str] | None = None) -> Explanation:
    """Explain a gate of B, with the range of its weights in each layer and their mean in the first.

    Args:
        b: The network.
        kind: "time", "channel" or "space".
        layers: Those that are shown; None for all.

    Raises:
        ValueError: If no layer has such a gate.
    """
    found = {
        name: layer.gates[kind]
        for name, layer in b.response.layers.items()
        if kind in layer.gates and (layers is None or name in layers)
    }
    if not found:
        raise ValueError(f"no layer has a gate {kind!r}")
    config = b.card.config
    site = config["attention_site"]
    each_step = site == "membrane" or config.get("form") == "paper"
    made = (formulas.WEIGHTS if each_step else formulas.WEIGHTS_OF_CODE)[kind]
    target, multiplied = _TARGETS[site]
    if kind == "time" and site == "membrane":
        target, multiplied = _TARGETS["current"]
    pooled = "X" if kind == "time" or not each_step else "U'"
    made = replace(made, right=made.right.replace(rf"\,{pooled}", rf"\,{target}"))
    if kind == "space":
        own = 7 if each_step else 3
        k = config.get("spatial_kernel") or own
        made = replace(made, right=made.right.replace(r"k \times k", rf"{k} \times {k}"))
    used = Formula(
        "use", rf"\text{{weighed}}\ {target}", rf"{made.left} \cdot {target}", made.source
    )
    whole_window = kind == "time" or not each_step
    each = f"a {_SUBJECT[kind]}" + ("" if whole_window else " and step")
    first, weights = next(iter(found.items()))
    return Explanation.of(
        f"How open B\u2019s {made.name} is: one weight {each}"
        + (
            f", computed from {'all steps' if b.is_still else 'the whole window'}"
            if whole_window
            else ""
        )
        + f"; it multiplies {multiplied}. 0 is closed, 1 is open.",
        [made, used],
        [*(_range(name, values) for name, values in found.items()), _mean(first, weights)],
        f"The least and the greatest weight of each layer, and the mean of {first}:",
    )


def _range(name: str, values: NDArray[np.floating]) -> str:
    low, high = float(values.min()), float(values.max())
    return rf"\mathrm{{{escaped(name)}}} &: {low:.3f} \le g \le {high:.3f}"


def _mean(name: str, values: NDArray[np.floating]) -> str:
    """Write out the mean of all weights of a layer."""
    total, n = float(values.sum(dtype=np.float64)), values.size
    (written,) = enough({"total": total}, lambda total: total / n, 3)
    symbol = rf"\bar g_{{\mathrm{{{escaped(name)}}}}}"
    return line(symbol, rf"\frac{{{written}}}{{{whole(n)}}}", f"{total / n:.3f}")
