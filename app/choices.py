"""What a visitor chose to look at: view, layer, neuron; kept as long as they are here.

Each page keeps a look of its own: `key` gives a choice its name on the page that is shown, in
Streamlit's memory and in the page's address. The cursor is the player's: it keeps the step in the
address, and the server only reads it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import streamlit as st

from app import strokes
from app.strokes import Strokes
from masnn import energy
from masnn.report.subject import VIEWS, Look

#: Names of a neuron's place, by the number of its layer's axes.
NEURON_AXES = {3: ("channel", "y", "x"), 1: ("n",)}

#: What a visitor looks at, on each page apart.
LOOK = ("view", "layer", "neuron_layer", *NEURON_AXES[3], *NEURON_AXES[1], "gate")

#: What stands before these names on a page, by its title; on Compare nothing does.
_BEFORE = {"Images": "image_"}

#: Widget keys of what is kept as long as a visitor is here.
_KEPT = (
    *(before + name for before in ("", *_BEFORE.values()) for name in LOOK),
    *("prices", "asrv_source", "asrv_layer"),
)


def key(name: str) -> str:
    """Return the widget key of a choice on the page that is shown; the address calls it so too."""
    return _BEFORE.get(st.session_state.get("page", ""), "") + name


def asked(name: str) -> Any:
    """Return what was chosen under a name on this page, else what its address says, or None."""
    return st.session_state.get(key(name), st.query_params.get(key(name)))


def pick_neuron(component: str) -> None:
    """Choose the neuron whose cell was clicked in the component of this key, and go to it."""
    picked = st.session_state[component].picked
    # What a browser sends need not be what our component would.
    if not isinstance(picked, Mapping):
        return
    for axis in NEURON_AXES[3]:
        if type(picked.get(axis)) is int:
            st.session_state[key(axis)] = picked[axis]
    if isinstance(picked.get("layer"), str):
        st.session_state[key("layer")] = picked["layer"]
    follow_layer()
    turn_to("One neuron")


def enter(page: str) -> None:
    """Let the choices be those of a page, and keep those of all others.

    Streamlit forgets a widget's value in the first run that does not draw it.

    Args:
        page: Its title.
    """
    st.session_state["page"] = page
    for kept in _KEPT:
        if kept in st.session_state:
            st.session_state[kept] = st.session_state[kept]


def take_up(look: Look) -> None:
    """Look where a recipe says, before any control is drawn."""
    axes = NEURON_AXES.get(len(look.neuron), ())
    said = {**dict(zip(axes, look.neuron, strict=True)), "layer": look.layer, "view": look.view}
    said |= {"neuron_layer": look.neuron_layer, "cursor": look.step}
    st.session_state.update({key(name): value for name, value in said.items()})
    st.session_state["prices"] = look.prices
    st.query_params["step"] = str(look.step + 1)


def forget_unless(kept: str, offered: Collection[str]) -> None:
    """Forget what was chosen in a widget of this key where it is no longer among what it offers."""
    if st.session_state.get(kept, None) not in (None, *offered):
        _forget(kept)


def follow_layer() -> None:
    """Look for neurons and gates in the layer that was just chosen to play."""
    st.session_state.pop(key("neuron_layer"), None)
    _forget(key("gate"))


def open_stage(stages: Mapping[str, Sequence[str]]) -> None:
    """Show the stage of the chosen layer, before its control is drawn."""
    chosen = st.session_state[key("layer")]
    st.session_state[key("stage")] = next(stage for stage, of in stages.items() if chosen in of)


def follow_stage(stages: Mapping[str, Sequence[str]]) -> None:
    """Choose the last layer of the stage that was just turned to."""
    st.session_state[key("layer")] = stages[st.session_state[key("stage")]][-1]
    follow_layer()


def cursor() -> int | None:
    """Return the step, from 0, that a recipe asks the player for; in one run only."""
    step = st.session_state.pop(key("cursor"), None)
    return step if isinstance(step, int) else None


def turn_to(view: str) -> None:
    """Choose the view under the player, before its control is drawn."""
    st.session_state[key("view")] = view


def touring() -> bool:
    """Return whether the visitor takes the tour."""
    return bool(st.session_state.get("touring"))


def begin_tour() -> None:
    """Take the tour."""
    st.session_state["touring"] = True


def end_tour() -> None:
    """Leave the tour."""
    st.session_state["touring"] = False


def follow_tour(component: str) -> None:
    """Turn to the view that the tour's component of this key asks for."""
    view = st.session_state[component].turned
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
    chosen, first = asked("layer"), opening
    if key("layer") not in st.session_state:
        first = older if st.query_params else opening
    elif chosen not in layers:  # of other networks: so is the neuron
        for name in ("neuron_layer", *NEURON_AXES[3], *NEURON_AXES[1]):
            _forget(key(name))
    layer = str(chosen) if chosen in layers else first
    st.session_state[key("layer")] = layer
    st.query_params[key("layer")] = layer
    return layer


def offer_gate(gates: Collection[str], opening: str) -> str:
    """Keep the gate that is looked at in the page's address, whichever it is; see `offer_layer`.

    Args:
        gates: Those that can be looked at.
        opening: The one where none is chosen.

    Returns:
        The key of its widget.
    """
    chosen = asked("gate")
    gate = chosen if chosen in gates else opening
    st.session_state[key("gate")] = gate
    st.query_params[key("gate")] = gate
    return key("gate")


def _forget(kept: str) -> None:
    """Forget what was chosen under a widget's key, here and in the page's address."""
    st.session_state.pop(kept, None)
    st.query_params.pop(kept, None)


def offer(name: str, first: int, low: int, high: int) -> str:
    """Keep a widget's number in the page's address, and within bounds that may have moved.

    Streamlit's own binding writes no number that was chosen by code before the widget was there.

    Args:
        name: The choice's name.
        first: Its number where none is chosen.
        low: The least that it may be.
        high: The most.

    Returns:
        The widget's key.
    """
    chosen = asked(name)
    try:
        number = int(first if chosen is None else chosen)
    except ValueError:  # an address is anybody's text
        number = first
    number = min(max(number, low), high)
    st.session_state[key(name)] = number
    st.query_params[key(name)] = str(number)
    return key(name)


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


def keep_drawing(component: str) -> None:
    """Keep what was drawn in the component of this key."""
    # What a browser sends need not be what our component would.
    drawn = strokes.checked(st.session_state[component].drawn)
    if drawn is not None:
        st.session_state["strokes"] = drawn


def prices() -> str:
    """Return the prices of operations that the visitor chose, a key of `energy.PRESETS`."""
    chosen = st.session_state.get("prices", st.query_params.get("prices"))
    return chosen if chosen in energy.PRESETS else next(iter(energy.PRESETS))
