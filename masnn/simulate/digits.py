"""Digits as N-MNIST shows them: a glyph, three saccades, an event camera.

N-MNIST (Orchard et al., Frontiers in Neuroscience 9:437, 2015) was recorded by an ATIS camera on a
pan-tilt unit that looked at MNIST digits on a monitor in three saccades of about 100 ms each. The
motion, contrast and noise used here were measured from 1000 of its recordings, the first of the
training part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from masnn.events import Events
from masnn.simulate.camera import EventCamera
from masnn.simulate.glyphs import FINENESS, Pen, draw_digit, draw_strokes

Array = NDArray[np.float64]

#: Side of the sensor in px.
SENSOR_PX = 34

#: ATIS as it looks in N-MNIST. The threshold is arbitrary: only contrast / threshold is observable.
ATIS = EventCamera(
    threshold_on=0.196,
    threshold_off=0.2,
    threshold_sigma=0.2,
    refractory_us=1700,
    noise_hz=0.4,
)

#: Log contrast of a full stroke, almost 9 thresholds: chosen to give as many events as recorded.
#: Net of what is lost to the refractory period it gives the 6.5 of images rebuilt from recordings.
_CONTRAST = 1.75
_CONTRAST_SPREAD = 0.15

#: Where the digit is every 10 ms (x, y in px from its first place), fitted to 60 recordings so
#: that a still image moved along it explains their events. A triangle: down and a little right,
#: right and up, back left.
_PATH_STEP_US = 10_000.0
# fmt: off
_PATH_PX = np.array([
    (0.00, 0.00), (0.00, 0.05), (-0.03, 0.33), (-0.08, 1.06), (-0.05, 2.12), (0.10, 3.30),
    (0.67, 4.30), (1.33, 5.01), (1.64, 5.17), (1.73, 5.19), (1.82, 5.15), (1.97, 5.09),
    (2.20, 5.07), (2.62, 4.82), (3.34, 4.14), (3.86, 3.01), (4.10, 1.68), (4.48, 0.66),
    (4.79, 0.16), (4.94, 0.05), (5.08, 0.06), (5.30, 0.08), (5.39, 0.07), (5.32, 0.07),
    (4.55, 0.09), (3.53, 0.07), (2.49, 0.00), (1.53, -0.11), (0.95, -0.23), (0.50, -0.27),
    (0.32, -0.27), (0.31, -0.26), (0.31, -0.26),
])
# fmt: on
#: First place of the digit's centre in the field, px.
_START_PX = (15.0, 15.9)
_START_SPREAD_PX = 0.3
#: Middles of the three saccades, each of which starts early or late by chance.
_SACCADES_US = (50_000.0, 150_000.0, 260_000.0)
_SACCADE_SPREAD_US = 2_500.0
#: Recordings end between these times (5 % and 95 % of the real ones).
_END_US = (303_000, 312_000)
_FRAME_STEP_US = 1_000.0
#: The drawn field is larger than the sensor view by this much per side, so it can move inside.
_MARGIN_PX = 8
_FIELD_PX = SENSOR_PX + 2 * _MARGIN_PX

#: What drawings are drawn anew with: the middle of `Pen.by_chance`, upright and straight.
_PEN = Pen(0.0, 0.0, 1.0, 0.0, width_px=2.5, softness_px=1.4, box_px=19.5)


def simulate_digit(digit: int, seed: int) -> Events:
    """Return a recording of a handwritten-looking digit in the manner of N-MNIST.

    ON events lie at the trailing edges of the strokes, as they do in the real recordings: strokes
    act as darker than their ground.

    Args:
        digit: 0 to 9.
        seed: Chooses writing, motion, mismatch and noise; equal seeds give equal events.

    Raises:
        ValueError: If `digit` is not 0 to 9.
    """
    if digit not in range(10):
        raise ValueError(f"digit must be 0 to 9, found {digit!r}")
    # The digit is part of the seed: two digits of one seed share neither writer nor noise.
    rng = np.random.default_rng((seed, digit))
    return _recorded(draw_digit(digit, Pen.by_chance(rng), _FIELD_PX, rng), rng)


def simulate_strokes(strokes: Sequence[Sequence[tuple[float, float]]], seed: int) -> Events:
    """Return a recording of somebody's own drawing in the manner of N-MNIST.

    It is drawn anew with a pen as wide as MNIST's, fitted into MNIST's box of 20 px and placed by
    its centre of mass, whatever its size and place were.

    Args:
        strokes: Points (x right, y down) of each stroke, in any unit.
        seed: Chooses motion, mismatch and noise.

    Raises:
        ValueError: If there is no point.
    """
    rng = np.random.default_rng(seed)
    return _recorded(draw_strokes(strokes, _PEN, _FIELD_PX), rng)


def _recorded(ink: Array, rng: np.random.Generator) -> Events:
    """Return what the camera sees of ink (coverage of the drawn field) in three saccades."""
    contrast = _CONTRAST * float(rng.lognormal(0.0, _CONTRAST_SPREAD))
    times = np.append(np.arange(0.0, _END_US[0], _FRAME_STEP_US), float(rng.integers(*_END_US)))
    path = saccade_path(times, rng) + _START_PX + rng.normal(0.0, _START_SPREAD_PX, 2)
    return ATIS.record((-contrast * view for view in _views(ink, path)), times, rng)


def saccade_path(times_us: Array, rng: np.random.Generator) -> Array:
    """Return the place of the digit at each time, shape (n, 2), x and y in px from the first one.

    Args:
        times_us: Times in us, shape (n,); after 320 ms the digit rests.
        rng: Chooses how early or late each saccade is.
    """
    delays = rng.normal(0.0, _SACCADE_SPREAD_US, len(_SACCADES_US))
    clock = times_us - np.interp(times_us, _SACCADES_US, delays)
    knots = np.arange(len(_PATH_PX)) * _PATH_STEP_US
    return np.stack([np.interp(clock, knots, _PATH_PX[:, axis]) for axis in (0, 1)], axis=1)


def _views(ink: Array, path: Array) -> Iterator[Array]:
    """Yield what the sensor sees with the middle of `ink` at each place, shape (34, 34)."""
    middle = ink.shape[0] / FINENESS / 2
    centres = np.arange(SENSOR_PX) + 0.5
    for x, y in path:
        columns, column_share = _samples(centres - x + middle)
        rows, row_share = _samples(centres - y + middle)
        upper, lower = ink[rows], ink[rows + 1]
        lines = upper + row_share[:, None] * (lower - upper)
        yield lines[:, columns] + column_share * (lines[:, columns + 1] - lines[:, columns])


def _samples(places_px: Array) -> tuple[NDArray[np.intp], Array]:
    """Return the drawn pixel before each place and the share of the next one, for interpolation."""
    drawn = places_px * FINENESS - 0.5
    before = np.floor(drawn).astype(np.intp)
    return before, drawn - before
