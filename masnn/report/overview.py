"""Figures of a recording before any network sees it, for a paper: rate, pixels, waits, cloud."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from masnn import __version__, overview
from masnn.readers import Recording
from masnn.report import style
from masnn.report.panel import Rows, saved, table

#: Parts of the time in which events are counted, and events of the cloud, as the app has them.
PARTS, MOST = 240, 12_000

_POLARITIES = (("OFF", style.COLOUR_OFF), ("ON", style.COLOUR_ON))


@dataclass(frozen=True)
class Picture:
    """Describe one picture of a recording of at least one event.

    Args:
        name: Its file's stem.
        title: What it shows, in a few words.
        draw: Returns the figure, 1 or 2 columns wide.
        rows: Returns the table behind it.
        told: What it shows, in sentences that name measures and units.
        absent: Returns why there is nothing to draw, or nothing where there is.
    """

    name: str
    title: str
    draw: Callable[[Recording, int], Figure]
    rows: Callable[[Recording], Rows]
    told: str
    absent: Callable[[Recording], str] = lambda recording: ""

    def render(self, recording: Recording, kind: str, columns: int) -> bytes:
        """Return the figure as a file of a kind of `panel.FORMATS`, 1 or 2 columns wide."""
        return saved(lambda: self.draw(recording, columns), kind)

    def data(self, recording: Recording) -> str:
        """Return the table behind it as CSV."""
        return table(self.rows(recording))

    def caption(self, recording: Recording) -> str:
        """Return what it shows of which recording, and what made it."""
        events = recording.events
        changes = "".join(f" {change}" for change in recording.changes)
        return (
            f"{self.title}. {self.told} Recording {recording.name} ({recording.format}, sha256 "
            f"{recording.sha256[:12]}), {len(events):,} events in {events.duration_us / 1000:g} "
            f"ms.{changes} Computed with masnn {__version__}, numpy {np.__version__}.\n"
        )


def _draw_rate(recording: Recording, columns: int) -> Figure:
    edges_ms, counts = overview.rate_curve(recording.events, PARTS)
    a_second = counts * 1000 / (edges_ms[1] - edges_ms[0])
    figure, axes = _one(columns)
    below = np.zeros(len(counts))
    for polarity in (1, 0):
        name, colour = _POLARITIES[polarity]
        top = below + a_second[:, polarity]
        axes.stairs(top, edges_ms, baseline=below, fill=True, color=colour, label=name)
        below = top
    axes.set_xlim(0, edges_ms[-1])
    axes.set_ylim(0, None)
    axes.set_xlabel("time after the first event (ms)")
    axes.set_ylabel("events per second")
    figure.legend(loc="outside upper right", ncols=2)
    return figure


def _rate_rows(recording: Recording) -> Rows:
    edges_ms, counts = overview.rate_curve(recording.events, PARTS)
    return [
        {"from_ms": start, "to_ms": end, "off_events": off, "on_events": on}
        for start, end, (off, on) in zip(
            edges_ms[:-1].tolist(), edges_ms[1:].tolist(), counts.tolist(), strict=True
        )
    ]


def _draw_pixels(recording: Recording, columns: int) -> Figure:
    edges, n = overview.pixels_by_events(overview.events_per_pixel(recording.events))
    figure, axes = _one(columns)
    for counts, (name, colour) in zip(n, _POLARITIES, strict=True):
        _steps(axes, counts, edges, colour, name)
    axes.set_xlabel("events of a pixel")
    axes.set_ylabel("pixels")
    figure.legend(loc="outside upper right", ncols=2)
    return figure


def _pixel_rows(recording: Recording) -> Rows:
    edges, n = overview.pixels_by_events(overview.events_per_pixel(recording.events))
    return [
        {"from_events": start, "to_events": end - 1, "off_pixels": off, "on_pixels": on}
        for start, end, off, on in zip(
            edges[:-1].tolist(), edges[1:].tolist(), *n.tolist(), strict=True
        )
    ]


def _draw_waits(recording: Recording, columns: int) -> Figure:
    edges_us, n = overview.waits_by_length(overview.waits_us(recording.events))
    figure, axes = _one(columns)
    _steps(axes, n, edges_us / 1000, style.INK, "")
    axes.set_xlabel("wait since the pixel\u2019s last event (ms)")
    axes.set_ylabel("waits")
    return figure


def _wait_rows(recording: Recording) -> Rows:
    edges_us, n = overview.waits_by_length(overview.waits_us(recording.events))
    return [
        {"from_us": start, "to_us": end, "waits": count}
        for start, end, count in zip(
            edges_us[:-1].tolist(), edges_us[1:].tolist(), n.tolist(), strict=True
        )
    ]


def _no_wait(recording: Recording) -> str:
    return "" if len(overview.waits_us(recording.events)) else "no pixel saw two events."


def _draw_cloud(recording: Recording, columns: int) -> Figure:
    events = recording.events
    at = overview.spread(events, MOST)
    figure = style.figure(columns, height_mm=64 if columns == 1 else 105)
    figure.set_layout_engine("none")  # the others leave a box in space half of the page
    axes: Any = figure.add_axes((-0.05, 0, 1, 1), projection="3d")
    for polarity, (name, colour) in enumerate(_POLARITIES):
        i = at[events.p[at] == polarity]
        axes.scatter(
            *((events.t[i] - events.t[0]) / 1000, events.x[i], events.y[i]),
            s=0.4 * columns,
            color=colour,
            linewidths=0,
            depthshade=False,
            rasterized=True,  # twelve thousand dots are a picture, not a drawing
            label=name,
        )
    axes.tick_params(pad=-2)
    axes.set_xlabel("time (ms)", labelpad=-5)
    axes.set_ylabel("x (px)", labelpad=-5)
    axes.set_zlabel("y (px)", labelpad=-5)
    axes.set_ylim(0, events.width)
    axes.set_zlim(events.height, 0)
    # Seen nearly from its end, an axis has room for few numbers.
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_locator(MaxNLocator(2))
    axes.zaxis.set_major_locator(MaxNLocator(4))
    axes.set_box_aspect((2, 1, 1), zoom=1.0 + 0.1 * columns)
    axes.view_init(elev=18, azim=-55)
    figure.legend(loc="upper right", ncols=2, markerscale=6)
    return figure


def _cloud_rows(recording: Recording) -> Iterator[dict[str, int]]:
    events = recording.events
    for i in overview.spread(events, MOST):
        yield {name: int(getattr(events, name)[i]) for name in "txyp"}


def _one(columns: int) -> tuple[Figure, Axes]:
    figure = style.figure(columns, height_mm=50)
    return figure, figure.subplots()


def _steps(axes: Axes, n: np.ndarray, edges: np.ndarray, colour: str, name: str) -> None:
    """Draw a histogram on logarithmic axes, which have no 0: empty bins are left out."""
    axes.set_xscale("log")
    axes.set_yscale("log")
    drawn = np.maximum(n, 0.5)
    axes.stairs(drawn, edges, baseline=0.5, fill=True, color=colour, alpha=0.25)
    axes.stairs(drawn, edges, baseline=0.5, color=colour, linewidth=0.8, label=name)
    axes.set_ylim(0.6, max(axes.get_ylim()[1], 2 * float(n.max(initial=1))))


PICTURES = (
    Picture(
        "recording_rate",
        "Event rate",
        _draw_rate,
        _rate_rows,
        f"ON and OFF events per second in {PARTS} equal parts of the recording, one on the other.",
    ),
    Picture(
        "recording_cloud",
        "Events in space and time",
        _draw_cloud,
        lambda recording: list(_cloud_rows(recording)),
        f"Each dot is an event. Of more than {MOST:,}, so many, evenly spread over their order.",
    ),
    Picture(
        "recording_pixels",
        "Events of a pixel",
        _draw_pixels,
        _pixel_rows,
        "Number of pixels by their ON and OFF events, both axes logarithmic; pixels that saw none "
        "are left out.",
    ),
    Picture(
        "recording_waits",
        "Waits of a pixel",
        _draw_waits,
        _wait_rows,
        "Times between events of the same pixel, in bins of equal ratio, both axes logarithmic.",
        _no_wait,
    ),
)
