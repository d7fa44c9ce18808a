"""The room around a performer: its light, what stands behind, and how a moment of it looks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Rng = np.random.Generator

#: Side of the sensor in px.
SENSOR_PX = 128

#: Luminance that a dark current adds; bounds the contrast of black.
_DARK = 0.01
#: No shape moves farther than this between two rendered frames, in px.
_STEP_PX = 0.6
_LONGEST_STEP_MS = 8
#: Share of rooms whose wall is surely darker than the performer's skin. Which way a hand moves can
#: be read from the order of ON and OFF events only where it is known to be the brighter one.
_DARK_WALLS = 0.95
#: Least log contrast of skin to wall and clothing.
_LEAST_CONTRAST = 0.35


@dataclass(frozen=True)
class Light:
    """An illumination: how bright, how even, how it flickers.

    Args:
        name: What it is called.
        level: Luminance of a white surface; slows and darkens the camera's pixels.
        gradient: Log intensity from one side of the picture to the other.
        flicker: Depth of the flicker of the mains, 0-1.
        flicker_hz: Its frequency, twice that of the mains.
    """

    name: str
    level: float
    gradient: float = 0.0
    flicker: float = 0.0
    flicker_hz: float = 100.0


def lights(rng: Rng) -> tuple[Light, ...]:
    """Return natural, fluorescent and LED light as a room may have them."""
    return (
        Light("natural", float(rng.uniform(0.15, 0.6)), float(rng.normal(0, 0.5))),
        Light("fluorescent", float(rng.uniform(0.5, 1.0)), float(rng.normal(0, 0.15)),
              flicker=float(rng.choice((0.0, 0.0, 0.02))),
              flicker_hz=float(rng.choice((100.0, 120.0)))),
        Light("led", float(rng.uniform(0.4, 1.0)), float(rng.normal(0, 0.35))),
    )  # fmt: skip


def contrasting(skin: float, bounds: tuple[float, float], rng: Rng) -> float:
    """Return a luminance within bounds, log-uniform, against which skin can be told.

    A hand of its ground's luminance makes no events: nobody could say what it does.
    """
    while True:
        luminance = float(np.exp(rng.uniform(*np.log(bounds))))
        if abs(np.log(luminance / skin)) > _LEAST_CONTRAST:
            return luminance


class Backdrop:
    """What stands behind the performer; in some rooms it sways, as a curtain or a plant does."""

    def __init__(self, light: Light, skin: float, rng: Rng) -> None:
        margin = 4
        side = SENSOR_PX + 2 * margin
        # Most performers stand before something darker than their hands.
        bounds = (0.03, 0.55 * skin) if rng.random() < _DARK_WALLS else (0.06, 0.95)
        image = np.full((side, side), contrasting(skin, bounds, rng))
        for _ in range(int(rng.integers(0, 7))):
            (x0, x1), (y0, y1) = (np.sort(rng.integers(0, side, 2)) for _ in range(2))
            image[y0:y1, x0:x1] *= np.exp(rng.normal(0, 0.4))
        self._image = np.clip(image, 0.02, 1.0)
        self._margin = margin
        self.sways = bool(rng.random() < 0.2)
        self._reach = float(rng.uniform(0.3, 1.5)) if self.sways else 0.0
        self._hz = float(rng.uniform(0.2, 1.0))
        rows, columns = np.mgrid[-0.5 : 0.5 : SENSOR_PX * 1j, -0.5 : 0.5 : SENSOR_PX * 1j]
        angle = float(rng.uniform(0, 2 * np.pi))
        slope = np.cos(angle) * columns + np.sin(angle) * rows
        self.light = light.level * np.exp(light.gradient * slope)

    def at(self, t_s: float) -> Array:
        """Return the luminance at a time, shape (128, 128)."""
        shift = self._reach * np.sin(2 * np.pi * self._hz * t_s)
        whole = int(np.floor(shift))
        share, start = shift - whole, self._margin + whole
        rows = slice(self._margin, self._margin + SENSOR_PX)
        here = self._image[rows, start : start + SENSOR_PX]
        after = self._image[rows, start + 1 : start + 1 + SENSOR_PX]
        moved: Array = here + share * (after - here)
        return moved


def moments(ends: Array, light: Light) -> NDArray[np.intp]:
    """Return the ms at which to render: dense enough that nothing jumps.

    Args:
        ends: Ends and radii of all shapes at every ms, px, shape (n, k, 6).
        light: A flickering one is rendered at every ms.
    """
    places = ends[..., (0, 1, 3, 4)]
    # What leaves the picture may be fast; it does not matter there.
    fastest = np.abs(np.diff(np.clip(places, -20, SENSOR_PX + 20), axis=0)).max(axis=(1, 2))
    longest = 1 if light.flicker else _LONGEST_STEP_MS
    path = np.concatenate([[0.0], np.cumsum(np.maximum(fastest / _STEP_PX, 1 / longest))])
    wanted = np.searchsorted(path, np.arange(0.0, path[-1], 1.0))
    return np.unique(np.append(wanted, len(path) - 1))


def render(
    ends: Array,
    looks: Array,
    depth: Array,
    backdrop: Backdrop,
    light: Light,
    times: NDArray[np.intp],
    softness: float,
) -> Iterator[Array]:
    """Yield the log intensity at each time, shape (128, 128).

    Args:
        ends: Ends and radii in px at each time, shape (n, k, 6).
        looks: As `_loops.draw` wants them, shape (k, 5).
        depth: Distance of each shape, shape (n, k).
        backdrop: What stands behind.
        light: The illumination.
        times: Times in ms, shape (n,).
        softness: Width of an edge in px.
    """
    from masnn.simulate._loops import draw, to_log  # Numba, only where something is simulated

    order = np.argsort(-depth, axis=1, kind="stable")
    still = backdrop.at(0.0)
    still_log = np.log(still * backdrop.light + _DARK)
    for i, ms in enumerate(times):
        image = backdrop.at(ms / 1000) if backdrop.sways else still.copy()
        draw(image, ends[i], looks, order[i], softness)
        if backdrop.sways:
            frame = np.log(image * backdrop.light + _DARK)
        else:
            frame = to_log(image, still, still_log, backdrop.light, _DARK)
        if light.flicker:
            frame += light.flicker * np.sin(2 * np.pi * light.flicker_hz * ms / 1000)
        yield frame
