"""Page: two networks on one recording, side by side."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app import state
from app.figures import how_much, style, what, when, where
from app.state import Selection, Side
from masnn import comparison, rates


def show() -> None:
    """Draw the page."""
    selection = state.selection()
    if selection is None:
        st.info(
            "Upload an event-camera recording in the sidebar, or choose an example.",
            icon=":material/upload_file:",
        )
        return
    _recording_line(selection)
    a, b = state.side(selection, "a"), state.side(selection, "b")
    _notices(selection, a, b)
    _verdicts(a, b)
    _overview(selection, a, b)
    _maps(a, b)
    _histograms(a, b)
    _gates(selection, b)
    _provenance(selection, a, b)


def _names(a: Side, b: Side) -> tuple[str, str]:
    return a.card.title, b.card.title


def _chart(figure: object, key: str, alt: str) -> None:
    st.plotly_chart(figure, theme=None, config=style.CONFIG, key=key, alt=alt)


def _recording_line(selection: Selection) -> None:
    recording = selection.recording
    events = recording.events
    parts = [
        f"**`{recording.name}`**",
        recording.format,
        f"{events.width} \u00d7 {events.height} px",
        f"{events.duration_us / 1e6:.2f} s",
        f"{len(events):,} events ({events.n_on / max(len(events), 1):.0%} ON)",
        f"sha {recording.sha256[:8]}",
    ]
    st.markdown(
        (":violet-badge[simulated] " if selection.simulated else "") + " \u00b7 ".join(parts)
    )


def _notices(selection: Selection, a: Side, b: Side) -> None:
    for warning in selection.recording.warnings:
        st.caption(f":material/info: {warning}")
    sensor = (selection.recording.events.width, selection.recording.events.height)
    for card in dict.fromkeys(side.card.data.get("name", "") for side in (a, b)):
        if card == "N-MNIST" and sensor != (34, 34):
            st.warning(
                "These networks were trained on digits (N-MNIST, 34 \u00d7 34 px). On this "
                "recording their firing is worth a look; the digit they name means nothing.",
                icon=":material/school:",
            )
    frames = a.frames
    if frames.n_outside_field:
        st.caption(
            f":material/crop: {frames.n_outside_field:,} events lie outside the networks' field "
            "and were left out."
        )


def _verdicts(a: Side, b: Side) -> None:
    """Show who decided what, at what price, and the difference."""
    change = comparison.difference(a.summary, b.summary)
    left, middle, right = st.columns(3)
    for column, mark, side in ((left, ":orange[**A**]", a), (middle, ":blue[**B**]", b)):
        with column.container(border=True):
            st.markdown(f"{mark} &nbsp; **{side.card.title}**")
            summary = side.summary
            vote = summary["votes"][summary["prediction"]]
            _metrics(
                ("prediction", _prediction(summary), _PREDICTION_HELP),
                ("its vote", f"{vote:.2f}", "Spikes per step of that class's output."),
            )
            _metrics(
                ("spikes", f"{summary['spikes']:,}", _spikes_help(side)),
                ("NASFR", f"{summary['nasfr']:.4f}", _nasfr_help(side)),
            )
    with right.container(border=True):
        st.markdown("**B against A**")
        relative = change["spikes_relative"]
        _metrics(
            ("decision", "same" if change["same_prediction"] else "differs", None),
            ("spikes, relative", "\u2013" if relative is None else f"{relative:+.1%}", None),
        )
        _metrics(
            ("spikes, B \u2212 A", f"{change['spikes']:+,}", None),
            ("NASFR, B \u2212 A", f"{change['nasfr']:+.4f}", None),
        )


def _metrics(*shown: tuple[str, str, str | None]) -> None:
    """Show numbers beside each other, or under each other where a card is too narrow."""
    with st.container(horizontal=True):
        for label, value, explanation in shown:
            st.metric(label, value, help=explanation, width=130)


_PREDICTION_HELP = (
    "The class with the highest mean output rate. Where several share it, all are named, and the "
    "first counts in an evaluation; a silent output decides nothing."
)


def _prediction(summary: dict[str, Any]) -> str:
    """Return the decision as it is: one class, a few that tie, or none."""
    if not any(summary["votes"].values()):
        return "silent"
    tied = [summary["prediction"], *summary["tied_with"]]
    return " / ".join(tied) if len(tied) <= 3 else "tied"


def _neurons(side: Side) -> int:
    return sum(layer["neurons"] for layer in side.summary["layers"])


def _spikes_help(side: Side) -> str:
    return (
        f"All spikes of all {_neurons(side):,} neurons, output included, in "
        f"{side.response.T} steps of {side.card.config['dt_ms']:g} ms."
    )


def _nasfr_help(side: Side) -> str:
    summary = side.summary
    return (
        "Network average spiking firing rate = spikes / (neurons \u00b7 steps) = "
        f"{summary['spikes']:,} / ({_neurons(side):,} \u00b7 {side.response.T}) = "
        f"{summary['nasfr']:.4f}. Convolutional layers alone: {summary['nasfr_conv']:.4f}. "
        "The paper also calls it NASAR (Yao et al. 2023, Section 4)."
    )


def _overview(selection: Selection, a: Side, b: Side) -> None:
    """Show the input, and how the networks fire and vote on it."""
    dark = state.is_dark()
    counts = b.frames.counts
    image, curves, votes = st.columns([1, 2.4, 1.8])
    with image:
        st.markdown("###### What they see")
        _chart(
            where.event_images(counts[:, 1].sum(0), counts[:, 0].sum(0), dark=dark),
            "input",
            "Events of the window as two images, ON and OFF",
        )
        st.caption(f"{int(counts.sum()):,} events in the window.")
    with curves:
        st.markdown("###### Input events and firing rate over time")
        edges_ms = b.edges_ms(selection.recording)
        _chart(
            when.activity(
                edges_ms,
                counts[:, 1].sum((1, 2)),
                counts[:, 0].sum((1, 2)),
                rates.nsfr(a.response.spikes),
                rates.nsfr(b.response.spikes),
                names=_names(a, b),
                dark=dark,
            ),
            "activity",
            "Events per step, and spikes per neuron of A and B at each step",
        )
    with votes:
        st.markdown("###### Votes")
        _chart(
            when.votes(
                b.card.classes, a.response.rates, b.response.rates, names=_names(a, b), dark=dark
            ),
            "votes",
            "Mean output rate of each class in A and B",
        )


def _maps(a: Side, b: Side) -> None:
    """Show where each convolutional layer fires."""
    st.markdown("### Where they fire")
    st.caption(
        "Spike response of each convolutional layer: rate averaged over time and channels "
        "(the paper's Fig. 6). A and B share one colour scale; B \u2212 A has its own, symmetric "
        "one."
    )
    shared = [
        name
        for name, layer in a.response.layers.items()
        if len(layer.shape) == 3 and name in b.response.layers
    ]
    for name in shared:
        one, other = a.response.layers[name], b.response.layers[name]
        map_a, map_b = rates.rate_map(one.spikes), rates.rate_map(other.spikes)
        words, picture = st.columns([1, 4], vertical_alignment="center")
        with words:
            st.markdown(f"**{name}**")
            st.caption(f"{one.shape[0]} channels of {one.shape[1]} \u00d7 {one.shape[2]}")
            st.caption(f"mean rate  {map_a.mean():.4f} \u2192 {map_b.mean():.4f}")
            st.caption(f"highest  {map_a.max():.3f} \u2192 {map_b.max():.3f}")
        with picture:
            _chart(
                where.response_maps(name, map_a, map_b, names=_names(a, b), dark=state.is_dark()),
                f"map_{name}",
                f"Firing rate of {name} over the sensor's plane in A, B and B minus A",
            )


def _histograms(a: Side, b: Side) -> None:
    """Show how often neurons fire, layer by layer, and the numbers behind it."""
    st.markdown("### How much they fire")
    st.caption(
        f"A neuron fires 0 to {b.response.T} times, so each bar is one exact rate; silent neurons "
        "stand apart. Counts are on a logarithmic axis."
    )
    layers = [name for name in a.response.layers if name in b.response.layers]
    for start in range(0, len(layers), 3):
        for name, column in zip(layers[start : start + 3], st.columns(3), strict=False):
            counts = [
                rates.spikes_per_neuron_histogram(side.response.layers[name].spikes)
                for side in (a, b)
            ]
            with column:
                st.markdown(f"**{name}**")
                _chart(
                    how_much.rate_histogram(
                        name, *counts, names=_names(a, b), dark=state.is_dark()
                    ),
                    f"histogram_{name}",
                    f"Histogram of firing rates of {name} in A and B",
                )
    rows = [
        {
            "layer": one["name"],
            "neurons": one["neurons"],
            "spikes A": one["spikes"],
            "spikes B": other["spikes"],
            "LASFR A": one["lasfr"],
            "LASFR B": other["lasfr"],
        }
        for one, other in zip(a.summary["layers"], b.summary["layers"], strict=False)
    ]
    number = st.column_config.NumberColumn
    st.dataframe(
        rows,
        hide_index=True,
        column_config={
            **{k: number(format="localized") for k in ("neurons", "spikes A", "spikes B")},
            **{k: number(format="%.4f") for k in ("LASFR A", "LASFR B")},
        },
    )
    st.caption("LASFR: spikes of a layer / (its neurons \u00b7 steps).")


def _gates(selection: Selection, b: Side) -> None:
    """Show B's attention weights: when, what, where."""
    st.markdown("### What B attends to")
    found = {
        gate: {
            n: layer.gates[gate] for n, layer in b.response.layers.items() if gate in layer.gates
        }
        for gate in ("time", "channel", "space")
    }
    if not any(found.values()):
        st.info("B has no attention gates. Choose an attention network as B to see its weights.")
        return
    dark = state.is_dark()
    columns = iter(st.columns(sum(bool(gates) for gates in found.values())))
    if gates := found["time"]:
        with next(columns):
            st.markdown("**When** \u00b7 temporal gate")
            edges_ms = b.edges_ms(selection.recording)
            _chart(when.temporal_gates(gates, edges_ms, dark=dark), "gate_time", "Temporal gate")
            st.caption("One weight a step, computed from the whole window: it looks ahead.")
    if gates := found["channel"]:
        with next(columns):
            st.markdown("**What** \u00b7 channel gate")
            _chart(what.channel_gates(gates, dark=dark), "gate_channel", "Channel gate")
            st.caption(_site_sentence(b, "channel"))
    if gates := found["space"]:
        with next(columns):
            st.markdown("**Where** \u00b7 spatial gate")
            _chart(where.spatial_gates(gates, dark=dark), "gate_space", "Spatial gate")
            st.caption(_site_sentence(b, "place") + " Drawn: mean over the steps.")


def _site_sentence(side: Side, thing: str) -> str:
    if side.card.config["attention_site"] == "membrane":
        return f"One weight a {thing} and step; it multiplies the membrane potential before firing."
    return f"One weight a {thing} for the whole window; it multiplies the input current."


def _provenance(selection: Selection, a: Side, b: Side) -> None:
    """Say what is needed to obtain the same numbers again."""
    facts = comparison.provenance(
        selection.recording,
        {"a": a.frames, "b": b.frames},
        {"a": a.card, "b": b.card},
        state.device_name(selection),
    )
    networks = " \u00b7 ".join(
        f"{side.upper()} {n['checkpoint']} sha {n['sha256'][:8]}, {n['T']} \u00d7 {n['dt_ms']:g} ms"
        for side, n in facts["networks"].items()
    )
    versions = ", ".join(f"{k} {v}" for k, v in facts["versions"].items())
    st.divider()
    st.caption(
        f"{facts['file']} \u00b7 sha256 {facts['sha256'][:16]} \u00b7 {facts['format']} "
        f"\u00b7 from {selection.start_ms:g} ms \u00b7 {networks} "
        f"\u00b7 {facts['device']} \u00b7 {versions}"
    )
    with st.popover("Same numbers from the command line", icon=":material/terminal:"):
        st.code(
            f"python -m masnn compare FILE --a {a.card.name} --b {b.card.name} "
            f"--start-ms {selection.start_ms:g}",
            language="bash",
        )
        st.json(facts, expanded=1)


show()
