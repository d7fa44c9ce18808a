"""Handwritten-looking digits: strokes as splines, bent by chance, drawn with a soft pen.

Drawn digits are laid out as MNIST's (LeCun et al. 1998): scaled to fit a box of 20 px with its
aspect ratio kept, then placed with the centre of mass in the middle of the field.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Stroke = tuple[tuple[float, float], ...]

#: Ways to write each digit: control points (x right, y down, box height 1) of each pen stroke.
#: Strokes that meet share a point, which keeps the corner sharp.
STROKES: dict[int, tuple[tuple[Stroke, ...], ...]] = {
    0: (
        (
            (
                (0.50, 0.00),
                (0.22, 0.12),
                (0.05, 0.42),
                (0.08, 0.76),
                (0.34, 1.00),
                (0.64, 0.92),
                (0.84, 0.62),
                (0.82, 0.26),
                (0.62, 0.05),
                (0.46, 0.01),
            ),
        ),
    ),
    1: ((((0.34, 0.00), (0.33, 0.50), (0.32, 1.00)),),),
    2: (
        (
            ((0.08, 0.24), (0.34, 0.01), (0.70, 0.14), (0.66, 0.44), (0.36, 0.76), (0.04, 0.97)),
            ((0.04, 0.97), (0.42, 0.92), (0.86, 0.94)),
        ),
        (
            (
                (0.10, 0.20),
                (0.40, 0.00),
                (0.70, 0.16),
                (0.62, 0.48),
                (0.34, 0.82),
                (0.10, 0.96),
                (0.02, 0.84),
                (0.20, 0.74),
                (0.50, 0.88),
                (0.90, 0.96),
            ),
        ),
    ),
    3: (
        (
            ((0.08, 0.12), (0.42, 0.00), (0.72, 0.14), (0.62, 0.38), (0.30, 0.48)),
            ((0.30, 0.48), (0.66, 0.54), (0.74, 0.78), (0.44, 0.99), (0.02, 0.90)),
        ),
    ),
    4: (
        (
            ((0.16, 0.04), (0.10, 0.30), (0.06, 0.54)),
            ((0.06, 0.54), (0.36, 0.55), (0.86, 0.50)),
            ((0.70, 0.00), (0.64, 0.44), (0.58, 1.00)),
        ),
        (
            ((0.20, 0.06), (0.08, 0.40), (0.24, 0.56), (0.52, 0.50), (0.66, 0.40)),
            ((0.72, 0.00), (0.64, 0.44), (0.60, 1.00)),
        ),
    ),
    5: (
        (
            ((0.30, 0.03), (0.56, 0.03), (0.88, 0.00)),
            ((0.30, 0.03), (0.24, 0.20), (0.16, 0.42)),
            ((0.16, 0.42), (0.48, 0.38), (0.72, 0.60), (0.58, 0.90), (0.30, 1.00), (0.00, 0.92)),
        ),
    ),
    6: (
        (
            (
                (0.52, 0.00),
                (0.25, 0.28),
                (0.08, 0.66),
                (0.18, 0.95),
                (0.48, 0.98),
                (0.68, 0.78),
                (0.56, 0.54),
                (0.30, 0.56),
                (0.08, 0.74),
            ),
        ),
        (
            (
                (0.34, 0.00),
                (0.14, 0.36),
                (0.06, 0.72),
                (0.22, 0.98),
                (0.52, 0.94),
                (0.62, 0.70),
                (0.40, 0.56),
                (0.08, 0.74),
            ),
        ),
    ),
    7: (
        (
            ((0.02, 0.10), (0.36, 0.05), (0.76, 0.04)),
            ((0.76, 0.04), (0.58, 0.42), (0.40, 1.00)),
        ),
        (
            ((0.02, 0.16), (0.06, 0.06), (0.40, 0.04), (0.76, 0.03)),
            ((0.76, 0.03), (0.62, 0.42), (0.50, 1.00)),
        ),
    ),
    8: (
        (
            (
                (0.72, 0.14),
                (0.44, 0.00),
                (0.16, 0.18),
                (0.36, 0.44),
                (0.62, 0.68),
                (0.46, 0.98),
                (0.12, 0.92),
                (0.20, 0.64),
                (0.52, 0.42),
                (0.72, 0.14),
            ),
        ),
    ),
    9: (
        (
            (
                (0.68, 0.16),
                (0.42, 0.01),
                (0.10, 0.20),
                (0.16, 0.44),
                (0.46, 0.42),
                (0.68, 0.16),
            ),
            ((0.68, 0.16), (0.62, 0.54), (0.50, 1.00)),
        ),
    ),
}

_POINTS_PER_SPAN = 20
#: Drawn pixels per px: the digit is later sampled between pixels, so it is drawn finer.
FINENESS = 3


@dataclass(frozen=True)
class Pen:
    """Hold how a digit is written.

    Args:
        slant: Shear to the right, as tangent of the angle from upright.
        turn_rad: Rotation, clockwise.
        widening: Factor on the width of the digit.
        wobble: Size of the smooth random bending, as a share of the digit's height.
        width_px: Width of the stroke.
        softness_px: Distance over which the edge of the stroke fades.
        box_px: Longer side of the digit, strokes included.
    """

    slant: float
    turn_rad: float
    widening: float
    wobble: float
    width_px: float
    softness_px: float
    box_px: float

    @classmethod
    def by_chance(cls, rng: np.random.Generator) -> Pen:
        """Return a pen as a random writer of MNIST might hold it."""
        return cls(
            slant=float(rng.normal(0.15, 0.18)),
            turn_rad=float(rng.normal(0.0, 0.06)),
            widening=float(rng.lognormal(0.0, 0.12)),
            wobble=0.03,
            width_px=float(rng.lognormal(np.log(2.5), 0.22)),
            softness_px=1.4,
            box_px=19.5,
        )


def draw_digit(digit: int, pen: Pen, size_px: int, rng: np.random.Generator) -> Array:
    """Return the coverage by ink of a digit, 0 to 1, shape (size_px * FINENESS,) * 2."""
    ways = STROKES[digit]
    points = np.concatenate([_spline(np.array(s)) for s in ways[rng.integers(len(ways))]])
    points = _bend(points, pen, rng)
    return _placed(points, pen, size_px)


def draw_strokes(strokes: Sequence[Sequence[tuple[float, float]]], pen: Pen, size_px: int) -> Array:
    """Return the coverage by ink of somebody's own drawing, laid out as `draw_digit` does.

    Args:
        strokes: Points (x right, y down) of each stroke, in any unit.
        pen: Its width, softness and box.
        size_px: Side of the field.

    Raises:
        ValueError: If there is no point.
    """
    lines = [np.array(stroke, dtype=np.float64) for stroke in strokes if len(stroke)]
    if not lines:
        raise ValueError("a drawing needs at least one point")
    return _placed(_dense(lines), pen, size_px)


def _dense(lines: Sequence[Array]) -> Array:
    """Return points no further apart than a hundredth of the drawing along each line, (n, 2)."""
    every = np.concatenate(lines)
    reach = float(np.ptp(every, axis=0).max()) or 1.0
    points = [every]
    for line in lines:
        for start, end in itertools.pairwise(line):
            n = math.ceil(float(np.hypot(*(end - start))) / reach * 100)
            points.append(start + np.linspace(0, 1, n + 1)[:-1, None] * (end - start))
    # Neighbours nearer than that say the same, and a mouse sends many.
    return np.unique(np.rint(np.concatenate(points) / reach * 200), axis=0) * (reach / 200)


def _placed(points: Array, pen: Pen, size_px: int) -> Array:
    """Return the ink of points, scaled to the pen's box, centre of mass in the field's middle."""
    low, high = points.min(axis=0), points.max(axis=0)
    scale = (pen.box_px - pen.width_px) / (float(np.max(high - low)) or 1.0)
    points = (points - (low + high) / 2) * scale
    # First in the middle of the box; then moved by its centre of mass, as MNIST's digits are.
    middle = size_px / 2
    ink = _ink(points + middle, pen, size_px)
    grid = (np.arange(ink.shape[0]) + 0.5) / FINENESS
    mass = np.array([ink.sum(axis=0) @ grid, ink.sum(axis=1) @ grid]) / ink.sum()
    return _ink(points + 2 * middle - mass, pen, size_px)


def _spline(control: Array) -> Array:
    """Return points on the Catmull-Rom spline through the control points, shape (n, 2)."""
    # Ends are continued straight on, so that the curve starts at the first point.
    padded = np.vstack([2 * control[0] - control[1], control, 2 * control[-1] - control[-2]])
    u = np.linspace(0, 1, _POINTS_PER_SPAN)[:, None]
    spans = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        spans.append(
            0.5
            * (
                2 * b
                + (c - a) * u
                + (2 * a - 5 * b + 4 * c - d) * u**2
                + (3 * b - a - 3 * c + d) * u**3
            )
        )
    return np.concatenate(spans)


def _bend(points: Array, pen: Pen, rng: np.random.Generator) -> Array:
    """Return the points after smooth random bending, widening, slant and rotation."""
    bent = points.copy()
    # A field of slow waves moves neighbours alike: strokes that meet stay joined.
    for cycles in (0.5, 1.0):
        waves = rng.normal(size=(2, 2)) * 2 * np.pi * cycles
        phases = rng.uniform(0, 2 * np.pi, 2)
        bent += pen.wobble * np.sqrt(2) * np.sin(points @ waves.T / np.sqrt(2) + phases)
    bent[:, 0] = bent[:, 0] * pen.widening + pen.slant * (0.5 - bent[:, 1])
    cosine, sine = np.cos(pen.turn_rad), np.sin(pen.turn_rad)
    turned: Array = bent @ np.array([[cosine, sine], [-sine, cosine]])
    return turned


def _ink(points: Array, pen: Pen, size_px: int) -> Array:
    """Return the coverage of strokes through `points` (px from the top left of the field)."""
    grid = (np.arange(size_px * FINENESS) + 0.5) / FINENESS
    squared = np.full((grid.size, grid.size), np.inf)
    for x, y in points:
        np.minimum(squared, (grid - x) ** 2 + ((grid - y) ** 2)[:, None], out=squared)
    depth = (pen.width_px / 2 - np.sqrt(squared)) / pen.softness_px + 0.5
    depth = np.clip(depth, 0, 1)
    coverage: Array = depth * depth * (3 - 2 * depth)
    return coverage
