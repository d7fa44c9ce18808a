"""N-MNIST and N-Caltech101 `.bin`: 5 bytes an event, no header.

Orchard et al., Frontiers in Neuroscience 9:437, 2015: x, y, then polarity (1 bit) and time in us
(23 bits, big endian). An event with y = 240 marks an overflow of the sensor's clock: 2^13 us.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masnn.readers._blocks import columns, filled
from masnn.readers._raw import Malformed, Raw

_RECORD = 5
_OVERFLOW_ROW = 240
_OVERFLOW_US = 1 << 13

#: A file that ends within a record must hold so many whole ones: few bytes can look like anything.
_MANY = 20
#: So many records are looked at, and decoded at once.
_BLOCK = 1 << 14


def looks_like(content: bytes) -> bool:
    """Return whether the bytes can be such events: records of times that hardly go back."""
    whole, left_over = divmod(len(content), _RECORD)
    if not whole or (left_over and whole < _MANY):
        return False
    record = _records(content, 0, min(whole, _BLOCK // 4))
    t = _times(record) + np.cumsum(record[:, 1] == _OVERFLOW_ROW) * _OVERFLOW_US
    back = np.count_nonzero(np.diff(t) < 0)
    if left_over and t[-1] == t[0]:
        return False
    # Text, and any other bytes, jump about; a clock does not.
    return bool(back <= len(t) // 20 and record[:, 1].max() <= _OVERFLOW_ROW)


def is_plausible(content: bytes) -> bool:
    """Return whether the bytes are such events even where no name says so.

    Then no time may go back and more than one pixel must have fired: zeros and tables do neither.
    """
    if not looks_like(content):
        return False
    record = _records(content, 0, min(len(content) // _RECORD, _BLOCK // 4))
    t = _times(record) + np.cumsum(record[:, 1] == _OVERFLOW_ROW) * _OVERFLOW_US
    places = record[record[:, 1] != _OVERFLOW_ROW, :2]
    return bool(np.all(np.diff(t) >= 0) and np.any(places != places[:1]))


def decode(content: bytes) -> Raw:
    """Decode the whole file."""
    whole, left_over = divmod(len(content), _RECORD)
    overflows = int(np.count_nonzero(_records(content, 0, whole)[:, 1] == _OVERFLOW_ROW))
    n = whole - overflows
    if not n:
        raise Malformed("holds no events but clock overflows")
    raw = filled(columns(n), n)
    at, carried = 0, 0
    for start in range(0, whole, _BLOCK):
        record = _records(content, start, min(_BLOCK, whole - start))
        overflow = record[:, 1] == _OVERFLOW_ROW
        so_far = np.cumsum(overflow) + carried
        carried = int(so_far[-1])
        keep = ~overflow
        to = slice(at, at + int(np.count_nonzero(keep)))
        raw.x[to], raw.y[to] = record[keep, 0], record[keep, 1]
        raw.t[to] = (_times(record) + so_far * _OVERFLOW_US)[keep]
        raw.p[to] = record[keep, 2] >> 7
        at = to.stop
    raw.cut_off(left_over)
    if overflows:
        raw.warnings.append(f"{overflows:,} clock overflows were added to the times and left out.")
    return raw


def _records(content: bytes, start: int, n: int) -> NDArray[np.uint8]:
    """Return n records from one on, (n, 5)."""
    data = np.frombuffer(content, np.uint8, n * _RECORD, start * _RECORD)
    return data.reshape(-1, _RECORD)


def _times(record: NDArray[np.uint8]) -> NDArray[np.int64]:
    high, middle, low = (record[:, i].astype(np.int64) for i in (2, 3, 4))
    return (high & 127) << 16 | middle << 8 | low
