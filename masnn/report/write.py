"""A whole report as files: figures, their captions and data, the numbers, the film, the recipe.

The recipe's picture is there too, so that the folder is enough to make it again.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from masnn.errors import ReportError
from masnn.report.film import film
from masnn.report.numbers import numbers
from masnn.report.page import page
from masnn.report.panel import FORMATS, Panel, render, table
from masnn.report.panels import PANELS
from masnn.report.recipe import dump, recipe_of, settings
from masnn.report.subject import Subject

# ZIP's own beginning of time: the same report gives the same bytes.
_NO_TIME = (1980, 1, 1, 0, 0, 0)

#: What `report` is told as it goes on: how many parts are done, of how many.
OnPart = Callable[[int, int], None]


def files(
    subject: Subject,
    *,
    formats: Collection[str] = FORMATS,
    columns: Collection[int] = (1, 2),
    on_part: OnPart = lambda done, of: None,
) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a report, name and content; the same subject gives the same bytes.

    Args:
        subject: What the report is about.
        formats: Kinds of figure files, of `FORMATS`.
        columns: Widths of figures in columns of a page, of 1 and 2.
        on_part: Called after every panel.
    """
    drawn = [panel for panel in PANELS if not panel.absent(subject)]
    pictures: dict[str, bytes] = {}
    for done, panel in enumerate(drawn, start=1):
        pictures[panel.name] = render(panel, subject, "svg", 2)
        for kind in formats:
            for width in columns:
                known = kind == "svg" and width == 2
                figure = pictures[panel.name] if known else render(panel, subject, kind, width)
                yield f"figures/{panel.name}-{width}col.{kind}", figure
        yield f"figures/{panel.name}.txt", caption(panel, subject).encode()
        yield f"data/{panel.name}.csv", table(panel.rows(subject)).encode()
        on_part(done, len(drawn) + 1)
    moving = film(subject)
    yield "player.gif", moving
    yield "numbers.json", (json.dumps(numbers(subject), indent=1) + "\n").encode()
    yield "recipe.json", dump(recipe_of(subject)).encode()
    if subject.scene.kept:
        yield subject.scene.kept
    yield "report.html", page(subject, drawn, pictures, moving).encode()
    on_part(len(drawn) + 1, len(drawn) + 1)


def caption(panel: Panel, subject: Subject) -> str:
    """Return a figure's caption with all settings."""
    return f"{panel.title}. {panel.caption(subject)} {settings(subject)}\n"


def write(
    subject: Subject,
    folder: Path,
    *,
    formats: Collection[str] = FORMATS,
    columns: Collection[int] = (1, 2),
    overwrite: bool = False,
    on_part: OnPart = lambda done, of: None,
) -> list[str]:
    """Write a report into a folder and return the names of its files.

    Args:
        subject: What the report is about.
        folder: Where; it is made.
        formats: As `files` takes them.
        columns: As `files` takes them.
        overwrite: Whether the folder may hold something.
        on_part: As `files` takes it.

    Raises:
        ReportError: If the folder holds something and may not.
    """
    if folder.exists() and not folder.is_dir():
        raise ReportError(f"{folder}: a file of this name is there; name a folder.")
    if folder.is_dir() and any(folder.iterdir()) and not overwrite:
        raise ReportError(f"{folder}: not empty. Choose another -o DIR, or --overwrite.")
    names = []
    for name, content in files(subject, formats=formats, columns=columns, on_part=on_part):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        names.append(name)
    return names


def archive(
    subject: Subject,
    *,
    formats: Collection[str] = FORMATS,
    columns: Collection[int] = (2,),
    on_part: OnPart = lambda done, of: None,
) -> bytes:
    """Return a report as a ZIP file; arguments as `files` takes them."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, file in files(subject, formats=formats, columns=columns, on_part=on_part):
            packed.writestr(zipfile.ZipInfo(name, _NO_TIME), file, zipfile.ZIP_DEFLATED)
    return content.getvalue()
