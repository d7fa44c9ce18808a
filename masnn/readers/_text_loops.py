"""The numbers of a plain text table, compiled by Numba: what most tables are, read in one pass.

Anything but lines of as many numbers each (digits, one sign, a point in times) ends the walk, and
`_text_rows` reads the table.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from masnn.readers._blocks import Source
from masnn.readers._loops import compiled
from masnn.readers._raw import MAX_EVENTS
from masnn.readers._text_rows import MAX_LINE, Columns, Table

_NEWLINE, _RETURN, _SPACE, _TAB, _MINUS, _PLUS, _POINT, _ZERO = 10, 13, 32, 9, 45, 43, 46, 48

#: What a column may hold.
_X, _Y, _T, _P, _NOTHING = 0, 1, 2, 3, 4

#: Beyond it lies no coordinate, and none that has room.
_LAST = (1 << 16) - 1

#: So much is read at once.
_PIECE_BYTES = 1 << 18

#: A number of so few digits over a power of ten of so few is rounded once, as `float` does it.
_MOST, _PLACES = 1 << 53, 22


def _walk(
    content: Any, n: int, comma: int, places: Any, pointed: bool,
    x: Any, y: Any, p: Any, whole: Any, values: Any,
) -> int:  # fmt: skip
    """Write the numbers of each line, and return how many lines there are; -1 for anything else.

    Args:
        content: Lines, of which the last one need not have its end.
        n: Lines so far.
        comma: What separates cells, 0 for white space.
        places: What each column holds, one of `_X` to `_NOTHING`.
        pointed: Whether times may have a point.
        x: Where columns of the sensor go, (most,), uint16.
        y: Rows, uint16.
        p: Polarities, int8.
        whole: Times that have no point, int64.
        values: Times that may have one, float64.
    """
    n_columns, most = len(places), len(x)
    line, column, i = n, 0, 0
    end = len(content)
    while i < end:
        # The cell's number.
        while i < end and (content[i] == _SPACE or (content[i] == _TAB and comma != _TAB)):
            i += 1
        if i == end:
            break
        if content[i] == _NEWLINE or content[i] == _RETURN:
            if column:
                return -1
            i += 1  # an empty line
            continue
        if column == n_columns or line == most:
            return -1
        sign = 1
        if content[i] == _MINUS or content[i] == _PLUS:
            sign = 1 - 2 * (content[i] == _MINUS)
            i += 1
        number, digits, n_places, is_pointed = 0, 0, 0, False
        while i < end:
            if content[i] == _POINT:
                if is_pointed:
                    return -1
                is_pointed = True
            elif _ZERO <= content[i] <= _ZERO + 9:
                number = number * 10 + (content[i] - _ZERO)
                digits += 1
                n_places += is_pointed
                if number >= _MOST:
                    return -1
            else:
                break
            i += 1
        if not digits or n_places > _PLACES:
            return -1
        place = places[column]
        if place == _T and pointed:
            scale = 1.0
            for _ in range(n_places):
                scale *= 10.0
            values[line] = sign * (number / scale)
        elif place == _NOTHING:
            pass
        elif is_pointed:
            return -1
        elif place == _T:
            whole[line] = sign * number
        elif place == _P:
            if number > 1:
                return -1
            p[line] = sign * number
        elif sign * number < 0 or number > _LAST:
            return -1
        elif place == _X:
            x[line] = number
        else:
            y[line] = number
        column += 1
        # What follows it: the next cell, or the line's end.
        while i < end and (content[i] == _SPACE or (content[i] == _TAB and comma != _TAB)):
            i += 1
        if i < end and content[i] == _RETURN:
            i += 1
            if i < end and content[i] != _NEWLINE:
                return -1
        if i == end or content[i] == _NEWLINE:
            if column != n_columns:
                return -1
            line, column, i = line + 1, 0, i + 1
        elif comma:
            if content[i] != comma:
                return -1
            i += 1
        elif content[i - 1] != _SPACE and content[i - 1] != _TAB:
            return -1
    return line if column == 0 else -1


walk = compiled(_walk)


def columns(source: Source, table: Table, *, pointed: bool) -> Columns | None:
    """Return a table's columns, or None where it is not as plain as that.

    Args:
        source: A text in UTF-8.
        table: What its beginning says.
        pointed: Whether times have a point.

    Raises:
        Malformed: If it has too many lines.
    """
    places = np.full(len(table.cells), _NOTHING)
    for what, name in enumerate("xytp"):
        places[table.places[name]] = what
    # A number takes two bytes at least. Where nothing is written, no memory is taken.
    most = min((source.size - table.start) // (2 * len(places)) + 1, MAX_EVENTS)
    x, y, p = np.empty(most, np.uint16), np.empty(most, np.uint16), np.empty(most, np.int8)
    whole, values = np.empty(most * (not pointed), np.int64), np.empty(most * pointed)
    comma = ord(table.comma) if table.comma else 0
    n, rest, cut = 0, b"", ""
    with source.stream() as file:
        file.seek(table.start)
        while piece := file.read(_PIECE_BYTES):
            piece = rest + piece
            end = piece.rfind(b"\n") + 1
            rest = piece[end:]
            lines = np.frombuffer(piece, np.uint8)[:end]
            n = walk(lines, n, comma, places, pointed, x, y, p, whole, values)
            if n < 0 or len(rest) > MAX_LINE:
                return None
    last = np.frombuffer(rest, np.uint8)
    with_last = walk(last, n, comma, places, pointed, x, y, p, whole, values)
    if with_last < 0:
        cut = rest.decode("utf-8", "replace").strip()
        if not n or cut.startswith("#") or table.is_row(cut):
            return None
    n = max(n, with_last)
    return Columns((values if pointed else whole)[:n], x[:n], y[:n], p[:n], cut)
