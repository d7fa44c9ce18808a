"""B's gates: how their weights are made, what they multiply, and how far they are open here."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from masnn.conv_operations import SPATIAL_KERNELS
from masnn.explanations import formulas
from masnn.explanations.writing import Explanation, Formula, enough, line, whole
from masnn.sides import Side

_SUBJECT = {"time": "step", "channel": "channel", "space": "place"}


def gate(b: Side, kind: str) -> Explanation:
    """Explain a gate of B, with the range of its weights in each layer and their mean in the first.

    Args:
        b: The network.
        kind: "time", "channel" or "space".

    Raises:
        ValueError: If no layer has such a gate.
    """
    found = {n: x.gates[kind] for n, x in b.response.layers.items() if kind in x.gates}
    if not found:
        raise ValueError(f"no layer has a gate {kind!r}")
    on_membrane = b.card.config["attention_site"] == "membrane"
    made = (formulas.WEIGHTS if on_membrane else formulas.WEIGHTS_OF_CODE)[kind]
    if kind == "space":
        site = b.card.config["attention_site"]
        k = b.card.config.get("spatial_kernel") or SPATIAL_KERNELS[site]
        made = replace(made, right=made.right.replace(r"k \times k", rf"{k} \times {k}"))
    if kind == "time" or not on_membrane:
        target, multiplied = ("X", "the input current")
    else:
        target, multiplied = ("U'", "the membrane potential before firing")
    used = Formula(
        "use", rf"\text{{weighed}}\ {target}", rf"{made.left} \cdot {target}", made.source
    )
    whole_window = kind == "time" or not on_membrane
    each = f"a {_SUBJECT[kind]}" + ("" if whole_window else " and step")
    first, weights = next(iter(found.items()))
    return Explanation.of(
        f"How open B\u2019s {made.name} is: one weight {each}"
        + (", computed from the whole window" if whole_window else "")
        + f"; it multiplies {multiplied}. 0 is closed, 1 is open.",
        [made, used],
        [*(_range(name, values) for name, values in found.items()), _mean(first, weights)],
        f"The least and the greatest weight of each layer, and the mean of {first}:",
    )


def _range(name: str, values: NDArray[np.floating]) -> str:
    low, high = float(values.min()), float(values.max())
    return rf"\mathrm{{{name}}} &: {low:.3f} \le g \le {high:.3f}"


def _mean(name: str, values: NDArray[np.floating]) -> str:
    """Write out the mean of all weights of a layer."""
    total, n = float(values.sum(dtype=np.float64)), values.size
    (written,) = enough({"total": total}, lambda total: total / n, 3)
    symbol = rf"\bar g_{{\mathrm{{{name}}}}}"
    return line(symbol, rf"\frac{{{written}}}{{{whole(n)}}}", f"{total / n:.3f}")
