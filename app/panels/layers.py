"""Panel: which layer is looked at; of a deep network by stage and block."""

from __future__ import annotations

from collections.abc import Collection

import streamlit as st

from app import choices
from masnn.sides import is_deep, stage_of


def pick(layers: Collection[str]) -> str:
    """Draw the choice of a layer and return its name.

    Args:
        layers: Names of the layers whose neurons lie in maps, from the input on.
    """
    names = list(layers)
    choices.forget_unless("layer", names)
    if not is_deep(names):
        return str(
            st.segmented_control(
                "Layer",
                names,
                default=names[0],
                required=True,
                key="layer",
                bind="query-params",
                on_change=choices.follow_layer,
            )
        )
    stages: dict[str, list[str]] = {}
    for name in names:
        stages.setdefault(stage_of(name), []).append(name)
    # Where gates first act, and maps are still fine enough to be read.
    opening = stages["stage1"][-1] if "stage1" in stages else names[0]
    chosen = choices.chosen_layer(names, opening)
    choices.open_stage(stage_of(chosen))
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with left:
        stage = st.segmented_control(
            "Stage",
            list(stages),
            format_func=_stage,
            required=True,
            key="stage",
            on_change=lambda: choices.follow_stage(stages),
        )
    of_stage = stages[str(stage)]
    with right:
        name = st.selectbox(
            "Layer",
            of_stage,
            index=of_stage.index(chosen),
            format_func=_block,
            key="layer",
            bind="query-params",
            on_change=choices.follow_layer,
            help="Of each block: its inner neurons (a), and those that fire from the sum of its "
            "branch and its shortcut (b), where the gates act.",
        )
    return str(name)


def _stage(stage: str) -> str:
    return stage.removeprefix("stage")


def _block(name: str) -> str:
    """Return what a layer is called beside its stage: "block 2, sum" for "stage1_2b"."""
    _, _, block = name.partition("_")
    if not block:
        return name
    part = {"a": "inside", "b": "sum"}[block[-1]]
    return f"block {block[:-1]}, {part}"
