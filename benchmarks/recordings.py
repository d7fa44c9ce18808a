"""Recordings of any length in every format, made array by array: benchmarks read them.

The moving edge of a sensor of 304 x 240 px, or of 128 x 128 or 34 x 34 px where the format's files
come from such; two events a microsecond at most, so that clocks wrap as they do in real files.
"""

from __future__ import annotations

import io
import struct
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from masnn.events import Events
from masnn.writers import encoded

#: From first to last event, in us, for each event.
US_PER_EVENT = 2


def events(n: int, width: int = 304, height: int = 240, first: int = 0) -> Events:
    """Return so many events of an edge that moves over a noisy ground, after `first` others."""
    rng = np.random.default_rng(first)
    t = np.arange(first, first + n, dtype=np.int64) * US_PER_EVENT
    t += rng.integers(0, US_PER_EVENT, n, dtype=np.int64)
    x = (t // 300 + rng.integers(0, width // 4, n, dtype=np.int32)) % width
    y = rng.integers(0, height, n, dtype=np.uint16)
    p = rng.integers(0, 2, n, dtype=np.uint8)
    return Events(x.astype(np.uint16), y, t, p, width, height)


def dat(n: int, first: int = 0) -> bytes:
    """Return Prophesee DAT CD, version 2."""
    e = events(n, first=first)
    words = np.empty((n, 2), "<u4")
    words[:, 0] = e.t
    words[:, 1] = e.x | e.y.astype(np.uint32) << 14 | e.p.astype(np.uint32) << 28
    head = b"% Data file containing CD events.\n% Version 2\n% Width 304\n% Height 240\n\x0c\x08"
    return head + words.tobytes()


def evt2(n: int, first: int = 0) -> bytes:
    """Return Prophesee RAW EVT 2.0: a word of the clock's upper bits every 16 us, as cameras do."""
    e = events(n, first=first)
    low = (e.t & 63).astype(np.uint32)
    word = e.p.astype(np.uint32) << 28 | low << 22 | e.x.astype(np.uint32) << 11 | e.y
    head = b"% evt 2.0\n% format EVT2;height=240;width=304\n% geometry 304x240\n% end\n"
    return head + _with_clock(word, e.t >> 4, lambda t: 8 << 28 | t >> 2, "<u4")


def evt3(n: int, first: int = 0) -> bytes:
    """Return Prophesee RAW EVT 3.0: clock words where they change, a row and a column an event."""
    e = events(n, first=first)
    pair = np.empty((n, 2), "<u2")
    pair[:, 0] = e.y
    pair[:, 1] = 2 << 12 | e.p.astype(np.uint16) << 11 | e.x
    changes = np.diff(e.t, prepend=-1) != 0
    rises = np.diff(e.t >> 12, prepend=-1) != 0
    n_before = changes.astype(np.intp) + rises
    at = np.arange(n) * 2 + np.cumsum(n_before)
    words = np.empty(2 * n + int(n_before.sum()), "<u2")
    words[at], words[at + 1] = pair[:, 0], pair[:, 1]
    words[at[changes] - 1] = 6 << 12 | (e.t[changes] & 0xFFF)
    words[at[rises] - 2] = 8 << 12 | (e.t[rises] >> 12 & 0xFFF)
    head = b"% evt 3.0\n% format EVT3;height=240;width=304\n% geometry 304x240\n% end\n"
    return head + words.tobytes()


def _with_clock(
    words: NDArray[np.uint32],
    clock: NDArray[np.int64],
    word_of: Callable[[NDArray[np.int64]], NDArray[np.int64]],
    dtype: str,
) -> bytes:
    """Return events' words with a clock's word before each event at which the clock changes."""
    changes = np.diff(clock, prepend=-1) != 0
    at = np.arange(len(words)) + np.cumsum(changes)
    every = np.empty(len(words) + int(changes.sum()), dtype)
    every[at] = words
    every[at[changes] - 1] = word_of(clock[changes])
    return every.tobytes()


def aedat2(n: int, first: int = 0) -> bytes:
    """Return AEDAT 2.0 of a DVS128."""
    e = events(n, 128, 128, first)
    words = np.empty((n, 2), ">u4")
    words[:, 0] = (127 - e.y.astype(np.uint32)) << 8 | (127 - e.x.astype(np.uint32)) << 1 | 1 - e.p
    words[:, 1] = e.t
    return b"#!AER-DAT2.0\r\n# made for a benchmark\r\n" + words.tobytes()


def aedat31(n: int, first: int = 0) -> bytes:
    """Return AEDAT 3.1 of a DVS128 in packets of 4096 events."""
    e = events(n, 128, 128, first)
    words = np.empty((n, 2), "<u4")
    words[:, 0] = e.x.astype(np.uint32) << 17 | e.y.astype(np.uint32) << 2 | e.p << 1 | 1
    words[:, 1] = e.t
    parts = [b"#!AER-DAT3.1\r\n#Source 1: DVS128\r\n#!END-HEADER\r\n"]
    for start in range(0, n, 4096):
        some = words[start : start + 4096]
        parts += [struct.pack("<hhiiiiii", 1, 1, 8, 4, 0, *[len(some)] * 3), some.tobytes()]
    return b"".join(parts)


def nmnist(n: int, first: int = 0) -> bytes:
    """Return N-MNIST's layout; its clock of 23 bits stops where it would overflow."""
    e = events(n, 34, 34, first)
    t = np.minimum(e.t, (1 << 23) - 1)
    records = np.empty((n, 5), np.uint8)
    records[:, 0], records[:, 1] = e.x, e.y
    records[:, 2] = e.p << 7 | (t >> 16).astype(np.uint8)
    records[:, 3], records[:, 4] = t >> 8 & 255, t & 255
    return records.tobytes()


def event_stream(n: int) -> bytes:
    """Return Event Stream, as faery writes it."""
    import faery
    from faery.events_stream import EVENTS_DTYPE

    e = events(n)
    rows = np.empty(n, EVENTS_DTYPE)
    for field, values in (("t", e.t), ("x", e.x), ("y", e.y), ("on", e.p)):
        rows[field] = values
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "events.es")
        faery.events_stream_from_array(rows, (e.width, e.height)).to_file(target)
        return target.read_bytes()


def npz(n: int) -> bytes:
    """Return an uncompressed `.npz`."""
    e, stream = events(n), io.BytesIO()
    np.savez(stream, t=e.t, x=e.x, y=e.y, p=e.p, width=e.width, height=e.height)
    return stream.getvalue()


def csv(n: int, first: int = 0) -> bytes:
    """Return a text table, as `masnn.writers` writes it, but all lines at once."""
    e = events(n, first=first)
    digits, shown = [], []
    for values, end in ((e.t, ","), (e.x, ","), (e.y, ","), (e.p, "\n")):
        powers = 10 ** np.arange(len(str(values.max(initial=0))))[::-1]
        upper = values[:, None] // powers
        digits += [(upper % 10 + ord("0")).astype(np.uint8), np.full((n, 1), ord(end), np.uint8)]
        shown += [(upper > 0) | (powers == 1), np.ones((n, 1), np.bool_)]
    table = np.concatenate(digits, axis=1)[np.concatenate(shown, axis=1)]
    return encoded(events(0), "a.csv") + table.tobytes()


def mat(n: int) -> Iterator[bytes]:
    """Yield parts of a MATLAB file of level 5: dat2mat's matrix of doubles of a DVS128, not packed.

    An element is a type, a size and data in eights.
    """
    e = events(n, 128, 128)
    about = struct.pack("<4I", 6, 8, 6, 0)  # flags: of class double
    about += struct.pack("<2I2i", 5, 8, n, 4) + struct.pack("<2I8s", 1, 3, b"out")
    numbers = struct.pack("<2I", 9, 32 * n)
    yield b"MATLAB 5.0 MAT-file, made for a benchmark".ljust(124) + b"\0\1IM"
    yield struct.pack("<2I", 14, len(about + numbers) + 32 * n) + about + numbers
    for column in (e.t, e.x, 127 - e.y, 2.0 * e.p - 1):
        yield column.astype("<f8").tobytes()


#: What makes a recording of n events, and the extension of its file, by the format's name.
FORMATS: dict[str, tuple[Callable[..., bytes], str]] = {
    "DAT CD": (dat, "dat"),
    "EVT 2.0": (evt2, "raw"),
    "EVT 3.0": (evt3, "raw"),
    "AEDAT 2.0": (aedat2, "aedat"),
    "AEDAT 3.1": (aedat31, "aedat"),
    "AEDAT4": (lambda n: encoded(events(n), "a.aedat4"), "aedat4"),
    "Event Stream": (event_stream, "es"),
    "N-MNIST": (nmnist, "bin"),
    "npz": (npz, "npz"),
    "csv": (csv, "csv"),
    "HDF5": (lambda n: encoded(events(n), "a.h5"), "h5"),
    "MATLAB .mat": (lambda n: b"".join(mat(n)), "mat"),
}

#: Files that another one of the same format goes on, its header aside: they are made in pieces.
_GO_ON = ("DAT CD", "EVT 2.0", "EVT 3.0", "AEDAT 2.0", "AEDAT 3.1", "N-MNIST", "csv")
_PIECE = 5_000_000


def write(path: Path, name: str, n: int) -> None:
    """Write a recording of n events in a format, and hold no more of it than must be."""
    make, extension = FORMATS[name]
    if extension == "mat":  # its columns are made one by one
        with path.open("wb") as file:
            file.writelines(mat(n))
        return
    if name not in _GO_ON:
        path.write_bytes(make(n))
        return
    header = len(make(0))
    with path.open("wb") as file:
        for first in range(0, n, _PIECE):
            file.write(make(min(_PIECE, n - first), first)[header if first else 0 :])
