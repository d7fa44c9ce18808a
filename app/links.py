"""What brings a view back: the page's address, and recipes; both know an upload by its hash alone.

Beside `state` and `choices`, no other module writes what Streamlit remembers of a visitor.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from app import choices, state
from masnn import clock
from masnn.edits import Edits, from_plain
from masnn.edits import edited as edit_events
from masnn.errors import EventFileError, MasnnError, ReportError
from masnn.readers import Recording
from masnn.report.recipe import MAX_BYTES, Recipe, deviations, read, wants_to_be
from masnn.report.subject import Look, busiest, neuron_layers
from masnn.sides import Side, joined

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from masnn.report.scene import Scene

#: So much of a hash stands in an address: enough to tell files apart, short enough to send.
HASH_DIGITS = 12

#: What a visitor's own recordings are called among the kinds of examples, and their uploader's key.
UPLOAD, UPLOADER = "Upload", "upload"


def is_recipe(upload: UploadedFile) -> bool:
    """Return whether an upload wants to be a recipe; no recording or picture is like this."""
    upload.seek(0)
    beginning = upload.read(MAX_BYTES)
    upload.seek(0)
    return wants_to_be(beginning)


def open_upload() -> None:
    """Follow a recipe that was uploaded; a recording is read when the page is drawn."""
    open_recipe(UPLOADER, _follow)


def open_recipe(uploader: str, follow: Callable[[Recipe], None]) -> None:
    """Follow a recipe that was uploaded, if it is one, and keep why it cannot be followed.

    Args:
        uploader: Key of the uploader.
        follow: Chooses what a recipe names, or raises why not.
    """
    upload = st.session_state[uploader]
    if upload is None or not is_recipe(upload):
        return
    st.session_state.pop(f"refused_{uploader}", None)
    try:
        follow(read(upload.getvalue()))
    except MasnnError as error:
        st.session_state[f"refused_{uploader}"] = f"{upload.name}: {error}"


def networks_of(recipe: Recipe, sets: Mapping[str, Collection[str]]) -> tuple[str, dict[str, str]]:
    """Return the data set of a recipe's networks, and their names, by "a" and "b".

    Args:
        recipe: The recipe.
        sets: Names of the networks that a page compares, by the title of their data.

    Raises:
        ReportError: If one is not among those here, or no set holds both.
    """
    cards = state.cards()
    chosen = {which: recipe.networks[which]["checkpoint"] for which in ("a", "b")}
    for which, name in chosen.items():
        if name not in cards or cards[name].sha256 != recipe.networks[which]["sha256"]:
            raise ReportError(
                f"The recipe's network {name} (sha256 {recipe.networks[which]['sha256'][:12]}) is "
                "not among those here. Use the checkpoints of that time."
            )
    for title, names in sets.items():
        if {*chosen.values()} <= {*names}:
            return title, chosen
    raise ReportError(
        "The recipe's networks know other classes each, and this page compares those of one "
        "data set: give the recipe to python -m masnn report."
    )


def look_again(recipe: Recipe) -> None:
    """Choose what a recipe's reader looked at, down to the neuron."""
    choices.take_up(recipe.look)
    st.session_state["recipe"] = recipe


def _follow(recipe: Recipe) -> None:
    """Choose what a recipe of a recording names."""
    if recipe.transforms is not None:
        raise ReportError("The recipe is of a picture: open it under Upload on the page Images.")
    data, chosen = networks_of(recipe, state.data_sets())
    if recipe.window_us is not None:
        raise ReportError(
            "The recipe is of a part of a long file, and this page opens files whole: give the "
            "recipe to python -m masnn report."
        )
    look_again(recipe)
    st.session_state.update(
        chosen
        | {
            "data": data,
            _start_key(recipe.sha256): float(recipe.start_ms),
            _edits_key(recipe.sha256): from_plain(recipe.edits),
        }
    )
    if bundled := _bundled().get(recipe.sha256):
        kind, name = bundled
        st.session_state.update({"source": kind, state.example_key(kind): name})
    else:
        st.session_state.update({"wanted": recipe.sha256, "wanted_name": recipe.file})


@st.cache_data(show_spinner=False)
def _bundled() -> dict[str, tuple[str, str]]:
    """Return kind and name of the bundled recordings by their hash."""
    return {
        hashlib.sha256(Path(path).read_bytes()).hexdigest(): (kind, name)
        for kind in state.EXAMPLE_SETS
        for name, path in state.examples(kind).items()
    }


def refusal(uploader: str = UPLOADER) -> str:
    """Return why the recipe in an uploader cannot be followed, or nothing."""
    return str(st.session_state.get(f"refused_{uploader}", ""))


def wanted() -> tuple[str, str]:
    """Return the recording that an address or a recipe is about, or nothing.

    Returns:
        How its hash begins, or all of it, and its name; an address knows no name.
    """
    if "wanted" not in st.session_state:
        st.session_state["wanted"] = str(st.query_params.get("file", ""))[:HASH_DIGITS]
    return st.session_state["wanted"], st.session_state.get("wanted_name", "")


def opened(recording: Recording | None) -> None:
    """Keep an upload's hash in the page's address; None where there is no upload."""
    if recording is None:
        st.query_params.pop("file", None)
    else:
        st.query_params["file"] = recording.sha256[:HASH_DIGITS]


def closed(recording: Recording) -> None:
    """Ask for no upload in particular, once that which was asked for is closed."""
    sha256, _ = wanted()
    if recording.sha256.startswith(sha256):
        st.session_state["wanted"] = ""
    st.query_params.pop("file", None)


def unlike_wanted(recording: Recording) -> str:
    """Return why an upload is not what the address or the recipe is about, or nothing."""
    sha256, name = wanted()
    if recording.sha256.startswith(sha256):
        return ""
    asked = f"{name}, which the recipe is of" if name else "the one that the link is of"
    return (
        f"This is another recording than {asked}: its sha256 begins "
        f"{recording.sha256[:HASH_DIGITS]}, not {sha256[:HASH_DIGITS]}."
    )


def turn_to(kind: str) -> None:
    """Choose a kind of examples, or the visitor's own recording."""
    st.session_state["source"] = kind
    state.follow_source()


def edited(recording: Recording) -> tuple[Recording, str]:
    """Return a recording with this visitor's edits of it; the address's for the session's first.

    Returns:
        The recording, as its file holds it where an edit does not fit, and why.
    """
    key = _edits_key(recording.sha256)
    if key not in st.session_state:
        first = "edited" not in st.session_state
        asked = st.query_params.get("edits", "") if first else ""
        st.session_state[key] = _edits_of(asked)
    edits = st.session_state[key]
    known, made = st.session_state.get("edited", (None, recording))
    problem = ""
    if known != (recording.sha256, edits):
        try:
            made = edit_events(recording, edits)
        except EventFileError as error:
            made, problem = recording, str(error)
            st.session_state[key] = Edits()
        st.session_state["edited"] = ((recording.sha256, st.session_state[key]), made)
    if made.edits:
        st.query_params["edits"] = json.dumps(dict(made.edits), separators=(",", ":"))
    else:
        st.query_params.pop("edits", None)
    return made, problem


def edit(recording: Recording, edits: Edits) -> None:
    """Choose what is to be changed of a recording from now on.

    Args:
        recording: The recording as its file holds it.
        edits: What is to be changed.

    Raises:
        EventFileError: If an edit does not fit it; then nothing is changed.
    """
    edit_events(recording, edits)
    st.session_state[_edits_key(recording.sha256)] = edits


def _edits_of(text: str) -> Edits:
    """Return what an address, anybody's text, asks to be changed; nothing where it is not clear."""
    try:
        values = json.loads(text) if 0 < len(text) < 1000 else {}
        return from_plain(values) if isinstance(values, dict) else Edits()
    except (ValueError, RecursionError, EventFileError):
        return Edits()


def _edits_key(sha256: str) -> str:
    return f"edits_{sha256[:HASH_DIGITS]}"


def start_of(recording: Recording, latest: float) -> str:
    """Return the key of the window's start; the address's counts for the session's first recording.

    Args:
        recording: The recording.
        latest: The latest start in ms.
    """
    key = _start_key(recording.sha256)
    if key not in st.session_state:
        first = "start_ms" not in st.session_state
        try:
            asked = float(st.query_params.get("start", 0) if first else 0)
        except ValueError:  # an address is anybody's text
            asked = 0.0
        st.session_state[key] = asked if 0 <= asked <= latest else 0.0
    st.session_state[key] = min(float(st.session_state[key]), latest)
    return key


def start_at(recording: Recording, component: str) -> None:
    """Start the window where it was let go in the component of this key."""
    asked = st.session_state[component].start
    # What a browser sends need not be what our component would; `start_of` keeps it in bounds.
    if isinstance(asked, int | float) and 0 <= asked < 1e12:
        st.session_state[_start_key(recording.sha256)] = float(asked)


def started(start_ms: float) -> None:
    """Keep the window's start in the page's address."""
    st.session_state["start_ms"] = start_ms
    if start_ms:
        st.query_params["start"] = f"{start_ms:g}"
    else:
        st.query_params.pop("start", None)


def _start_key(sha256: str) -> str:
    return f"start_{sha256[:HASH_DIGITS]}"


def look(a: Side, b: Side, layer: str, view: str) -> Look:
    """Return what the visitor looks at: their neuron and step where they chose one."""
    layers = joined(a, b)
    name = choices.asked("neuron_layer")
    name = name if name in neuron_layers(a, b, layer) else layer
    shape = max((x.shape for x in layers[name] if x is not None), key=len)
    place = [_whole(choices.asked(axis)) for axis in choices.NEURON_AXES[len(shape)]]
    inside = all(i is not None and 0 <= i < n for i, n in zip(place, shape, strict=True))
    neuron = tuple(i for i in place if i is not None) if inside else busiest(layers[name])
    step = (_whole(st.query_params.get("step")) or 1) - 1
    n_ticks = len(clock.ticks(a.edges_ms, b.edges_ms)) - 1
    return Look(
        layer,
        name,
        neuron,
        min(max(step, 0), n_ticks - 1),
        choices.prices(),
        view,
    )


def _whole(value: object) -> int | None:
    try:
        return int(str(value))
    except ValueError:
        return None


def kept(scene: Scene, a: Side, b: Side) -> list[str] | None:
    """Return what differs from the opened recipe; None if it is of another view.

    A window that starts too late for the page is moved by `start_of`, which the visitor did not.
    """
    recipe = st.session_state.get("recipe")
    if not isinstance(recipe, Recipe):
        return None
    names = [recipe.networks[which]["checkpoint"] for which in ("a", "b")]
    if [scene.sha256, a.card.name, b.card.name] != [recipe.sha256, *names]:
        return None
    again = scene.again()
    asked = {field: getattr(recipe, field) for field in again}
    if asked == again:
        return deviations(recipe, a, b)
    selection = state.selection()
    if selection is None or asked | {"start_ms": again["start_ms"]} != again:
        return None
    latest = state.latest_start_ms(selection.recording, state.window_ms(selection.a, selection.b))
    if not again["start_ms"] == latest < recipe.start_ms:
        return None
    return [
        f"The window starts at {latest:,g} ms, the latest that this page offers of this recording, "
        f"not at {recipe.start_ms:,.15g} ms."
    ]
