"""Page: how two networks respond over a whole data set, as the paper's Fig. 7 and 8 show it."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from app import choices, studies
from app.panels import classes, responses
from masnn.asrv import Asrv

#: Where the responses come from.
SOURCES = ("Digits (N-MNIST)", "Upload")


def show() -> None:
    """Draw the page."""
    st.markdown("### Responses over a data set")
    st.caption(
        "Not one recording but all of a validation set: the share of them in which each neuron "
        "fires at each step, which shows what a channel is for, and which fire whatever is shown "
        "(ASRV; Yao et al. 2023, Fig. 7 and 8)."
    )
    source = st.segmented_control(
        "Responses", SOURCES, default=SOURCES[0], required=True, key="asrv_source",
        label_visibility="collapsed",
    )  # fmt: skip
    found = studies.shipped_responses() if source == SOURCES[0] else _uploaded()
    if found is None:
        return
    _provenance(found)
    classes.summary(found, *studies.paired_responses(found))
    known = list(dict.fromkeys(name for response in found.values() for name in response.maps))
    if known:
        choices.forget_unless("asrv_layer", known)
        layer = st.selectbox("Layer", known, key="asrv_layer") if len(known) > 8 else (
            st.segmented_control("Layer", known, default=known[0], required=True, key="asrv_layer")
        )  # fmt: skip
        responses.inputs(found)
        responses.tiles(found, layer)
    responses.layers(found)
    responses.distribution(found)
    classes.show(found, layer if known else "")


def _uploaded() -> Mapping[str, Asrv] | None:
    """Return the responses that the visitor uploads, None before they do."""
    upload = st.file_uploader("asrv.npz", type="npz", key="asrv_upload")
    st.markdown("The command writes `DIR/asrv.npz`, with tables and figures beside it:")
    st.code(
        "python -m masnn asrv NAME --b NAME2 --data FOLDER --part validation -o DIR",
        language="bash",
        wrap_lines=True,
    )
    return None if upload is None else studies.uploaded_responses(upload)


def _provenance(found: Mapping[str, Asrv]) -> None:
    first = next(iter(found.values()))
    networks = [
        f"{who.upper()} `{_code(r.about.name)}` sha {_code(r.about.sha256[:8])}, "
        f"{r.T} \u00d7 {r.about.dt_ms:g} ms"
        for who, r in found.items()
    ]
    parts = [
        f"**{_code(first.about.data)}**, {_code(first.about.part)}, **n = {first.n}**",
        *networks,
        f"recordings sha {_code(first.about.content[:8])}",
    ]
    st.markdown(" \u00b7 ".join(parts))


def _code(text: str) -> str:
    """Return a name, which may be anybody's, without what markdown would take for its own."""
    return "".join(letter if letter.isalnum() or letter in " .-+" else "\u00b7" for letter in text)


show()
