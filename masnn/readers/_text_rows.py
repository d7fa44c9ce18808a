"""The lines of a text table, some at a time: words, quotes and what else `numpy.loadtxt` reads."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from masnn.readers._blocks import Source
from masnn.readers._columns import ROWS, small
from masnn.readers._raw import MAX_EVENTS, Malformed

#: Longer lines are none of events.
MAX_LINE = 1 << 16
#: So many numbers are read at once.
_CELLS = 4 * ROWS

#: Polarities as words.
_POLARITIES = {"true": 1.0, "false": 0.0, "on": 1.0, "off": 0.0}


@dataclass
class Table:
    """Hold what a table's beginning says of it.

    Args:
        encoding: Of the text.
        names: The columns' names, if any.
        first: The first line of data; empty where there is none.
        n_lines: Lines before that.
        start: Bytes before that, of a text in UTF-8.
        size: The sensor's width and height, if the table says it.
        places: Which column is t, x, y and p.
        order: The same of columns without names, as a word.
    """

    encoding: str
    names: list[str] | None
    first: str
    n_lines: int
    start: int
    size: tuple[int, int] | None
    places: dict[str, int] = field(default_factory=dict)
    order: str = ""

    def __post_init__(self) -> None:
        #: What separates cells; None is white space.
        self.comma = comma_of(self.first)
        cells = cells_of(self.first, self.comma) if self.first else []
        self.ends_in_comma = bool(self.comma and len(cells) > 1 and cells[-1] == "")
        #: Those of the first line of data.
        self.cells = cells[:-1] if self.ends_in_comma else cells

    def is_row(self, line: str) -> bool:
        """Return whether a line has as many cells as the first one, each of them a value."""
        cells = cells_of(line, self.comma)
        cells = cells[:-1] if self.ends_in_comma and cells[-1] == "" else cells
        return len(cells) == len(self.cells) and all(
            is_number(cell) or cell in _POLARITIES for cell in cells
        )


@dataclass
class Columns:
    """Hold a table's columns of events.

    Args:
        t: Times as they stand there, whole or not, (n,).
        x: Columns in px.
        y: Rows in px.
        p: Polarities.
        cut: The last line, where that is no whole one and was left out.
    """

    t: NDArray[np.int64] | NDArray[np.float64]
    x: NDArray[np.integer] | NDArray[np.float64]
    y: NDArray[np.integer] | NDArray[np.float64]
    p: NDArray[np.integer] | NDArray[np.float64]
    cut: str = ""


def columns(source: Source, table: Table) -> Columns:
    """Return the columns of a table.

    Raises:
        Malformed: If a line is no row of numbers, or there are too many.
    """
    parts: dict[str, list[NDArray[np.generic]]] = {name: [np.empty(0, "u1")] for name in "txyp"}
    cut: list[str] = []
    n = 0
    for rows in _pieces(source, table, cut):
        n += len(rows)
        if n > MAX_EVENTS:
            raise Malformed(f"more lines than the {MAX_EVENTS:,} events accepted; cut it")
        values = _numbers(rows, table)
        for name, place in table.places.items():
            parts[name].append(small(values[:, place]))
    # One after the other, so that only one is there twice.
    whole = {name: np.concatenate(parts.pop(name)) for name in "txyp"}
    return Columns(**whole, cut="".join(cut))  # type: ignore[arg-type]


def head(source: Source, table: Table) -> NDArray[np.float64]:
    """Return the numbers of the first rows of a table, (n, columns)."""
    return _numbers(next(_pieces(source, table, [])), table)


def comma_of(line: str) -> str | None:
    """Return what separates a line's cells; None is white space."""
    return next((c for c in ",;\t" if c in line), None)


def cells_of(line: str, comma: str | None = "") -> list[str]:
    """Return a line's cells without quotes, in small letters."""
    comma = comma_of(line) if comma == "" else comma
    if comma is None:  # "x [px]" is one cell
        line = " ".join(line.split()).replace(" [", "[").replace(" (", "(")
    return [cell.strip().strip('"').strip().lower() for cell in line.split(comma)]


def is_number(cell: str) -> bool:
    """Return whether a cell is a number."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _pieces(source: Source, table: Table, cut: list[str]) -> Iterator[dict[int, str]]:
    """Yield some lines of data by their number, then others; let `cut` hold a last one cut off."""
    most = max(_CELLS // max(len(table.cells), 1), 1)
    with io.TextIOWrapper(source.stream(), table.encoding) as text:
        rows: dict[int, str] = {}
        number, is_first = 0, True
        try:
            while line := text.readline(MAX_LINE):
                number += 1
                if len(line) == MAX_LINE:
                    raise Malformed(f"line {number:,} is longer than {MAX_LINE:,} letters")
                told = line.strip()
                if number <= table.n_lines or not told or told.startswith("#"):
                    continue
                if not (line.endswith("\n") or is_first or table.is_row(told)):
                    cut.append(told)
                    break
                rows[number], is_first = told, False
                if len(rows) == most:
                    yield rows
                    rows = {}
        except UnicodeDecodeError as error:
            raise Malformed(
                f"expected a text table in {error.encoding}; what follows line {number:,} is none"
            ) from error
        if rows:
            yield rows


def _numbers(rows: dict[int, str], table: Table) -> NDArray[np.float64]:
    """Return the numbers of lines, (n, columns)."""
    words: dict[int | str, Callable[[str], float]] = {
        i: _polarity for i, cell in enumerate(table.cells) if cell in _POLARITIES
    }
    end = str(table.comma) if table.ends_in_comma else ""
    try:
        values = np.loadtxt(
            [row.removesuffix(end) for row in rows.values()], np.float64, comments=None,
            delimiter=table.comma, converters=words or None, ndmin=2,
            quotechar='"' if '"' in table.first else None,
        )  # fmt: skip
        if len(values) == len(rows):
            return values
        why = f"{len(rows):,} lines are {len(values):,} rows"
    except ValueError as error:
        why = str(error)
    wrong = next((n for n, row in rows.items() if not table.is_row(row)), None)
    if wrong is not None:
        raise Malformed(
            f"line {wrong:,} is no row of {len(table.cells)} numbers: {rows[wrong][:60]!r}"
        )
    raise Malformed(f"a line is no row of {len(table.cells)} numbers ({why})")


def _polarity(cell: str) -> float:
    word = cell.strip().lower()
    return _POLARITIES[word] if word in _POLARITIES else float(cell)
