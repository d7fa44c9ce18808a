"""Page: from an event to a spike, in five steps, and the formula of every number shown."""

from __future__ import annotations

import streamlit as st

from app import state
from app.components.lif import lif
from app.components.maps import maps
from app.figures import style, where
from masnn import energy
from masnn.explanations import formulas
from masnn.explanations.writing import aligned
from masnn.frames import fixed_duration, to_frames

#: The gates: name, question, what they see, what they give.
GATES = (
    (
        "Temporal gate",
        "when?",
        "the average and the maximum of each step\u2019s current",
        "one weight a step, on the current (Eq. 6)",
    ),
    (
        "Channel gate",
        "what?",
        "the average and the maximum of each channel\u2019s potential",
        "one weight a channel and step, on the potential (Eq. 8)",
    ),
    (
        "Spatial gate",
        "where?",
        "the average and the maximum over channels at each place",
        "one weight a place and step, on the potential (Eq. 10)",
    ),
)


def show() -> None:
    """Draw the page."""
    st.markdown("## From an event to a spike")
    st.markdown(
        "Two networks see the same recording. They differ in one thing: B weighs *when*, *what* "
        "and *where* before its neurons fire (attention), A does not (vanilla). Everything below "
        "is what the page Compare computes, with its sources; *paper* is Yao et al., *Attention "
        "Spiking Neural Networks*, IEEE TPAMI 45(8), 2023."
    )
    _events_and_frames()
    st.markdown("### 2 \u00b7 Frame to current")
    st.markdown(
        "A convolution turns a frame, and later the spikes of the layer below, into an input "
        "current for each neuron; batch norm and average pooling follow (paper, Sec. 3.2)."
    )
    st.latex(f"{formulas.CURRENT.left} = {formulas.CURRENT.right}")
    _neuron()
    _gates()
    _numbers()


@st.fragment
def _events_and_frames() -> None:
    """Show how the length of a step decides what a frame holds."""
    st.markdown("### 1 \u00b7 Event to frame")
    words, picture = st.columns([1, 2])
    kind = state.first_kind()
    recording = state.example(kind, list(state.examples(kind))[state.first_example(kind)])
    events = recording.events
    with words:
        st.markdown(
            "An event camera reports single pixels that got brighter (ON) or darker (OFF), each "
            "with its time in microseconds. A frame counts the events of one step; it has two "
            "channels, OFF and ON. Longer steps hold more, and blur what moves."
        )
        dt_ms = st.slider("Length of a step (ms)", 5, 200, 60, step=5, key="method_dt")
        first_us = int(events.t[0]) + 300_000
        frames = to_frames(events, fixed_duration(float(dt_ms), 1, first_us), (64, 64))
        st.caption(
            f"{recording.name}, from 300 ms on: {int(frames.counts.sum()):,} events in one frame "
            f"of {dt_ms} ms."
        )
    with picture:
        maps(where.event_images({"": frames.counts[0]}, dark=state.is_dark()), "method_frame")


def _neuron() -> None:
    """Show a neuron that integrates, fires and leaks."""
    st.markdown("### 3 \u00b7 Current to spike, without and with gates")
    st.markdown(
        "A leaky integrate-and-fire neuron adds its current to what is left of its potential; at "
        "the threshold it fires and starts anew. **Drag** the bars of the current and of the "
        "temporal gate, and move the sliders. It begins as a neuron of the background: a small "
        "current that never ends makes it fire again and again. Gates hold that back and let the "
        "gesture through. The neuron is invented; those of the networks are under Compare, One "
        "neuron."
    )
    colours = {
        "a": style.COLOUR_A,
        "b": style.colour_b(state.is_dark()),
        "gate": style.COLOUR_GATE,
    }
    lif(colours, key="lif")
    st.latex(aligned(formula.line for formula in formulas.STEP))
    st.caption(f"{formulas.STEP[0].source}; all gates one: vanilla.")


def _gates() -> None:
    st.markdown("### 4 \u00b7 The three gates")
    for column, (name, asks, sees, gives) in zip(st.columns(3), GATES, strict=True):
        with column.container(border=True):
            st.markdown(f"**{name}**: {asks}")
            st.caption(f"Sees {sees}.")
            st.caption(f"Gives {gives}.")
    st.markdown(
        "The temporal gate sees the whole window before it weighs the first step: it is "
        "**non-causal**. The authors\u2019 published code differs from the paper: all three gates "
        "act on the current, once for the whole window, and a ReLU follows. Networks of both forms "
        "can be compared here; their cards say which they are."
    )


def _numbers() -> None:
    st.markdown("### 5 \u00b7 The numbers")
    for formula in formulas.NUMBERS:
        left, middle, right = st.columns([1, 3, 1.4], vertical_alignment="center")
        left.markdown(f"**{formula.name}**")
        middle.latex(aligned([f"&{formula.right}"]))
        right.caption(formula.source)
    st.caption(energy.NOT_INCLUDED)


show()
