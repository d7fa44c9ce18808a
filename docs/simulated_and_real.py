"""Draw docs/simulated-and-real.png: simulated hand waves beside real recordings of one.

    python docs/simulated_and_real.py REAL...

REAL are recordings of a DVS128; those of the figure are not this project's and are not shipped.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from masnn.events import Events
from masnn.frames import fixed_duration, to_frames
from masnn.readers import read_events
from masnn.simulate import GESTURES, simulate_gesture

STRIP_MS, N_STRIP = 40.0, 8
#: Simulated rows of the figure: seeds 0 to 3 of a right hand wave, none picked.
SEEDS = range(4)
#: Whole recordings of each gesture whose events are counted.
N_WHOLE = 6
#: Events of a recording of about 6 s in DVS128 Gesture: the order that its users report.
LITERATURE = (1e5, 1e6)


def frames(events: Events, dt_ms: float, n: int, start_ms: float = 500.0) -> np.ndarray:
    """Return event counts at the sensor's size, (n, 2, H, W)."""
    start = int(events.t[0] + start_ms * 1000)
    size = (events.height, events.width)
    return to_frames(events, fixed_duration(dt_ms, n, start), size).counts


def picture(counts: np.ndarray) -> np.ndarray:
    """Return OFF and ON counts (2, H, W) as an RGB image: ON red, OFF blue, on white."""
    off, on = np.minimum(counts / 3, 1)
    return np.stack([1 - off, 1 - np.maximum(on, off), 1 - on], axis=-1)


def main(files: list[str]) -> None:
    """Draw the figure."""
    real = {f"real: {Path(file).stem}": read_events(file) for file in files}
    waves = {
        f"simulated: right hand wave, seed {seed}": simulate_gesture("right_hand_wave", seed)
        for seed in SEEDS
    }
    rows = {**real, **waves}
    figure = Figure(figsize=(11, 1.45 * len(rows) + 3.6), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=[1.45 * len(rows), 3.6])
    grid = above.subplots(len(rows), N_STRIP, squeeze=False)
    for (name, events), line in zip(rows.items(), grid, strict=True):
        for axes, counts in zip(line, frames(events, STRIP_MS, N_STRIP), strict=True):
            axes.imshow(picture(counts), interpolation="nearest")
            axes.set(xticks=[], yticks=[])
            axes.set_title(" ", fontsize=7)  # room for what stands above a row
        title = line[0].text(
            0,
            1.05,
            f"{name}: {len(events):,} events in {events.duration_us / 1e6:.1f} s, "
            f"{events.n_on / len(events):.0%} ON",
            fontsize=8,
            transform=line[0].transAxes,
        )
        title.set_in_layout(False)  # it runs over its neighbours, which have none
    rate, pixel, amount, share = below.subplots(1, 4)
    for name, events in rows.items():
        style = {"color": "#D55E00", "lw": 1.5} if name in real else {"color": "#0072B2", "lw": 0.7}
        edges = np.arange(0, events.duration_us / 1000, 50)
        counts, _ = np.histogram((events.t - events.t[0]) / 1000, edges)
        rate.plot(edges[1:] / 1000, counts / 50, **style)
        cells = np.bincount(events.y.astype(int) * 128 + events.x, minlength=128 * 128)
        pixel.plot(np.linspace(0, 1, cells.size), np.sort(cells)[::-1] + 1, **style)
    rate.set(title="event rate, 1000/s", xlabel="time, s", yscale="log")
    pixel.set(title="events of each pixel, + 1", xlabel="share of pixels", yscale="log")
    pixel.set_xlim(0, 0.6)
    amount.axvspan(*LITERATURE, color="0.9", zorder=0)
    for i, gesture in enumerate(GESTURES):
        whole = [simulate_gesture(gesture, 100 + s) for s in range(N_WHOLE)]
        style = {"s": 9, "color": "#0072B2"}
        amount.scatter([len(events) for events in whole], [i] * N_WHOLE, **style)
        share.scatter([events.n_on / len(events) for events in whole], [i] * N_WHOLE, **style)
    for events in real.values():
        amount.axvline(len(events) * 6e6 / events.duration_us, color="#D55E00")
        share.axvline(events.n_on / len(events), color="#D55E00")
    amount.set(title=f"events in 6 s, {N_WHOLE} seeds each", xscale="log")
    amount.set_yticks(range(len(GESTURES)), [g.replace("_", " ") for g in GESTURES], fontsize=7)
    share.set(title="share of ON events", xlim=(0.2, 0.8), yticks=[])
    for axes in (rate, pixel, amount, share):
        axes.title.set_fontsize(9)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
    figure.savefig(Path(__file__).with_name("simulated-and-real.png"), dpi=110)


if __name__ == "__main__":
    main(sys.argv[1:])
