"""Stills: a picture as a network of still images is shown it, the same at each of its steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Weights of red, green and blue in a pixel's brightness, ITU-R BT.601.
_LUMA = (0.299, 0.587, 0.114)


@dataclass(frozen=True, eq=False)
class Stills:
    """Hold a picture at each of T steps; beside `frames.Frames` the other thing a network sees.

    Args:
        image: The network's input after its transform, (C, H, W).
        pixels: The same picture before it, 8 bits, (H, W) or (H, W, 3).
        T: Time steps.
        is_ink: Whether brightness says where the thing is, as ink on empty paper does. In a
            photograph the sky may be brighter than the bird.
    """

    image: NDArray[np.float32]
    pixels: NDArray[np.uint8]
    T: int
    is_ink: bool

    def __post_init__(self) -> None:
        if self.pixels.shape[:2] != self.image.shape[1:]:
            raise ValueError(
                f"pixels {self.pixels.shape} are not those of an input {self.image.shape}"
            )

    @property
    def shown(self) -> NDArray[np.float32]:
        """Return what a network is given at each step, (T, C, H, W), without a copy."""
        return np.broadcast_to(self.image, (self.T, *self.image.shape))

    @property
    def strength(self) -> NDArray[np.int32]:
        """Return how bright each pixel is at each step, 0 to 255, (T, 1, H, W), without a copy."""
        grey = self.pixels if self.pixels.ndim == 2 else np.rint(self.pixels @ np.array(_LUMA))
        whole = grey.astype(np.int32)
        return np.broadcast_to(whole, (self.T, 1, *whole.shape))

    @property
    def edges_ms(self) -> NDArray[np.float64]:
        """Return the borders of the steps, (T + 1,): not in ms, for a still has no clock.

        Step k, from 1, lies around k.
        """
        return np.arange(self.T + 1, dtype=np.float64) + 0.5
