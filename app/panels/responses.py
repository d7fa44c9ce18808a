"""Panels: how each neuron, layer and channel responds over a data set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st

from app import state
from app.components import asrv as component
from app.figures import asrv as figure
from app.figures import when
from app.panels.chart import chart
from app.panels.explain import heading
from masnn import asrv
from masnn.asrv import Asrv
from masnn.explanations import dataset as told


def titles(responses: Mapping[str, Asrv]) -> list[str]:
    """Return what people call A and B."""
    return [response.about.title for response in responses.values()]


def inputs(responses: Mapping[str, Asrv]) -> None:
    """Show the mean of what was shown at the steps that the paper looks at, where it is known."""
    shown = asrv.shown_inputs(responses)
    if not shown:
        return
    heading("#### Mean of what was shown", told.inputs(responses))
    chart(
        figure.mean_inputs(shown, dark=state.is_dark()),
        "asrv_inputs",
        "Mean over the data set of what was shown",
    )


def tiles(responses: Mapping[str, Asrv], layer: str) -> None:
    """Show every channel of a layer, at each step, and count the silent and near-one ones."""
    heading(f"#### Channels of {layer}", told.tiles(responses, layer))
    layers = [
        _layer(responses[who], layer) if who in responses and layer in responses[who].maps else None
        for who in "ab"
    ]
    first = next(r for r in responses.values() if layer in r.maps)
    few = first.moments()
    steps = figure.shown_steps(layers, few)
    late = steps.index(few[-1]) if few[-1] in steps else len(steps) - 1
    if len(steps) < first.T:
        st.caption(f"The layer is large: steps {', '.join(str(t + 1) for t in steps)} are shown.")
    component.tiles(figure.content(layers, steps, late, first.about.dt_ms), key="asrv_tiles")
    heading("#### Silent and near-one channels", told.kinds(responses, layer))
    chart(
        figure.channel_kinds(layers, dark=state.is_dark()),
        "asrv_kinds",
        f"Silent and near-one channels of {layer} at each step",
    )


def _layer(response: Asrv, name: str) -> figure.Layer:
    found = asrv.channels(response, name)
    return figure.Layer(
        response.about.title,
        response.n,
        response.counts[name],
        found.silent.sum(1),
        found.near_one.sum(1),
    )


def layers(responses: Mapping[str, Asrv]) -> None:
    """Show the rates of all layers over time, and their channels' kinds in numbers."""
    heading("#### Rates of layers", told.rates(responses))
    sides = [
        (
            np.arange(response.T + 1) * response.about.dt_ms,
            {name: response.layer_rates(name) for name in response.counts},
        )
        for response in responses.values()
    ]
    chart(
        when.layer_rates(sides, names=titles(responses), dark=state.is_dark()),
        "asrv_layers",
        "Rate of every layer at each step",
    )
    rows = []
    for name in dict.fromkeys(name for r in responses.values() for name in r.counts):
        of = {who: _counted(r, name) for who, r in responses.items() if name in r.counts}
        keys = dict.fromkeys(key for counted in of.values() for key in counted)
        row: dict[str, Any] = {"layer": name}
        for key in keys:
            row |= {f"{key} {who.upper()}": counted.get(key) for who, counted in of.items()}
        rows.append(row)
    columns = dict.fromkeys(key for row in rows for key in row)
    number = st.column_config.NumberColumn
    st.dataframe(
        [{key: row.get(key) for key in columns} for row in rows],
        hide_index=True,
        column_config={key: number(format="%.4f") for key in columns if key.startswith("rate")}
        | {"layer": st.column_config.Column(pinned=True)},
        placeholder="\u2013",
    )
    st.caption(
        "Silent and near one: the fewest and the most channels at any step; always: how many are "
        "silent at all steps."
    )


def _counted(response: Asrv, name: str) -> dict[str, Any]:
    """Return a layer's rate, and how many of its channels are silent or near one, in few words."""
    counted: dict[str, Any] = {"rate": float(response.layer_rates(name).mean())}
    if name in response.maps:
        found = asrv.channels(response, name)
        silent, near = found.silent.sum(1), found.near_one.sum(1)
        counted |= {
            "channels": found.mean.shape[1],
            "silent": f"{silent.min()} to {silent.max()}",
            "always": int(found.silent.all(0).sum()),
            "near one": f"{near.min()} to {near.max()}",
        }
    return counted


def distribution(responses: Mapping[str, Asrv]) -> None:
    """Show how NASFR is distributed over recordings."""
    heading("#### NASFR of each recording", told.distribution(responses))
    chart(
        figure.distribution(
            {who.upper(): response.nasfr for who, response in responses.items()},
            names=titles(responses),
            dark=state.is_dark(),
        ),
        "asrv_nasfr",
        "Distribution of NASFR over recordings",
    )
    st.caption(
        " \u00b7 ".join(
            f"{who.upper()} {response.nasfr.mean():.4f} \u00b1 {response.nasfr_sd:.4f}"
            f"{_relative(response)}, from {response.nasfr.min():.4f} to {response.nasfr.max():.4f}"
            for who, response in responses.items()
        )
        + ": mean \u00b1 standard deviation over recordings, and the latter as a share of the mean."
    )


def _relative(response: Asrv) -> str:
    mean = response.nasfr.mean()
    return f" ({response.nasfr_sd / mean:.1%})" if mean else ""
