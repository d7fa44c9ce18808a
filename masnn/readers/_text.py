"""Text tables: events as lines, one number a column.

The layouts of RPG's event camera data set (Mueggler et al. 2017: `t x y p`, t in s; rpg_e2vid puts
a line `width height` before it) and csv files with any header (RFC 4180 in what it says of quotes).
A line that begins with # is a comment, and the header where it names the columns.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable
from itertools import islice

import numpy as np

from masnn.readers._columns import from_columns, meaning, order_of, told_order
from masnn.readers._raw import MAX_EVENTS, Malformed, Raw

_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

_MAX_COLUMNS = 1000
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
    if len(rows) > 1 and (found := re.fullmatch(r"\s*(\d{1,5})\s+(\d{1,5})\s*", rows[0])):
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
    order = names or list(order_of(table))
    ours = [(meaning(name) or ("",))[0] for name in order]
    pointed = "." in first[ours.index("t")] and "." not in first[ours.index("x")]
    raw = from_columns(dict(zip(order, table.T, strict=True)), pointed=pointed)
    if names is None:
        raw.warnings.append(told_order("".join(order)))
    if cut:
        raw.warnings.append(cut)
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
