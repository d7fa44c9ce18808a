"""The numbers of a plain text table, compiled by Numba: what most tables are, read in one pass.

Anything but lines of as many numbers each (digits, one sign, one point) ends the walk, and the
table is read as it was before there was a quick way.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from masnn.readers._loops import compiled

_NEWLINE, _RETURN, _SPACE, _TAB, _MINUS, _PLUS, _POINT, _ZERO = 10, 13, 32, 9, 45, 43, 46, 48

#: A number of so few digits over a power of ten of so few is rounded once, as `float` does it.
_MOST, _PLACES = 1 << 53, 22


def _count_lines(content: Any, start: int) -> int:
    """Return how many line ends there are, and one more for a last line without."""
    n = 0
    for i in range(start, len(content)):
        n += content[i] == _NEWLINE
    return n + (len(content) > start and content[-1] != _NEWLINE)


def _walk(content: Any, start: int, comma: int, whole: Any, point: int, values: Any) -> int:
    """Write the numbers of each line, and return how many lines there were; -1 for anything else.

    Args:
        content: The file's bytes.
        start: Where the first line begins.
        comma: What separates cells, 0 for white space.
        whole: Where whole numbers go, (columns, lines), int64.
        point: The one column whose numbers may have a point, -1 for none.
        values: Where these go, (lines,), float64; empty if there are none.
    """
    n_columns = len(whole)
    line, column, i = 0, 0, start
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
        if column == n_columns:
            return -1
        sign = 1
        if content[i] == _MINUS or content[i] == _PLUS:
            sign = 1 - 2 * (content[i] == _MINUS)
            i += 1
        number, digits, places, pointed = 0, 0, 0, False
        while i < end:
            if content[i] == _POINT:
                if pointed:
                    return -1
                pointed = True
            elif _ZERO <= content[i] <= _ZERO + 9:
                number = number * 10 + (content[i] - _ZERO)
                digits += 1
                places += pointed
                if number >= _MOST:
                    return -1
            else:
                break
            i += 1
        if not digits or places > _PLACES:
            return -1
        if column == point:
            scale = 1.0
            for _ in range(places):
                scale *= 10.0
            values[line] = sign * (number / scale)
        elif pointed:
            return -1
        else:
            whole[column, line] = sign * number
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


count_lines, walk = compiled(_count_lines), compiled(_walk)


def numbers(
    content: bytes, start: int, comma: str | None, n_columns: int, point: int
) -> list[NDArray[np.int64] | NDArray[np.float64]] | None:
    """Return a table's columns, or None where it is not as plain as that.

    Args:
        content: The whole file.
        start: Where the first line of numbers begins.
        comma: What separates cells; None is white space.
        n_columns: Numbers of a line.
        point: The one column whose numbers may have a point, -1 for none.
    """
    buffer = np.frombuffer(content, np.uint8)
    most = count_lines(buffer, start)
    whole = np.empty((n_columns, most), np.int64)
    values = np.empty(most if point >= 0 else 0, np.float64)
    n = walk(buffer, start, ord(comma) if comma else 0, whole, point, values)
    if n < 0:
        return None
    return [values[:n] if i == point else whole[i, :n] for i in range(n_columns)]
