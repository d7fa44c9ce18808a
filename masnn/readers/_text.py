"""Text tables: events as lines, one number a column.

The layouts of RPG's event camera data set (Mueggler et al. 2017: `t x y p`, t in s; rpg_e2vid puts
a line `width height` before it) and csv files with any header (RFC 4180 in what it says of quotes).
A line that begins with # is a comment, and the header where it names the columns.

What comes before the first line of numbers is read here. The lines of numbers are read by
`_text_loops` where the table is large and plain, else by `_text_rows`: both some at a time.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator

from masnn.readers import _text_rows as rows_of
from masnn.readers._blocks import Source, Window, outside
from masnn.readers._columns import from_columns, meaning, one_each, order_of, told_order
from masnn.readers._raw import Malformed, Raw
from masnn.readers._text_rows import Columns, Table, cells_of, is_number

_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

#: A line of a sensor's width and height.
_SIZE = re.compile(r"(\d{1,5})\s+(\d{1,5})")

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")

#: Smaller tables are read before Numba would be loaded.
_SMALL_BYTES = 1_000_000

_MAX_COLUMNS = 1000
#: So many comments, and so much of each, are looked through for a header.
_MAX_COMMENTS, _MAX_COMMENT = 200, 1000


def looks_like(content: bytes) -> bool:
    """Return whether the first bytes are text of Latin or Greek letters."""
    try:
        # A letter that the end cuts in two is left out.
        head = codecs.getincrementaldecoder(_encoding(content))().decode(content[:4096])
    except UnicodeDecodeError:
        return False
    return bool(head) and all(c in "\t\n\r" or (c.isprintable() and c < "\u0500") for c in head)


def decode(content: bytes | Source, window: Window | None = None) -> Raw:
    """Decode a table of four columns, or of any number that a header line names.

    Args:
        content: The file.
        window: What is to be returned of it, in us after the earliest event; all by default.
    """
    source = Source.of(content)
    table = opening(source)
    quick = source.size > _SMALL_BYTES and not source.head.startswith(_WIDE)
    columns = _quick(source, table) if quick else None
    raw = _events(table, rows_of.columns(source, table) if columns is None else columns)
    return raw if window is None else _within(raw, window)


def opening(source: Source) -> Table:
    """Return what a table's beginning says of it.

    Raises:
        Malformed: If that is no table of events.
    """
    try:
        encoding = _encoding(source.head)
        whole = source.size == len(source.head)
        text = codecs.getincrementaldecoder(encoding)().decode(source.head, whole)
    except UnicodeDecodeError as error:
        raise Malformed(
            f"expected a text table in {error.encoding}; byte {error.start} is none"
        ) from error
    comments: list[str] = []
    names: list[str] | None = None
    size = row = None
    n_lines = n_letters = 0
    for line in _lines(text):
        told = line.strip()
        if told.startswith("#"):
            comments += [told[:_MAX_COMMENT]] * (len(comments) < _MAX_COMMENTS)
        elif told and size is None and names is None and (found := _SIZE.fullmatch(told)):
            size = found
        elif told and names is None and not any(map(is_number, cells := cells_of(told))):
            names = _without_end(cells)
        elif told:
            row = line
            break
        n_lines, n_letters = n_lines + 1, n_letters + len(line)
    if not whole and not (row and row.endswith(("\n", "\r"))):
        raise Malformed(f"its first {len(source.head):,} bytes hold no line of data")
    names = _names_in_comments(comments) if names is None else names
    if row is None and size is not None:  # then it was the first row
        row, size = size.string, None
    if row is None and names is None:
        raise Malformed("holds no line of data")
    _check(names)
    table = Table(
        encoding=encoding,
        names=names,
        first=(row or "").strip(),
        n_lines=n_lines,
        start=len(text[:n_letters].encode()) + 3 * source.head.startswith(codecs.BOM_UTF8),
        size=(int(size[1]), int(size[2])) if size else None,
    )
    n_cells = len(table.cells)
    if names is None and n_cells != 4:
        raise Malformed(
            f"expected four columns t, x, y, p, or a header line that names them; the first line "
            f"has {n_cells}: {table.first[:60]!r}"
        )
    if names is not None and row is not None and n_cells != len(names):
        raise Malformed(f"the header names {len(names)} columns, the rows have {n_cells}")
    if names is not None:
        table.places = {ours: names.index(name) for ours, name in one_each(names).items()}
    else:
        table.order = order_of(rows_of.head(source, table))
        table.places = {ours: table.order.index(ours) for ours in "txyp"}
    return table


def _quick(source: Source, table: Table) -> Columns | None:
    """Return the columns of a plain table, read in one pass; None for any other."""
    from masnn.readers._text_loops import columns

    if table.ends_in_comma or not table.cells:
        return None
    pointed = {ours for ours, i in table.places.items() if "." in table.cells[i]}
    if pointed - {"t"}:
        return None
    return columns(source, table, pointed=bool(pointed))


def _events(table: Table, columns: Columns) -> Raw:
    """Return the events of columns."""
    cells = table.cells or [""] * len(table.names or ())
    pointed = "." in cells[table.places["t"]] and "." not in cells[table.places["x"]]
    called = {ours: table.names[i] if table.names else ours for ours, i in table.places.items()}
    found = {called[ours]: getattr(columns, ours) for ours in "txyp"}
    raw = from_columns(found, pointed=pointed, overwrite=True)
    if table.names is None:
        raw.warnings.append(told_order(table.order))
    if columns.cut:
        raw.warnings.append(f"The last line is cut off ({columns.cut[:40]!r}) and was left out.")
    if table.size:
        raw.width, raw.height = table.size
    return raw


def _within(raw: Raw, window: Window) -> Raw:
    """Leave out what lies beyond a window; the file may not be in order of time."""
    if not len(raw.t):
        return raw
    first, last = int(raw.t.min()), int(raw.t.max())
    inside = (raw.t >= first + window[0]) & (raw.t < first + window[1])
    if not inside.any():
        raise Malformed(outside(window, last - first))
    for name in "xytp":
        setattr(raw, name, getattr(raw, name)[inside])
    return raw


def _lines(text: str) -> Iterator[str]:
    """Yield lines with their ends, which are those that `open` knows."""
    at = 0
    while at < len(text):
        line = _LINE.match(text, at)
        assert line is not None
        yield line[0]
        at = line.end()


def _encoding(content: bytes) -> str:
    return "utf-16" if content.startswith(_WIDE) else "utf-8-sig"


def _names_in_comments(comments: Iterable[str]) -> list[str] | None:
    """Return the names of the last of the first comments that names t, x, y and p."""
    found = None
    for comment in comments:
        names = _without_end(cells_of(comment.lstrip("#").strip()))
        if {"t", "x", "y", "p"} <= {(meaning(name) or ("",))[0] for name in names}:
            found = names
    return found


def _check(names: list[str] | None) -> None:
    if names is None:
        return
    if len(names) > _MAX_COLUMNS:
        raise Malformed(f"a header of {len(names):,} columns is none of events")
    told = ", ".join(names)[:80]
    if not {"t", "x", "y", "p"} <= {(meaning(name) or ("",))[0] for name in names}:
        raise Malformed(f"expected columns t, x, y, p, found {told}")
    if len(set(names)) != len(names):
        raise Malformed(f"a column is named twice: {told}")


def _without_end(cells: list[str]) -> list[str]:
    return cells[:-1] if len(cells) > 1 and cells[-1] == "" else cells
