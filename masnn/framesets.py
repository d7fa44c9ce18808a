"""Frames of many recordings, as training and evaluation take them, kept on disk if wanted.

The frames of all recordings lie one after the other in one array. On disk it is a plain `.npy` that
is mapped, not read, so that a set may be larger than memory. Its name is a hash of the content of
the recordings and of the settings: what changed is binned anew, what was moved is not.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from masnn.errors import DataError, EventFileError
from masnn.events import Events
from masnn.frames import MAX_CELLS, fixed_duration, to_frames
from masnn.readers import read_events

log = logging.getLogger(__name__)

#: Raised whenever binning changes, so that old files are not taken for new ones.
VERSION = 1


@dataclass(frozen=True)
class Sample:
    """Name a recording and its class.

    Args:
        path: Its file.
        label: Index of its class.
        span_us: The part of the file that it is, from, up to but not including, in the file's own
            time; None for all of it.
        group: Who or what it was recorded from, where that is known: no group may be in two parts.
        reader: What reads its file.
        item: Which recording of the file it is, for readers of files that hold several.
    """

    path: Path
    label: int
    span_us: tuple[int, int] | None = None
    group: str = ""
    reader: Callable[..., Events] = read_events
    item: int | None = None

    def read(self) -> Events:
        """Read the events.

        Raises:
            DataError: If the file cannot be read, or none of its events belongs to the sample.
        """
        try:
            events = self.reader(self.path, *(() if self.item is None else (self.item,)))
        except EventFileError as error:
            raise DataError(str(error)) from error
        if self.span_us is not None:
            events = events.between(*self.span_us)
        if not len(events):
            where = "" if self.span_us is None else f" between {self.span_us} us"
            raise DataError(f"{self.path}: holds no events{where}; remove it from the data.")
        return events


@dataclass(frozen=True)
class Binning:
    """Say how recordings become frames.

    Args:
        T: Steps of a window.
        dt_ms: Duration of a step.
        size: (H, W) of the frames in px.
        whole: Whether each recording is binned to its end, so that a window may start anywhere,
            or only over its first T steps.
    """

    T: int
    dt_ms: float
    size: tuple[int, int]
    whole: bool = False

    def frames(self, events: Events) -> NDArray[np.integer]:
        """Return the event counts of a recording from its first event on, (n, 2, H, W), n >= T."""
        n = self.T
        if self.whole:
            n = max(n, int(events.duration_us // (self.dt_ms * 1000)) + 1)
            # The last border is rounded to whole us, and may so come before the last event.
            n += int(np.rint(n * self.dt_ms * 1000) <= events.duration_us)
        limit = MAX_CELLS // (2 * self.size[0] * self.size[1])
        if n > limit:
            raise DataError(
                f"{events.duration_us / 1e6:.0f} s are {n:,} bins of {self.dt_ms:g} ms, more than "
                f"the {limit:,} accepted at {self.size[0]} x {self.size[1]} px; cut the recording."
            )
        return to_frames(events, fixed_duration(self.dt_ms, n, int(events.t[0])), self.size).counts


@dataclass(frozen=True, eq=False)
class FrameSet:
    """Hold the frames of labelled recordings.

    Args:
        counts: Event counts of all recordings, one after the other, shape (bins in all, 2, H, W).
        starts: Index of each one's first frame, and the end of the last; shape (N + 1,).
        labels: Class indices, shape (N,), int64.
        T: Steps of a window; every recording has at least as many frames.
    """

    counts: NDArray[np.integer]
    starts: NDArray[np.int64]
    labels: NDArray[np.int64]
    T: int

    def __post_init__(self) -> None:
        if self.starts.shape != (len(self.labels) + 1,) or self.starts[-1] != len(self.counts):
            raise ValueError("starts must have one entry more than labels and end with the frames")
        if len(self.labels) and np.diff(self.starts).min() < self.T:
            raise ValueError(f"every recording needs at least {self.T} frames")

    def __len__(self) -> int:
        return len(self.labels)

    def bins(self, i: int) -> int:
        """Return the number of frames of recording `i`."""
        return int(self.starts[i + 1] - self.starts[i])

    def window(self, i: int, start: int) -> NDArray[np.integer]:
        """Return the T frames of recording `i` from frame `start` on, shape (T, 2, H, W)."""
        if not 0 <= start <= self.bins(i) - self.T:
            raise ValueError(f"recording {i} has no window of {self.T} frames from {start} on")
        first = int(self.starts[i]) + start
        return self.counts[first : first + self.T]

    def clips(self, i: int, n: int) -> NDArray[np.integer]:
        """Return `n` windows of a recording, spread evenly from its start on, (n, T, 2, H, W)."""
        starts = np.linspace(0, self.bins(i) - self.T, n).round().astype(int)
        return np.stack([self.window(i, start) for start in starts.tolist()])

    def digest(self) -> str:
        """Return a hash of frames and labels."""
        digest = hashlib.sha256(self.starts.tobytes() + self.labels.tobytes())
        for first in range(0, len(self.counts), 1 << 12):
            digest.update(self.counts[first : first + (1 << 12)].tobytes())
        return digest.hexdigest()


def frame_set(
    samples: Sequence[Sample],
    binning: Binning,
    *,
    cache: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> FrameSet:
    """Read and bin recordings, one at a time.

    Args:
        samples: The recordings.
        binning: How.
        cache: Folder in which the frames are kept and found again; None keeps them in memory.
        progress: Called with the number of recordings done and the number in all.

    Raises:
        DataError: If a recording cannot be read, is empty, or has more than 65,535 events in one
            bin and pixel.
    """
    labels = np.array([sample.label for sample in samples], dtype=np.int64)
    if cache is None:
        return _binned(samples, labels, binning, None, progress)
    file = cache / f"{_content(samples, binning)}.npy"
    known = _known(file, labels, binning)
    if known is not None:
        return known
    cache.mkdir(parents=True, exist_ok=True)
    return _binned(samples, labels, binning, file, progress)


def _binned(
    samples: Sequence[Sample],
    labels: NDArray[np.int64],
    binning: Binning,
    file: Path | None,
    progress: Callable[[int, int], None] | None,
) -> FrameSet:
    parts = _each(samples, binning, progress)
    if file is None:
        held = list(parts)
        return FrameSet(np.concatenate(held), _starts([len(p) for p in held]), labels, binning.T)
    # Written beside and renamed, the starts first: an interrupted write must not be taken for one.
    # Each process writes files of its own.
    rough, beside, beside_starts = (
        file.with_suffix(f".{os.getpid()}.{name}") for name in ("rough", "new", "starts")
    )
    try:
        # Which whole numbers hold all counts is known at the end, and memory may not hold the set.
        lengths: list[int] = []
        kind: np.dtype[np.integer] = np.dtype(np.uint8)
        with rough.open("wb") as stream:
            for part in parts:
                part.astype(np.uint16).tofile(stream)
                lengths.append(len(part))
                kind = max(kind, part.dtype)
        starts = _starts(lengths)
        shape = (int(starts[-1]), 2, *binning.size)
        written = np.memmap(rough, np.uint16, "r", shape=shape)
        mapped = open_memmap(beside, "w+", kind, shape)
        for first, last in itertools.pairwise(starts):
            mapped[first:last] = written[first:last]
        mapped.flush()
        with beside_starts.open("wb") as stream:
            np.save(stream, starts)
        beside_starts.replace(file.with_suffix(".starts.npy"))
        beside.replace(file)
    finally:
        for left in (rough, beside, beside_starts):
            left.unlink(missing_ok=True)
    return FrameSet(np.load(file, mmap_mode="r"), starts, labels, binning.T)


def _each(
    samples: Sequence[Sample], binning: Binning, progress: Callable[[int, int], None] | None
) -> Iterator[NDArray[np.integer]]:
    """Yield the frames of one recording after the other, a byte a count where that is enough."""
    for done, sample in enumerate(samples, start=1):
        try:
            counts = binning.frames(sample.read())
            highest = int(counts.max())
            if highest > np.iinfo(np.uint16).max:
                raise DataError(f"{highest} events in one bin and pixel; shorten dt.")
        except DataError as error:
            where = f"recording {done} of {len(samples)}"
            name = "" if str(sample.path) in str(error) else f"{sample.path}: "
            raise DataError(f"{where}: {name}{error}") from error
        yield counts.astype(np.uint8 if highest < 256 else np.uint16)
        if progress is not None:
            progress(done, len(samples))


def _starts(lengths: list[int]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def _content(samples: Sequence[Sample], binning: Binning) -> str:
    """Return a hash of what the recordings hold and how they are binned; paths do not count."""
    settings = [VERSION, binning.T, binning.dt_ms, list(binning.size), binning.whole]
    return hashlib.sha256(json.dumps([settings, contents(samples)]).encode()).hexdigest()[:32]


def contents(samples: Sequence[Sample]) -> list[list[Any]]:
    """Return a row for each recording that says what it holds: hash of its file, class and part."""
    files: dict[Path, str] = {}
    rows = []
    for sample in samples:
        if sample.path not in files:
            with sample.path.open("rb") as file:
                files[sample.path] = hashlib.file_digest(file, "sha256").hexdigest()
        # The same bytes are other events to another reader.
        reader = getattr(sample.reader, "__qualname__", repr(sample.reader))
        rows.append([files[sample.path], sample.label, sample.span_us, sample.item, reader])
    return rows


def _known(file: Path, labels: NDArray[np.int64], binning: Binning) -> FrameSet | None:
    """Return the frames kept in `file`; a damaged one is left for what is binned anew."""
    if not file.exists():
        return None
    try:
        counts = np.load(file, mmap_mode="r", allow_pickle=False)
        starts = np.load(file.with_suffix(".starts.npy"), allow_pickle=False)
        if counts.shape[1:] != (2, *binning.size) or counts.dtype not in (np.uint8, np.uint16):
            raise ValueError(f"holds {counts.dtype} of shape {counts.shape}")
        if starts.dtype != np.int64:
            raise ValueError(f"its starts are {starts.dtype}")
        return FrameSet(counts, starts, labels, binning.T)
    except (OSError, ValueError, EOFError) as error:
        log.warning("%s: damaged (%s); binning the recordings anew", file, error)
        return None
