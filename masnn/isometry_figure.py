"""Figures of isometry for print: the sweep over depth, and accuracy against depth."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from masnn.isometry_designs import DESIGNS
from masnn.report.style import INK, RC, figure

#: Okabe and Ito's palette: each design's colour in the app, its line and its mark.
_LINES = {
    "vanilla": ("#D55E00", "-", "o"),
    "ms": ("#009E73", "-", "s"),
    "att-1": ("#0072B2", "-", "^"),
    "att-2": ("#CC79A7", "-", "v"),
    "att-1-code": ("#E69F00", "--", "D"),
}

Row = Mapping[str, Any]


def sweep(courses: Sequence[Row], blocks: Sequence[Row]) -> Figure:
    """Draw phi, firing and the returning signal in each block, and what is left at every depth.

    Args:
        courses: Rows of `isometry_sweep.Course.summary`.
        blocks: Rows of `isometry_sweep.Course.rows`; of each name the deepest is drawn.
    """
    with mpl.rc_context(RC):
        drawn = figure(2, 122)
        (top_left, top_right), (left, right) = drawn.subplots(2, 2)
        for name in dict.fromkeys(row["name"] for row in courses):
            colour, dash, marker = _LINES.get(name, (INK, ":", "x"))
            line = {"color": colour, "ls": dash}
            of_name = [row for row in courses if row["name"] == name]
            deepest = max(row["blocks"] for row in of_name)
            inside = [r for r in blocks if r["name"] == name and r["blocks"] == deepest]
            at = [row["block"] for row in inside]
            errors = [row["phi_error"] or 0 for row in inside]
            top_left.errorbar(at, _numbers(inside, "phi"), errors, elinewidth=0.4, **line)
            top_right.plot(at, [100 * row["active"] for row in inside], **line)
            left.plot(at, _numbers(inside, "log10_norm"), **line)
            depths = [row["blocks"] for row in of_name]
            errors = [row["log10_norm_error"] or 0 for row in of_name]
            mark = {"marker": marker, "ms": 3, "capsize": 1.5}
            norms = _numbers(of_name, "log10_norm")
            right.errorbar(depths, norms, errors, label=_title(name), **line, **mark)
            product = {"color": colour, "marker": "_", "ms": 9, "ls": "", "alpha": 0.7}
            right.plot(depths, _numbers(of_name, "log10_product"), **product)
        if any(row["phi"] > 0 for row in blocks):
            top_left.set_yscale("log")
        top_left.axhline(1, color=INK, lw=0.5, ls=":")
        _label(top_left, "block", "phi of each block (1: isometric)")
        _label(top_right, "block", "neurons before it that fire, %")
        _label(left, "block", "a signal before each block, log10 of its norm")
        _label(right, "blocks of the network", "before the first block (bars: product of phi)")
        drawn.legend(*right.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return drawn


def degradation(rows: Iterable[Row]) -> Figure:
    """Draw spiking degradation: accuracy, firing and returning signals against depth.

    Args:
        rows: Rows of `degradation.measured`. Networks of one name and depth differ in their seed:
            their mean is drawn, and their range; neither where one's signal does not arrive.
    """
    all_rows = list(rows)
    panels: tuple[tuple[str, str, float], ...] = (
        ("training_accuracy", "training accuracy, %", 100),
        ("test_accuracy", "test accuracy, %", 100),
        ("before_log10_norm", "signal before block 1, log10: untrained", 1),
        ("after_log10_norm", "the same when trained", 1),
    )
    with mpl.rc_context(RC):
        drawn = figure(2, 122)
        axes_of = drawn.subplots(2, 2, sharey="row").flat
        for axes, (key, title, scale) in zip(axes_of, panels, strict=True):
            for name in dict.fromkeys(row["name"] for row in all_rows):
                colour, dash, marker = _LINES.get(name, (INK, ":", "x"))
                found: dict[int, list[float]] = {}
                for row in all_rows:
                    if row["name"] == name:
                        value = math.nan if row[key] is None else scale * row[key]
                        found.setdefault(row["blocks"], []).append(value)
                depths = sorted(found)
                means = [sum(found[n]) / len(found[n]) for n in depths]
                below = [mean - min(found[n]) for n, mean in zip(depths, means, strict=True)]
                above = [max(found[n]) - mean for n, mean in zip(depths, means, strict=True)]
                axes.errorbar(
                    *(depths, means, (below, above)),
                    label=_title(name),
                    **{"color": colour, "ls": dash, "marker": marker, "ms": 3, "capsize": 1.5},
                )
            _label(axes, "blocks", title)
        first = drawn.axes[0].get_legend_handles_labels()
        drawn.legend(*first, loc="outside lower center", ncols=3)
    return drawn


def _numbers(rows: Sequence[Row], key: str) -> list[float]:
    """Return a column; what is None is not drawn."""
    return [float("nan") if row[key] is None else row[key] for row in rows]


def _title(name: str) -> str:
    """Return what a design is called; a checkpoint by its own name."""
    return DESIGNS[name].title if name in DESIGNS else name


def _label(axes: Axes, x: str, title: str) -> None:
    axes.set_xlabel(x)
    axes.set_title(title)
