"""The view Gate by gate: which spikes a gate takes, and how weights and rates go together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masnn.ablations import ReluSplit, SpikeChange
from masnn.explanations import formulas
from masnn.explanations.writing import Explanation, enough, line, whole, words
from masnn.linkage import GateLinkage, RateLinkage


def beside_vanilla(found: RateLinkage) -> Explanation:
    """Explain B's gates beside the rates of A, its vanilla, with the numbers of one gate."""
    return Explanation.of(
        "B\u2019s weight of each unit (step, channel or place) beside the rates of A and B there: "
        "B fires less, more or as often. \u03c1 as in the picture, over all units; "
        "\u201cfiring\u201d leaves out those that are silent in both.",
        [formulas.RATE_CHANGE, formulas.RHO],
        [_counted(found)],
        f"Numbers of {found.layer}.{found.gate}:",
    )


def _counted(found: RateLinkage) -> str:
    """Write out that the units which fire less, more and as often are all units."""
    units = found.units
    told = f"{whole(units.suppressed)} + {whole(units.enhanced)} + {whole(units.unchanged)}"
    return line(r"\text{units}", told, whole(found.values.size))


def table(found: GateLinkage) -> Explanation:
    """Explain the table, with the numbers of one gate."""
    totals = found.totals
    n = found.values.size
    mean = float(found.values.mean(dtype=np.float64))
    (total,) = enough({"total": mean * n}, lambda total: total / n, 3)
    return Explanation.of(
        "B runs again with one gate of one layer set to one. That layer receives the very same "
        "current, so every spike that differs there is the gate\u2019s doing: suppressed ones are "
        "there only without the gate, enhanced ones only with it.",
        [formulas.MEAN_WEIGHT, formulas.KEPT, formulas.ADDED],
        [
            line(r"\bar g", rf"\frac{{{total}}}{{{whole(n)}}}", f"{mean:.3f}"),
            *_changed(totals, ("without", "with")),
        ],
        f"Numbers of {found.layer}.{found.gate}:",
    )


def units(found: RateLinkage) -> Explanation:
    """Explain the table of units, with the numbers of one gate."""
    return Explanation.of(
        "A unit is what has one weight: a step, a channel or a place. With the gate it fires less, "
        "more or as often as without. \u03c1 as in the picture below, over all units; "
        "\u201cfiring\u201d leaves out those that are silent with and without the gate.",
        [formulas.RATE_CHANGE, formulas.RHO],
        [_counted(found)],
        f"Numbers of {found.layer}.{found.gate}:",
    )


def _changed(change: SpikeChange, names: tuple[str, str]) -> list[str]:
    """Write out the spikes before and after a change."""
    return [
        line(
            words(name),
            f"{whole(change.kept)} + {whole(other)}",
            whole(result),
        )
        for name, other, result in zip(
            names, (change.suppressed, change.enhanced), (change.before, change.after), strict=True
        )
    ]


def picture(found: RateLinkage) -> Explanation:
    """Explain the picture of a gate, with its most closed and its most open unit, and its rho."""
    weights, change = found.values.ravel(), found.rate_change.ravel()
    values = []
    for i in dict.fromkeys((int(weights.argmin()), int(weights.argmax()))):
        place = ", ".join(
            # The page counts steps from one, channels and places from zero.
            str(n + (axis == "t"))
            for axis, n in zip(found.axes, np.unravel_index(i, found.values.shape), strict=True)
        )
        with_gate, without = (
            int(spikes.ravel()[i]) for spikes in (found.spikes_with, found.spikes_without)
        )
        top = rf"{whole(with_gate)} - {whole(without)}"
        values += [
            rf"g({place}) &= {weights[i]:.3f}",
            line(
                rf"\Delta({place})",
                rf"\frac{{{top}}}{{{whole(found.n_cells)}}}",
                f"{change[i]:.4f}",
            ),
        ]
    rho = found.correlation.rho
    if rho is not None:
        values.append(_correlated(weights, change, rho))
    axes = {"t": "step", "c": "channel", "y": "row", "x": "column"}
    return Explanation.of(
        "Each dot is a unit ("
        + ", ".join(axes[axis] for axis in found.axes)
        + "): how open its gate is, and how its rate changes by the gate. \u03c1 above 0: low "
        "weights take the most. Units of one input depend on each other: no test of "
        "significance.",
        [formulas.RATE_CHANGE, formulas.RHO],
        values,
        "The most closed and the most open unit, and \u03c1 of all:",
    )


def _correlated(x: NDArray[np.floating], y: NDArray[np.floating], rho: float) -> str:
    """Write out Spearman's correlation from ranks, equal values sharing the mean of theirs."""
    a, b = (_ranks(values) for values in (x, y))
    moments = {
        "cov": float(np.mean((a - a.mean()) * (b - b.mean()))),
        "sd_x": float(a.std()),
        "sd_y": float(b.std()),
    }
    cov, sd_x, sd_y = enough(moments, lambda cov, sd_x, sd_y: cov / (sd_x * sd_y), 3)
    return line(r"\rho", rf"\frac{{{cov}}}{{{sd_x} \cdot {sd_y}}}", f"{rho:.3f}")


def _ranks(values: NDArray[np.floating]) -> NDArray[np.float64]:
    _, which, count = np.unique(values, return_inverse=True, return_counts=True)
    means: NDArray[np.float64] = np.cumsum(count) - (count - 1) / 2
    return means[which]


def relu(split: ReluSplit) -> Explanation:
    """Explain the ReLU's part and the gates', with the numbers of one layer."""
    return Explanation.of(
        "In this order: the layer bare, then with the ReLU alone, then with its gates too. The "
        "other order would give other parts, and neither is the true one.",
        [formulas.KEPT, formulas.ADDED],
        [
            *_changed(split.relu, ("bare", "ReLU alone")),
            *_changed(split.gates, ("ReLU alone", "ReLU and gates")),
        ],
        f"Numbers of {split.layer}:",
    )
