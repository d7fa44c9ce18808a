"""What a report says of spikes, energy, gates and one neuron is what the library says."""

import io
import re
from itertools import pairwise

import matplotlib
import numpy as np
import pytest
from PIL import Image, ImageChops, ImageSequence
from report_pairs import PAIRS

from masnn import energy, rates
from masnn.neuron_trace import trace_neuron
from masnn.potentials import potential_edges, potential_histogram
from masnn.receptive_field import receptive_field
from masnn.report import style
from masnn.report.film import film
from masnn.report.gates import MAX_DOTS
from masnn.report.panel import render
from masnn.report.panels import BY_NAME
from masnn.sides import joined


def in_pairs(test):
    return pytest.mark.parametrize("pair", PAIRS, ids="-".join)(test)


def rows_of(name, subject, **wanted):
    """Return the rows of a panel that have the wanted values."""
    rows = BY_NAME[name].rows(subject)
    return [row for row in rows if all(row[key] == value for key, value in wanted.items())]


def values_of(rows, key):
    return np.array([row[key] for row in rows])


@in_pairs
def test_histograms_count_every_neuron_once(subjects, pair):
    subject = subjects[pair]
    for who, side in subject.sides.items():
        for name, layer in side.response.layers.items():
            rows = rows_of("how_much_histograms", subject, layer=name, network=who)
            times = layer.spikes.sum(0, dtype=np.int64).ravel()
            assert values_of(rows, "spikes").tolist() == list(range(side.response.T + 1))
            expected = [int((times == k).sum()) for k in range(side.response.T + 1)]
            assert values_of(rows, "neurons").tolist() == expected
            assert values_of(rows, "rate")[-1] == 1.0


@in_pairs
def test_layers_add_up_to_the_whole(subjects, pair):
    subject = subjects[pair]
    for who, side in subject.sides.items():
        *layers, whole = rows_of("how_much_layers", subject, network=who)
        assert [row["layer"] for row in layers] == list(side.response.layers)
        assert whole["layer"] == "all"
        for row, layer in zip(layers, side.response.layers.values(), strict=True):
            assert row["spikes"] == int(layer.spikes.sum())
            assert row["neurons"] == layer.spikes[0].size
            assert row["rate"] == pytest.approx(rates.lasfr(layer.spikes))
        for key in ("spikes", "neurons"):
            assert sum(row[key] for row in layers) == whole[key]
        assert whole["rate"] == pytest.approx(whole["spikes"] / whole["neurons"] / side.response.T)
        if whole["spikes"]:
            assert sum(row["share"] for row in layers) == pytest.approx(1)
        else:
            assert {row["share"] for row in (*layers, whole)} == {None}
        told = BY_NAME["how_much_layers"].caption(subject)
        assert f"{who}: {whole['spikes']:,} spikes of {whole['neurons']:,} neurons" in told


@in_pairs
def test_energy_is_the_ledgers(subjects, pair):
    subject = subjects[pair]
    for who, side in subject.sides.items():
        prices = energy.PRESETS[subject.look.prices]
        found = energy.ledger(side.card.config, side.frames.shown, side.response, prices)
        rows = rows_of("how_much_energy", subject, network=who)
        assert [{k: v for k, v in row.items() if k != "network"} for row in rows] == list(
            energy.as_rows(found)
        )
        for book in ("exact", "paper"):
            priced = sum(row["energy_pj"] for row in rows if row["book"] == book)
            assert priced == pytest.approx(found.energies()[book].pj)


def test_energy_of_other_prices_is_another(subject):
    from dataclasses import replace

    names = list(energy.PRESETS)
    dearer = replace(subject, look=replace(subject.look, prices=names[1]))
    panel = BY_NAME["how_much_energy"]
    assert panel.rows(dearer) != panel.rows(subject)
    assert names[1] in panel.caption(dearer) and names[0] in panel.caption(subject)


def test_gates_are_those_of_the_linkage(subjects):
    for pair in (("vanilla", "attention"), ("twin", "deep"), ("silent", "silent")):
        subject = subjects[pair]
        gates = subject.linkage().gates
        rows = BY_NAME["gates_effect"].rows(subject)
        assert [(row["layer"], row["gate"]) for row in rows] == [
            (found.layer, found.gate) for found in gates.values()
        ]
        for row, found in zip(rows, gates.values(), strict=True):
            spikes = subject.b.response.layers[found.layer].spikes
            assert row["spikes_with"] == int(spikes.sum()), "the network as it is"
            assert row["spikes_with"] == row["kept"] + row["enhanced"]
            assert row["spikes_without"] == row["kept"] + row["suppressed"]
            assert row["rho"] == found.correlation.rho and row["n"] == found.values.size
            dots = rows_of("gates_scatter", subject, layer=found.layer, gate=found.gate)
            assert values_of(dots, "weight").tolist() == found.values.ravel().tolist()
            assert values_of(dots, "change_of_rate").tolist() == found.rate_change.ravel().tolist()


def test_dots_of_gates_are_strokes_whose_colour_a_page_may_change(subjects):
    subject = subjects["vanilla", "attention"]
    svg = render(BY_NAME["gates_scatter"], subject, "svg", 2)
    assert b"<image" not in svg, "a picture keeps its colour in the dark"
    gates = subject.linkage().gates
    assert svg.count(f"stroke: {style.COLOUR_B.lower()}".encode()) == len(gates)
    dots = sum(row["drawn"] for row in BY_NAME["gates_scatter"].rows(subject))
    paths = re.findall(r'<path d="([^"]*)"[^>]*stroke: #0072b2', svg.decode())
    assert sum(path.count("M ") for path in paths) == dots
    with matplotlib.rc_context(style.RC):
        for axes, found in zip(
            BY_NAME["gates_scatter"].draw(subject, 2).axes, gates.values(), strict=True
        ):
            (path,) = (patch.get_path() for patch in axes.patches)
            ends = path.vertices[::2]
            if found.values.size <= MAX_DOTS:
                np.testing.assert_allclose(ends[:, 0], found.values.ravel())
                np.testing.assert_allclose(ends[:, 1], found.rate_change.ravel())
            low, high = axes.get_ylim()
            assert low <= ends[:, 1].min() and ends[:, 1].max() <= high


def test_the_relus_part_begins_where_no_gate_is_and_ends_at_the_network(subjects):
    subject = subjects["twin", "deep"]
    for layer in subject.b.response.layers:
        relu, gates = rows_of("gates_relu", subject, layer=layer) or (None, None)
        if relu is None:
            continue
        assert (relu["part"], gates["part"]) == ("ReLU", "gates")
        assert relu["spikes_after"] == gates["spikes_before"]
        spikes = subject.b.response.layers[layer].spikes
        assert gates["spikes_after"] == int(spikes.sum())
    assert rows_of("gates_relu", subject)


@in_pairs
def test_a_neurons_course_is_its_trace(subjects, pair):
    subject = subjects[pair]
    look = subject.look
    n_traces = 0
    for who, side in subject.sides.items():
        rows = rows_of("neuron_courses", subject, network=who)
        layer = side.response.layers.get(look.neuron_layer)
        if layer is None or any(np.array(look.neuron) >= layer.shape):
            assert not rows
            assert f"{who} has no such neuron." in BY_NAME["neuron_courses"].caption(subject)
            continue
        n_traces += 1
        response = subject.potentials(who.lower())
        trace = trace_neuron(response, subject.config(who.lower()), look.neuron_layer, look.neuron)
        spikes = layer.spikes[(slice(None), *look.neuron)]
        assert values_of(rows, "spike").tolist() == spikes.astype(int).tolist()
        for key, values in (
            *(("current", trace.current), ("current_as_integrated", trace.current_gated)),
            *(("integrated", trace.integrated), ("potential", trace.membrane)),
            *(("carried_in", trace.carried_in), ("carried_out", trace.carried_out)),
        ):
            assert values_of(rows, key).tolist() == values.tolist(), key
        reached = values_of(rows, "potential") >= values_of(rows, "threshold")
        assert (reached == (values_of(rows, "spike") == 1)).all()
    assert n_traces, pair


@in_pairs
def test_the_framed_pixels_are_the_receptive_field(subjects, pair):
    subject = subjects[pair]
    look = subject.look
    rows = BY_NAME["neuron_receptive_field"].rows(subject)
    (who,) = {row["network"] for row in rows}
    side = subject.sides[who]
    y0, y1, x0, x1 = receptive_field(
        subject.config(who.lower()), look.neuron_layer, *look.neuron[1:]
    ).clipped
    framed = [row for row in rows if row["framed"]]
    assert {(row["y"], row["x"]) for row in framed} == {
        (y, x) for y in range(y0, y1) for x in range(x0, x1)
    }
    if side.is_still:
        pixels = np.atleast_3d(side.frames.pixels)
        levels = values_of(rows, "level").reshape(-1, *pixels.shape[:2])
        assert (levels.transpose(1, 2, 0) == pixels).all()
        return
    counts = side.frames.counts[min(look.step, side.response.T - 1)]
    assert values_of(rows, "events").sum() == counts.sum()
    on = [row["events"] for row in rows if row["polarity"] == "ON"]
    assert on == counts[1].ravel().tolist()


@in_pairs
def test_potentials_at_the_threshold_are_the_layers_spikes(subjects, pair):
    subject = subjects[pair]
    name = subject.look.neuron_layer
    caption = BY_NAME["neuron_potentials"].caption(subject)
    thresholds = {who: subject.config(who.lower()).v_threshold for who in subject.sides}
    for who, side in subject.sides.items():
        if name not in side.response.layers:
            continue
        rows = rows_of("neuron_potentials", subject, network=who)
        layer = subject.potentials(who.lower()).layers[name]
        threshold = thresholds[who]
        alike = [
            subject.potentials(other.lower()).layers[name]
            for other, one in subject.sides.items()
            if name in one.response.layers and thresholds[other] == threshold
        ]
        found = potential_histogram(layer, threshold, potential_edges(alike, threshold))
        assert values_of(rows, "potentials").tolist() == found.counts.tolist()
        assert values_of(rows, "share").sum() <= 1 + 1e-9
        above = sum(row["potentials"] for row in rows if row["at_or_above_threshold"])
        assert above + found.n_above == int(layer.spikes.sum())
        assert f"{who}: {found.share_firing:.2%} of {found.n:,} reach it" in caption


def test_a_film_has_a_frame_for_every_tick_and_shows_what_fires(subjects):
    for pair in (("vanilla", "attention"), ("twin", "deep")):
        subject = subjects[pair]
        made = film(subject)
        assert made == film(subject), "the same again"
        with Image.open(io.BytesIO(made)) as picture:
            frames = [frame.convert("RGB") for frame in ImageSequence.Iterator(picture)]
            lasts = picture.info["duration"]
        # Equal frames in a row are one, and last longer.
        assert 2 <= len(frames) <= len(subject.ticks_ms) - 1
        assert all(ImageChops.difference(*two).getbbox() for two in pairwise(frames))
        assert lasts >= 40
        found = {colour for frame in frames for _, colour in frame.getcolors(1 << 24)}
        for colour in (style.COLOUR_ON, style.COLOUR_OFF):
            wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
            assert min(np.abs(np.array(one) - wanted).max() for one in found) <= 12, colour


@in_pairs
def test_every_layer_of_either_network_is_in_the_tables(subjects, pair):
    subject = subjects[pair]
    names = set(joined(subject.a, subject.b))
    for panel in ("how_much_histograms", "when_layer_rates"):
        assert {row["layer"] for row in BY_NAME[panel].rows(subject)} == names
