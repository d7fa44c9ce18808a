"""The player at one step: what came in, and what A and B fired then in the chosen layer."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from masnn import clock
from masnn.report import style
from masnn.report.panel import Panel, Rows
from masnn.report.subject import Subject
from masnn.response import LayerResponse
from masnn.sides import joined, no_difference


def _fired(layer: LayerResponse | None, step: int) -> NDArray[np.float64] | None:
    """Return the share of channels that fire at each place at a step, (H, W)."""
    if layer is None or len(layer.shape) != 3:
        return None
    return layer.spikes[step].mean(0, dtype=np.float64)


def _maps(subject: Subject) -> dict[str, NDArray[np.float64] | None]:
    """Return the maps of A, of B and B - A at the step, None where there is none."""
    pair = joined(subject.a, subject.b)[subject.look.layer]
    a, b = (_fired(layer, subject.step_of(who)) for who, layer in zip("AB", pair, strict=True))
    reason = no_difference(subject.a, subject.b, *pair)
    change = None if reason or a is None or b is None else b - a
    return {"A": a, "B": b, "B-A": change}


class Scales(NamedTuple):
    """Say where the player's colour scales end; they are of all steps, not of one.

    Args:
        top: Highest share of channels that fires at a place and step, in A or in B.
        reach: Highest difference B - A of these shares, either way; 1 where there is none.
    """

    top: float
    reach: float


def scales(subject: Subject) -> Scales:
    """Return the scales of the layer that is looked at, as the player on the page has them."""
    pair = joined(subject.a, subject.b)[subject.look.layer]
    shares = {
        who: layer.spikes.mean(1, dtype=np.float64)
        for who, layer in zip("AB", pair, strict=True)
        if layer is not None and len(layer.shape) == 3
    }
    top = max(float(values.max()) for values in shares.values()) or 1.0
    if no_difference(subject.a, subject.b, *pair):
        return Scales(top, 1.0)
    # Every moment that both look at.
    at = {
        who: clock.own_steps(side.edges_ms, subject.ticks_ms) for who, side in subject.sides.items()
    }
    both = np.all([steps >= 0 for steps in at.values()], axis=0)
    change = shares["B"][at["B"][both]] - shares["A"][at["A"][both]]
    return Scales(top, float(np.abs(change).max(initial=0.0)) or 1.0)


def _draw(subject: Subject, columns: int) -> Figure:
    maps, (top, reach) = _maps(subject), scales(subject)
    figure = style.figure(columns, height_mm=90 if columns == 1 else 54)
    figure.set_layout_engine("compressed")
    shape = (2, 2) if columns == 1 else (1, 4)
    first, *rest = figure.subplots(*shape, squeeze=False).flat
    for axes in (first, *rest):
        style.bare(axes)
    scene = subject.scene
    first.imshow(scene.image(subject.b, subject.step_of("B")))
    first.set_title(scene.input_title)
    if scene.colours:
        keys = [Patch(color=colour, label=name) for name, colour in scene.colours.items()]
        first.legend(
            handles=keys, loc="upper center", bbox_to_anchor=(0.5, -0.02), ncols=3,
            handlelength=1.0, columnspacing=1.0,
        )  # fmt: skip
    titles = {**subject.titles, "B-A": "B \u2212 A"}
    for axes, (who, values) in zip(rest, maps.items(), strict=True):
        axes.set_title(titles[who])
        if values is None:
            axes.text(0.5, 0.5, "none", ha="center", va="center", transform=axes.transAxes)
            continue
        difference = who == "B-A"
        limits = (-reach, reach) if difference else (0.0, top)
        colours = style.DIFFERENCE_MAP if difference else style.RATE_MAP
        image = axes.imshow(values, vmin=limits[0], vmax=limits[1], cmap=colours)
        if who != "A":
            told = (
                "B \u2212 A (share\nof channels)" if difference else "share of channels\nthat fire"
            )
            style.labelled_bar(figure, image, axes, told)
    figure.suptitle(f"{subject.look.layer}, {subject.moment}", fontsize=7.5)
    return figure


def _rows(subject: Subject) -> Rows:
    inputs = {
        f"{name} {subject.scene.unit}": values
        for plane in subject.scene.planes(subject.b, subject.step_of("B"))
        for name, values in plane.parts.items()
    }
    maps = {**inputs, **{who: m for who, m in _maps(subject).items() if m is not None}}
    return [
        {"map": name, "y": y, "x": x, "value": float(value)}
        for name, values in maps.items()
        for (y, x), value in np.ndenumerate(values)
    ]


def _caption(subject: Subject) -> str:
    return (
        f"Input and spikes of {subject.look.layer} at one step, {subject.moment}. Input as B sees "
        f"it{subject.scene.colours_told}. A and B: the share of channels that fire at each place. "
        "Colour scales are those of the player: A and B share one, and each scale is of all steps."
    )


PANELS = (Panel("step_maps", "The player at this step", "Step by step", _draw, _rows, _caption),)
