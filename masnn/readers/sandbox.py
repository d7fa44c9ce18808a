"""Decode untrusted files in a child process with limits: its crash is one line for the visitor.

The child gets the file, an empty folder of its own and a bare environment; what it hands back is
plain arrays, read without unpickling and validated again here. A child decodes one file and ends.
With `keep_warm` one stands ready for the next, so that a small file costs no start of an
interpreter.
"""

from __future__ import annotations

import atexit
import json
import subprocess
import threading

import numpy as np

from masnn import confined
from masnn.events import Events
from masnn.readers._formats import Decoded
from masnn.readers._raw import MAX_EVENTS, Malformed

WALL_S = 90

#: So much of what a child says is shown.
_MAX_LINES, _MAX_WORDS = 20, 300

#: A header of NumPy's, beside the numbers.
_HEADER_BYTES = 1 << 12


class Child(confined.Child):
    """A process that is ready, or getting ready, to decode one file."""

    def __init__(self) -> None:
        super().__init__("masnn.readers._child")

    def decode(self, content: bytes) -> Decoded:
        """Decode a file; the child ends with it.

        Raises:
            Malformed: If it cannot be decoded, or the child dies, hangs or grows beyond its limits.
        """
        with self._folder:
            try:
                status = self.give("recording", content, WALL_S)
            except subprocess.TimeoutExpired:
                raise Malformed(
                    f"decoding took more than {WALL_S} s and was ended; the file is damaged or too "
                    "long"
                ) from None
            except OSError as error:
                raise Malformed(f"the decoder could not be given the file ({error})") from error
            if status == confined.REFUSED:
                raise Malformed(self.said()[:_MAX_WORDS].strip())
            if status != 0:
                raise Malformed(
                    f"the decoder gave up (status {status}); the file is damaged, or larger than "
                    "the decoder's memory"
                )
            return self._result()

    def _result(self) -> Decoded:
        """Return what the child left, trusting none of it."""
        try:
            told = json.loads(self.said("told.json"))
            columns = []
            for name in "xytp":
                path = self.folder / f"{name}.npy"
                if path.stat().st_size > _HEADER_BYTES + 8 * MAX_EVENTS:
                    raise ValueError(f"more than {MAX_EVENTS:,} events")
                # Mapped, so that a header which declares more than there is allocates nothing.
                columns.append(np.array(np.load(path, mmap_mode="r", allow_pickle=False)))
            x, y, t, p = columns
            width, height = told["size"]
            events = Events(x, y, t, p, int(width), int(height))
            lines = [str(line)[:_MAX_WORDS] for line in told["warnings"][:_MAX_LINES]]
            return Decoded(events, str(told["format"])[:_MAX_WORDS], lines)
        except (OSError, ValueError, TypeError, LookupError) as error:
            raise Malformed(f"the decoder's answer cannot be read ({error})") from error


_lock = threading.Lock()
_warm = False
_ready: list[Child] = []


def decode(content: bytes) -> Decoded:
    """Decode a file in a child process; see `Child.decode`."""
    with _lock:
        child = _ready.pop() if _ready else Child()
    if not child.is_there():  # somebody ended it while it waited
        child.end()
        child = Child()
    try:
        return child.decode(content)
    finally:
        # Afterwards: the next one's start takes no time from this one's.
        with _lock:
            if _warm and not _ready:
                _ready.append(Child())


def keep_warm() -> None:
    """Keep a child ready from now on, as long as this process lives."""
    global _warm
    with _lock:
        if not _warm:
            _warm = True
            _ready.append(Child())
            atexit.register(_end)


def _end() -> None:
    with _lock:
        for child in _ready:
            child.end()
        _ready.clear()
