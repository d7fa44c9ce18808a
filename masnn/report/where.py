"""Panels that say where A and B fire, and where B's spatial gate is open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from masnn import contrast, focus, rates
from masnn.report import style
from masnn.report.panel import Panel, Rows
from masnn.report.scene import Plane
from masnn.report.subject import Subject
from masnn.response import LayerResponse
from masnn.sides import joined, no_difference

Maps = tuple[NDArray[np.float64] | None, NDArray[np.float64] | None, NDArray[np.float64] | None]


#: A letter of a title is about so wide.
_LETTER_MM = 1.6

#: What stands above small maps of gates, where only a few letters find room.
_TITLES = {
    "mean of the steps": "mean",
    "most closed step": "closed: step",
    "most open step": "open: step",
}

_NO_REGION = "Brightness does not say where the thing is in a photograph."


def _maps(subject: Subject) -> Iterator[tuple[str, Maps]]:
    """Yield each convolutional layer's rate maps (H, W) of A, of B, and B - A, where they are."""
    for name, pair in joined(subject.a, subject.b).items():
        if name not in subject.layers or not any(_is_map(layer) for layer in pair):
            continue
        a, b = (rates.rate_map(x.spikes) if x and _is_map(x) else None for x in pair)
        reason = no_difference(subject.a, subject.b, *pair)
        yield name, (a, b, None if reason or a is None or b is None else b - a)


def _is_map(layer: LayerResponse | None) -> bool:
    return layer is not None and len(layer.shape) == 3


def _plane_figure(columns: int, rows: int, width_mm: tuple[float, float]) -> Figure:
    """Return a figure for rows of square maps, no higher than a page.

    Args:
        columns: 1 or 2, the columns of the page that it fills.
        rows: Rows of maps.
        width_mm: Width of a row's part, with its title, in a figure of one and of two columns.
    """
    height_mm = min(width_mm[columns - 1] * rows + 4, style.MOST_HEIGHT_MM)
    figure = style.figure(columns, height_mm=height_mm)
    # Maps keep their aspect: this engine leaves no gaps between them, and no label outside.
    figure.set_layout_engine("compressed")
    return figure


def _draw_maps(subject: Subject, columns: int) -> Figure:
    layers = list(_maps(subject))
    figure = _plane_figure(columns, len(layers), (22, 47))
    grid = figure.subplots(len(layers), 3, squeeze=False)
    for row, (name, maps) in zip(grid, layers, strict=True):
        top = max(float(values.max()) for values in maps[:2] if values is not None) or 1.0
        reach = 1.0 if maps[2] is None else float(np.abs(maps[2]).max()) or 1.0
        for i, (axes, values) in enumerate(zip(row, maps, strict=True)):
            style.bare(axes)
            if values is None:
                axes.text(0.5, 0.5, "none", ha="center", va="center", transform=axes.transAxes)
                continue
            limits = (0.0, top) if i < 2 else (-reach, reach)
            colours = style.RATE_MAP if i < 2 else style.DIFFERENCE_MAP
            image = axes.imshow(values, vmin=limits[0], vmax=limits[1], cmap=colours)
            if i or maps[1] is None:
                label = style.RATE_CHANGE if i == 2 else style.RATE
                style.labelled_bar(figure, image, axes, label)
        row[0].set_ylabel(name)
    # Small maps have room for letters alone above them.
    room_mm = min(figure.get_figheight() * 25.4 / len(layers), style.WIDTHS_MM[columns] / 3) + 2
    short = max(map(len, subject.titles.values())) * _LETTER_MM > room_mm
    titles = ["A", "B"] if short else list(subject.titles.values())
    for axes, title in zip(grid[0], [*titles, "B \u2212 A"], strict=True):
        axes.set_title(title)
    return figure


def _map_rows(subject: Subject) -> Rows:
    rows = []
    for name, (a, b, change) in _maps(subject):
        for who, values in (("A", a), ("B", b), ("B-A", change)):
            if values is not None:
                rows += [
                    {"layer": name, "map": who, "y": y, "x": x, "rate": float(rate)}
                    for (y, x), rate in np.ndenumerate(values)
                ]
    return rows


def _map_caption(subject: Subject) -> str:
    return (
        f"Spike response of each convolutional layer over {subject.scene.ground}: firing rate "
        "(spikes per neuron and step) averaged over time and channels. Colour scales are per "
        f"layer; A and B share one.{subject.left_out} "
        + contrast.where(subject.a, subject.b, subject.look.layer, subject.layers)
    )


RESPONSE_MAPS = Panel(
    "where_response_maps", "Spike response maps", "Where", _draw_maps, _map_rows, _map_caption
)


def _focus(subject: Subject) -> Rows:
    """Return the share of each convolutional layer's spikes where the input is, of A and of B."""
    rows = []
    for name, pair in joined(subject.a, subject.b).items():
        for who, layer in zip("AB", pair, strict=True):
            if layer is None or len(layer.shape) != 3:
                continue
            found = subject.sides[who].focus_of(name)
            if found is None:
                continue
            rows.append(
                {
                    "layer": name,
                    "network": who,
                    "spikes_inside": found.inside,
                    "spikes": found.spikes,
                    "share": found.share,
                    "area": found.area,
                }
            )
    return rows


def _draw_focus(subject: Subject, columns: int) -> Figure:
    rows = _focus(subject)
    names = list(dict.fromkeys(row["layer"] for row in rows))
    figure = style.figure(columns, height_mm=45 + style.names_mm(names, columns))
    axes = figure.subplots()
    for row in rows:
        place = names.index(row["layer"]) + (-0.18 if row["network"] == "A" else 0.18)
        axes.bar(place, row["share"] or 0.0, 0.32, color=style.COLOURS[row["network"]])
        axes.plot([place - 0.18, place + 0.18], [row["area"]] * 2, color=style.INK, linewidth=1.2)
    style.name_layers(axes, names, columns)
    axes.set_ylim(0, 1)
    axes.set_ylabel("share of spikes\nat the input")
    handles: list[Artist] = [
        *(Patch(color=style.COLOURS[who], label=subject.titles[who]) for who in "AB"),
        Line2D([], [], color=style.INK, label="area (chance)"),
    ]
    axes.legend(handles=handles, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    return figure


def _focus_caption(subject: Subject) -> str:
    return (
        f"Share of each layer\u2019s spikes within the region that holds {focus.SHARE:.0%} of the "
        f"input\u2019s {subject.scene.matter}. Lines: the share of the layer\u2019s places in that "
        "region, which is what firing alike everywhere would give. A silent layer has no share and "
        "is drawn as 0."
    )


def _images(subject: Subject) -> dict[str, list[Plane]]:
    """Return the input, all steps together, by who saw it."""
    a, b = (subject.scene.planes(side, None) for side in subject.sides.values())
    alike = all(np.array_equal(x.values, y.values) for x, y in zip(a, b, strict=True))
    return {"A and B": b} if alike else {"A": a, "B": b}


def _draw_input(subject: Subject, columns: int) -> Figure:
    images = _images(subject)
    across = max(map(len, images.values()))
    figure = _plane_figure(columns, len(images), (38, 64))
    grid = figure.subplots(len(images), across, squeeze=False)
    for row, (who, planes) in zip(grid, images.items(), strict=True):
        for axes, plane in zip(row, planes, strict=True):
            style.bare(axes)
            axes.set_title(f"{plane.name}, seen by {who}")
            fired = plane.values[plane.values > 0]
            top = max(float(np.percentile(fired, 99)), 1.0) if fired.size else 1.0
            image = plane.draw(axes, top)
            if plane.values.ndim == 2:
                extend = "max" if plane.most is None else "neither"
                figure.colorbar(image, ax=axes, extend=extend, label=subject.scene.unit)
    return figure


def _input_rows(subject: Subject) -> Rows:
    scene = subject.scene
    return [
        {"seen_by": who, scene.kind: name, "y": y, "x": x, scene.unit: int(n)}
        for who, planes in _images(subject).items()
        for plane in planes
        for name, values in plane.parts.items()
        for (y, x), n in np.ndenumerate(values)
    ]


def _input_caption(subject: Subject) -> str:
    images = _images(subject)
    if any(plane.most for planes in images.values() for plane in planes):
        return (
            "The picture as the networks are shown it at every step, before its levels, 0 (black) "
            "to 255 (white), are scaled to numbers around 0."
        )
    totals = "; ".join(
        f"{sum(int(plane.values.sum()) for plane in planes):,} events seen by {who}"
        for who, planes in images.items()
    )
    return (
        "Events of the window per pixel of the networks\u2019 input, ON and OFF apart. Colours end "
        f"at the 99th percentile of the pixels with events. {totals}."
    )


def _gates(subject: Subject) -> dict[str, NDArray[np.floating]]:
    """Return B's spatial gates by layer, (T or 1, H, W)."""
    return subject.gates("space")


class _Shown(NamedTuple):
    """Hold one map of a spatial gate: what it is, of which step (from 0), and its weights."""

    title: str
    step: int | None
    weights: NDArray[np.floating]


def _moments(weights: NDArray[np.floating]) -> list[_Shown]:
    """Return the maps that are drawn of a gate: its mean, and its most closed and open steps."""
    if len(weights) == 1:
        return [_Shown("all steps", None, weights[0])]
    means = weights.mean((1, 2))
    low, high = int(means.argmin()), int(means.argmax())
    return [
        _Shown("mean of the steps", None, weights.mean(0)),
        _Shown("most closed step", low, weights[low]),
        _Shown("most open step", high, weights[high]),
    ]


def _draw_gates(subject: Subject, columns: int) -> Figure:
    gates = {name: _moments(weights) for name, weights in _gates(subject).items()}
    by_step = any(len(maps) > 1 for maps in gates.values())
    rows = len(gates) if by_step else -(-len(gates) // 3)
    figure = _plane_figure(columns, rows, (28, 54) if by_step else (29, 57))
    grid = figure.subplots(rows, 3 if by_step else min(len(gates), 3), squeeze=False)
    places = grid if by_step else grid.reshape(-1, 1)[: len(gates)]
    for axes in grid.ravel():
        style.bare(axes)
    for row, (name, maps) in zip(places, gates.items(), strict=True):
        if not by_step:
            row[0].set_title(name)
        for axes, (title, step, values) in zip(row, maps, strict=True):
            if by_step:
                axes.set_title(_TITLES[title] if step is None else f"{_TITLES[title]} {step + 1}")
            image = axes.imshow(values, vmin=0, vmax=1, cmap=style.GATE_MAP)
        if by_step:
            row[0].set_ylabel(name)
    figure.colorbar(image, ax=list(grid.ravel()), shrink=0.8, label="spatial gate")
    return figure


def _gate_rows(subject: Subject) -> Rows:
    return [
        {
            "layer": name,
            "map": shown.title,
            "step": None if shown.step is None else shown.step + 1,
            "y": y,
            "x": x,
            "gate": float(weight),
        }
        for name, weights in _gates(subject).items()
        for shown in _moments(weights)
        for (y, x), weight in np.ndenumerate(shown.weights)
    ]


def _gate_caption(subject: Subject) -> str:
    told = subject.weights_told("space", "place")
    if any(len(weights) > 1 for weights in _gates(subject).values()):
        told += (
            ". From the left: mean of the steps, the step with the lowest mean gate, the step with "
            "the highest"
        )
    return (
        f"Spatial gate of {subject.titles['B']} by layer: {told}. All maps share one colour scale."
        + subject.left_out
    )


FOCUS = Panel(
    "where_focus",
    "Focus of the firing",
    "Where",
    _draw_focus,
    _focus,
    _focus_caption,
    lambda subject: "" if _focus(subject) else _NO_REGION,
)
INPUT = Panel("where_input", "Input", "Where", _draw_input, _input_rows, _input_caption)
SPATIAL_GATES = Panel(
    "where_spatial_gates",
    "Spatial gate",
    "Where",
    _draw_gates,
    _gate_rows,
    _gate_caption,
    lambda subject: subject.no_gate("space", "spatial"),
)

PANELS = (RESPONSE_MAPS, FOCUS, INPUT, SPATIAL_GATES)
