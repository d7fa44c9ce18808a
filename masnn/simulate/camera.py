"""A small event camera: log intensity in, events out.

Each pixel remembers the log intensity of its last event and fires ON (OFF) whenever the intensity
has risen (fallen) by one contrast threshold since, as in Lichtsteiner et al. (2008) and the
simulators ESIM (Rebecq et al. 2018) and v2e (Hu et al. 2021). Between two rendered frames the log
intensity is taken to change linearly, so events get times finer than the frames.

Modelled: threshold mismatch between pixels, refractory period, bandwidth of the photoreceptor,
background noise. Not modelled: leak events, hot pixels, light-dependent bandwidth, bus saturation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from masnn.events import Events

#: Share of a threshold by which rounding may keep a crossing short: 5 x 0.2 must count as 1.0.
_CROSSING_SLACK = 1e-9

_Batch = tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.bool_]]


def log_intensity(intensity: ArrayLike, dark: float = 0.01) -> NDArray[np.float64]:
    """Return log(intensity + dark), what an event pixel compares.

    Args:
        intensity: Linear intensity, any shape, 0 or more in any unit.
        dark: Dark current in the same unit; keeps black finite and bounds the contrast.

    Raises:
        ValueError: If an intensity is negative or `dark` is not positive.
    """
    linear = np.asarray(intensity, dtype=np.float64)
    if dark <= 0 or (linear.size and linear.min() < 0):
        raise ValueError("intensity must be 0 or more and dark above 0")
    return np.log(linear + dark)


@dataclass(frozen=True)
class EventCamera:
    """Hold the traits of a simulated event camera.

    Args:
        threshold_on: Rise of log intensity per ON event (natural logarithm).
        threshold_off: Fall of log intensity per OFF event, positive.
        threshold_sigma: Mismatch between pixels: each threshold is multiplied by
            exp(sigma * N(0, 1)).
        refractory_us: Time after an event in which its pixel is held in reset, in us. It wakes
            with the intensity of that moment as reference, so changes meanwhile are lost.
        noise_hz: Background events per pixel and second, half ON, half OFF, uniform in time.
        bandwidth_hz: Corner frequency of the first-order photoreceptor in Hz; None = unlimited.

    Raises:
        ValueError: If a trait lies outside its range.
    """

    threshold_on: float = 0.2
    threshold_off: float = 0.2
    threshold_sigma: float = 0.0
    refractory_us: float = 0.0
    noise_hz: float = 0.0
    bandwidth_hz: float | None = None

    def __post_init__(self) -> None:
        if not (self.threshold_on > 0 and self.threshold_off > 0):
            raise ValueError("threshold_on and threshold_off must be above 0")
        if not (self.threshold_sigma >= 0 and self.refractory_us >= 0 and self.noise_hz >= 0):
            raise ValueError("threshold_sigma, refractory_us and noise_hz must be 0 or more")
        if self.bandwidth_hz is not None and not self.bandwidth_hz > 0:
            raise ValueError("bandwidth_hz must be above 0, or None for unlimited")

    def record(
        self, frames: Iterable[ArrayLike], times_us: ArrayLike, rng: np.random.Generator
    ) -> Events:
        """Return the events of a rendered scene.

        Args:
            frames: Log intensities (natural logarithm, see `log_intensity`), each of shape (H, W).
                Read one at a time, so a generator keeps memory small.
            times_us: Times of the frames in us, shape (n,), rising; n must be 2 or more.
            rng: Source of mismatch and noise: equal generators give equal events.

        Raises:
            ValueError: If frames and times differ in number, times do not rise, or frames differ in
                shape or are not finite.
        """
        times = np.asarray(times_us, dtype=np.float64)
        if times.ndim != 1 or times.size < 2 or not np.all(np.diff(times) > 0):
            raise ValueError("times_us must be 2 or more rising times")
        exposures = (_checked(frame) for frame in frames)
        first = next(exposures, None)
        if first is None:
            raise ValueError("frames is empty; one per time is needed")
        pixels = _Pixels(self, first.ravel(), rng)
        batches: list[_Batch] = []
        for start, stop, frame in zip(times[:-1], times[1:], exposures, strict=True):
            if frame.shape != first.shape:
                raise ValueError(f"frames must all be {first.shape}, found {frame.shape}")
            batches.extend(pixels.expose(frame.ravel(), float(start), float(stop)))
        pixel, t, on = (np.concatenate(parts) for parts in zip(_NO_EVENTS, *batches, strict=True))
        pixel, t, on = self._add_noise((pixel, t, on), first.size, times, rng)
        order = np.argsort(t, kind="stable")
        row, column = np.divmod(pixel[order], first.shape[1])
        return Events(
            x=column.astype(np.uint16),
            y=row.astype(np.uint16),
            t=np.floor(t[order]).astype(np.int64),
            p=on[order].astype(np.uint8),
            width=first.shape[1],
            height=first.shape[0],
        )

    def _add_noise(
        self, signal: _Batch, n_pixels: int, times: NDArray[np.float64], rng: np.random.Generator
    ) -> _Batch:
        """Return the signal with background events, none within the refractory time of another."""
        n_noise = int(rng.poisson(self.noise_hz * n_pixels * (times[-1] - times[0]) * 1e-6))
        if n_noise == 0:
            return signal
        pixel = np.concatenate([signal[0], rng.integers(0, n_pixels, n_noise)])
        t = np.concatenate([signal[1], rng.uniform(times[0], times[-1], n_noise)])
        on = np.concatenate([signal[2], rng.random(n_noise) < 0.5])
        is_noise = np.arange(pixel.size) >= signal[0].size
        order = np.lexsort((t, pixel))
        pixel, t, on, is_noise = pixel[order], t[order], on[order], is_noise[order]
        # Signal events already keep their distance; of a close pair the noise event gives way. An
        # event that went may have hidden that its neighbours are too close, hence the loop.
        while True:
            close = (pixel[1:] == pixel[:-1]) & (np.diff(t) < self.refractory_us)
            keep = np.ones(pixel.size, dtype=bool)
            keep[1:] &= ~(close & is_noise[1:])
            keep[:-1] &= ~(close & is_noise[:-1] & ~is_noise[1:])
            if keep.all():
                return pixel, t, on
            pixel, t, on, is_noise = pixel[keep], t[keep], on[keep], is_noise[keep]


def _checked(frame: ArrayLike) -> NDArray[np.float64]:
    """Return a frame as an array, refusing what has no events: not an image, or not finite."""
    array = np.asarray(frame, dtype=np.float64)
    if array.ndim != 2 or not np.isfinite(array).all():
        raise ValueError(f"frames must be finite and of shape (H, W), found {array.shape}")
    return array


class _Pixels:
    """Keep what each pixel remembers between frames; arrays are flat, one entry per pixel."""

    def __init__(
        self, camera: EventCamera, log_start: NDArray[np.float64], rng: np.random.Generator
    ) -> None:
        spread = np.exp(camera.threshold_sigma * rng.standard_normal((2, log_start.size)))
        self._on = camera.threshold_on * spread[0]
        self._off = camera.threshold_off * spread[1]
        self._refractory_us = camera.refractory_us
        self._bandwidth_hz = camera.bandwidth_hz
        self._level = log_start.copy()  # photoreceptor output at the last frame
        self._reference = log_start.copy()  # level that the comparators compare with
        self._ready_us = np.full(log_start.size, -np.inf)  # end of the refractory period

    def expose(
        self, log_frame: NDArray[np.float64], start_us: float, stop_us: float
    ) -> Iterable[_Batch]:
        """Yield (pixel, time, is ON) of the events while the level goes to the next frame's."""
        begin, end = self._level, log_frame
        if self._bandwidth_hz is not None:
            gain = -np.expm1(-2e-6 * np.pi * self._bandwidth_hz * (stop_us - start_us))
            end = begin + gain * (log_frame - begin)
        slope = (end - begin) / (stop_us - start_us)
        waking = np.flatnonzero((self._ready_us > start_us) & (self._ready_us <= stop_us))
        self._reference[waking] = begin[waking] + slope[waking] * (
            self._ready_us[waking] - start_us
        )
        awake = np.flatnonzero(self._ready_us <= stop_us)
        while awake.size:
            change = end[awake] - self._reference[awake]
            on, off = self._on[awake], self._off[awake]
            rises = change >= on * (1 - _CROSSING_SLACK)
            fires = rises | (-change >= off * (1 - _CROSSING_SLACK))
            awake, rises = awake[fires], rises[fires]
            step = np.where(rises, on[fires], -off[fires])
            target = self._reference[awake] + step
            # Rounding may place a crossing a hair outside the time in which it must lie.
            t = start_us + (target - begin[awake]) / slope[awake]
            t = np.clip(t, np.maximum(self._ready_us[awake], start_us), stop_us)
            yield awake, t, rises
            ready = t + self._refractory_us
            self._ready_us[awake] = ready
            if self._refractory_us > 0:
                target = begin[awake] + slope[awake] * (ready - start_us)
            self._reference[awake] = target
            awake = awake[ready <= stop_us]
        self._level = end


_NO_EVENTS: _Batch = (np.empty(0, np.intp), np.empty(0), np.empty(0, np.bool_))
