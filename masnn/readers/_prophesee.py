"""Prophesee RAW (EVT 2.0, 2.1 and 3.0) and DAT (CD, versions 1 and 2).

By the specifications at docs.prophesee.ai, "Data: encoding formats" and "file formats". Both begin
with lines of text from "% " on. All words are little-endian. A camera's clock has fewer bits than
a recording may need: it wraps, and is carried on here.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from masnn.readers._blocks import Source, Walk, Window, walked
from masnn.readers._raw import Malformed, Raw

#: A header of more lines is none.
_MAX_LINES = 200

#: How a header's version of EVT begins, longest first.
_VERSIONS = (("2.1", "EVT 2.1"), ("21", "EVT 2.1"), ("2", "EVT 2.0"), ("3", "EVT 3.0"))

_OTHER_WORDS = "other words (triggers, monitoring, continuations)"


def kind(content: bytes) -> str:
    """Return "EVT 2.0", "EVT 2.1", "EVT 3.0", "DAT CD" or, for anything else, nothing."""
    if not content.startswith(b"% "):
        return ""
    keys, start = _header(content)
    told = keys.get("evt", "") + keys.get("format", "").partition(";")[0].removeprefix("EVT")
    for version, name in _VERSIONS:
        if told.startswith(version):
            return name
    is_dat = "data" in keys and "event" in keys["data"]
    return "DAT CD" if is_dat and len(content) >= start + 2 else ""


def _header(content: bytes) -> tuple[dict[str, str], int]:
    """Return the header's words by their lower-case key, and where the data begin."""
    keys: dict[str, str] = {}
    start = 0
    for _ in range(_MAX_LINES):
        if not content.startswith(b"%", start):
            break
        end = content.find(b"\n", start)
        if end < 0:
            break
        key, _, value = content[start + 1 : end].decode("latin-1").strip().partition(" ")
        keys[key.lower()] = value.strip()
        start = end + 1
        if key.lower() == "end":
            break
    return keys, start


def _sensor(keys: dict[str, str]) -> tuple[int, int] | tuple[None, None]:
    """Return the sensor's width and height where the header has them in one of its spellings."""
    if found := re.fullmatch(r"(\d{1,5})x(\d{1,5})", keys.get("geometry", "")):
        return int(found[1]), int(found[2])
    told = dict(part.split("=", 1) for part in keys.get("format", "").split(";") if "=" in part)
    sides = [told.get(side) or keys.get(side, "") for side in ("width", "height")]
    if all(re.fullmatch(r"\d{1,5}", side) for side in sides):
        return int(sides[0]), int(sides[1])
    return None, None


def decode(content: bytes | Source, window: Window | None = None) -> Raw:
    """Decode the file, or a window of it."""
    source = Source.of(content)
    keys, start = _header(source.head)
    name = kind(source.head)
    if name == "DAT CD":
        walk, bits = _dat(source.head, keys, start)
    else:
        walk, bits = _evt(name, keys, start)
    raw, state = walked(source, walk, window)
    raw.width, raw.height = _sensor(keys)
    raw.format = name
    if state["early"]:
        raw.warnings.append(
            f"{state['early']:,} events before the first word of their row or time were left out."
        )
    if state["other"]:
        raw.warnings.append(f"{state['other']:,} {_OTHER_WORDS} were left out.")
    if wraps := (int(state["top"]) >> bits) - (int(state["origin"]) >> bits):
        raw.warnings.append(f"The clock wrapped {wraps:,} times; the times were carried on.")
    return raw


def _evt(name: str, keys: dict[str, str], start: int) -> tuple[Walk, int]:
    """Return how to walk over EVT, and the bits of the word that a clock's upper part has.

    EVT 2.0: 32 bits. Type 4; event: time 6, x 11, y 11; time high: 28.
    EVT 2.1: 64 bits. As 2.0 in the upper half; the lower marks which of 32 pixels fire.
    EVT 3.0: 16 bits. Type 4 and 12; see `_evt_loops.evt3`.
    """
    from masnn.readers import _evt_loops as loops

    if name == "EVT 3.0":
        return Walk(
            start,
            2,
            lambda block, *to: loops.evt3(_native(block, "<u2"), *to),
            lambda block: int(loops.evt3_most(_native(block, "<u2"))),
        ), 12
    if name == "EVT 2.1":
        # Legacy files have the upper half first.
        told = keys.get("format", "") + keys.get("endianness", "")
        upper = 0 if "legacy" in told else 1
        return Walk(
            start,
            8,
            lambda block, *to: loops.evt21(_native(block, "<u4").reshape(-1, 2), upper, *to),
            lambda block: int(np.bitwise_count(_native(block, "<u4")[1 - upper :: 2]).sum()),
        ), 28
    return Walk(
        start,
        4,
        lambda block, *to: loops.evt2(_native(block, "<u4"), *to),
        lambda block: int(np.count_nonzero(_native(block, "<u4") < 2 << 28)),
    ), 28


def _dat(head: bytes, keys: dict[str, str], start: int) -> tuple[Walk, int]:
    """Return how to walk over DAT, and the bits of its clock.

    A byte of type, one of size, then 32 bits of time and 32 of place: 8 bytes an event.
    """
    from masnn.readers import _loops

    of, size = head[start], head[start + 1]
    if of not in (0x00, 0x0C) or size != 8:
        raise Malformed(
            f"events of type {of} and {size} bytes; change-detection events have type 0 or 12 and 8"
        )
    if keys.get("version", "1").startswith("1"):
        layout = _loops.Layout(time=0, x=0, x_mask=0x1FF, y=9, y_mask=0xFF, p=17)
    else:
        layout = _loops.Layout(time=0, x=0, x_mask=0x3FFF, y=14, y_mask=0x3FFF, p=28)
    return Walk(
        start + 2,
        8,
        lambda block, *to: _loops.pairs(_native(block, "<u4").reshape(-1, 2), layout, *to),
        8,
    ), 32


def _native(block: NDArray[np.uint8], dtype: str) -> NDArray[np.integer]:
    """Return a block's words as this machine has them."""
    words = block.view(dtype)
    return words.astype(words.dtype.newbyteorder("="), copy=False)
