"""Change training recordings and images a little, so that a network sees none of them twice.

Recordings: where they start, where they lie, how many events they keep. Images: where they lie,
turned, stretched, or a part of them. What is done follows from the run's seed, the epoch and the
recording alone. So it is the same after a pause, in any batch, and on any number of processes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from masnn.images import Transform


@dataclass(frozen=True)
class Augmentation:
    """Say how far recordings are changed.

    Args:
        shift_px: Each is moved by up to this many px along each axis; what leaves is lost.
        keep_events: Each keeps a random share of its events between this and all.
        random_start: Whether its window starts anywhere in the recording, or at its first event.
    """

    shift_px: int = 2
    keep_events: float = 0.9
    random_start: bool = False

    def __post_init__(self) -> None:
        if self.shift_px < 0 or not 0 < self.keep_events <= 1:
            raise ValueError("shift_px must be >= 0 and keep_events lie in (0, 1]")

    def start(self, n_bins: int, T: int, rng: np.random.Generator) -> int:
        """Return the first bin of a window of `T` of a recording's `n_bins`."""
        return int(rng.integers(n_bins - T + 1)) if self.random_start else 0

    def apply(self, counts: NDArray[np.integer], rng: np.random.Generator) -> NDArray[np.float32]:
        """Return changed counts.

        Args:
            counts: Event counts, shape (T, 2, H, W).
            rng: Of this recording and epoch.
        """
        height, width = counts.shape[-2:]
        down, right = (int(d) for d in rng.integers(-self.shift_px, self.shift_px + 1, 2))
        moved = np.zeros(counts.shape, dtype=np.float32)
        to_rows, from_rows = _overlap(down, height)
        to_columns, from_columns = _overlap(right, width)
        moved[..., to_rows, to_columns] = counts[..., from_rows, from_columns]
        if self.keep_events < 1:
            share = rng.uniform(self.keep_events, 1)
            filled = np.nonzero(moved)
            moved[filled] = rng.binomial(moved[filled].astype(np.int64), share)
        return moved


@dataclass(frozen=True)
class ImageAugmentation:
    """Say how far still images are changed.

    Args:
        shift_px: Each is moved by up to this many px of the input along each axis.
        turn_deg: And turned by up to this angle to either side.
        stretch: And scaled along each axis, and sheared, by up to this share.
        least_area: Each shows a random part of at least this share of its area, 3/4 to 4/3 as wide
            as high, scaled to the input (RandomResizedCrop; ImageNet: 0.08); 1 shows all of it.
    """

    shift_px: int = 0
    turn_deg: float = 0.0
    stretch: float = 0.0
    least_area: float = 1.0

    def __post_init__(self) -> None:
        if self.shift_px < 0 or not 0 <= self.turn_deg <= 180 or not 0 <= self.stretch < 1:
            raise ValueError("shift_px >= 0, turn_deg in 0..180, stretch in 0..1 are needed")
        if not 0 < self.least_area <= 1:
            raise ValueError("least_area must lie in (0, 1]")

    def apply(
        self, pixels: NDArray[np.uint8], transform: Transform, rng: np.random.Generator
    ) -> NDArray[np.float32]:
        """Return a changed image as a network's input, shape (C, H, W).

        Args:
            pixels: Grey (H, W) or RGB (H, W, 3).
            transform: How a picture becomes an input; a part of it replaces its crop.
            rng: Of this image and epoch.
        """
        image = transform.coloured(pixels)
        size = transform.size[1], transform.size[0]
        box = _part(image.size, self.least_area, rng) if self.least_area < 1 else None
        if box is None and transform.resize is not None:
            raise ValueError("images that are cut out are changed by taking a part of them")
        image = image.resize(size, Image.Resampling.BILINEAR, box=box)
        if self.shift_px or self.turn_deg or self.stretch:
            mapping = self._mapping(size, rng)
            image = image.transform(
                size, Image.Transform.AFFINE, mapping, Image.Resampling.BILINEAR
            )
        return transform.scaled(image)

    def _mapping(self, size: tuple[int, int], rng: np.random.Generator) -> tuple[float, ...]:
        """Return from where each place of the changed image is taken, as Pillow wants it."""
        right, down, turn, wide, high, shear = rng.uniform(-1, 1, 6)
        angle = math.radians(self.turn_deg * turn)
        turned = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
        matrix = turned @ np.array(
            [[1 + self.stretch * wide, self.stretch * shear], [0, 1 + self.stretch * high]]
        )
        middle = np.array(size) / 2
        moved = self.shift_px * np.array([right, down])
        offset = middle - matrix @ (middle + moved)
        return (*matrix[0], offset[0], *matrix[1], offset[1])


def _part(
    size: tuple[int, int], least_area: float, rng: np.random.Generator
) -> tuple[float, float, float, float]:
    """Return a random part of an image, left, top, right and bottom in px."""
    width, height = size
    for _ in range(10):
        area = width * height * rng.uniform(least_area, 1)
        ratio = math.exp(rng.uniform(math.log(3 / 4), math.log(4 / 3)))
        wide, high = math.sqrt(area * ratio), math.sqrt(area / ratio)
        if wide <= width and high <= height:
            left, top = rng.uniform(0, width - wide), rng.uniform(0, height - high)
            return left, top, left + wide, top + high
    side = min(size)  # an image much longer than wide: its middle
    left, top = (width - side) / 2, (height - side) / 2
    return left, top, left + side, top + side


def _overlap(shift: int, size: int) -> tuple[slice, slice]:
    """Return where to write and where to read to move `size` places by `shift`."""
    shift = max(-size, min(size, shift))
    return slice(max(shift, 0), size + min(shift, 0)), slice(max(-shift, 0), size + min(-shift, 0))
