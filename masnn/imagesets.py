"""Labelled still images, as training and evaluation take them beside recordings.

An image is one step of input: a network shows it to itself at each of its T steps, and no copy is
made for that. Small sets are held decoded; files of larger ones are read when they are asked for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from masnn.augmentation import ImageAugmentation
from masnn.errors import DataError, ImageFileError
from masnn.framesets import Sample
from masnn.images import MAX_OWN_PIXELS, Transform, read_picture

#: Sets of up to so many images of small size are held decoded.
MAX_HELD_BYTES = 1 << 28

#: Files read at once: Pillow decodes outside Python's lock.
_READERS = 8


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Hold labelled images; the interface of a `framesets.FrameSet` whose windows have one step.

    Args:
        samples: Files and classes.
        transform: How a picture becomes an input.
        held: Decoded pictures, in the order of `samples`; None reads them each time.
    """

    samples: tuple[Sample, ...]
    transform: Transform
    held: tuple[NDArray[np.uint8], ...] | None = field(default=None, repr=False)

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """Return the class indices, shape (N,)."""
        return np.array([sample.label for sample in self.samples], dtype=np.int64)

    def __len__(self) -> int:
        return len(self.samples)

    def pixels(self, i: int) -> NDArray[np.uint8]:
        """Return picture `i` as it is in its file, (H, W) or (H, W, 3)."""
        return _read(self.samples[i]) if self.held is None else self.held[i]

    def clips(self, i: int, n: int) -> NDArray[np.float32]:
        """Return image `i` as `n` windows of one step, (n, 1, C, H, W)."""
        image = self.transform.apply(self.pixels(i))
        return np.broadcast_to(image, (n, 1, *image.shape))

    def changed(
        self, chosen: Sequence[int], change: ImageAugmentation, rngs: Sequence[np.random.Generator]
    ) -> NDArray[np.float32]:
        """Return images as an epoch sees them, (n, 1, C, H, W); each generator is one image's."""

        def one(i: int, rng: np.random.Generator) -> NDArray[np.float32]:
            return change.apply(self.pixels(i), self.transform, rng)

        if self.held is not None:
            images = list(map(one, chosen, rngs))
        else:
            with ThreadPoolExecutor(_READERS) as readers:
                images = list(readers.map(one, chosen, rngs))
        return np.stack(images)[:, None]

    def digest(self) -> str:
        """Return a hash of labels, transform and pictures: of the files where none is held."""
        return self._digest

    @cached_property
    def _digest(self) -> str:
        digest = hashlib.sha256(self.labels.tobytes())
        digest.update(json.dumps([self.transform.size, self.transform.plain()]).encode())
        if self.held is None:  # to decode them all takes an hour where reading takes minutes
            with ThreadPoolExecutor(_READERS) as readers:
                for content in readers.map(_hashed, self.samples):
                    digest.update(content)
        for pixels in self.held or ():
            digest.update(json.dumps(pixels.shape).encode() + pixels.tobytes())
        return digest.hexdigest()


def image_set(
    samples: Sequence[Sample],
    transform: Transform,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> ImageSet:
    """Read labelled images once, and keep them if they are small together.

    Args:
        samples: Files and classes.
        transform: How a picture becomes an input.
        progress: Called with the number of images done and the number in all.

    Raises:
        DataError: If one cannot be read.
    """
    held: list[NDArray[np.uint8]] | None = []
    n_bytes = 0
    for done, sample in enumerate(samples, start=1):
        if held is None:
            break
        held.append(_read(sample))
        n_bytes += held[-1].nbytes
        if n_bytes > MAX_HELD_BYTES:
            held = None
        if progress is not None:
            progress(done, len(samples))
    return ImageSet(tuple(samples), transform, None if held is None else tuple(held))


def _hashed(sample: Sample) -> bytes:
    try:
        with sample.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise DataError(f"{sample.path}: cannot be read ({error.strerror}).") from error


def _read(sample: Sample) -> NDArray[np.uint8]:
    try:
        return read_picture(sample.path, max_pixels=MAX_OWN_PIXELS).pixels
    except ImageFileError as error:
        raise DataError(f"{sample.path.parent}: {error} Or remove it from the data.") from error
