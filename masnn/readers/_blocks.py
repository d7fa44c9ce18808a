"""Walk over a file block by block, so that a long recording is never held whole.

Without a window one walk is enough, into arrays for as many events as the words can be. For a
window a first walk notes the times of every block and the state before it; a second one visits only
those that reach into the window.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from masnn.readers._raw import MAX_EVENTS, MAX_TIME_US, Malformed, Raw

#: About what a processor's own memory holds beside the rest; whole records of it are read at once.
_BLOCK_BYTES = 1 << 18
#: Headers end within it.
_HEAD_BYTES = 1 << 20
#: From start to before stop, in us after the earliest event.
Window = tuple[int, int]
#: Room for x, y, t and p.
Columns = tuple[NDArray[np.uint16], NDArray[np.uint16], NDArray[np.int64], NDArray[np.uint8]]
#: Goes over one block: its bytes, the state, and room for x, y, t and p.
Step = Callable[..., object]


class Source:
    """Hold a file's bytes, or the file, whose bytes are read as they are needed.

    A file is read and not mapped: one that shrinks meanwhile must not end the process.

    Args:
        content: The bytes, or the file's path.
    """

    def __init__(self, content: bytes | Path) -> None:
        self._content = content
        self._buffer = np.empty(_BLOCK_BYTES, np.uint8)
        if isinstance(content, bytes):
            self.size, self.head = len(content), content[:_HEAD_BYTES]
        else:
            self.size = content.stat().st_size
            with content.open("rb") as file:
                self.head = file.read(_HEAD_BYTES)

    @classmethod
    def of(cls, content: bytes | Source) -> Source:
        """Return the source that this is, or that of these bytes."""
        return content if isinstance(content, Source) else cls(content)

    def read(self, most: int) -> bytes:
        """Return all bytes.

        Raises:
            Malformed: If they are more than `most`.
        """
        if self.size > most:
            raise Malformed(f"{self.size:,} bytes are more than the {most:,} accepted; cut it")
        if isinstance(self._content, bytes):
            return self._content
        with self._content.open("rb") as file:
            return file.read(most)

    @property
    def path(self) -> Path | None:
        """Return where the file lies, if it does."""
        return self._content if isinstance(self._content, Path) else None

    def stream(self) -> BinaryIO:
        """Return all bytes as a file of its own, to be closed."""
        if isinstance(self._content, bytes):
            return io.BytesIO(self._content)
        return self._content.open("rb")

    def sha256(self) -> str:
        """Return the hash of all bytes, in hexadecimal."""
        if isinstance(self._content, bytes):
            return hashlib.sha256(self._content).hexdigest()
        with self._content.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def blocks(
        self, start: int, record: int, only: list[int] | None = None
    ) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """Yield place and bytes of blocks of whole records; the next one overwrites the last.

        Args:
            start: Where the records begin.
            record: Bytes of one.
            only: The places of the blocks that are wanted, all by default.

        Raises:
            Malformed: If the file shrank since it was opened.
        """
        step = _BLOCK_BYTES // record * record
        end = start + (self.size - start) // record * record
        places = range(start, end, step) if only is None else only
        if isinstance(self._content, bytes):
            for place in places:
                block = self._buffer[: min(step, end - place)]
                block[:] = np.frombuffer(self._content, np.uint8, len(block), place)
                yield place, block
            return
        with self._content.open("rb", buffering=0) as file:
            for place in places:
                block = self._buffer[: min(step, end - place)]
                file.seek(place)
                got = 0
                while got < len(block):
                    more = file.readinto(block[got:].data)
                    if not more:
                        raise Malformed("the file became shorter while it was read")
                    got += more
                yield place, block


@dataclass(frozen=True)
class Walk:
    """Say how to walk over a file's records.

    Args:
        start: Where they begin.
        record: Bytes of one.
        step: Goes over a block.
        most: How many events a block holds at most; or the bytes that each of them has at least.
    """

    start: int
    record: int
    step: Step
    most: Callable[[NDArray[np.uint8]], int] | int

    def room(self, source: Source, only: list[int] | None = None) -> int:
        """Return how many events there are at most, in some blocks or in all."""
        if callable(self.most):
            most = self.most
            return sum(most(block) for _, block in source.blocks(self.start, self.record, only))
        if only is None:
            return max(source.size - self.start, 0) // self.most
        # The end of one that began before may be in each of them.
        return len(only) * (_BLOCK_BYTES // self.most + 1)


def walked(source: Source, walk: Walk, window: Window | None = None) -> tuple[Raw, Any]:
    """Return the events of a file, or those of a window, and the state at the file's end.

    Raises:
        Malformed: If there are too many events, none but a cut-off one, or none in the window.
    """
    from masnn.readers._loops import FAR, fresh

    state = fresh(-FAR, FAR)
    if window is None:
        to = columns(walk.room(source))
        for _, block in source.blocks(walk.start, walk.record):
            walk.step(block, state, *to)
        n = int(state["n"][0])
    else:
        to, n = _windowed(source, walk, window, state)
    raw = filled(to, n)
    left_over = (source.size - walk.start) % walk.record + int(state["at"][0])
    raw.cut_off(left_over, empty=not state["n"][0])
    return raw, state[0]


def _windowed(source: Source, walk: Walk, window: Window, state: Any) -> tuple[Columns, int]:
    """Return room with the events of a window in it, and how many; let `state` be the last."""
    from masnn.readers._loops import forget_times

    seen = []
    for place, block in source.blocks(walk.start, walk.record):
        forget_times(state)
        before = state.copy()
        walk.step(block, state, *columns(0))
        if state["n"] > before["n"]:
            seen.append((place, before, int(state["earliest"][0]), int(state["latest"][0])))
    if not seen:
        return columns(0), 0
    first = min(earliest for _, _, earliest, _ in seen)
    start, stop = first + window[0], first + window[1]
    reach = [
        (place, s) for place, s, earliest, latest in seen if latest >= start and earliest < stop
    ]
    places = [place for place, _ in reach]
    to = columns(walk.room(source, places))
    n = 0
    blocks = source.blocks(walk.start, walk.record, places)
    for (_, before), (_, block) in zip(reach, blocks, strict=True):
        before["n"], before["start"], before["stop"] = n, start, stop
        walk.step(block, before, *to)
        n = int(before["n"][0])
    if not n:
        length = max(latest for *_, latest in seen) - first
        raise Malformed(outside(window, length))
    return to, n


def between(window: Window) -> str:
    """Return a window in words; one to a time that no recording reaches is open."""
    start, stop = (f"{us / 1000:,.10g}" for us in window)
    if window[1] >= MAX_TIME_US:
        return f"{start} ms after the first event and later"
    return f"{start} to {stop} ms after the first event"


def outside(window: Window, length_us: int) -> str:
    """Return that no event lies in a window of a recording of such a length."""
    return f"no event lies {between(window)}; the recording is {length_us / 1000:,.10g} ms long"


def columns(n: int) -> Columns:
    """Return room for x, y, t and p of n events.

    Raises:
        Malformed: If that is too many.
    """
    if n > MAX_EVENTS:
        raise Malformed(
            f"more than the {MAX_EVENTS:,} events accepted (up to {n:,}); cut it, or open a window "
            "of it"
        )
    x, y = np.empty(n, np.uint16), np.empty(n, np.uint16)
    return x, y, np.empty(n, np.int64), np.empty(n, np.uint8)


def filled(to: Columns, n: int) -> Raw:
    """Return the first n events of what was filled."""
    x, y, t, p = to
    return Raw(x[:n], y[:n], t[:n], p[:n])
