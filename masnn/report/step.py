"""The player at one step: what came in, and what A and B fired then in the chosen layer."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from masnn.report import style
from masnn.report.panel import Panel, Rows
from masnn.report.subject import Subject
from masnn.response import LayerResponse
from masnn.sides import joined, no_difference


def _steps(subject: Subject) -> dict[str, int]:
    """Return the step of A and of B, from 0: the one looked at, in the other the one at its time.

    The step is of the network that has more of them, as the player counts.
    """
    longest = max(subject.sides.values(), key=lambda side: side.response.T)
    edges = longest.edges_ms
    middle = (edges[subject.look.step] + edges[subject.look.step + 1]) / 2
    found = {}
    for who, side in subject.sides.items():
        at = int(np.searchsorted(side.edges_ms, middle, side="right")) - 1
        found[who] = min(max(at, 0), side.response.T - 1)
    return found


def _fired(layer: LayerResponse | None, step: int) -> NDArray[np.float64] | None:
    """Return the share of channels that fire at each place at a step, (H, W)."""
    if layer is None or len(layer.shape) != 3:
        return None
    return layer.spikes[step].mean(0, dtype=np.float64)


def _maps(subject: Subject) -> dict[str, NDArray[np.float64] | None]:
    """Return the maps of A, of B and B - A at the step, None where there is none."""
    pair, steps = joined(subject.a, subject.b)[subject.look.layer], _steps(subject)
    a, b = (_fired(layer, steps[who]) for who, layer in zip("AB", pair, strict=True))
    reason = no_difference(subject.a, subject.b, *pair)
    change = None if reason or a is None or b is None else b - a
    return {"A": a, "B": b, "B-A": change}


def _draw(subject: Subject, columns: int) -> Figure:
    maps = _maps(subject)
    figure = style.figure(columns, height_mm=84 if columns == 1 else 48)
    figure.set_layout_engine("compressed")
    shape = (2, 2) if columns == 1 else (1, 4)
    first, *rest = figure.subplots(*shape, squeeze=False).flat
    for axes in (first, *rest):
        style.bare(axes)
    first.imshow(subject.scene.image(subject.b, _steps(subject)["B"]))
    first.set_title(subject.scene.input_title)
    drawn = [m for m in (maps["A"], maps["B"]) if m is not None]
    top = max((float(values.max()) for values in drawn), default=0.0) or 1.0
    titles = {**subject.titles, "B-A": "B \u2212 A"}
    for axes, (who, values) in zip(rest, maps.items(), strict=True):
        axes.set_title(titles[who])
        if values is None:
            axes.text(0.5, 0.5, "none", ha="center", va="center", transform=axes.transAxes)
            continue
        difference = who == "B-A"
        low, colours = (-top, style.DIFFERENCE_MAP) if difference else (0.0, style.RATE_MAP)
        image = axes.imshow(values, vmin=low, vmax=top, cmap=colours)
        if who != "A":
            told = (
                "B \u2212 A (share\nof channels)" if difference else "share of channels\nthat fire"
            )
            style.labelled_bar(figure, image, axes, told)
    return figure


def _rows(subject: Subject) -> Rows:
    inputs = {
        f"{name} {subject.scene.unit}": values
        for plane in subject.scene.planes(subject.b, _steps(subject)["B"])
        for name, values in plane.parts.items()
    }
    maps = {**inputs, **{who: m for who, m in _maps(subject).items() if m is not None}}
    return [
        {"map": name, "y": y, "x": x, "value": float(value)}
        for name, values in maps.items()
        for (y, x), value in np.ndenumerate(values)
    ]


def _caption(subject: Subject) -> str:
    steps = _steps(subject)
    told = []
    for who, side in subject.sides.items():
        edges = side.edges_ms
        at = steps[who]
        told.append(
            f"step {at + 1} of {side.response.T} of {who}"
            + ("" if side.is_still else f" ({subject.scene.lies(*edges[at : at + 2])})")
        )
    return (
        f"Input and spikes of {subject.look.layer} at one step: {', '.join(told)}. Input as B "
        "sees it. A and B: the share of channels that fire at each place, on one colour scale."
    )


PANELS = (Panel("step_maps", "The player at this step", "Step by step", _draw, _rows, _caption),)
