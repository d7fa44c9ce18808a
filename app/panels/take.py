"""Panel: everything on the page as files for a paper, and what brings this view back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from app import links, runs
from app.inert import inert
from masnn.readers import Recording
from masnn.report.film import film
from masnn.report.overview import PICTURES
from masnn.report.panel import FORMATS, Panel, render, table
from masnn.report.panels import PANELS
from masnn.report.recipe import dump, recipe_of
from masnn.report.scene import Scene
from masnn.report.subject import Subject
from masnn.report.write import caption
from masnn.sides import Side

#: The player stands above every view.
ALWAYS = "Step by step"

_MIME = {"svg": "image/svg+xml", "pdf": "application/pdf", "png": "image/png"}


def show(
    gaze: runs.Gaze, scene: Scene, a: Side, b: Side, view: str, layer: str, again: str
) -> None:
    """Offer the figures of a view, and the whole comparison.

    Args:
        gaze: What both look at, as runs are kept by.
        scene: The same as a report has it.
        a: Network A.
        b: Network B.
        view: The name of the view.
        layer: The layer that plays.
        again: Says what brings this view back.
    """
    more = st.expander("Take it away", icon=":material/download:", key="take", on_change="rerun")
    # Some twenty buttons that most visits never see.
    if not more.open:
        return
    with more:
        subject = runs.subject(gaze, scene, a, b, links.look(a, b, layer, view))
        _figures(subject, view)
        _whole(subject)
        st.caption(again)


def recipe(scene: Scene, a: Side, b: Side) -> None:
    """Say whether the numbers are those of the recipe that was opened, if one was."""
    differ = links.kept(scene, a, b)
    if differ:
        st.warning(
            "Not as in the recipe: " + " ".join(map(inert, differ)), icon=":material/receipt_long:"
        )
    elif differ is not None:
        st.caption(":material/receipt_long: The view of the recipe: every number as it says.")


def recording(recording: Recording) -> None:
    """Offer the figures of a recording."""
    more = st.expander(
        "Take it away", icon=":material/download:", key="take_recording", on_change="rerun"
    )
    if not more.open:
        return
    with more:
        columns = _columns("Figures of the recording")
        for picture in PICTURES:
            if reason := picture.absent(recording):
                st.caption(f"{picture.title}: {reason}")
                continue
            _files(
                picture.title,
                picture.name,
                columns,
                partial(picture.render, recording, columns=columns),
                partial(picture.data, recording),
                partial(picture.caption, recording),
            )


def _figures(subject: Subject, view: str) -> None:
    """Offer each figure of a view as picture and table, drawn when it is asked for."""
    columns = _columns(f"Figures of \u201c{view}\u201d")
    for panel in PANELS:
        if panel.view not in (ALWAYS, view):
            continue
        if reason := panel.absent(subject):
            st.caption(f"{panel.title}: {reason}")
            continue
        _files(
            panel.title,
            panel.name,
            columns,
            partial(render, panel, subject, columns=columns),
            partial(_data, panel, subject),
            partial(caption, panel, subject),
        )


def _columns(title: str) -> int:
    """Say what follows, and return how many columns of a page its figures are to fill."""
    words, choice = st.columns([3, 2], vertical_alignment="bottom")
    with words:
        st.markdown(f"**{title}**")
        st.caption("Drawn for print, on white, with a caption that holds all settings.")
    with choice:
        wide = st.segmented_control(
            "Width",
            ["One column", "Two columns"],
            default="Two columns",
            required=True,
            key="width",
            persist_state="session",
            help="88.9 mm or 181.9 mm, those of IEEE Transactions.",
        )
    return 1 if wide == "One column" else 2


def _files(
    title: str,
    name: str,
    columns: int,
    figure: Callable[..., bytes],
    data: Callable[[], str],
    told: Callable[[], str],
) -> None:
    """Offer one figure as picture, table and caption, each made when it is asked for.

    Args:
        title: What it shows.
        name: Stem of its files.
        columns: Columns of a page that it fills.
        figure: Returns it as a file of the `kind` it is given.
        data: Returns the table behind it as CSV.
        told: Returns its caption.
    """
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(title, width="stretch")
        # Where title and files have no room beside each other, the files go to a line of their own.
        with st.container(horizontal=True, width="content", gap="small"):
            for kind in FORMATS:
                stem = f"{name}-{columns}col.{kind}"
                _button(kind.upper(), partial(figure, kind=kind), stem, _MIME[kind], name, title)
            _button("CSV", data, f"{name}.csv", "text/csv", name, title)
            _button("Caption", told, f"{name}.txt", "text/plain", name, title)


def _button(
    label: str,
    make: Callable[[], bytes] | Callable[[], str],
    file: str,
    mime: str,
    name: str,
    title: str,
) -> None:
    st.download_button(
        label,
        make,
        file_name=file,
        mime=mime,
        key=f"take_{name}_{label}",
        on_click="ignore",
        type="tertiary",
        help=f"{title}: {file}",
    )


def _data(panel: Panel, subject: Subject) -> str:
    return table(panel.rows(subject))


def _whole(subject: Subject) -> None:
    """Offer the report of all views, the film, and the recipe."""
    st.markdown("**The whole comparison**")
    with st.container(horizontal=True):
        made = runs.report(subject)
        if made is None:
            if st.button("Make the report", icon=":material/draw:", key="make_report"):
                runs.make_report(subject, _progress())
                st.rerun()
        else:
            st.download_button(
                "Report (ZIP)",
                made,
                file_name="masnn-report.zip",
                mime="application/zip",
                key="take_zip",
                on_click="ignore",
                type="primary",
                icon=":material/folder_zip:",
                help="All figures as SVG, PDF and PNG, their captions and data, all numbers, the "
                "film, the recipe, and report.html, which needs nothing else.",
            )
        st.download_button(
            "Film (GIF)",
            partial(film, subject),
            file_name="player.gif",
            mime="image/gif",
            key="take_film",
            on_click="ignore",
            icon=":material/movie:",
        )
        st.download_button(
            "Recipe",
            dump(recipe_of(subject)),
            file_name="recipe.json",
            mime="application/json",
            key="take_recipe",
            on_click="ignore",
            icon=":material/receipt_long:",
            help="Brings this view back: open it under Upload, or give it to masnn report.",
        )


def _progress() -> Callable[[int, int], None]:
    """Draw a bar and return what moves it on."""
    bar = st.progress(0.0, "Drawing every figure")

    def move(done: int, of: int) -> None:
        bar.progress(done / of, f"Drawn {done} of {of}")

    return move
