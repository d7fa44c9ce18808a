"""Panel: which layer is looked at; of a deep network by stage and block."""

from __future__ import annotations

from collections.abc import Collection

import streamlit as st

from app import choices
from masnn.kinds import is_deep, layer_title, stage_of


def pick(layers: Collection[str]) -> None:
    """Draw the choice of a layer, which `choices.offer_layer` has made.

    Args:
        layers: Names of the layers whose neurons lie in maps, from the input on.
    """
    names = list(layers)
    if not is_deep(names):
        st.segmented_control(
            "Layer", names, required=True, key=choices.key("layer"), on_change=choices.follow_layer,
            help="The page opens on the layer whose temporal gate moves most, or else on the one "
            "whose rates differ most.",
        )  # fmt: skip
        return
    stages: dict[str, list[str]] = {}
    for name in names:
        stages.setdefault(stage_of(name), []).append(name)
    choices.open_stage(stages)
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        stage = st.segmented_control(
            "Stage",
            list(stages),
            format_func=_stage,
            required=True,
            key=choices.key("stage"),
            on_change=lambda: choices.follow_stage(stages),
        )
    with right:
        st.selectbox(
            "Layer",
            stages[str(stage)],
            format_func=layer_title,
            key=choices.key("layer"),
            on_change=choices.follow_layer,
            help="Of each block: its inner neurons (a), and those that fire from the sum of its "
            "branch and its shortcut (b), where the gates act. The page opens on the first "
            "stage's last sum: gates act there, and its maps are fine.",
        )


def _stage(stage: str) -> str:
    return stage.removeprefix("stage")
