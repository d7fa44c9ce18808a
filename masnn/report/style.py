"""The look of printed figures: two widths, one palette, type that can be read at print size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

#: Widths of a figure in mm by columns of the page: IEEE Transactions' (3.5 and 7.16 inches).
WIDTHS_MM = {1: 88.9, 2: 181.9}
_MM_PER_INCH = 25.4

# Okabe and Ito's palette, as in the app: told apart with any form of colour blindness.
COLOUR_A = "#D55E00"
COLOUR_B = "#0072B2"
COLOUR_ON = "#009E73"
COLOUR_OFF = "#CC79A7"
COLOUR_GATE = "#E69F00"
#: For what belongs to neither network.
INK = "#333333"
#: The same on maps whose ground is white in every theme.
ON_MAPS = "#343434"
COLOURS = {"A": COLOUR_A, "B": COLOUR_B}

#: Rates from silent to high, gates from closed to open: both survive greyscale printing.
RATE_MAP, GATE_MAP = "inferno", "cividis"
#: From "A fires more" over white to "B fires more".
DIFFERENCE_MAP = LinearSegmentedColormap.from_list("b_minus_a", [COLOUR_A, "#ffffff", COLOUR_B])

#: What a scale or an axis of rates says, and of their difference.
RATE = "rate (spikes per\nneuron and step)"
RATE_CHANGE = "B \u2212 A (spikes per\nneuron and step)"

#: From no event to many.
ON_MAP = LinearSegmentedColormap.from_list("on", ["#ffffff", COLOUR_ON])
OFF_MAP = LinearSegmentedColormap.from_list("off", ["#ffffff", COLOUR_OFF])

#: What `panel.render` sets while it draws.
RC: Any = {
    "font.size": 7,
    "axes.titlesize": 7.5,
    "axes.labelsize": 7,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib: the same letters everywhere
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.0,
    "image.interpolation": "nearest",
    "figure.dpi": 100,
    "savefig.dpi": 300,
    "pdf.fonttype": 42,  # text stays text, which journals ask for
    "svg.fonttype": "path",  # the same letters where the font is not
    "svg.hashsalt": "masnn",  # the same picture gives the same bytes
    "axes.unicode_minus": True,
}


def figure(columns: int, height_mm: float) -> Figure:
    """Return an empty figure, without pyplot: no display, no state shared between threads.

    Args:
        columns: 1 or 2, the columns of the page that it fills.
        height_mm: Its height.
    """
    size = (WIDTHS_MM[columns] / _MM_PER_INCH, height_mm / _MM_PER_INCH)
    return Figure(figsize=size, layout="constrained")


#: Lines of A's and B's outlines over each other: A's is the broader one, so that both are seen
#: where they lie on each other. Filled, they would give a third colour.
OUTLINES_PT = {"A": 1.8, "B": 0.8}

#: No figure is higher: it stands on a page, with a caption below.
MOST_HEIGHT_MM = 220

#: So many names stand below one column of a page beside each other; more are turned.
_FLAT_NAMES = 5
#: The least room of a name that stands beside the next, and of turned ones below an axis.
_NAME_MM, _TURNED_MM = 2.6, 12.0


def names_mm(names: Sequence[str], columns: int) -> float:
    """Return what a figure needs in height for names of layers beyond one line of them."""
    return _TURNED_MM if len(names) > _FLAT_NAMES * columns else 0.0


def name_layers(axes: Axes, names: Sequence[str], columns: int) -> None:
    """Name places 0, 1, ... below an axis: turned where many, the first of every few where more.

    Args:
        axes: The axes.
        names: Names of layers.
        columns: 1 or 2, the columns of the page that the axes fill.
    """
    turned = names_mm(names, columns) > 0
    places = every(len(names), WIDTHS_MM[columns] - 15)
    axes.set_xticks(places, [names[i] for i in places], rotation=90 if turned else 0)


def every(n: int, room_mm: float) -> range:
    """Return which of n names are written, the first of every few, in so much room."""
    return range(0, n, max(1, -(-int(n * _NAME_MM) // int(room_mm))))


def labelled_bar(figure: Figure, image: ScalarMappable, axes: Axes, label: str) -> None:
    """Draw the scale of a map beside it, with its quantity and unit.

    Args:
        figure: The figure.
        image: What the scale is of.
        axes: The map.
        label: Quantity and unit, in two short lines at most: a map is as high as they are long.
    """
    bar = figure.colorbar(image, ax=axes, shrink=0.8)
    bar.set_label(label, fontsize=5.5, labelpad=2)
    bar.locator = MaxNLocator(4)
    bar.ax.tick_params(labelsize=5.5)


def bare(axes: Axes) -> None:
    """Leave out the ticks and the frame of a map."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
