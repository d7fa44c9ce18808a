"""Labelled recordings and still images as `gathering` takes them: some at a time, as a network's.

What a set holds is told by a hash of its files and classes. Neither where the files lie nor how
they become inputs counts, so that networks that want them otherwise have still seen the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from masnn.framesets import Binning, Sample, contents
from masnn.imagesets import ImageSet


class Source(Protocol):
    """Give labelled recordings as a network sees them, some at a time."""

    @property
    def labels(self) -> NDArray[np.int64]:
        """Return the class of each recording, (n,)."""

    def windows(self, chosen: Sequence[int]) -> NDArray[Any]:
        """Return the input of some recordings, (len(chosen), T, C, H, W); T = 1 of still ones."""

    def whole(self, inputs: NDArray[Any]) -> NDArray[np.integer]:
        """Return inputs as a person is shown them: event counts, or pixel values of 0 to 255."""

    def digest(self) -> str:
        """Return a hash of the recordings, their classes, and how they become inputs.

        What the network's configuration says of the latter need not count.
        """


@dataclass(frozen=True)
class Files:
    """List recordings or images, for any number of networks.

    Args:
        samples: Their files and classes.
    """

    samples: tuple[Sample, ...]

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """Return the class of each, (n,)."""
        return np.array([sample.label for sample in self.samples], np.int64)

    @cached_property
    def digest(self) -> str:
        """Return a hash of files and classes; every file is read for it, once."""
        return hashlib.sha256(json.dumps(contents(self.samples)).encode()).hexdigest()


@dataclass(frozen=True)
class Recordings:
    """Read and bin recordings when they are asked for: the first T steps of each.

    Args:
        files: The recordings.
        binning: How they become frames.
    """

    files: Files
    binning: Binning

    @property
    def labels(self) -> NDArray[np.int64]:
        """Return the class of each recording, (n,)."""
        return self.files.labels

    def windows(self, chosen: Sequence[int]) -> NDArray[np.integer]:
        """Return the frames of some recordings, (len(chosen), T, 2, H, W).

        Raises:
            DataError: If one cannot be read or holds no events.
        """
        samples, T = self.files.samples, self.binning.T
        return np.stack([self.binning.frames(samples[i].read())[:T] for i in chosen])

    def whole(self, inputs: NDArray[np.integer]) -> NDArray[np.integer]:
        """Return event counts as they are."""
        return inputs

    def digest(self) -> str:
        """Return the hash of the recordings; a network's configuration has their binning."""
        return self.files.digest

    def frames_digest(self) -> str:
        """Return what `framesets.FrameSet.digest` of these says, one recording in memory at a time.

        Which whole numbers a set takes is known at its end: both are hashed on the way.
        """
        n, T = len(self.labels), self.binning.T
        start = (np.arange(n + 1, dtype=np.int64) * T).tobytes() + self.labels.tobytes()
        small, large = hashlib.sha256(start), hashlib.sha256(start)
        is_large = False
        for i in range(n):
            counts = self.windows([i])[0]
            is_large |= int(counts.max()) > np.iinfo(np.uint8).max
            small.update(counts.astype(np.uint8).tobytes())
            large.update(counts.astype(np.uint16).tobytes())
        return (large if is_large else small).hexdigest()


@dataclass(frozen=True)
class Pictures:
    """Give still images, each as one step that a network shows itself at every one of its own.

    Args:
        files: The images' files.
        images: The same as inputs.
    """

    files: Files
    images: ImageSet

    @property
    def labels(self) -> NDArray[np.int64]:
        """Return the class of each image, (n,)."""
        return self.files.labels

    def windows(self, chosen: Sequence[int]) -> NDArray[np.float32]:
        """Return some images, (len(chosen), 1, C, H, W)."""
        return np.concatenate([self.images.clips(i, 1) for i in chosen])

    def whole(self, inputs: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Return the pixel values of images that `windows` gave, uint8."""
        return self.images.transform.shown(inputs)

    def digest(self) -> str:
        """Return a hash of the images and of their transform."""
        transform = self.images.transform
        told = [self.files.digest, list(transform.size), transform.plain()]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()
