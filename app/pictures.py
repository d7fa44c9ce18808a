"""Pictures that a visitor chose, and what networks of images and of events did with them."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from PIL import Image

from app import links, runs, state
from app.inert import inert_code
from app.state import Selection
from masnn import sight
from masnn.cards import Card
from masnn.digits import PREPARED, as_digit, rendered
from masnn.errors import ImageFileError, ReportError
from masnn.images import MAX_BYTES, Picture, read_picture, sees_images
from masnn.readers import Recording
from masnn.report.recipe import Recipe
from masnn.sides import Side
from masnn.sight import Sight
from masnn.simulate import simulate_strokes
from masnn.untrusted_images import read_untrusted_picture

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

#: Larger pictures are refused before they are read.
MAX_PICTURE_MB = MAX_BYTES // 1_000_000

#: Key of the uploader, of pictures and their recipes.
UPLOADER = "picture"

#: What a drawing is instead of a file.
DRAWING = "drawing"

#: Of the simulated recordings of drawings.
SEED = 0

Strokes = list[list[tuple[float, float]]]


def image_sets() -> dict[str, list[str]]:
    """Return the names of the networks of still images by the title of their data.

    Fewer steps first, then fewer blocks, and no attention before attention.
    """

    def place(name: str) -> tuple[int, int, bool, str]:
        config = known[name].config
        return config["T"], sum(config["blocks"]), config["attention"] != "none", name

    # The ANN of a network's shape has no spikes to look at.
    known = {
        name: card
        for name, card in state.cards().items()
        if sees_images(card) and card.config.get("neurons", "lif") == "lif"
    }
    sets: dict[str, list[str]] = {}
    for name in sorted(known, key=place):
        sets.setdefault(str(known[name].data["name"]), []).append(name)
    return dict(sorted(sets.items()))


def opening_pair(names: list[str]) -> tuple[str, str]:
    """Return the networks that the page opens on: without and with attention, of the most steps.

    Args:
        names: As `image_sets` orders them, at least one.
    """
    configs = {name: state.cards()[name].config for name in names}
    most = max(config["T"] for config in configs.values())
    names = [name for name in names if configs[name]["T"] == most]
    plain = [name for name in names if configs[name]["attention"] == "none"]
    gated = [name for name in names if name not in plain]
    return (plain or names)[0], (gated or names)[0]


def examples() -> dict[str, Picture]:
    """Return the bundled digits by name."""
    return {
        path.stem.removeprefix("digit_"): _example(path.name)
        for path in sorted(state.EXAMPLES.glob("digit_*.png"))
    }


@st.cache_resource(show_spinner=False)
def _example(name: str) -> Picture:
    return read_picture(state.EXAMPLES / name)


def open_upload() -> None:
    """Follow a recipe that was uploaded; a picture is read when the page is drawn."""
    links.open_recipe(UPLOADER, _follow)


def _follow(recipe: Recipe) -> None:
    """Choose what a recipe of a picture names."""
    if recipe.transforms is None:
        raise ReportError("The recipe is of a recording: open it under Upload on the page Compare.")
    data, chosen = links.networks_of(recipe, image_sets())
    links.look_again(recipe)
    st.session_state.update({f"image_{which}": name for which, name in chosen.items()})
    st.session_state["image_data"] = data
    for name, picture in examples().items():
        if picture.sha256 == recipe.sha256:
            st.session_state.update({"image_source": "Example", "image_example": name})


def wanted(picture: Picture | None) -> str:
    """Return what to open for the recipe that was opened, where its picture is not; or nothing."""
    recipe = st.session_state.get("recipe")
    if not isinstance(recipe, Recipe) or recipe.transforms is None:
        return ""
    if picture is not None and picture.sha256 == recipe.sha256:
        return ""
    name = "the picture in its report" if recipe.file == DRAWING else inert_code(recipe.file)
    head = "The recipe is of a picture" if picture is None else "The recipe is of another picture"
    return f"{head}: open {name} (sha256 {recipe.sha256[:12]})."


def uploaded() -> Picture | None:
    """Return this visitor's picture, one at a time; None while none is open.

    As with recordings, it is read in the run that its upload causes, and the upload is then let go:
    no uploader is drawn beside an open picture.

    Raises:
        ImageFileError: If it is too large or cannot be read.
        BusyError: If others keep the machine busy for too long.
        ReportError: If it is a recipe that cannot be followed.
    """
    upload = st.session_state.get(UPLOADER)
    if upload is None:
        kept = st.session_state.get("picture_read")
        return kept if isinstance(kept, Picture) else None
    if links.is_recipe(upload):
        if links.refusal(UPLOADER):
            raise ReportError(links.refusal(UPLOADER))
        return None
    picture = _read(upload)
    st.session_state["picture_read"] = picture
    return picture


def _read(upload: UploadedFile) -> Picture:
    if upload.size > MAX_BYTES:  # the uploader's own limit is advice to the browser
        raise ImageFileError(f"{upload.name}: larger than {MAX_PICTURE_MB} MB.")
    with runs.turn():  # decoding takes memory: one at a time
        return read_untrusted_picture(upload.getvalue(), upload.name)


def close() -> None:
    """Let the visitor's picture go; the page asks for another one."""
    st.session_state.pop("picture_read", None)


def drawn(strokes: Strokes) -> Picture:
    """Return a drawing as a digit of the set."""
    pixels = as_digit(rendered(strokes))
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return Picture(pixels, DRAWING, DRAWING, file.getvalue(), (f"{PREPARED}.",))


@dataclass(frozen=True)
class PictureGaze:
    """Say what picture networks look at, as `runs.Gaze` asks.

    Args:
        identity: Hash of its pixels, and of whether they were drawn.
        device: As `choose_device` takes it.
        start_ms: A picture has no other.
    """

    identity: str
    device: str
    start_ms: float = 0.0


def gaze(picture: Picture) -> PictureGaze:
    """Return what the visitor's networks look at."""
    pixels = np.ascontiguousarray(picture.pixels)
    head = f"{picture.format == DRAWING} {pixels.shape}".encode()
    return PictureGaze(hashlib.sha256(head + pixels.tobytes()).hexdigest(), state.chosen_device())


def seen(name: str, picture: Picture) -> Sight:
    """Return what a network of still images saw in a picture.

    Raises:
        MasnnError: If the checkpoint cannot be loaded, or no digit can be told from the ground.
    """
    card = state.cards()[name]
    at = gaze(picture)
    return runs.sight(at, card, lambda: _sight(at, card, picture))


def _sight(at: PictureGaze, card: Card, picture: Picture) -> Sight:
    transform = sight.transform_for(card)
    if picture.format == DRAWING:
        pixels, notes = picture.pixels, picture.warnings
        if transform.prepare != "digit":
            raise ImageFileError(f"{card.title} does not know digits: upload a picture for it.")
    else:
        pixels, notes = sight.prepared(picture, transform)
    frames = sight.stills(card, pixels)
    return Sight.of(card, frames, runs.response(at, card, frames), notes=notes)


def saccades(strokes: Strokes, data: str) -> tuple[Side, Side] | None:
    """Return what two event networks did with a drawing that a simulated camera moves before.

    Args:
        strokes: The drawing.
        data: Title of the data that they were trained on.

    Returns:
        The networks that a comparison of this data opens on; None where there is none.
    """
    names = state.data_sets().get(data)
    if not names:
        return None
    recording = _moved(json.dumps(strokes))
    a, b = state.opening_pair(names)
    selection = Selection(recording, recording, True, 0.0, a, b, state.chosen_device())
    return runs.side(selection, "a"), runs.side(selection, "b")


@st.cache_resource(show_spinner="Simulating the camera", max_entries=16)
def _moved(strokes: str) -> Recording:
    events = simulate_strokes(json.loads(strokes), SEED)
    return Recording(events, "simulated", DRAWING, _hash(json.loads(strokes)), 0, ())


def _hash(strokes: Strokes) -> str:
    return hashlib.sha256(json.dumps(strokes).encode()).hexdigest()


def title(card: Card) -> str:
    """Return what a network of still images is called on the page."""
    return f"{card.title}, T = {card.config['T']}"
