"""Draw docs/gestures.gif, every simulated gesture as a film, and docs/directions.png, which way is
clockwise and which hand is right.

    python docs/simulated_gestures.py
"""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image, ImageDraw

from masnn.events import Events
from masnn.frames import fixed_duration, to_frames
from masnn.simulate import GESTURES, simulate_gesture

HERE = Path(__file__).parent
#: One seed for all: none is picked by hand.
SEED = 0
FILM_MS, N_FILM, COLUMNS, TILE_PX, LABEL_PX = 50.0, 40, 4, 128, 14
#: Between tiles, so that the longest name fits above one.
GAP_PX = 30
DIRECTIONS = (
    "right_hand_wave",
    "right_arm_clockwise",
    "right_arm_counter_clockwise",
    "left_hand_wave",
    "left_arm_clockwise",
    "left_arm_counter_clockwise",
)
#: A turn or so: longer, and the path runs over itself.
SHOWN_MS, START_MS, N_PATH = 650.0, 1500.0, 14


def film(frames: list[np.ndarray]) -> list[Image.Image]:
    """Return one picture a step, the gestures side by side; frames are (n, 2, H, W) each."""
    rows = -(-len(frames) // COLUMNS)
    pictures = []
    for step in range(N_FILM):
        sheet = Image.new("P", (COLUMNS * (TILE_PX + GAP_PX), rows * (TILE_PX + LABEL_PX)), 0)
        sheet.putpalette([255, 255, 255, 0, 114, 178, 213, 94, 0, 40, 40, 40])
        draw = ImageDraw.Draw(sheet)
        for i, (name, counts) in enumerate(zip(GESTURES, frames, strict=True)):
            x, y = i % COLUMNS * (TILE_PX + GAP_PX), i // COLUMNS * (TILE_PX + LABEL_PX)
            off, on = counts[step]
            tile = np.where(on > 0, 2, np.where(off > 0, 1, 0)).astype(np.uint8)
            sheet.paste(Image.fromarray(tile, "P"), (x, y + LABEL_PX))
            draw.text((x + 3, y + 1), name.replace("_", " "), fill=3)
        pictures.append(sheet)
    return pictures


def path_of(events: Events) -> np.ndarray:
    """Return where the events lie on average at each moment, (N_PATH, 2) as x, y in px."""
    edges = np.linspace(events.t[0], events.t[-1], N_PATH + 1)
    parts = [events.between(int(a), int(b)) for a, b in itertools.pairwise(edges)]
    return np.array([[np.median(part.x), np.median(part.y)] for part in parts])


def directions() -> Figure:
    """Draw one turn or stroke of each arm: late events dark, and the way they went."""
    figure = Figure(figsize=(8.4, 6.2), layout="constrained")
    for axes, gesture in zip(figure.subplots(2, 3).flat, DIRECTIONS, strict=True):
        events = simulate_gesture(gesture, SEED)
        start = int(events.t[0] + START_MS * 1000)
        seen = events.between(start, start + round(SHOWN_MS * 1000))
        late = (seen.t - seen.t[0]) / 1000
        axes.scatter(seen.x, seen.y, c=late, s=1.5, cmap="viridis_r", linewidths=0)
        path = path_of(seen)
        axes.plot(*path.T, color="#D55E00", lw=1.6)
        for a, b in zip(path[:-1:3], path[1::3], strict=False):
            axes.annotate("", xy=b, xytext=a, arrowprops={"arrowstyle": "-|>", "color": "#D55E00"})
        axes.set(xlim=(0, 128), ylim=(128, 0), xticks=[], yticks=[], aspect="equal")
        axes.set_title(gesture.replace("_", " "), fontsize=9)
    figure.suptitle(
        "Seen by the camera: the performer faces it, so the right arm is in the left half, and "
        "what is clockwise\nto the performer runs counter-clockwise in the picture. "
        f"Events of {SHOWN_MS:g} ms, late ones dark; the line is their middle.",
        fontsize=9,
    )
    return figure


if __name__ == "__main__":
    shown = []
    for gesture in GESTURES:
        events = simulate_gesture(gesture, SEED, duration_s=N_FILM * FILM_MS / 1000 + 0.2)
        edges = fixed_duration(FILM_MS, N_FILM, int(events.t[0]))
        shown.append(to_frames(events, edges, (events.height, events.width)).counts)
    first, *rest = film(shown)
    first.save(
        HERE / "gestures.gif", save_all=True, append_images=rest, duration=int(FILM_MS), loop=0
    )
    directions().savefig(HERE / "directions.png", dpi=90)
