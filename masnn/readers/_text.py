"""Text tables: events as lines, one number a column.

The layouts of RPG's event camera data set (Mueggler et al. 2017: `t x y p`, t in s; rpg_e2vid puts
a line `width height` before it) and csv files with any header (RFC 4180 in what it says of quotes).
A line that begins with # is a comment, and the header where it names the columns.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from masnn.readers._columns import ROWS, from_columns, meaning, order_of, told_order
from masnn.readers._raw import MAX_EVENTS, Malformed, Raw

_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

#: A line of a sensor's width and height.
_SIZE = re.compile(r"(\d{1,5})\s+(\d{1,5})")

#: Smaller tables are read before Numba would be loaded.
_SMALL_BYTES = 1_000_000

_MAX_COLUMNS, _MAX_LINE = 1000, 10_000
#: So many comments, and so much of each, are looked through for a header.
_MAX_COMMENTS, _MAX_COMMENT = 200, 1000

#: Polarities as words.
_POLARITIES = {"true": 1.0, "false": 0.0, "on": 1.0, "off": 0.0}


def looks_like(content: bytes) -> bool:
    """Return whether the first bytes are text of Latin or Greek letters."""
    encoding = "utf-16" if content.startswith(_WIDE) else "utf-8-sig"
    try:
        # A letter that the end cuts in two is left out.
        head = codecs.getincrementaldecoder(encoding)().decode(content[:4096])
    except UnicodeDecodeError:
        return False
    return bool(head) and all(c in "\t\n\r" or (c.isprintable() and c < "\u0500") for c in head)


def decode(content: bytes) -> Raw:
    """Decode a table of four columns, or of any number that a header line names."""
    quick = _quick(content) if len(content) > _SMALL_BYTES else None
    return _any_table(content) if quick is None else quick


def _quick(content: bytes) -> Raw | None:
    """Decode a large and plain table in one pass; None for any other, which `_any_table` reads."""
    from masnn.readers._text_loops import numbers

    if content.startswith(_WIDE):
        return None
    at = len(codecs.BOM_UTF8) if content.startswith(codecs.BOM_UTF8) else 0
    comments: list[str] = []
    names: list[str] | None = None
    size: tuple[int, int] | None = None
    for _ in range(_MAX_COMMENTS):
        end = content.find(b"\n", at, at + _MAX_LINE)
        line = content[at:end].decode("ascii", "replace").strip()
        if end < 0 or "\ufffd" in line:
            return None
        comma = _comma(line)
        cells = _cells(line, comma)
        if line.startswith("#"):
            comments.append(line)
        elif size is None and (found := _SIZE.fullmatch(line)):
            size = (int(found[1]), int(found[2]))
        elif line and not any(map(_is_number, cells)) and names is None:
            names = _without_end(cells)
        elif line:
            break
        at = end + 1
    else:
        return None
    names = _names_in_comments(comments) if names is None else names
    if names is not None:
        _check(names)
    points = [i for i, cell in enumerate(cells) if "." in cell]
    if len(cells) != (4 if names is None else len(names)) or len(points) > 1:
        return None
    columns = numbers(content, at, comma, len(cells), points[0] if points else -1)
    if columns is None or len(columns[0]) > MAX_EVENTS:
        return None
    raw = _events(columns, names, cells)
    if size:
        raw.width, raw.height = size
    return raw


def _any_table(content: bytes) -> Raw:
    """Decode a table line by line, and say what is wrong with it."""
    try:
        text = content.decode("utf-16" if content.startswith(_WIDE) else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise Malformed(
            f"expected a text table in {error.encoding}; byte {error.start} is none"
        ) from error
    lines = [line for line in text.splitlines() if line.strip()]
    rows = [line for line in lines if not line.lstrip().startswith("#")]
    names = _names_in_comments(line for line in lines if line.lstrip().startswith("#"))
    size: tuple[int, int] | None = None
    if len(rows) > 1 and (found := _SIZE.fullmatch(rows[0].strip())):
        size = (int(found[1]), int(found[2]))
        rows = rows[1:]
    if not rows and names is None:
        raise Malformed("holds no line of data")
    comma = _comma(rows[0]) if rows else None
    if rows and not any(map(_is_number, cells := _cells(rows[0], comma))):
        names, rows = _without_end(cells), rows[1:]
    if names is not None:
        _check(names)
    raw = _from_rows(rows, names, comma, whole=text.endswith(("\n", "\r")))
    if size:
        raw.width, raw.height = size
    return raw


def _from_rows(rows: list[str], names: list[str] | None, comma: str | None, *, whole: bool) -> Raw:
    """Return the events of lines of data.

    Args:
        rows: Lines that are no comment and no header.
        names: The columns' names, if any.
        comma: What separates cells; None is white space.
        whole: Whether the last line has its end.
    """
    if len(rows) > MAX_EVENTS:
        raise Malformed(f"{len(rows):,} lines are more than the {MAX_EVENTS:,} events accepted")
    first = _cells(rows[0], comma) if rows else list(names or "")
    if comma and first[-1] == "":  # each line ends in a comma
        first = first[:-1]
        rows = [line.rstrip().removesuffix(comma) for line in rows]
    if names is None and len(first) != 4:
        raise Malformed(
            f"expected four columns t, x, y, p, or a header line that names them; the first line "
            f"has {len(first)}: {rows[0][:60]!r}"
        )
    if names is not None and len(first) != len(names):
        raise Malformed(f"the header names {len(names)} columns, the rows have {len(first)}")
    cut = ""
    if not whole and len(rows) > 1:
        last = _cells(rows[-1], comma)
        if len(last) != len(first) or not all(_is_number(c) or _is_polarity(c) for c in last):
            cut = f"The last line is cut off ({rows[-1][:40]!r}) and was left out."
            rows = rows[:-1]
    words: dict[int | str, Callable[[str], float]] = {
        i: _polarity for i, cell in enumerate(first) if _is_polarity(cell)
    }
    try:
        table = np.empty((0, len(first)))
        if rows:
            table = np.loadtxt(
                rows, np.float64, comments=None, delimiter=comma, converters=words or None,
                ndmin=2, quotechar='"' if '"' in rows[0] else None,
            )  # fmt: skip
    except ValueError as error:
        raise Malformed(f"a line is no row of {len(first)} numbers ({error})") from error
    raw = _events(list(table.T), names, first)
    if cut:
        raw.warnings.append(cut)
    return raw


def _events(
    columns: Sequence[NDArray[np.generic]], names: list[str] | None, first: list[str]
) -> Raw:
    """Return the events of columns.

    Args:
        columns: Arrays of shape (n,).
        names: What the columns are called, if the file says it.
        first: The cells of the first line of numbers, as they are written.
    """
    head = np.stack([column[:ROWS] for column in columns], axis=1)
    order = names or list(order_of(head))
    ours = [(meaning(name) or ("",))[0] for name in order]
    pointed = "." in first[ours.index("t")] and "." not in first[ours.index("x")]
    raw = from_columns(dict(zip(order, columns, strict=True)), pointed=pointed)
    if names is None:
        raw.warnings.append(told_order("".join(order)))
    return raw


def _names_in_comments(comments: Iterable[str]) -> list[str] | None:
    """Return the names of the last of the first comments that names t, x, y and p."""
    found = None
    for comment in islice(comments, _MAX_COMMENTS):
        line = comment[:_MAX_COMMENT].strip().lstrip("#").strip()
        names = _without_end(_cells(line, _comma(line)))
        if {"t", "x", "y", "p"} <= {(meaning(name) or ("",))[0] for name in names}:
            found = names
    return found


def _check(names: list[str]) -> None:
    if len(names) > _MAX_COLUMNS:
        raise Malformed(f"a header of {len(names):,} columns is none of events")
    told = ", ".join(names)[:80]
    if not {"t", "x", "y", "p"} <= {(meaning(name) or ("",))[0] for name in names}:
        raise Malformed(f"expected columns t, x, y, p, found {told}")
    if len(set(names)) != len(names):
        raise Malformed(f"a column is named twice: {told}")


def _comma(line: str) -> str | None:
    """Return what separates a line's cells; None is white space."""
    return next((c for c in ",;\t" if c in line), None)


def _cells(line: str, comma: str | None) -> list[str]:
    if comma is None:  # "x [px]" is one cell
        line = " ".join(line.split()).replace(" [", "[").replace(" (", "(")
    return [cell.strip().strip('"').strip().lower() for cell in line.split(comma)]


def _without_end(cells: list[str]) -> list[str]:
    return cells[:-1] if len(cells) > 1 and cells[-1] == "" else cells


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _is_polarity(cell: str) -> bool:
    return cell in _POLARITIES


def _polarity(cell: str) -> float:
    word = cell.strip().lower()
    return _POLARITIES[word] if word in _POLARITIES else float(cell)
