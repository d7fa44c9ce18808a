"""A table of numbers on a page: a true minus, and what a row is of stays where a phone scrolls."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import streamlit as st

from masnn.numerals import typeset


def table(
    rows: Sequence[Mapping[str, Any]],
    *,
    forms: Mapping[str, str],
    named: Collection[str] = (),
    height: int | None = None,
) -> None:
    """Draw rows of the same keys, to be sorted by any of them.

    Args:
        rows: The rows; None where a row has no number.
        forms: How a column's numbers are written, as `format` takes a float; others stand as they
            are.
        named: Columns that say what a row is of.
        height: Its height in px; None for that of some ten rows at most.
    """
    import pandas as pd  # half a second that most visits to a page need not wait for

    def written(form: str) -> Any:
        return lambda value: "" if pd.isna(value) else typeset(value, form)

    frame = pd.DataFrame(rows)

    # Streamlit's own formats write a hyphen; what a Styler writes is shown and not sorted by.
    styled = frame.style.format({key: written(form) for key, form in forms.items()})
    st.dataframe(
        styled,
        hide_index=True,
        height="auto" if height is None else height,
        placeholder="\u2013",  # a cell without a number is not the Styler's
        column_config={key: st.column_config.Column(pinned=True) for key in named},
    )
