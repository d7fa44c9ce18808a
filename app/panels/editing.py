"""Panel: change the recording on purpose; everything on every page is then of the changed one."""

from __future__ import annotations

import streamlit as st

from app import links
from app.inert import inert
from app.state import Selection
from masnn.edits import Edits, from_plain
from masnn.errors import EventFileError
from masnn.readers import TIME_UNITS, Recording

#: Degrees by the number of quarter turns.
_TURNS = {0: "0\u00b0", 1: "90\u00b0", 2: "180\u00b0", 3: "270\u00b0"}
_BACKGROUND_MS = 5.0


def show(selection: Selection) -> None:
    """Draw the form, folded, and what the edits in force did."""
    recording, original = selection.recording, selection.original
    for change in recording.changes:
        st.markdown(f":material/edit: {change}")
    with st.expander("Edit the recording", icon=":material/tune:"):
        st.caption(
            "In this order: corrections, filters, crop, rotation, flips. The networks see the "
            "edited recording; figures, recipes and the address say so."
        )
        now = from_plain(recording.edits)
        with st.form("edits", border=False):
            asked = _form(original, now)
            apply = st.form_submit_button("Apply", type="primary")
        if recording.edits and st.button("As the file has it", icon=":material/undo:"):
            asked, apply = Edits(), True
        if apply and asked != now:
            try:
                links.edit(original, asked)
            except EventFileError as error:
                st.error(inert(str(error)))
                return
            st.rerun()


def _form(original: Recording, now: Edits) -> Edits:
    """Return what the form asks for; it starts from the edits in force."""
    events = original.events
    width, height = now.sensor or (events.width, events.height)
    corrections, filters, view = st.columns(3)
    with corrections:
        st.markdown("**Corrections**")
        sensor = _numbers("Sensor width", "Sensor height", values=(width, height), least=1)
        time_unit = st.selectbox(
            "Times count",
            list(TIME_UNITS),
            index=list(TIME_UNITS).index(now.time_unit or original.time_unit),
            help="What the numbers in the file count; it opens with what the file was read as.",
        )
    with filters:
        st.markdown("**Filters**")
        hot = st.checkbox("No hot pixels", now.no_hot_pixels)
        background = st.checkbox(
            "No background",
            now.background_ms is not None,
            help="Leaves out events without another one at a pixel beside theirs shortly before.",
        )
        within = st.number_input("within (ms)", 0.01, 10_000.0, now.background_ms or _BACKGROUND_MS)
    with view:
        st.markdown("**View**")
        crop = now.crop or (0, 0, width, height)
        x0, x1 = _numbers("from column", "to column", values=(crop[0], crop[2] - 1))
        y0, y1 = _numbers("from row", "to row", values=(crop[1], crop[3] - 1))
        turns = st.segmented_control(
            "Rotate, counter-clockwise",
            list(_TURNS),
            default=now.quarter_turns % 4,
            required=True,
            format_func=lambda n: _TURNS[n],
        )
        flip_x = st.checkbox("Swap left and right", now.flip_x)
        flip_y = st.checkbox("Swap top and bottom", now.flip_y)
    whole = (0, 0, *sensor)
    cropped = (x0, y0, x1 + 1, y1 + 1)
    # A crop that was never touched follows a corrected sensor.
    untouched = now.crop is None and cropped == (0, 0, width, height)
    return Edits(
        sensor=None if sensor == (events.width, events.height) else sensor,
        time_unit=None if time_unit == original.time_unit else time_unit,
        no_hot_pixels=hot,
        background_ms=within if background else None,
        crop=None if untouched or cropped == whole else cropped,
        quarter_turns=turns or 0,
        flip_x=flip_x,
        flip_y=flip_y,
    )


def _numbers(*labels: str, values: tuple[int, int], least: int = 0) -> tuple[int, int]:
    """Return two whole numbers of px, asked for side by side."""
    columns = st.columns(2)
    one, other = (
        column.number_input(label, least, 8192, value, step=1)
        for column, label, value in zip(columns, labels, values, strict=True)
    )
    return int(one), int(other)
