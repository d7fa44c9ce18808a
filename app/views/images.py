"""Page: still images, and a drawing that is seen as one and as a recording."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import choices, pictures, state
from app.components.maps import maps
from app.components.pad import pad
from app.figures import images, where
from app.figures.player import picture as picture_input
from app.inert import inert, inert_code
from app.panels import lens, playing, take, verdict
from app.panels.chart import chart
from app.panels.explain import heading
from app.runs import Gaze
from masnn import rates
from masnn.errors import MasnnError
from masnn.explanations import when as told
from masnn.images import Picture
from masnn.report.pictured import Pictured
from masnn.sides import Side, some_of_each
from masnn.sight import Sight

SOURCES = ("Draw", "Example", "Upload")

_AGAIN = (
    "The report holds the picture\u2019s file too: with it and the recipe, python -m masnn report "
    "makes the same again, and Upload here brings this view back."
)

#: The data set that recordings of drawings are like.
_SACCADES = "N-MNIST"


def show() -> None:
    """Draw the page."""
    st.markdown("### Still images")
    sets = pictures.image_sets()
    if not sets:
        st.info(
            "No network of still images is there. Train one: python -m masnn train --preset digits "
            "--help.",
            icon=":material/deployed_code:",
        )
        return
    st.caption(
        "A residual network sees the picture at each of its T steps; its mean output decides. Draw "
        "a digit: the residual networks see it as a still image, the event networks as a simulated "
        "camera would that moves before it."
    )
    source = st.segmented_control(
        "Picture", SOURCES, default=SOURCES[0], required=True, key="image_source",
        bind="query-params", label_visibility="collapsed",
    )  # fmt: skip
    source = source or SOURCES[0]  # an address may name it without a value
    left, right = st.columns([1, 2.4], gap="large")
    with right:
        a, b = _networks(sets)
    with left:
        picture = _picture(source)
    if picture is None:
        return
    strokes = choices.drawing() if source == "Draw" else []
    sights = [pictures.seen(name, picture) for name in (a, b)]
    sides = pictures.saccades(strokes, _SACCADES) if strokes else None
    with right:
        for column, (who, sight) in zip(st.columns(2), zip("AB", sights, strict=True), strict=True):
            with column, st.container(border=True):
                verdict.named(who, f"{pictures.title(sight.card)}, still image")
                verdict.numbers(sight, who)
        with st.container(border=True):
            verdict.difference(*sights)
        verdict.remarks(*sights)
        if sides:
            for column, side in zip(st.columns(2), sides, strict=True):
                with column, st.container(border=True):
                    st.markdown(f"**{side.card.title}**, :violet-badge[simulated] recording")
                    verdict.numbers(side, side.card.title)
    columns = st.columns([1, 1, 2] if sides else [1, 2], gap="large")
    with columns[0]:
        _as_still(sights)
    if sides:
        with columns[1]:
            _as_events(sides[0])
    with columns[-1]:
        _votes(*sights)
    _lens(pictures.gaze(picture), Pictured(picture), *sights)


def _lens(gaze: Gaze, scene: Pictured, a: Sight, b: Sight) -> None:
    """Show what both networks did, by the panels of the page Compare."""
    take.recipe(scene, a, b)
    layer = playing.layer(a, b)
    playing.show(a, b, layer, lambda _: picture_input(b.frames.pixels))
    view = lens.show(
        gaze,
        a,
        b,
        layer,
        {
            "Where": lambda: _block_maps(a, b),
            "How much": lambda: _layer_rates(a, b),
        },
    )
    take.show(gaze, scene, a, b, view, layer, _AGAIN)


def _networks(sets: dict[str, list[str]]) -> tuple[str, str]:
    """Return the networks that are to be compared."""
    data = next(iter(sets))
    if len(sets) > 1:
        data = st.selectbox("Trained on", list(sets), key="image_data", bind="query-params")
    a, b = pictures.opening_pair(sets[data])
    columns = st.columns(2)
    return _choose(columns[0], "A", sets[data], a), _choose(columns[1], "B", sets[data], b)


def _choose(column: DeltaGenerator, who: str, names: list[str], opening: str) -> str:
    with column:
        return st.selectbox(
            f"Network {who}",
            names,
            index=names.index(opening),
            format_func=_title,
            key=f"image_{who.lower()}",
            bind="query-params",
        )


def _title(name: str) -> str:
    return pictures.title(state.cards()[name])


def _picture(source: str) -> Picture | None:
    """Return the picture that is drawn, chosen or uploaded; None where there is none."""
    if source == "Draw":
        pad(choices.drawing(), "pad", on_drawn=lambda: choices.keep_drawing("pad"))
        if not choices.drawing():
            st.caption("Draw a digit, 0 to 9. Size and place do not matter.")
            return None
        return pictures.drawn(choices.drawing())
    if source == "Example":
        names = list(pictures.examples())
        first = names[7 % len(names)]
        digit = st.pills("Digit", names, default=first, required=True,
                         key="image_example", bind="query-params", wrap=True)  # fmt: skip
        st.caption("From the part of the set that no network learned from.")
        return pictures.examples()[digit or first]
    return _uploaded()


def _uploaded() -> Picture | None:
    """Return the visitor's own picture; None where they are asked for one."""
    try:
        picture = pictures.uploaded()
    except MasnnError:
        _ask()  # for another one
        raise
    if picture is None:
        _ask()
    else:
        with st.container(border=True):
            st.markdown(inert_code(picture.name))
            st.caption(f"{inert(picture.format)} \u00b7 {len(picture.content):,} bytes")
            st.button(
                "Close the picture",
                icon=":material/close:",
                key="close_picture",
                on_click=pictures.close,
            )
    if ask := pictures.wanted(picture):
        st.info(ask, icon=":material/receipt_long:")
    if picture is None:
        return None
    for warning in picture.warnings:
        st.caption(f":material/info: {inert(warning)}")
    return picture


def _ask() -> None:
    """Ask for a picture, or for a recipe of one."""
    st.file_uploader(
        "Picture",
        type=["png", "jpg", "jpeg", "json"],
        max_upload_size=pictures.MAX_PICTURE_MB,
        key=pictures.UPLOADER,
        on_change=pictures.open_upload,
        help="PNG or JPEG; one digit, darker or lighter than its ground. Nobody else sees it; it "
        "is gone once you close it or leave. Or a recipe.json of a picture.",
    )


def _as_still(sights: list[Sight]) -> None:
    """Draw the picture as the residual networks see it, and say what was done to it."""
    st.markdown("#### Seen as an image")
    pixels = sights[0].frames.pixels
    size = " \u00d7 ".join(map(str, pixels.shape[1::-1]))
    chart(images.seen(pixels, dark=state.is_dark()), "seen", f"The picture, {size} px")
    for note in dict.fromkeys(note for sight in sights for note in sight.notes):
        st.caption(f":material/straighten: {note}")


def _as_events(side: Side) -> None:
    """Draw the events that the simulated camera made of a drawing."""
    st.markdown("#### Seen as events")
    seen = side.recorded.counts.sum(0)
    maps(where.event_images({"": seen}, dark=state.is_dark()), "saccade_events")
    st.caption(
        ":material/straighten: Drawn anew with MNIST's pen in its box of 20 px, placed by its "
        "centre of mass, moved in N-MNIST's three saccades (seed 0)."
    )


def _votes(a: Sight, b: Sight) -> None:
    """Draw the votes for every class, A beside B."""
    heading("#### Share of each class", told.votes(a, b))
    if a.card.classes != b.card.classes:
        st.caption("A and B know other classes.")
        return
    chart(
        images.votes(a.card.classes, a.shares, b.shares, dark=state.is_dark()),
        "image_votes",
        "Share of each class in A and B",
    )
    if len(a.card.classes) > images.MOST_CLASSES:
        shown = len(images.highest(a.shares, b.shares))
        st.caption(f"The {shown} highest in A or in B of {len(a.card.classes):,} classes.")


def _layer_rates(a: Sight, b: Sight) -> None:
    """Draw the rate of every layer, A beside B."""
    lasfr = [{x["name"]: x["lasfr"] for x in sight.summary["layers"]} for sight in (a, b)]
    st.markdown("#### Firing rate of every layer")
    dark = state.is_dark()
    chart(images.layer_rates(*lasfr, dark=dark), "image_rates", "LASFR by layer, A and B")


def _block_maps(a: Sight, b: Sight) -> None:
    """Draw where each block fires, A above B."""
    blocks = [
        [name for name in sight.response.layers if name == "stem" or name.endswith("b")]
        for sight in (a, b)
    ]
    maps = [
        {name: rates.rate_map(sight.response.layers[name].spikes) for name in some_of_each(names)}
        for sight, names in zip((a, b), blocks, strict=True)
    ]
    st.markdown("#### Where the blocks fire")
    if [m.shape for m in maps[0].values()] != [m.shape for m in maps[1].values()]:
        st.caption("A and B have other blocks.")
        return
    dark = state.is_dark()
    chart(images.block_maps(*maps, dark=dark), "image_maps", "Rate maps of A's and B's blocks")
    st.caption(
        "Mean over steps and channels, one colour scale; above each map its network and layer. "
        "Later stages have fewer places. The layers of the chosen stage follow."
        + (
            f" Of {len(blocks[0]) - 1} blocks {len(maps[0]) - 1} are shown, from first to last of "
            "each stage."
            if len(maps[0]) < len(blocks[0])
            else ""
        )
    )


show()
