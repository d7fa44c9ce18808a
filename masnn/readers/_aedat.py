"""AEDAT 1.0 and 2.0 (jAER) and 3.1 (cAER, DVS128 Gesture), by iniVation's specifications.

https://docs.inivation.com/software/software-advanced-usage/file-formats/
"""

from __future__ import annotations

import re
import struct

import numpy as np
from numpy.typing import NDArray

from masnn.readers._raw import Malformed, Raw, unwrap, words

_VERSION = re.compile(rb"#!AER-DAT(\d\.\d)")

# Printable text in any 8-bit encoding, of a length that a preference may have.
_HEADER_LINE = re.compile(rb"#[\t\x20-\x7e\x80-\xff]{0,65536}\r?\n")

# DAVIS sensors of jAER by the name in the header's AEChip line: (width, height) in px.
_DAVIS = {b"DAVIS240": (240, 180), b"DAVIS346": (346, 260), b"DAVIS640": (640, 480)}

_PACKET = struct.Struct("<hhiiiiii")
_PACKET_HEADER = _PACKET.size
_POLARITY_EVENT = 1


def version(content: bytes) -> str | None:
    """Return the version that the first line names, or None if this is no AEDAT file."""
    found = _VERSION.match(content[:32])
    return found.group(1).decode() if found else None


def decode_1(content: bytes) -> Raw:
    """Decode AEDAT 1.0 of a DVS128: big-endian, a 16-bit address and a 32-bit time in us.

    The address has the bits that it has in AEDAT 2.0.
    """
    record = words(content, "V6", _header_end(content), "events").view(np.uint8).reshape(-1, 6)
    address = record[:, :2].copy().view(">u2")[:, 0].astype(np.int64)
    t, wraps = unwrap(record[:, 2:].copy().view(">u4")[:, 0].astype(np.int64), 32)
    return _told(_dvs128(address, t, "AEDAT 1.0 (DVS128)"), wraps)


def decode_2(content: bytes) -> Raw:
    """Decode AEDAT 2.0: big-endian pairs of a 32-bit address and a 32-bit time in us.

    DVS128: bit 0 polarity (0 = ON), bits 1-7 x from the right, bits 8-14 y from the bottom, bit 15
    an external event. DAVIS: bit 31 a frame's sample or an IMU's, bits 22-30 y from the bottom,
    bits 12-21 x from the right, bit 11 polarity (1 = ON), bit 10 an external event.
    """
    start = _header_end(content)
    header = content[:start]
    record = words(content, ">u4", start, "address and time pairs of 4 bytes")
    if len(record) % 2:
        raise Malformed("ends within an event: an address without its time; the file is cut short")
    address = record[0::2].astype(np.int64)
    t, wraps = unwrap(record[1::2].astype(np.int64), 32)
    chip = next((name for name in _DAVIS if name in header), None)
    if chip is None and len(address) and int(address.max()) > 0xFFFF:
        raise Malformed(
            "holds 32-bit addresses, as DAVIS sensors write them, but its header names none of "
            f"{', '.join(n.decode() for n in _DAVIS)}"
        )
    if chip is None:
        return _told(_dvs128(address, t, "AEDAT 2.0 (DVS128)"), wraps)
    width, height = _DAVIS[chip]
    other = ((address >> 31) & 1 == 1) | ((address >> 10) & 1 == 1)
    x = width - 1 - ((address >> 12) & 0x3FF)
    y = height - 1 - ((address >> 22) & 0x1FF)
    keep, p = ~other, (address >> 11) & 1
    name = f"AEDAT 2.0 ({chip.decode()})"
    raw = Raw(x[keep], y[keep], t[keep], p[keep], width, height, format=name)
    if n := int(np.count_nonzero(other)):
        raw.warnings.append(
            f"{n:,} frame samples, IMU samples and external events lie between the events and "
            "were left out."
        )
    return _told(raw, wraps)


def _dvs128(address: NDArray[np.int64], t: NDArray[np.int64], name: str) -> Raw:
    """Return the events of a DVS128's addresses, external ones left out."""
    other = (address >> 15) & 1 == 1
    x, y = 127 - ((address >> 1) & 0x7F), 127 - ((address >> 8) & 0x7F)
    keep, p = ~other, 1 - (address & 1)
    raw = Raw(x[keep], y[keep], t[keep], p[keep], 128, 128, format=name)
    if n := int(np.count_nonzero(other)):
        raw.warnings.append(f"{n:,} external events lie between the events and were left out.")
    return raw


def _told(raw: Raw, wraps: int) -> Raw:
    if wraps:
        raw.warnings.append(f"The 32-bit clock overflowed {wraps} times; the times were continued.")
    return raw


def decode_31(content: bytes) -> Raw:
    """Decode AEDAT 3.1: packets of a 28-byte header and events, little endian.

    Of polarity packets, 8 bytes an event: bit 0 valid, bit 1 polarity, bits 2-16 y, bits 17-31 x,
    then 31 bits of time in us, continued by the packet header's overflow count.
    """
    end = re.search(rb"#!END-HEADER\r?\n", content[: 1 << 20])
    if end is None:
        raise Malformed("expected the line #!END-HEADER within the first MiB, found none")
    position = end.end()
    parts: list[np.ndarray] = []
    invalid = other_packets = 0
    while position < len(content):
        if len(content) - position < _PACKET_HEADER:
            raise Malformed(
                f"expected a {_PACKET_HEADER}-byte packet header at byte {position}, found "
                f"{len(content) - position} bytes; the file is cut short"
            )
        kind, _, size, _, overflow, _, number, _ = _PACKET.unpack_from(content, position)
        position += _PACKET_HEADER
        if size < 1 or number < 0 or overflow < 0:
            raise Malformed(f"the packet header before byte {position} is damaged")
        if number * size > len(content) - position:
            raise Malformed(
                f"the packet at byte {position} announces {number:,} events of {size} bytes, more "
                f"than the {len(content) - position:,} bytes left; the file is cut short or damaged"
            )
        if kind == _POLARITY_EVENT and number:
            if size != 8:
                raise Malformed(f"polarity events have 8 bytes, found {size} at byte {position}")
            record = np.frombuffer(content, "<u4", 2 * number, position).reshape(-1, 2)
            data = record[:, 0].astype(np.int64)
            valid = data & 1 == 1
            invalid += int(np.count_nonzero(~valid))
            t = (overflow << 31) | record[:, 1].astype(np.int64)
            fields = ((data >> 17) & 0x7FFF, (data >> 2) & 0x7FFF, t, (data >> 1) & 1)
            parts.append(np.stack(fields)[:, valid])
        elif kind != _POLARITY_EVENT:
            other_packets += 1
        position += number * size
    x, y, t, p = np.concatenate(parts, axis=1) if parts else np.empty((4, 0), np.int64)
    raw = Raw(x, y, t, p)
    if b"DVS128" in content[: end.start()] and (not len(x) or max(x.max(), y.max()) < 128):
        raw.width = raw.height = 128
    if invalid:
        raw.warnings.append(f"{invalid:,} events are marked invalid and were left out.")
    if other_packets:
        raw.warnings.append(f"{other_packets:,} packets of other kinds of events were left out.")
    return raw


def _header_end(content: bytes) -> int:
    """Return where the header's lines end: each begins with # and is text.

    An event's first byte may be # as well (DAVIS rows 140 to 143): what follows it then is no text.
    """
    position = 0
    while line := _HEADER_LINE.match(content, position):
        position = line.end()
    return position
