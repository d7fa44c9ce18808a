"""Decode untrusted files in a child process with limits: its crash is one line for the visitor.

The child gets the file, an empty folder of its own and a bare environment; what it hands back is
plain arrays, read without unpickling and validated again here. A child decodes one file and ends.
With `keep_warm` one stands ready for the next, so that a small file costs no start of an
interpreter.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np

from masnn.events import Events
from masnn.readers._child import REFUSED
from masnn.readers._columns import TIME_UNITS
from masnn.readers._formats import Decoded
from masnn.readers._raw import MAX_EVENTS, Malformed

WALL_S = 90

#: So much of what a child says is read, and shown.
_MAX_TOLD, _MAX_LINES, _MAX_WORDS = 1 << 16, 20, 300

#: A header of NumPy's, beside the numbers.
_HEADER_BYTES = 1 << 12


class Child:
    """A process that is ready, or getting ready, to decode one file."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="masnn-", ignore_cleanup_errors=True)
        self._path = Path(self._folder.name)
        environment = {
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
            "TMPDIR": self._folder.name,
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }
        # Windows starts no process without the one; elsewhere the name is unknown. The other is
        # where the operator keeps HDF5's filters.
        for name in ("SYSTEMROOT", "HDF5_PLUGIN_PATH"):
            if name in os.environ:
                environment[name] = os.environ[name]
        # What it says goes to a file, whose size the system bounds, and not into our memory.
        with (self._path / "said").open("wb") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "masnn.readers._child", self._folder.name],
                cwd=self._folder.name,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=subprocess.DEVNULL,
            )

    def decode(self, content: bytes, suffix: str = "") -> Decoded:
        """Decode a file; the child ends with it.

        Args:
            content: The file's bytes.
            suffix: How its name ends; see `_formats.opened`.

        Raises:
            Malformed: If it cannot be decoded, or the child dies, hangs or grows beyond its limits.
        """
        with self._folder:
            try:
                (self._path / "recording").write_bytes(content)
                self._process.communicate(_line(suffix), timeout=WALL_S)
            except subprocess.TimeoutExpired:
                raise Malformed(
                    f"decoding took more than {WALL_S} s and was ended; the file is damaged or too "
                    "long"
                ) from None
            except OSError as error:
                raise Malformed(f"the decoder could not be given the file ({error})") from error
            finally:
                self._stop()
            status = self._process.returncode
            if status == REFUSED:
                raise Malformed(self._said("said")[:_MAX_WORDS].strip())
            if status != 0:
                raise Malformed(
                    f"the decoder gave up (status {status}); the file is damaged, or larger than "
                    "the decoder's memory"
                )
            return self._result()

    def is_there(self) -> bool:
        """Return whether it still waits for a file."""
        return self._process.poll() is None

    def end(self) -> None:
        """End it and clear up."""
        self._stop()
        self._folder.cleanup()

    def _stop(self) -> None:
        self._process.kill()
        # Leaving closes its standard input; what it was to be told may be in there still.
        with contextlib.suppress(BrokenPipeError), self._process:
            pass

    def _said(self, name: str) -> str:
        with (self._path / name).open("rb") as file:
            return file.read(_MAX_TOLD).decode(errors="replace")

    def _result(self) -> Decoded:
        """Return what the child left, trusting none of it."""
        try:
            told = json.loads(self._said("told.json"))
            columns = []
            for name in "xytp":
                path = self._path / f"{name}.npy"
                if path.stat().st_size > _HEADER_BYTES + 8 * MAX_EVENTS:
                    raise ValueError(f"more than {MAX_EVENTS:,} events")
                # Mapped, so that a header which declares more than there is allocates nothing.
                columns.append(np.array(np.load(path, mmap_mode="r", allow_pickle=False)))
            x, y, t, p = columns
            width, height = told["size"]
            events = Events(x, y, t, p, int(width), int(height))
            lines = [str(line)[:_MAX_WORDS] for line in told["warnings"][:_MAX_LINES]]
            unit = told["time_unit"] if told["time_unit"] in TIME_UNITS else "us"
            return Decoded(events, str(told["format"])[:_MAX_WORDS], lines, unit)
        except (OSError, ValueError, TypeError, LookupError) as error:
            raise Malformed(f"the decoder's answer cannot be read ({error})") from error


_lock = threading.Lock()
_warm = False
_ready: list[Child] = []


def _line(suffix: str) -> bytes:
    """Return the line that a child waits for, with no more of a file's name than its suffix."""
    return b"decode .bin\n" if suffix.lower() == ".bin" else b"decode\n"


def decode(content: bytes, suffix: str = "") -> Decoded:
    """Decode a file in a child process; see `Child.decode`."""
    with _lock:
        child = _ready.pop() if _ready else Child()
    if not child.is_there():  # somebody ended it while it waited
        child.end()
        child = Child()
    try:
        return child.decode(content, suffix)
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
