"""The quiet "?" beside a heading or a number: what it is, its formula with values, its source."""

from __future__ import annotations

import streamlit as st

from masnn.explanations import Explanation
from masnn.explanations.writing import BREAK, aligned

#: Width of what opens, in px; a phone's own where that is less.
_WIDTH = 420


def heading(title: str, explanation: Explanation) -> None:
    """Draw a heading, or any line of markdown, with its "?".

    Args:
        title: The heading in markdown.
        explanation: What opens at a click.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="xxsmall"):
        st.markdown(title, width="content", anchors=False)
        with st.popover("", icon=":material/help:", type="tertiary"):
            with st.container(width=_WIDTH):
                st.markdown(_text(explanation))


def _text(explanation: Explanation) -> str:
    """Return what a "?" holds."""
    parts = [explanation.what, _display(explanation.formula)]
    if explanation.values:
        parts += [explanation.here, _display(explanation.values)]
    return "\n\n".join([*parts, f":small[:gray[Source: {explanation.source}.]]"])


def _display(lines: tuple[str, ...]) -> str:
    """Return lines of LaTeX in the middle, as large as the words around them."""
    return f"$$\n\\footnotesize {aligned(lines)}\n$$"


def tooltip(explanation: Explanation) -> str:
    """Return an explanation for the help of a number, in lines that may break at any "="."""
    formula, values = (
        [rf"$\displaystyle {line.replace(BREAK, ' ').replace('&', '')}$" for line in lines]
        for lines in (explanation.formula, explanation.values)
    )
    here = [explanation.here] if values and explanation.here else []
    source = f"Source: {explanation.source}."
    return "\n\n".join([explanation.what, *formula, *here, *values, source])
