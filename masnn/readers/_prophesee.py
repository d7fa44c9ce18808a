"""Prophesee RAW (EVT 2.0, 2.1 and 3.0) and DAT (CD, versions 1 and 2).

By the specifications at docs.prophesee.ai, "Data: encoding formats" and "file formats". Both begin
with lines of text from "% " on. All words are little-endian. A camera's clock has fewer bits than
a recording may need: it wraps, and is carried on here.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from masnn.readers._raw import Malformed, Raw, unwrap, words

#: A header of more lines is none.
_MAX_LINES = 200

#: How a header's version of EVT begins, longest first.
_VERSIONS = (("2.1", "EVT 2.1"), ("21", "EVT 2.1"), ("2", "EVT 2.0"), ("3", "EVT 3.0"))

_CD_OFF, _CD_ON = 0x0, 0x1
_TIME_HIGH = 0x8
_OTHER_WORDS = "other words (triggers, monitoring, continuations)"


def kind(content: bytes) -> str:
    """Return "EVT 2.0", "EVT 2.1", "EVT 3.0", "DAT CD" or, for anything else, nothing."""
    if not content.startswith(b"% "):
        return ""
    keys, start = _header(content)
    told = keys.get("evt", "") + keys.get("format", "").partition(";")[0].removeprefix("EVT")
    for version, name in (
        ("2.1", "EVT 2.1"),
        ("21", "EVT 2.1"),
        ("3", "EVT 3.0"),
        ("2", "EVT 2.0"),
    ):
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


def decode(content: bytes) -> Raw:
    """Decode the whole file."""
    keys, start = _header(content)
    name = kind(content)
    if name == "DAT CD":
        raw = _dat(content, keys, start)
    elif name == "EVT 3.0":
        raw = _evt3(words(content, "<u2", start, "words"))
    elif name == "EVT 2.1":
        legacy = "legacy" in keys.get("format", "") or "legacy" in keys.get("endianness", "")
        raw = _evt21(words(content, "<u8", start, "words"), legacy)
    else:
        raw = _evt2(words(content, "<u4", start, "words"))
    raw.width, raw.height = _sensor(keys)
    raw.format = name
    return raw


def _latest(is_one: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return for each word the place of the latest one so far, -1 before the first."""
    places = np.where(is_one, np.arange(len(is_one)), -1)
    return np.maximum.accumulate(places)


def _of_latest(values: NDArray[np.int64], is_one: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return for each word the value of the latest one so far, -1 before the first."""
    latest = _latest(is_one)
    return np.where(latest < 0, -1, values[latest])


def _high_times(
    values: NDArray[np.int64], is_high: NDArray[np.bool_], bits: int
) -> tuple[NDArray[np.int64], int]:
    """Return the clock's upper part at each word, its wraps carried on, and how many there were."""
    carried, wraps = unwrap(values[is_high], bits)
    spread = np.zeros(len(values), np.int64)
    spread[is_high] = carried
    return _of_latest(spread, is_high), wraps


def _told(raw: Raw, *, early: int, other: int, wraps: int) -> Raw:
    """Say what was left out and added."""
    if early:
        raw.warnings.append(
            f"{early:,} events before the first word of their row or time were left out."
        )
    if other:
        raw.warnings.append(f"{other:,} {_OTHER_WORDS} were left out.")
    if wraps:
        raw.warnings.append(f"The clock wrapped {wraps:,} times; the times were carried on.")
    return raw


def _evt2(word: NDArray[np.integer]) -> Raw:
    """EVT 2.0: 32 bits. Type 4; event: time 6, x 11, y 11; time high: 28."""
    word = word.astype(np.int64)
    of = word >> 28
    is_high = of == _TIME_HIGH
    high, wraps = _high_times(word & 0xFFFFFFF, is_high, 28)
    is_event = (of == _CD_OFF) | (of == _CD_ON)
    keep = is_event & (high >= 0)
    event = word[keep]
    raw = Raw(
        event >> 11 & 0x7FF,
        event & 0x7FF,
        high[keep] << 6 | event >> 22 & 0x3F,
        event >> 28,
    )
    early = int((is_event & ~keep).sum())
    return _told(raw, early=early, other=int((~is_event & ~is_high).sum()), wraps=wraps)


def _evt21(word: NDArray[np.integer], legacy: bool) -> Raw:
    """EVT 2.1: 64 bits. As 2.0 in the upper half; the lower marks which of 32 pixels fire."""
    halves = word.astype("<u8").view("<u4").reshape(-1, 2)
    # Legacy files have the upper half first.
    upper, mask = (halves[:, 0], halves[:, 1]) if legacy else (halves[:, 1], halves[:, 0])
    upper = upper.astype(np.int64)
    of = upper >> 28
    is_high = of == _TIME_HIGH
    high, wraps = _high_times(upper & 0xFFFFFFF, is_high, 28)
    is_event = (of == _CD_OFF) | (of == _CD_ON)
    place, bit = _set_bits(np.where(is_event, mask, 0), 32)
    event = upper[place]
    keep = high[place] >= 0
    event, place, bit = event[keep], place[keep], bit[keep]
    raw = Raw(
        (event >> 11 & 0x7FF) + bit,
        event & 0x7FF,
        high[place] << 6 | event >> 22 & 0x3F,
        event >> 28,
    )
    other = int((~is_event & ~is_high).sum())
    return _told(raw, early=int((~keep).sum()), other=other, wraps=wraps)


def _set_bits(masks: NDArray[np.integer], bits: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return word and bit of every set bit, in the order of the words, low bits first."""
    found = [np.flatnonzero(masks >> bit & 1) * bits + bit for bit in range(bits)]
    keys = np.sort(np.concatenate(found))
    return keys // bits, keys % bits


def _evt3(word: NDArray[np.integer]) -> Raw:
    """EVT 3.0: 16 bits. Words set clock, row and column; a vector is the next 12 or 8 pixels."""
    of, value = word >> 12, (word & 0xFFF).astype(np.int64)
    is_y, is_x, is_base = of == 0x0, of == 0x2, of == 0x3
    is_12, is_8 = of == 0x4, of == 0x5
    is_low, is_high = of == 0x6, of == _TIME_HIGH
    high, wraps = _high_times(value, is_high, 12)
    low = _of_latest(value, is_low)
    # The lower part that came before the upper one moved on belongs to the past.
    moved = is_high & (high != np.concatenate(([-1], high[:-1])))
    low = np.where(_latest(moved) > _latest(is_low), 0, low)
    y = _of_latest(value & 0x7FF, is_y)
    base = _of_latest(value, is_base)
    # A vector begins where the one before it on the same base ended.
    ends = np.cumsum(np.where(is_12, 12, np.where(is_8, 8, 0)))
    before = np.concatenate(([0], ends[:-1]))
    since_base = before - _of_latest(ends, is_base)
    masks = np.where(is_12, value, np.where(is_8, value & 0xFF, np.where(is_x, 1, 0)))
    place, bit = _set_bits(masks, 12)
    single = is_x[place]
    keep = (high[place] >= 0) & (y[place] >= 0) & (single | (base[place] >= 0))
    place, bit, single = place[keep], bit[keep], single[keep]
    source = np.where(single, value[place], base[place])
    raw = Raw(
        (source & 0x7FF) + np.where(single, 0, since_base[place] + bit),
        y[place],
        high[place] << 12 | low[place],
        source >> 11,
    )
    known = is_y | is_x | is_base | is_12 | is_8 | is_low | is_high
    return _told(raw, early=int((~keep).sum()), other=int((~known).sum()), wraps=wraps)


def _dat(content: bytes, keys: dict[str, str], start: int) -> Raw:
    """DAT: a byte of type, one of size, then 32 bits of time and 32 of place, 8 bytes an event."""
    of, size = content[start], content[start + 1]
    if of not in (0x00, 0x0C) or size != 8:
        raise Malformed(
            f"events of type {of} and {size} bytes; change-detection events have type 0 or 12 and 8"
        )
    pair = words(content, "<u8", start + 2, "events").astype("<u8").view("<u4").reshape(-1, 2)
    t, wraps = unwrap(pair[:, 0].astype(np.int64), 32)
    place = pair[:, 1].astype(np.int64)
    if keys.get("version", "1").startswith("1"):
        raw = Raw(place & 0x1FF, place >> 9 & 0xFF, t, place >> 17 & 1)
    else:
        raw = Raw(place & 0x3FFF, place >> 14 & 0x3FFF, t, place >> 28 & 1)
    return _told(raw, early=0, other=0, wraps=wraps)
