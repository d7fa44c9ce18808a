"""Decode untrusted files in a child process with limits: its crash is one line for the visitor.

The child gets the file, an empty folder of its own and a bare environment; what it hands back is
plain arrays, read without unpickling and validated again here. A child decodes one file and ends,
and what it started ends with it. Memory and time grow with the file (`_child.limits_of`), and a few
children at most decode at once. With `keep_warm` some stand ready, their libraries loaded, so that
a small file costs no start of an interpreter.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import logging
import os
import signal
import subprocess
import threading

import numpy as np

from masnn import confined
from masnn.errors import reason
from masnn.events import Events
from masnn.readers._child import READY, WAITS, limits_of
from masnn.readers._columns import TIME_UNITS
from masnn.readers._formats import Decoded
from masnn.readers._raw import MAX_EVENTS, MAX_TIME_US, Malformed

log = logging.getLogger(__name__)

#: A child that is still starting is given so much more time; it is not the file's.
START_S = 20

#: So many children decode at once: each may take `_child.limits_of` of memory and a core.
MAX_AT_ONCE = min(max(os.cpu_count() or 2, 2), 4)

#: So long a file waits for its turn.
QUEUE_S = 30.0

#: So many events of a stranger's file are accepted, half a minute of a busy camera of 1 Mpx: a
#: packed one of a few kB may hold millions, and what is made of them takes 300 MB in this process.
MAX_UNTRUSTED_EVENTS = 20_000_000

#: So many children stand ready.
_N_READY = 2

#: So much of what a child says is shown.
_MAX_LINES, _MAX_WORDS = 20, 300

#: A header of NumPy's, beside the numbers.
_HEADER_BYTES = 1 << 12


class Child(confined.Child):
    """A process that decodes one file.

    Args:
        waits: Whether it stands ready for a file to come, and loads first all it may need then.
    """

    def __init__(self, *, waits: bool = False) -> None:
        super().__init__("masnn.readers._child", *WAITS * waits)

    def decode(self, content: bytes, suffix: str = "", most: int = MAX_EVENTS) -> Decoded:
        """Decode a file; the child ends with it.

        Args:
            content: The file's bytes.
            suffix: How its name ends; see `_formats.opened`.
            most: So many events are accepted.

        Raises:
            Malformed: If it cannot be decoded, or the child dies, hangs or grows beyond its limits.
        """
        limits = limits_of(len(content))
        with self._folder:
            try:
                wall_s = limits.wall_s + (0 if self.is_ready() else START_S)
                status = self.give("recording", content, wall_s, _line(suffix))
            except subprocess.TimeoutExpired:
                raise Malformed(_too_long(limits.wall_s)) from None
            except OSError as error:
                raise Malformed(
                    f"the decoder could not be given the file ({reason(error)})"
                ) from error
            if status == confined.REFUSED:
                raise Malformed(self.said()[:_MAX_WORDS].strip())
            if status == -getattr(signal, "SIGXCPU", 0) != 0:
                raise Malformed(_too_long(limits.cpu_s))
            if status != 0:
                raise Malformed(
                    f"the decoder gave up ({_name(status)}); the file is damaged, or needs more "
                    f"than the {limits.memory_bytes >> 20:,} MiB that one of its size is given"
                )
            return self._result(most)

    def is_ready(self) -> bool:
        """Return whether it has started, and loaded what it was to load."""
        return (self.folder / READY).exists()

    def _result(self, most: int = MAX_EVENTS) -> Decoded:
        """Return what the child left, trusting none of it."""
        try:
            told = json.loads(self.said("told.json"))
            columns = []
            for name in "xytp":
                path = self.left(f"{name}.npy")
                if path.stat().st_size > _HEADER_BYTES + 8 * MAX_EVENTS:
                    raise ValueError(f"more than {MAX_EVENTS:,} events")
                # Mapped, so that a header which declares more than there is allocates nothing.
                mapped = np.load(path, mmap_mode="r", allow_pickle=False)
                if mapped.size > most:
                    raise Malformed(
                        f"{mapped.size:,} events are more than the {most:,} accepted; cut it"
                    )
                columns.append(np.array(mapped))
            x, y, t, p = columns
            width, height = told["size"]
            events = Events(x, y, t, p, int(width), int(height))
            if len(events) and not -MAX_TIME_US <= events.t[0] <= events.t[-1] <= MAX_TIME_US:
                raise ValueError(f"times beyond {MAX_TIME_US:,} us")
            lines = [str(line)[:_MAX_WORDS] for line in told["warnings"][:_MAX_LINES]]
            unit = told["time_unit"] if told["time_unit"] in TIME_UNITS else "us"
            return Decoded(events, str(told["format"])[:_MAX_WORDS], lines, unit)
        # An archive has no size, and JSON may be nested deeper than it can be read.
        except (
            *(OSError, ValueError, TypeError, LookupError),
            *(AttributeError, RecursionError),
        ) as error:
            raise Malformed(f"the decoder's answer cannot be read ({reason(error)})") from error


def _too_long(seconds: int) -> str:
    return (
        f"decoding took more than {seconds} s and was ended; the file is damaged or too long: "
        "bring a shorter piece"
    )


def _name(status: int) -> str:
    """Return a child's end in words: the signal that ended it, or its status."""
    with contextlib.suppress(ValueError):
        if status < 0:
            return signal.Signals(-status).name
    return f"status {status}"


_lock = threading.Lock()
_places = threading.BoundedSemaphore(MAX_AT_ONCE)
_warm = False
_ready: list[Child] = []


def _line(suffix: str) -> bytes:
    """Return the line that a child waits for, with no more of a file's name than its suffix."""
    return b"decode .bin\n" if suffix.lower() == ".bin" else b"decode\n"


def decode(content: bytes, suffix: str = "", most: int = MAX_EVENTS) -> Decoded:
    """Decode a file in a child process, as soon as fewer than `MAX_AT_ONCE` are being decoded.

    Args:
        content: The file's bytes.
        suffix: How its name ends; see `_formats.opened`.
        most: So many events are accepted.

    Raises:
        Malformed: As `Child.decode`, or if others were decoding for too long.
    """
    if not _places.acquire(timeout=QUEUE_S):
        raise Malformed(
            f"{MAX_AT_ONCE} other recordings are being decoded, and none was done within "
            f"{QUEUE_S:g} s; try again in a minute"
        )
    try:
        return _child().decode(content, suffix, most)
    finally:
        _places.release()
        _refill()  # afterwards: the next one's start takes no time from this one's


def _child() -> Child:
    """Return the child that has stood ready longest, or a new one."""
    with _lock:
        while _ready:
            child = _ready.pop(0)
            if child.is_there():
                return child
            child.end()  # somebody ended it while it waited
    return Child()


def is_warm() -> bool:
    """Return whether all children that are to stand ready do."""
    with _lock:
        return len(_ready) == _N_READY and all(child.is_ready() for child in _ready)


def keep_warm() -> None:
    """Keep children ready from now on, as long as this process lives."""
    global _warm
    with _lock:
        if _warm:
            return
        _warm = True
    atexit.register(_end)
    _refill()


def _refill() -> None:
    """Start what is missing of the children that are to stand ready.

    Where none can be started, nothing is lost but time: the next file starts its own, and says why
    if that fails too.
    """
    try:
        with _lock:
            while _warm and len(_ready) < _N_READY:
                _ready.append(Child(waits=True))
    except OSError as error:
        log.warning("no decoder stands ready: %s", error)


def _end() -> None:
    global _warm
    with _lock:
        _warm = False
        for child in _ready:
            child.end()
        _ready.clear()
