"""The player as a film: the input, A, B and B - A of one layer, step by step, an animated GIF."""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import pairwise

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from masnn import clock, rates
from masnn.report import style
from masnn.report.panel import DRAWING
from masnn.report.step import scales
from masnn.report.subject import Subject
from masnn.sides import joined, no_difference

#: The whole plays for about so long, whatever the number of steps; nothing faster than a screen.
_LENGTH_MS = 6000
_LEAST_MS, _MOST_MS = 40, 500
#: GIF counts in hundredths of a second.
_UNIT_MS = 10

_DPI = 100
_COLOURS = 128


def film(subject: Subject) -> bytes:
    """Return the film of the layer that is looked at.

    Each frame is a tick of the clock that both networks share: every border of a step of A or of B
    begins one. Frames last as their ticks do, slowed or quickened as a whole.

    Args:
        subject: What to draw.
    """
    ticks_ms = subject.ticks_ms
    with DRAWING, matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(style.RC | {"font.size": 8, "axes.titlesize": 9})
        frames = [Image.fromarray(pixels) for pixels in _frames(subject)]
    slower = _LENGTH_MS / (ticks_ms[-1] - ticks_ms[0])
    lasts = [
        round(float(min(max(ms * slower, _LEAST_MS), _MOST_MS)) / _UNIT_MS) * _UNIT_MS
        for ms in np.diff(ticks_ms)
    ]
    # One palette for all, of frames from the whole film: they differ where something fires, and
    # nowhere else.
    some = frames[:: max(1, len(frames) // 8)]
    palette = Image.fromarray(np.concatenate([np.asarray(frame) for frame in some]))
    palette = palette.quantize(_COLOURS)
    drawn = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    content = io.BytesIO()
    drawn[0].save(
        content,
        format="GIF",
        save_all=True,
        append_images=drawn[1:],
        duration=lasts,
        loop=0,
        optimize=False,
    )
    return content.getvalue()


def _maps(subject: Subject) -> dict[str, NDArray[np.float64]]:
    """Return the share of channels that fire at each place, (T, H, W), of A and of B."""
    pair = joined(subject.a, subject.b)[subject.look.layer]
    return {
        who: layer.spikes.mean(1, dtype=np.float64)
        for who, layer in zip("AB", pair, strict=True)
        if layer is not None and len(layer.shape) == 3
    }


def _frames(subject: Subject) -> Iterator[NDArray[np.uint8]]:
    """Draw once, then change what changes: yield each frame's pixels, (H, W, 3)."""
    maps = _maps(subject)
    pair = joined(subject.a, subject.b)[subject.look.layer]
    both = not no_difference(subject.a, subject.b, *pair)
    edges = {who: side.edges_ms for who, side in subject.sides.items()}
    ticks_ms = subject.ticks_ms
    steps = {who: clock.own_steps(of, ticks_ms) for who, of in edges.items()}
    top, reach = scales(subject)
    figure = Figure(figsize=(7.6, 3.9), dpi=_DPI, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    above, below = figure.subfigures(2, 1, squeeze=False, height_ratios=[1.75, 1])[:, 0]
    planes = above.subplots(1, 1 + len(maps) + both, squeeze=False)[0]
    for axes in planes:
        style.bare(axes)
    eyes = "B" if "B" in maps else "A"
    scene, watching = subject.scene, subject.sides[eyes]
    planes[0].set_title(scene.input_title)
    shown = [planes[0].imshow(scene.image(watching, None))]
    for axes, who in zip(planes[1:], maps, strict=False):
        axes.set_title(subject.titles[who], color=style.COLOURS[who])
        shown.append(axes.imshow(maps[who][0], vmin=0, vmax=top, cmap=style.RATE_MAP))
    if both:
        planes[-1].set_title("B \u2212 A")
        shown.append(
            planes[-1].imshow(
                maps["B"][0] - maps["A"][0], vmin=-reach, vmax=reach, cmap=style.DIFFERENCE_MAP
            )
        )
    curves = below.subplots()
    for who, side in subject.sides.items():
        values = rates.nsfr(side.response.spikes)
        curves.stairs(values, edges[who], baseline=None, color=style.COLOURS[who], linewidth=1.4)
    curves.set_xlim(ticks_ms[0], ticks_ms[-1])
    curves.set_ylim(bottom=0)
    curves.set_ylabel("NSFR(t)")
    scene.name_time(curves)
    cursor = curves.axvspan(ticks_ms[0], ticks_ms[1], color="#000000", alpha=0.15, linewidth=0)
    title = figure.suptitle(" ", fontsize=9)
    canvas.draw()
    figure.set_layout_engine("none")  # laid out once: nothing moves from frame to frame
    for tick, (start, end) in enumerate(pairwise(ticks_ms)):
        at = {who: int(of[tick]) if of[tick] >= 0 else None for who, of in steps.items()}
        shown[0].set_data(scene.image(watching, at[eyes]))
        now = {
            who: np.zeros(values.shape[1:]) if at[who] is None else values[at[who]]
            for who, values in maps.items()
        }
        for image, who in zip(shown[1:], now, strict=False):
            image.set_data(now[who])
        if both:
            shown[-1].set_data(now["B"] - now["A"])
        cursor.set_x(start)
        cursor.set_width(end - start)
        title.set_text(f"{subject.look.layer} \u00b7 {scene.lies(start, end)}")
        canvas.draw()
        yield np.asarray(canvas.buffer_rgba())[..., :3].copy()
