"""Panels that say which channels A and B fire in, and of which kind they are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from masnn import channels, focus, rates
from masnn.report import style
from masnn.report.panel import Panel, Rows
from masnn.report.subject import Subject
from masnn.response import LayerResponse
from masnn.sides import joined, trained_apart

# Marks of the kinds of channels, told apart without colour.
_MARKS = {"silent": "x", "saturated": "s", "background": "o", "selective": "o"}


def kinds_told(subject: Subject) -> str:
    """Return what the marks of kinds mean."""
    told = (
        "A silent channel never fires; a saturated one fires at more than "
        f"{focus.SATURATED:.0%} of all places and steps"
    )
    if not subject.b.says_where:
        return f"{told}."
    return (
        f"{told}; a background one fires more often outside the region that holds "
        f"{focus.SHARE:.0%} of the input\u2019s {subject.scene.matter} than inside."
    )


#: Size of the numbers on tiles, and about how wide a digit of it is.
_LETTERS_PT, _DIGIT_PT = 5, 3.2

#: About how wide the tiles of one network are in mm, by columns of the page.
_SHEET_MM = {1: 30, 2: 72}


def _layers(subject: Subject) -> dict[str, LayerResponse | None]:
    """Return the layer that is looked at in A and in B; None where one lacks it."""
    pair = joined(subject.a, subject.b)[subject.look.layer]
    return {
        who: layer if layer is not None and len(layer.shape) == 3 else None
        for who, layer in zip("AB", pair, strict=True)
    }


def _found(subject: Subject) -> dict[str, LayerResponse]:
    """Return the layer that is looked at, of those of A and B that have it."""
    return {who: layer for who, layer in _layers(subject).items() if layer is not None}


def _orders(subject: Subject) -> dict[str, list[int]]:
    """Return the channels of A and B as they stand: those that fire most first.

    Where channels of one number are compared, A's order is B's too.
    """
    layers = _found(subject)
    fired = {who: rates.channel_rates(layer.spikes) for who, layer in layers.items()}
    orders = {who: [int(i) for i in np.argsort(-x, kind="stable")] for who, x in fired.items()}
    if _matched_by(subject) == "rank":
        return orders
    return {who: orders["A"] for who in orders}


def _matched_by(subject: Subject) -> str:
    return channels.matched_by(subject.a, subject.b, subject.look.layer)


def across(shape: tuple[int, ...]) -> int:
    """Return how many of a layer's tiles stand side by side on a sheet that is about square."""
    channels, height, width = shape
    return max(1, int(np.ceil(np.sqrt(channels * height / width) - 1e-9)))


def sheet(maps: NDArray[np.float64], columns: int) -> NDArray[np.float64]:
    """Return maps (C, H, W) laid out in rows of `columns`, masked gaps between them."""
    channels, height, width = maps.shape
    down = -(-channels // columns)
    size = (down * (height + 1) - 1, columns * (width + 1) - 1)
    sheet = np.ma.array(np.zeros(size), mask=np.ones(size, bool))
    for place, values in enumerate(maps):
        y, x = place // columns * (height + 1), place % columns * (width + 1)
        sheet[y : y + height, x : x + width] = values
    return sheet


def mark(kind: str, colour: str, size: float) -> dict[str, Any]:
    """Return how Matplotlib draws the mark of a kind: filled for selective channels only."""
    return {
        "linestyle": "",
        "marker": _MARKS[kind],
        "markersize": size,
        "markeredgecolor": colour,
        "markerfacecolor": colour if kind == "selective" else "none",
        "markeredgewidth": 0.7,
    }


def legend(kinds: Iterable[str], colour: str) -> list[Line2D]:
    """Return the legend's marks of the kinds that are there."""
    there = set(kinds)
    return [
        Line2D([], [], **mark(kind, colour, 4), label=kind) for kind in focus.KINDS if kind in there
    ]


def _draw_channels(subject: Subject, columns: int) -> Figure:
    layers, orders = _layers(subject), _orders(subject)
    maps = {who: rates.neuron_rates(layer.spikes) for who, layer in _found(subject).items()}
    top = max(float(values.max()) for values in maps.values()) or 1.0
    sheets = {who: sheet(x[orders[who]], across(x.shape)) for who, x in maps.items()}
    tallest = max(len(sheet) / sheet.shape[1] for sheet in sheets.values())
    figure = style.figure(columns, height_mm=(_SHEET_MM[columns] + 4) * tallest + 12)
    grid = figure.subplots(1, 2)
    marked: set[str] = set()
    for axes, (who, layer) in zip(grid, layers.items(), strict=True):
        style.bare(axes)
        axes.set_title(subject.titles[who])
        if layer is None:
            why = f"no channels in {subject.look.layer}"
            axes.text(0.5, 0.5, why, ha="center", va="center", transform=axes.transAxes)
            continue
        image = axes.imshow(sheets[who], vmin=0, vmax=top, cmap=style.RATE_MAP)
        kinds = channels.kinds(subject.sides[who], layer)
        _mark_tiles(axes, layer.shape, [kinds[i] for i in orders[who]], 2.2 * columns)
        _number_tiles(axes, maps[who], orders[who], _SHEET_MM[columns])
        marked |= set(kinds)
    figure.colorbar(image, ax=list(grid), shrink=0.9, label=style.RATE)
    if handles := legend(marked - {"selective"}, style.INK):
        figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure


def _mark_tiles(axes: Axes, shape: tuple[int, ...], kinds: list[str], size: float) -> None:
    """Mark the tiles of channels that are not selective in their upper left corner."""
    _, height, width = shape
    columns = across(shape)
    for kind in (k for k in focus.KINDS if k != "selective" and k in kinds):
        places = np.flatnonzero(np.array(kinds) == kind)
        axes.plot(
            places % columns * (width + 1) + 0.16 * width - 0.5,
            places // columns * (height + 1) + 0.16 * height - 0.5,
            scalex=False,
            scaley=False,
            path_effects=[withStroke(linewidth=1.8, foreground="#000000")],
            **mark(kind, "#ffffff", size),
        )


def _number_tiles(axes: Axes, maps: NDArray[np.float64], order: list[int], sheet_mm: float) -> None:
    """Write each tile's channel in its lower left corner, its rate in the right one, if they fit.

    Args:
        axes: Where the tiles are.
        maps: Rate of each neuron, (C, H, W).
        order: The channels as their tiles stand.
        sheet_mm: How wide all tiles are together.
    """
    _, height, width = maps.shape
    columns = across(maps.shape)
    wide_pt = sheet_mm / 25.4 * 72 / columns
    numbers_pt = _DIGIT_PT * len(str(len(order) - 1)) + 3
    if wide_pt < numbers_pt or wide_pt * height / width < 2 * _LETTERS_PT:
        return
    texts = [(0.04, "left", [str(c) for c in order])]
    if wide_pt >= numbers_pt + 4 * _DIGIT_PT + 3:
        texts.append((0.96, "right", [_rate(float(maps[c].mean())) for c in order]))
    for at, side, written in texts:
        for place, text in enumerate(written):
            axes.text(
                place % columns * (width + 1) + at * width - 0.5,
                (place // columns + 1) * (height + 1) - 1.5 - 0.04 * height,
                text,
                ha=side,
                va="bottom",
                fontsize=_LETTERS_PT,
                color="#ffffff",
                path_effects=[withStroke(linewidth=1.1, foreground="#000000")],
            )


def _rate(rate: float) -> str:
    """Write a rate on a tile; 0.00 is a silent channel's alone."""
    text = f"{rate:.2f}"
    return "<.01" if rate and text == "0.00" else text  # as wide, and more digits have no room


def _channel_rows(subject: Subject) -> Rows:
    rows = []
    for who, layer in _found(subject).items():
        maps = rates.neuron_rates(layer.spikes)
        for place, c in enumerate(_orders(subject)[who], start=1):
            rows += [
                {
                    "layer": layer.name,
                    "network": who,
                    "place": place,
                    "channel": c,
                    "y": y,
                    "x": x,
                    "rate": float(rate),
                }
                for (y, x), rate in np.ndenumerate(maps[c])
            ]
    return rows


def _channel_caption(subject: Subject) -> str:
    of = "each network\u2019s own rate" if _matched_by(subject) == "rank" else "their rate in A"
    return (
        f"Every channel of {subject.look.layer} as a tile over {subject.scene.ground}: firing "
        "rate of each neuron (spikes per neuron and step) over all steps. A and B share one colour "
        f"scale. Channels stand in rows in the order of {of}, the highest first; where there is "
        "room, a tile has its channel\u2019s number on the left and its rate on the right, "
        "0.00 only where it is silent. "
        f"{kinds_told(subject)} {trained_apart(subject.a, subject.b, subject.look.layer)}"
    ).rstrip()


def _draw_rates(subject: Subject, columns: int) -> Figure:
    figure = style.figure(columns, height_mm=78 if columns == 1 else 50)
    if columns == 1:
        curves, bars = figure.subplots(2, 1, height_ratios=(1.5, 1))
    else:
        curves, bars = figure.subplots(1, 2, width_ratios=(1.8, 1))
    highest = 0.0
    orders = _orders(subject)
    in_order_of_a = _matched_by(subject) == "channel"
    for i, (who, layer) in enumerate(_found(subject).items()):
        values = rates.channel_rates(layer.spikes)[orders[who]]
        highest = max(highest, float(values.max()))
        curves.plot(
            np.arange(1, len(values) + 1),
            values,
            marker="os"["AB".index(who)],
            markersize=2.5,
            linestyle="" if in_order_of_a and who == "B" else "-",
            color=style.COLOURS[who],
            label=subject.titles[who],
        )
        kinds = channels.kinds(subject.sides[who], layer)
        drawn = bars.barh(
            np.arange(len(focus.KINDS)) + 0.4 * i,
            [kinds.count(kind) for kind in focus.KINDS],
            0.36,
            color=style.COLOURS[who],
        )
        bars.bar_label(drawn, padding=2, fontsize=6.5)
    curves.set_ylim(0, 1.05 * highest or 1.0)
    of = "rank in A of the channel" if in_order_of_a else "rank of the channel"
    curves.set_xlabel(f"{of} in {subject.look.layer}")
    curves.set_ylabel(style.RATE)
    curves.xaxis.set_major_locator(MaxNLocator(integer=True))
    curves.legend()
    bars.set_yticks(np.arange(len(focus.KINDS)) + 0.2 * (len(_found(subject)) - 1), focus.KINDS)
    bars.invert_yaxis()
    bars.margins(x=0.12)
    bars.xaxis.set_major_locator(MaxNLocator(integer=True))
    bars.set_xlabel("channels")
    return figure


def _rate_rows(subject: Subject) -> Rows:
    return channels.table(subject.a, subject.b, subject.look.layer)


def _rate_caption(subject: Subject) -> str:
    counted = []
    for who, layer in _found(subject).items():
        kinds = channels.kinds(subject.sides[who], layer)
        numbers = ", ".join(f"{kinds.count(kind)} {kind}" for kind in focus.KINDS)
        counted.append(f"Of {who}\u2019s {len(kinds)} channels, {numbers}.")
    if _matched_by(subject) == "rank":
        order = "each network\u2019s highest first"
    else:
        order = (
            "by A\u2019s rate, the highest first, with both rates of one channel above each other"
        )
    return (
        f"Firing rate of each channel of {subject.look.layer} (spikes per neuron and step), "
        f"{order}, and the number of channels of each kind. {kinds_told(subject)} "
        f"Selective are all others. {' '.join(counted)} "
        f"{channels.told(subject.a, subject.b, subject.look.layer)} "
        f"{trained_apart(subject.a, subject.b, subject.look.layer)}"
    ).rstrip()


PANELS = (
    Panel("what_channels", "Channels", "What", _draw_channels, _channel_rows, _channel_caption),
    Panel(
        "what_channel_rates", "Rates of channels", "What", _draw_rates, _rate_rows, _rate_caption
    ),
)
