"""An event camera: log intensity in, events out.

Each pixel remembers the log intensity of its last event and fires ON (OFF) whenever the intensity
has risen (fallen) by one contrast threshold since, as in Lichtsteiner et al. (2008) and the
simulators ESIM (Rebecq et al. 2018) and v2e (Hu et al. 2021). Between two rendered frames the log
intensity is taken to change linearly, so events get times finer than the frames.

Modelled: threshold mismatch between pixels, refractory period, bandwidth of the photoreceptor
(falling with the light, if wanted), leak events, background noise that grows in the dark, hot
pixels. Not modelled: saturation of the event bus, parasitic photocurrent, noise in the times.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from masnn.events import Events

_Batch = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.uint8]]

#: Bandwidth in the dark as a share of the full one (v2e takes the same floor).
_DARK_BANDWIDTH = 0.1


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
        light_bound: Whether less light slows a pixel and makes it noisier, both in proportion to
            its intensity in the first frame over the brightest one's: the bandwidth falls to a
            tenth, the noise grows up to twofold. (v2e follows every frame.)
        leak_hz: ON events per second of a pixel that sees no change: its reference leaks away.
        hot_pixels: Share of pixels that fire by themselves.
        hot_hz: Mean rate of these, exponentially distributed, in Hz.

    Raises:
        ValueError: If a trait lies outside its range.
    """

    threshold_on: float = 0.2
    threshold_off: float = 0.2
    threshold_sigma: float = 0.0
    refractory_us: float = 0.0
    noise_hz: float = 0.0
    bandwidth_hz: float | None = None
    light_bound: bool = False
    leak_hz: float = 0.0
    hot_pixels: float = 0.0
    hot_hz: float = 0.0

    def __post_init__(self) -> None:
        if not (self.threshold_on > 0 and self.threshold_off > 0):
            raise ValueError("threshold_on and threshold_off must be above 0")
        rates = (self.noise_hz, self.leak_hz, self.hot_hz, self.hot_pixels)
        if not all(value >= 0 for value in (self.threshold_sigma, self.refractory_us, *rates)):
            raise ValueError("threshold_sigma, refractory_us and all rates must be 0 or more")
        if self.hot_pixels > 1:
            raise ValueError("hot_pixels is a share, at most 1")
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
        start_level = first.ravel()
        pixels = _Pixels(self, start_level, float(times[0]), rng)
        frame = first
        batches: list[_Batch] = []
        for start, stop, frame in zip(times[:-1], times[1:], exposures, strict=True):
            if frame.shape != first.shape:
                raise ValueError(f"frames must all be {first.shape}, found {frame.shape}")
            batches.append(pixels.expose(frame.ravel(), float(start), float(stop)))
        batches.append(pixels.expose(frame.ravel(), np.inf, float(times[-1])))
        pixel, t, on = (np.concatenate(parts) for parts in zip(*batches, strict=True))
        pixel, t, on = self._add_noise((pixel, t, on), start_level, times, rng)
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
        self,
        signal: _Batch,
        log_start: NDArray[np.float64],
        times: NDArray[np.float64],
        rng: np.random.Generator,
    ) -> _Batch:
        """Return the signal with background events, none within the refractory time of another."""
        rate = np.full(log_start.size, float(self.noise_hz))
        if self.light_bound:
            rate *= 2.0 - np.exp(log_start - log_start.max())
        n_hot = round(self.hot_pixels * rate.size)
        if n_hot:
            hot = rng.choice(rate.size, n_hot, replace=False)
            rate[hot] += rng.exponential(self.hot_hz, n_hot)
        counts = rng.poisson(rate * ((times[-1] - times[0]) * 1e-6))
        noisy = np.repeat(np.arange(rate.size), counts)
        n_noise = noisy.size
        if n_noise == 0:
            return signal
        pixel = np.concatenate([signal[0], noisy])
        t = np.concatenate([signal[1], rng.uniform(times[0], times[-1], n_noise)])
        on = np.concatenate([signal[2], (rng.random(n_noise) < 0.5).astype(np.uint8)])
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
        self,
        camera: EventCamera,
        log_start: NDArray[np.float64],
        start_us: float,
        rng: np.random.Generator,
    ) -> None:
        n = log_start.size
        self._seen_us = np.full(n, start_us)
        spread = np.exp(camera.threshold_sigma * rng.standard_normal((2, n)))
        self._on = camera.threshold_on * spread[0]
        self._off = camera.threshold_off * spread[1]
        self._refractory_us = float(camera.refractory_us)
        self._level = log_start.copy()
        self._change = np.zeros(n)
        self._leak = np.zeros(n)
        if camera.leak_hz > 0:
            self._leak = self._on * (camera.leak_hz * 1e-6)
            # Else all leak events of pixels with one threshold would come at one time.
            self._change = self._on * rng.random(n)
        self._ready_us = np.full(n, -np.inf)
        self._bandwidth = np.full(n, np.inf)
        if camera.bandwidth_hz is not None:
            self._bandwidth[:] = camera.bandwidth_hz * 2e-6 * np.pi
            if camera.light_bound:
                light = np.exp(log_start - log_start.max())
                self._bandwidth *= np.maximum(light, _DARK_BANDWIDTH)

    def expose(self, log_frame: NDArray[np.float64], start_us: float, stop_us: float) -> _Batch:
        """Return (pixel, time, is ON) of the events while the level goes to the next frame's.

        An infinite start asks for what still pixels leaked until the end.
        """
        from masnn.simulate._loops import expose  # Numba, only where something is simulated

        batch: _Batch = expose(
            log_frame,
            start_us,
            stop_us,
            self._level,
            self._change,
            self._seen_us,
            self._ready_us,
            self._on,
            self._off,
            self._leak,
            self._bandwidth,
            self._refractory_us,
        )
        return batch
