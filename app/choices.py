"""What a visitor chose to look at: view, layer, neuron; kept as long as they are here.

The cursor is the player's: it keeps the step in the page's address, and the server only reads it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import streamlit as st

from app import strokes
from app.strokes import Strokes
from masnn import energy
from masnn.report.subject import VIEWS

#: Widget keys of a neuron's place, by the number of its layer's axes.
NEURON_AXES = {3: ("channel", "y", "x"), 1: ("n",)}

#: Widget keys of what a visitor looks at, for as long as they are here.
LOOK = (
    *("view", "layer", "neuron_layer", *NEURON_AXES[3], *NEURON_AXES[1], "prices", "gate"),
    *("asrv_source", "asrv_layer"),
)


def pick_neuron(key: str) -> None:
    """Choose the neuron whose cell was clicked in the component of this key, and go to it."""
    picked = st.session_state[key].picked
    # What a browser sends need not be what our component would.
    if not isinstance(picked, Mapping):
        return
    for axis in NEURON_AXES[3]:
        if type(picked.get(axis)) is int:
            st.session_state[axis] = picked[axis]
    if isinstance(picked.get("layer"), str):
        st.session_state["layer"] = picked["layer"]
    follow_layer()
    turn_to("One neuron")


def remember() -> None:
    """Keep what the visitor looks at while another page is shown.

    Streamlit forgets a widget's value in the first run that does not draw it.
    """
    for key in LOOK:
        if key in st.session_state:
            st.session_state[key] = st.session_state[key]


def forget_unless(key: str, offered: Collection[str]) -> None:
    """Forget what was chosen in a widget of this key where it is no longer among what it offers."""
    if st.session_state.get(key, None) not in (None, *offered):
        del st.session_state[key]
        st.query_params.pop(key, None)


def follow_layer() -> None:
    """Look for neurons in the layer that was just chosen to play."""
    st.session_state.pop("neuron_layer", None)


def open_stage(stages: Mapping[str, Sequence[str]]) -> None:
    """Show the stage of the chosen layer, before its control is drawn."""
    chosen = st.session_state["layer"]
    st.session_state["stage"] = next(stage for stage, of in stages.items() if chosen in of)


def follow_stage(stages: Mapping[str, Sequence[str]]) -> None:
    """Choose the last layer of the stage that was just turned to."""
    st.session_state["layer"] = stages[st.session_state["stage"]][-1]
    follow_layer()


def cursor() -> int | None:
    """Return the step, from 0, that a recipe asks the player for; in one run only."""
    asked = st.session_state.pop("cursor", None)
    return asked if isinstance(asked, int) else None


def turn_to(view: str) -> None:
    """Choose the view under the player, before its control is drawn."""
    st.session_state["view"] = view


def touring() -> bool:
    """Return whether the visitor takes the tour."""
    return bool(st.session_state.get("touring"))


def begin_tour() -> None:
    """Take the tour."""
    st.session_state["touring"] = True


def end_tour() -> None:
    """Leave the tour."""
    st.session_state["touring"] = False


def follow_tour(key: str) -> None:
    """Turn to the view that the tour's component of this key asks for."""
    view = st.session_state[key].turned
    # What a browser sends need not be what our component would.
    if view in VIEWS:
        turn_to(view)


def offer_layer(layers: Collection[str], opening: str, older: str) -> str:
    """Return the layer that plays, and keep it in the page's address, whichever it is.

    Streamlit's own binding leaves out a default; here it follows from the networks, so an address
    without it would lead elsewhere tomorrow.

    Args:
        layers: Those that can be played.
        opening: The one that an empty address opens.
        older: The one that an address opens which says other things but no layer.
    """
    if "layer" in st.session_state:
        chosen, first = st.session_state["layer"], opening
        if chosen not in layers:  # of other networks, or of the other page's: so is the neuron
            _forget_neuron()
    else:
        chosen, first = st.query_params.get("layer"), older if st.query_params else opening
    name = chosen if chosen in layers else first
    st.session_state["layer"] = name
    st.query_params["layer"] = name
    return name


def _forget_neuron() -> None:
    """Forget which neuron was chosen, here and in the page's address."""
    for key in ("neuron_layer", *NEURON_AXES[3], *NEURON_AXES[1]):
        st.session_state.pop(key, None)
        st.query_params.pop(key, None)


def offer(key: str, first: int, low: int, high: int) -> None:
    """Keep a widget's number in the page's address, and within bounds that may have moved.

    Streamlit's own binding writes no number that was chosen by code before the widget was there.

    Args:
        key: The widget's key and the number's name in the address.
        first: Its number where none is chosen.
        low: The least that it may be.
        high: The most.
    """
    chosen = st.session_state.get(key, st.query_params.get(key))
    try:
        number = int(first if chosen is None else chosen)
    except ValueError:  # an address is anybody's text
        number = first
    number = min(max(number, low), high)
    st.session_state[key] = number
    st.query_params[key] = str(number)


def drawing() -> Strokes:
    """Return what the visitor drew, the address's drawing for the session's first, and keep it."""
    if "strokes" not in st.session_state:
        st.session_state["strokes"] = strokes.unpacked(st.query_params.get("drawing", ""))
    drawn: Strokes = st.session_state["strokes"]
    if text := strokes.packed(drawn):
        st.query_params["drawing"] = text
    else:
        st.query_params.pop("drawing", None)
    return drawn


def keep_drawing(key: str) -> None:
    """Keep what was drawn in the component of this key."""
    # What a browser sends need not be what our component would.
    drawn = strokes.checked(st.session_state[key].drawn)
    if drawn is not None:
        st.session_state["strokes"] = drawn


def prices() -> str:
    """Return the prices of operations that the visitor chose, a key of `energy.PRESETS`."""
    chosen = st.session_state.get("prices", st.query_params.get("prices"))
    return chosen if chosen in energy.PRESETS else next(iter(energy.PRESETS))
