"""What the Recording page draws: the player's block, the x-y-t cloud, histograms; arrays in."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.figures.block import Block
from app.figures.style import COLOUR_OFF, COLOUR_ON, laid_out

#: So many events are played.
MAX_PLAYED = 500_000

_POLARITIES = ((0, "OFF", COLOUR_OFF), (1, "ON", COLOUR_ON))


class Some(NamedTuple):
    """Hold some of a recording's events, or all.

    Args:
        width: Columns of the sensor.
        height: Rows.
        elapsed_us: Times after the first event in us, (n,).
        x: Columns, (n,).
        y: Rows, (n,).
        p: Polarities, (n,), 1 = ON.
        total: Number of events that these stand for.
    """

    width: int
    height: int
    elapsed_us: NDArray[np.int64]
    x: NDArray[np.integer]
    y: NDArray[np.integer]
    p: NDArray[np.integer]
    total: int


class Window(NamedTuple):
    """Say where the networks look, in ms after the first event: start, length, latest start."""

    start_ms: float
    length_ms: float
    latest_ms: float


def content(
    recording: str,
    some: Some,
    curve: NDArray[np.int64],
    length_ms: float,
    window: Window,
    *,
    dark: bool,
) -> bytes:
    """Return the block that the recording's player draws.

    Args:
        recording: What tells this recording from others; the player keeps its place under it.
        some: The events that are played, at least one.
        curve: Numbers of OFF and of ON events in equal parts of the time, (n, 2).
        length_ms: Time from the first event to the last.
        window: Where the networks look.
        dark: Whether the page is dark.
    """
    block = Block()
    # Times as 31-bit whole numbers, in microseconds for the first 35 minutes.
    unit_us = 1 + int(some.elapsed_us[-1]) // ((1 << 31) - 1)
    places = some.y.astype(np.int32) * some.width + some.x
    ground = "#11151d" if dark else "#ffffff"
    ink = "#e6e8ec" if dark else "#12151c"
    palettes = (
        ("ON green, OFF pink", ground, COLOUR_ON, COLOUR_OFF),
        ("ON white, OFF black", "#808080", "#ffffff", "#000000"),
        ("no polarity", ground, ink, ink),
    )
    return block.closed(
        {
            "recording": recording,
            "width": some.width,
            "height": some.height,
            "t": block.put(some.elapsed_us // unit_us, "i4"),
            "place": block.put(places * 2 + some.p, "i4"),
            "unit_us": unit_us,
            "shown": len(some.p),
            "total": some.total,
            "counts": block.put(curve, "i4"),
            "bins": len(curve),
            "length_ms": length_ms,
            "start_ms": window.start_ms,
            "window_ms": window.length_ms,
            "latest_ms": window.latest_ms,
            "curve": {"on": COLOUR_ON, "off": COLOUR_OFF},
            "palettes": [
                {"name": name, "ground": behind, "on": on, "off": off}
                for name, behind, on, off in palettes
            ],
        }
    )


def cloud(some: Some, *, dark: bool) -> go.Figure:
    """Draw events in space and time.

    Args:
        some: The events.
        dark: Whether the page is dark.
    """
    figure = go.Figure()
    for polarity, name, colour in _POLARITIES:
        of = some.p == polarity
        figure.add_trace(
            go.Scatter3d(
                x=some.elapsed_us[of] / 1000,
                y=some.x[of],
                z=some.y[of],
                mode="markers",
                name=name,
                marker={"size": 1.6, "color": colour},
                hovertemplate="%{x:.1f} ms, x %{y}, y %{z}<extra></extra>",
            )
        )
    # The camera looks from the front and a little from above; rows count downwards.
    axis = {"backgroundcolor": "rgba(0,0,0,0)", "gridcolor": "rgba(128,128,128,0.3)"}
    figure.update_scenes(
        xaxis={**axis, "title": "time (ms)", "nticks": 5},
        # It is seen nearly from its end: more than its ends would stand on each other.
        yaxis={
            **axis,
            "title": "x (px)",
            "range": [0, some.width],
            "tickvals": [0, some.width],
        },
        zaxis={**axis, "title": "y (px)", "range": [some.height, 0], "nticks": 5},
        aspectratio={"x": 2, "y": 1, "z": 1},
        camera={"eye": {"x": 2.4, "y": -3.5, "z": 1.2}, "center": {"x": 0, "y": 0, "z": -0.1}},
    )
    laid_out(figure, dark=dark, height=460)
    # Dots as small as the cloud's show no colour in a legend.
    return figure.update_layout(legend_itemsizing="constant")


def pixels(edges: NDArray[np.int64], n: NDArray[np.int64], *, dark: bool) -> go.Figure:
    """Draw how many pixels saw so many ON and OFF events, as `overview.pixels_by_events` has it.

    Args:
        edges: Borders of bins of numbers of events, (n + 1,).
        n: Pixels in each, (2, n), the 2 is (OFF, ON).
        dark: Whether the page is dark.
    """
    figure = go.Figure()
    for polarity, name, colour in _POLARITIES:
        told = "%{x:,} events or more: %{y:,} pixels"
        figure.add_trace(_line(edges, n[polarity], name, colour, told))
    figure.update_xaxes(type="log", dtick=1, title_text="events of a pixel")
    figure.update_yaxes(type="log", dtick=1, title_text="pixels")
    return laid_out(figure, dark=dark, height=300)


def waits(edges: NDArray[np.float64], n: NDArray[np.int64], *, dark: bool) -> go.Figure:
    """Draw how long pixels wait from event to event, as `overview.waits_by_length` has it.

    Args:
        edges: Borders of bins in us, (n + 1,).
        n: Waits in each, (n,).
        dark: Whether the page is dark.
    """
    figure = go.Figure(_line(edges / 1000, n, "", "#8a909c", "%{x:.3g} ms or more: %{y:,} waits"))
    figure.update_xaxes(type="log", dtick=1, title_text="wait since the pixel's last event (ms)")
    figure.update_yaxes(type="log", dtick=1, title_text="waits")
    return laid_out(figure, dark=dark, height=300, showlegend=False)


def _line(
    edges: NDArray[np.floating] | NDArray[np.int64],
    n: NDArray[np.int64],
    name: str,
    colour: str,
    hover: str,
) -> go.Scatter:
    """Return a histogram as a stepped line; an empty bin of a logarithmic axis is left out."""
    return go.Scatter(
        x=edges,
        y=np.append(n, n[-1]),  # where the last bin ends
        name=name,
        mode="lines",
        line={"shape": "hv", "color": colour, "width": 2},
        fill="tozeroy",
        hovertemplate=hover + f"<extra>{name}</extra>",
    )
