"""AEDAT 1.0 and 2.0 (jAER) and 3.1 (cAER, DVS128 Gesture), by iniVation's specifications.

https://docs.inivation.com/software/software-advanced-usage/file-formats/
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masnn.readers._blocks import Source, Walk, Window, columns, filled, walked
from masnn.readers._raw import Malformed, Raw

_VERSION = re.compile(rb"#!AER-DAT(\d\.\d)")

# Printable text in any 8-bit encoding, of a length that a preference may have.
_HEADER_LINE = re.compile(rb"#[\t\x20-\x7e\x80-\xff]{0,65536}\r?\n")

# DAVIS sensors of jAER by the name in the header's AEChip line: (width, height) in px.
_DAVIS = {b"DAVIS240": (240, 180), b"DAVIS346": (346, 260), b"DAVIS640": (640, 480)}

_DAVIS_OTHER = "frame samples, IMU samples and external events"

_DVS128 = {
    "time": 1, "x": 1, "x_mask": 0x7F, "y": 8, "y_mask": 0x7F, "p": 0,
    "x_last": 127, "y_last": 127, "off": 1, "skip": 1 << 15,
}  # fmt: skip

#: Why `_loops.aedat31` ended before the end.
_CUT, _DAMAGED, _OTHER_SIZE = 1, 2, 3


def version(content: bytes) -> str | None:
    """Return the version that the first line names, or None if this is no AEDAT file."""
    found = _VERSION.match(content[:32])
    return found.group(1).decode() if found else None


def decode_1(content: bytes | Source, window: Window | None = None) -> Raw:
    """Decode AEDAT 1.0 of a DVS128: big-endian, a 16-bit address and a 32-bit time in us.

    The address has the bits that it has in AEDAT 2.0.
    """
    from masnn.readers import _loops

    def words(block: NDArray[np.uint8]) -> NDArray[np.uint32]:
        record = block.view([("address", ">u2"), ("time", ">u4")])
        return np.stack([record["address"], record["time"]], axis=1, dtype=np.uint32)

    source = Source.of(content)
    layout = _loops.Layout(**_DVS128)
    return _walked(source, window, 6, words, layout, "AEDAT 1.0 (DVS128)", (128, 128))


def decode_2(content: bytes | Source, window: Window | None = None) -> Raw:
    """Decode AEDAT 2.0: big-endian pairs of a 32-bit address and a 32-bit time in us.

    DVS128: bit 0 polarity (0 = ON), bits 1-7 x from the right, bits 8-14 y from the bottom, bit 15
    an external event. DAVIS: bit 31 a frame's sample or an IMU's, bits 22-30 y from the bottom,
    bits 12-21 x from the right, bit 11 polarity (1 = ON), bit 10 an external event.
    """
    from masnn.readers import _loops

    source = Source.of(content)
    header = source.head[: _header_end(source.head)]
    chip = next((name for name in _DAVIS if name in header), None)

    def words(block: NDArray[np.uint8]) -> NDArray[np.uint32]:
        pairs = block.view(">u4").astype(np.uint32).reshape(-1, 2)
        if chip is None and pairs[:, 0].max() > 0xFFFF:
            raise Malformed(
                "holds 32-bit addresses, as DAVIS sensors write them, but its header names none of "
                f"{', '.join(n.decode() for n in _DAVIS)}"
            )
        return pairs

    if chip is None:
        layout, size = _loops.Layout(**_DVS128), (128, 128)
    else:
        size = _DAVIS[chip]
        layout = _loops.Layout(
            time=1, x=12, x_mask=0x3FF, y=22, y_mask=0x1FF, p=11,
            x_last=size[0] - 1, y_last=size[1] - 1, skip=1 << 31 | 1 << 10,
        )  # fmt: skip
    name = f"AEDAT 2.0 ({chip.decode() if chip else 'DVS128'})"
    return _walked(source, window, 8, words, layout, name, size)


def _walked(
    source: Source,
    window: Window | None,
    record: int,
    words: Callable[[NDArray[np.uint8]], NDArray[np.uint32]],
    layout: Any,
    name: str,
    size: tuple[int, int],
) -> Raw:
    """Decode what follows the header: `words` gives a block's addresses and times, (n, 2)."""
    from masnn.readers import _loops

    walk = Walk(
        _header_end(source.head),
        record,
        lambda block, *to: _loops.pairs(words(block), layout, *to),
        lambda block: int(np.count_nonzero(words(block)[:, 0] & np.uint32(layout.skip) == 0)),
    )
    raw, state = walked(source, walk, window)
    raw.width, raw.height, raw.format = *size, name
    if state["other"]:
        kinds = "external events" if size == (128, 128) else _DAVIS_OTHER
        raw.warnings.append(f"{state['other']:,} {kinds} lie between the events and were left out.")
    if wraps := (int(state["top"]) >> 32) - (int(state["origin"]) >> 32):
        raw.warnings.append(f"The 32-bit clock overflowed {wraps} times; the times were continued.")
    return raw


def decode_31(content: bytes) -> Raw:
    """Decode AEDAT 3.1: packets of a 28-byte header and events, little endian.

    Of polarity packets, 8 bytes an event: bit 0 valid, bit 1 polarity, bits 2-16 y, bits 17-31 x,
    then 31 bits of time in us, continued by the packet header's overflow count.
    """
    from masnn.readers import _loops

    end = re.search(rb"#!END-HEADER\r?\n", content[: 1 << 20])
    if end is None:
        raise Malformed("expected the line #!END-HEADER within the first MiB, found none")
    data = np.frombuffer(content, np.uint8, offset=end.end())
    state = _loops.fresh(0, 0)
    at, why = _loops.aedat31(data, state, *columns(0))
    if why == _DAMAGED:
        raise Malformed(f"the packet header at byte {end.end() + at} is damaged")
    if why == _OTHER_SIZE:
        raise Malformed(f"polarity events have 8 bytes, found others at byte {end.end() + at}")
    room = columns(int(state["n"][0]))
    state = _loops.fresh(0, 0)
    _loops.aedat31(data, state, *room)
    raw = filled(room, int(state["n"][0]))
    if why == _CUT and not len(raw.t):
        raise Malformed("holds no whole event, and its last packet is cut short")
    raw.cut_off(len(data) - at)
    if why == _CUT and at == len(data):
        raw.warnings.append("The last packet announces more events than follow: it is cut short.")
    if b"DVS128" in content[: end.start()] and all(
        not len(side) or side.max() < 128 for side in (raw.x, raw.y)
    ):
        raw.width = raw.height = 128
    if n := int(state["early"][0]):
        raw.warnings.append(f"{n:,} events are marked invalid and were left out.")
    if n := int(state["other"][0]):
        raw.warnings.append(f"{n:,} packets of other kinds of events were left out.")
    if n := int(state["top"][0]):
        raw.warnings.append(f"The 31-bit clock overflowed {n:,} times; the times were continued.")
    return raw


def _header_end(content: bytes) -> int:
    """Return where the header's lines end: each begins with # and is text.

    An event's first byte may be # as well (DAVIS rows 140 to 143): what follows it then is no text.
    """
    position = 0
    while line := _HEADER_LINE.match(content, position):
        position = line.end()
    return position
