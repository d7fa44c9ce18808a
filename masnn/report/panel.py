"""A panel: one figure for a paper, the table behind it, and the caption that goes with both."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from masnn.report import style
from masnn.report.subject import Subject

#: A table: rows with the same keys. None stands for what a row has no number for.
Rows = Sequence[Mapping[str, Any]]

#: Kinds of files that a figure is written as.
FORMATS = ("svg", "pdf", "png")

#: Held while drawing: Matplotlib has one set of settings, and an app draws in several threads.
DRAWING = threading.RLock()

# No date and no program's name: the same figure gives the same bytes.
_METADATA: dict[str, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "png": {"Software": None},
}


@dataclass(frozen=True)
class Panel:
    """Describe one panel of a report.

    Args:
        name: Its file's stem, such as "where_response_maps".
        title: What it shows, in a few words.
        view: The view of the app that shows the same.
        draw: Returns the figure of a subject, 1 or 2 columns wide.
        rows: Returns the table behind it, in long form: one row for each number drawn, or a few.
        caption: Returns what the figure shows, in sentences that name its measures and units.
        absent: Returns why there is nothing to draw, in a sentence, or nothing where there is.
    """

    name: str
    title: str
    view: str
    draw: Callable[[Subject, int], Figure]
    rows: Callable[[Subject], Rows]
    caption: Callable[[Subject], str]
    absent: Callable[[Subject], str] = lambda subject: ""


def render(panel: Panel, subject: Subject, kind: str, columns: int) -> bytes:
    """Return a panel's figure as a file.

    Args:
        panel: The panel.
        subject: What to draw.
        kind: One of `FORMATS`.
        columns: 1 or 2, the columns of a page that it fills.
    """
    return saved(lambda: panel.draw(subject, columns), kind)


def saved(draw: Callable[[], Figure], kind: str) -> bytes:
    """Return what `draw` draws as a file of a kind of `FORMATS`."""
    content = io.BytesIO()
    with DRAWING, matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(style.RC)
        draw().savefig(content, format=kind, metadata=_METADATA[kind])
    return content.getvalue()


def table(rows: Rows) -> str:
    """Return rows as CSV with a heading: full precision, an empty cell for None, 1 for true."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        plain = {key: int(x) if isinstance(x, bool) else x for key, x in row.items()}
        writer.writerow(plain)
    return text.getvalue()
