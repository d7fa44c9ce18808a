"""Event Stream (.es), version 2, of polarity events.

By the specification at github.com/neuromorphic-paris/event_stream: the signature, three bytes of
version, one of type, for polarity events the sensor's width and height of 16 bits each; then for
each event a byte of time step (7 bits, us) and polarity, and x and y of 16 bits each. 0xff is a
step of 127 us without an event, 0xfe is nothing. Words are little-endian, rows count from the
bottom.
"""

from __future__ import annotations

import struct

from masnn.readers._blocks import Source, Walk, Window, walked
from masnn.readers._raw import Malformed, Raw

SIGNATURE = b"Event Stream"

_HEADER = struct.Struct("<3BB")
_SIZE = struct.Struct("<HH")
_TYPES = ("generic", "dvs", "atis", "asynchronous ATIS", "color")
_DVS = 1


def decode(content: bytes | Source, window: Window | None = None) -> Raw:
    """Decode the file, or a window of it."""
    from masnn.readers import _loops

    source = Source.of(content)
    start = len(SIGNATURE) + _HEADER.size
    if len(source.head) < start + _SIZE.size:
        raise Malformed("ends within its header; the file is cut short")
    major, minor, patch, of = _HEADER.unpack_from(source.head, len(SIGNATURE))
    if major != 2:
        raise Malformed(f"is of version {major}.{minor}.{patch}; version 2 is read here")
    if of != _DVS:
        told = _TYPES[of] if of < len(_TYPES) else of
        raise Malformed(f"holds events of type {told}, not change detection")
    width, height = _SIZE.unpack_from(source.head, start)
    walk = Walk(
        start + _SIZE.size,
        1,
        lambda block, *to: _loops.event_stream(block, height, *to),
        5,
    )
    raw, _ = walked(source, walk, window)
    raw.width, raw.height = width, height
    return raw
