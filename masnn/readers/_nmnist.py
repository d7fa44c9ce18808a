"""N-MNIST and N-Caltech101 `.bin`: 5 bytes an event, no header.

Orchard et al., Frontiers in Neuroscience 9:437, 2015: x, y, then polarity (1 bit) and time in us
(23 bits, big endian). An event with y = 240 marks an overflow of the sensor's clock: 2^13 us.
"""

from __future__ import annotations

import numpy as np

from masnn.readers._raw import Malformed, Raw, words

_OVERFLOW_ROW = 240
_OVERFLOW_US = 1 << 13


def looks_like(content: bytes) -> bool:
    """Return whether the bytes can be such events: whole records of times that hardly go back."""
    if not content or len(content) % 5:
        return False
    record = np.frombuffer(content[: 5 * 4096], np.uint8).reshape(-1, 5).astype(np.int64)
    t = _times(record) + _overflows(record)
    back = np.count_nonzero(np.diff(t) < 0)
    # Text, and any other bytes, jump about; a clock does not.
    return bool(back <= len(t) // 20 and record[:, 1].max() <= _OVERFLOW_ROW)


def is_plausible(content: bytes) -> bool:
    """Return whether the bytes are such events even where no name says so.

    Then no time may go back and more than one pixel must have fired: zeros and tables do neither.
    """
    if not looks_like(content):
        return False
    record = np.frombuffer(content[: 5 * 4096], np.uint8).reshape(-1, 5).astype(np.int64)
    t = _times(record) + _overflows(record)
    places = record[record[:, 1] != _OVERFLOW_ROW, :2]
    return bool(np.all(np.diff(t) >= 0) and np.any(places != places[:1]))


def decode(content: bytes) -> Raw:
    """Decode the whole file."""
    record = words(content, "V5", 0, "events").view(np.uint8).reshape(-1, 5).astype(np.int64)
    overflow = record[:, 1] == _OVERFLOW_ROW
    t = _times(record) + _overflows(record)
    if overflow.all():
        raise Malformed("holds no events but clock overflows")
    keep = ~overflow
    raw = Raw(record[keep, 0], record[keep, 1], t[keep], (record[keep, 2] >> 7))
    if n := int(np.count_nonzero(overflow)):
        raw.warnings.append(f"{n:,} clock overflows were added to the times and left out.")
    return raw


def _times(record: np.ndarray) -> np.ndarray:
    return ((record[:, 2] & 127) << 16) | (record[:, 3] << 8) | record[:, 4]


def _overflows(record: np.ndarray) -> np.ndarray:
    return np.cumsum(record[:, 1] == _OVERFLOW_ROW) * _OVERFLOW_US
