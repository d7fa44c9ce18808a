"""A drawing: strokes of points, and the text that stands for it in an address."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

#: Points lie in 0..SIDE along each side, x to the right and y down.
SIDE = 1000

#: More points are no drawing.
MOST = 5000

#: Longer texts are no part of an address that can be sent to somebody.
MOST_TEXT = 4000

Strokes = list[list[tuple[float, float]]]


def checked(sent: object) -> Strokes | None:
    """Return what a browser sent as strokes, without what is none; None for too many points."""
    lines = sent if isinstance(sent, list) else []
    strokes = [[(p[0], p[1]) for p in line if _is_place(p)] for line in lines if _is_line(line)]
    strokes = [line for line in strokes if line]
    return strokes if sum(map(len, strokes)) <= MOST else None


def packed(strokes: Strokes) -> str:
    """Return strokes of whole numbers as a text of letters, digits, "-" and "_".

    Each stroke is its number of points, its first point and the differences from point to point:
    bytes of 7 bits, the least first, the sign in the lowest bit; base 64 of them.

    Returns:
        "" where there is nothing, or it would be longer than `MOST_TEXT`.
    """
    if any(value != int(value) for line in strokes for point in line for value in point):
        return ""
    content = bytearray()
    for line in strokes:
        _put(content, len(line))
        for (x, y), (before_x, before_y) in zip(line, [(0, 0), *line], strict=False):
            _put(content, int(x - before_x))
            _put(content, int(y - before_y))
    text = base64.urlsafe_b64encode(content).decode().rstrip("=")
    return text if len(text) <= MOST_TEXT else ""


def unpacked(text: str) -> Strokes:
    """Return the strokes that `packed` wrote; none where the text, anybody's, is not its."""
    if len(text) > MOST_TEXT:
        return []
    strokes: Strokes = []
    try:
        content = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        values = _values(content)
        for n in values:
            line: list[tuple[float, float]] = []
            x = y = 0
            for _ in range(n):
                x, y = x + next(values), y + next(values)
                line.append((x, y))
            strokes.append(line)
    except (binascii.Error, ValueError, StopIteration):
        return []
    whole = checked(strokes)
    return strokes if whole == strokes else []


def _put(content: bytearray, value: int) -> None:
    rest = 2 * value if value >= 0 else -2 * value - 1
    while rest > 127:
        content.append(rest & 127 | 128)
        rest >>= 7
    content.append(rest)


def _values(content: bytes) -> Iterator[int]:
    """Yield the numbers that `_put` wrote; one that is cut off is left out."""
    rest = shift = 0
    for byte in content:
        rest |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            yield -(rest + 1) // 2 if rest & 1 else rest // 2
            rest = shift = 0


def _is_line(value: object) -> bool:
    return isinstance(value, list | tuple)


def _is_place(value: object) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) == 2
        and all(type(x) in (int, float) and 0 <= x <= SIDE for x in value)
    )
