"""Page: from an event to a spike, in five steps, and the formula of every number shown."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app import state, studies
from app.components.convolution import convolution
from app.components.gates import gates
from app.components.lif import lif
from app.components.maps import maps
from app.figures import style, where
from masnn import energy
from masnn.explanations import formulas
from masnn.explanations.writing import aligned
from masnn.frames import fixed_duration, to_frames
from masnn.readers import Recording

#: Side of the piece of a frame that is convolved, in px.
_CROP = 14

#: The layer whose gates are shown.
_LAYER = "conv2"

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
    _current()
    _neuron()
    _gates()
    _numbers()


@st.fragment
def _events_and_frames() -> None:
    """Show how the length of a step decides what a frame holds."""
    st.markdown("### 1 \u00b7 Event to frame")
    words, picture = st.columns([1, 2])
    recording = _example()
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


def _current() -> None:
    """Show how a convolution makes a current of a frame."""
    st.markdown("### 2 \u00b7 Frame to current")
    st.markdown(
        "A convolution turns a frame, and later the spikes of the layer below, into an input "
        "current for each neuron; batch norm and average pooling follow (paper, Sec. 3.2). "
        "**Paint** on the frame, **drag** a weight up or down, and point at the current to see the "
        "sum that makes it. Each channel of a network has nine such weights for each channel below."
    )
    events = _example().events
    edges_us = fixed_duration(60.0, 1, int(events.t[0]) + 300_000)
    on = to_frames(events, edges_us, (32, 32)).counts[0, 1]
    # The part of the picture where most happens, as large as fits.
    y, x = (int(i) for i in np.unravel_index(int(_around(on).argmax()), on.shape))
    top, left = (min(max(at - _CROP // 2, 0), 32 - _CROP) for at in (y, x))
    colours = {"events": style.COLOUR_ON, "low": style.COLOUR_A, "high": _blue()}
    convolution(on[top : top + _CROP, left : left + _CROP].tolist(), colours, key="convolution")
    st.latex(f"{formulas.CURRENT.left} = {formulas.CURRENT.right}")


def _around(counts: NDArray[np.integer]) -> NDArray[np.integer]:
    """Return the sum of 3 x 3 places around each, (H, W)."""
    padded = np.pad(counts.astype(np.int64), 1)
    return np.lib.stride_tricks.sliding_window_view(padded, (3, 3)).sum((2, 3))


def _example() -> Recording:
    kind = state.first_kind()
    return state.example(kind, list(state.examples(kind))[state.first_example(kind)])


def _blue() -> str:
    return style.colour_b(state.is_dark())


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
    shown = studies.gated_example()
    if shown is not None:
        st.markdown(
            f"These are the gates of {_LAYER} in `{shown}`, with its trained weights. **Drag** or "
            "**paint** what a gate sees, the averages; the maxima go along at twice that. Orange "
            "is what it gives: the weights, from 0 to 1. A gate answers to all that it sees: "
            "changing one bar moves the weights of others."
        )
        gates(studies.gate_weights(shown, _LAYER), {"gate": style.COLOUR_GATE}, key="gates")
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
