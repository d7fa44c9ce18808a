"""The two loops over pixels that NumPy is too slow for, compiled by Numba on first use (cached)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Share of a threshold by which rounding may keep a crossing short: 5 x 0.2 must count as 1.0.
_CROSSING_SLACK = 1e-9
#: Log intensity by which a slow pixel may lag behind a still scene and count as arrived.
_SETTLED = 1e-4


@njit(cache=True)
def expose(
    frame: Array,
    start: float,
    stop: float,
    level: Array,
    change: Array,
    seen: Array,
    ready: Array,
    on: Array,
    off: Array,
    leak: Array,
    bandwidth: Array,
    refractory: float,
) -> Any:
    """Let every pixel see the level go from where it is to `frame`; return its events.

    A pixel that sees no change is left alone until it does, or until `stop` is told to be the end
    by an infinite `start`: its leak events are made up for then.

    All arrays are flat, one entry per pixel; `level`, `change`, `seen` and `ready` are updated.

    Args:
        frame: Log intensity at `stop`.
        start: Time of the last frame in us; infinite to make up for all that is left.
        stop: Time of this frame in us.
        level: Photoreceptor output at `start`.
        change: Level minus the level that the comparators compare with, leak included, at `seen`.
        seen: Time up to which each pixel was followed.
        ready: End of the refractory time in us.
        on: Threshold of ON events.
        off: Threshold of OFF events, positive.
        leak: Growth of `change` per us.
        bandwidth: Corner of the photoreceptor's low pass in radians per us; infinite for none.
        refractory: Dead time after an event in us.

    Returns:
        Pixel, time in us and polarity (1 = ON) of each event, ordered by pixel, then time.
    """
    capacity = 1024
    pixels = np.empty(capacity, np.int64)
    times = np.empty(capacity, np.float64)
    polarities = np.empty(capacity, np.uint8)
    n = 0
    flush = np.isinf(start)
    for i in range(frame.size):
        begin = level[i]
        end = frame[i]
        if end == begin and not flush:
            continue
        if flush:
            start = stop
        elif np.isfinite(bandwidth[i]):
            end = begin - np.expm1(-bandwidth[i] * (stop - start)) * (end - begin)
            if abs(end - frame[i]) < _SETTLED:
                end = frame[i]
        level[i] = end
        # First what leaked away unseen, then what happens now.
        for part in range(2):
            since = seen[i] if part == 0 else start
            until = start if part == 0 else stop
            if since >= until:
                continue
            slope = leak[i] if part == 0 else (end - begin) / (until - since) + leak[i]
            if slope == 0.0 or ready[i] > until:
                continue
            t = since
            d = change[i]
            if ready[i] > since:  # wakes on the way, with that moment's level as its reference
                t = ready[i]
                d = 0.0
            while True:
                last = d + slope * (until - t)
                if last >= on[i] * (1 - _CROSSING_SLACK):
                    step = on[i]
                elif -last >= off[i] * (1 - _CROSSING_SLACK):
                    step = -off[i]
                else:
                    change[i] = last
                    break
                # Rounding may place a crossing a hair outside the time in which it must lie.
                t = min(max(t + (step - d) / slope, t), until)
                if n == capacity:
                    capacity *= 2
                    pixels = _grown(pixels, capacity)
                    times = _grown(times, capacity)
                    polarities = _grown(polarities, capacity)
                pixels[n], times[n], polarities[n] = i, t, step > 0
                n += 1
                t += refractory
                d = 0.0
                ready[i] = t
                if t > until:
                    change[i] = 0.0
                    break
        seen[i] = stop
    return pixels[:n], times[:n], polarities[:n]


@njit(cache=True)
def _grown(values: Any, capacity: int) -> Any:
    bigger = np.empty(capacity, values.dtype)
    bigger[: values.size] = values
    return bigger


@njit(cache=True)
def draw(image: Array, shapes: Array, looks: Array, order: Any, softness: float) -> None:
    """Draw tapered capsules over `image`, in `order`, with soft edges.

    Args:
        image: Luminance, shape (H, W); is changed.
        shapes: Ends and radii in px, (x0, y0, r0, x1, y1, r1) each, shape (n, 6).
        looks: Luminance, darkening of the rim (0-1), depth of the stripes (0-1), stripes along
            the whole length, phase of the stripes; shape (n, 5).
        order: Indices of the capsules, the farthest first.
        softness: Width of an edge in px.
    """
    height, width = image.shape
    for k in order:
        x0, y0, r0, x1, y1, r1 = shapes[k]
        luminance, rim, stripes, n_stripes, phase = looks[k]
        reach = max(r0, r1) + softness
        left = max(0, int(np.floor(min(x0, x1) - reach)))
        right = min(width, int(np.ceil(max(x0, x1) + reach)) + 1)
        top = max(0, int(np.floor(min(y0, y1) - reach)))
        bottom = min(height, int(np.ceil(max(y0, y1) + reach)) + 1)
        dx, dy = x1 - x0, y1 - y0
        squared = dx * dx + dy * dy + 1e-12
        for row in range(top, bottom):
            for column in range(left, right):
                px, py = column + 0.5 - x0, row + 0.5 - y0
                along = min(max((px * dx + py * dy) / squared, 0.0), 1.0)
                radius = r0 + (r1 - r0) * along
                far = np.sqrt((px - along * dx) ** 2 + (py - along * dy) ** 2)
                cover = min(max(0.5 - (far - radius) / softness, 0.0), 1.0)
                if cover > 0.0:
                    inside = min(far / radius, 1.0)
                    light = luminance * (1.0 - rim * inside * inside)
                    if stripes > 0.0:
                        light *= 1.0 + stripes * np.sin(6.2831853 * n_stripes * along + phase)
                    image[row, column] += cover * (light - image[row, column])


@njit(cache=True)
def to_log(image: Array, still: Array, still_log: Array, light: Array, dark: float) -> Any:
    """Return log(image * light + dark), shape (H, W), taken from `still_log` where nothing changed.

    Args:
        image: Luminance.
        still: Luminance of the empty scene.
        still_log: What this function returns for it.
        light: Illumination.
        dark: Dark current.
    """
    frame = still_log.copy()
    for i in range(image.shape[0]):
        for j in range(image.shape[1]):
            if image[i, j] != still[i, j]:
                frame[i, j] = np.log(image[i, j] * light[i, j] + dark)
    return frame
