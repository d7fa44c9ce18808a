"""The tables behind the panels of Where, What and When hold the library's numbers."""

import dataclasses

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from report_pairs import PAIRS

from masnn import channels, focus, rates
from masnn.report import style
from masnn.report import what as printed
from masnn.report.panels import BY_NAME as PANELS
from masnn.sides import joined


def in_pairs(test):
    return pytest.mark.parametrize("pair", PAIRS, ids="-".join)(test)


def rows_of(name, subject, **wanted):
    """Return the rows of a panel that have the wanted values."""
    rows = PANELS[name].rows(subject)
    found = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
    assert found, (name, wanted)
    return found


def values_of(rows, key):
    return np.array([row[key] for row in rows])


@in_pairs
def test_focus_is_the_librarys(subjects, pair):
    subject = subjects[pair]
    for name, layers in joined(subject.a, subject.b).items():
        for who, side, layer in zip("AB", (subject.a, subject.b), layers, strict=True):
            if layer is None or len(layer.shape) != 3:
                continue
            if (inside := side.region(layer.name)) is None:
                assert not PANELS["where_focus"].rows(subject)
                assert "photograph" in PANELS["where_focus"].absent(subject)
                return
            found = focus.focus(layer.spikes, inside)
            (row,) = rows_of("where_focus", subject, layer=name, network=who)
            assert (row["share"], row["area"]) == (found.share, found.area)
            assert (row["spikes_inside"], row["spikes"]) == (found.inside, found.spikes)
    n_layers = [
        sum(len(x.shape) == 3 for x in s.response.layers.values()) for s in (subject.a, subject.b)
    ]
    assert len(PANELS["where_focus"].rows(subject)) == sum(n_layers)


def test_input_is_what_each_network_saw(subjects):
    same, apart = subjects["vanilla", "attention"], subjects["twin", "deep"]
    assert {row["seen_by"] for row in PANELS["where_input"].rows(same)} == {"A and B"}
    assert {row["seen_by"] for row in PANELS["where_input"].rows(apart)} == {"A", "B"}
    for who, side in (("A", apart.a), ("B", apart.b)):
        for polarity, index in (("OFF", 0), ("ON", 1)):
            rows = rows_of("where_input", apart, seen_by=who, polarity=polarity)
            assert values_of(rows, "events").sum() == side.frames.counts[:, index].sum()
            y, x = np.unravel_index(
                side.frames.counts[:, index].sum(0).argmax(), side.frames.counts.shape[2:]
            )
            (row,) = [r for r in rows if (r["y"], r["x"]) == (y, x)]
            assert row["events"] == side.frames.counts[:, index, y, x].sum()


def test_spatial_gates_are_those_of_their_steps(subjects):
    membrane, current = subjects["vanilla", "attention"], subjects["twin", "deep"]
    gate = membrane.b.response.layers["conv2"].gates["space"]
    assert len(gate) == 6
    rows = rows_of("where_spatial_gates", membrane, layer="conv2")
    maps = {}
    for row in rows:
        maps.setdefault((row["map"], row["step"]), []).append(row["gate"])
    (mean, low, high) = maps
    means = gate.mean((1, 2))
    assert mean == ("mean of the steps", None)
    assert low == ("most closed step", int(means.argmin()) + 1)
    assert high == ("most open step", int(means.argmax()) + 1)
    for (_, step), values in maps.items():
        expected = gate.mean(0) if step is None else gate[step - 1]
        assert values == pytest.approx(expected.ravel(), abs=1e-6)
    gate = current.b.response.layers["conv5"].gates["space"]
    assert len(gate) == 1
    rows = rows_of("where_spatial_gates", current, layer="conv5")
    assert {(row["map"], row["step"]) for row in rows} == {("all steps", None)}
    assert values_of(rows, "gate") == pytest.approx(gate.ravel())


@in_pairs
def test_channels_are_the_librarys(subjects, pair):
    subject = subjects[pair]
    layers = joined(subject.a, subject.b)[subject.look.layer]
    for who, side, layer in zip("AB", (subject.a, subject.b), layers, strict=True):
        tiles = [r for r in PANELS["what_channels"].rows(subject) if r["network"] == who]
        tiles.sort(key=lambda row: (row["channel"], row["y"], row["x"]))
        rows = PANELS["what_channel_rates"].rows(subject)
        if layer is None:
            assert not tiles and {r[f"{key}_{who}"] for r in rows for key in ("rate", "kind")} == {
                None
            }
            continue
        assert values_of(tiles, "rate") == pytest.approx(rates.neuron_rates(layer.spikes).ravel())
        means = rates.channel_rates(layer.spikes)
        inside = side.region(layer.name)
        inside = np.ones(layer.shape[1:], bool) if inside is None else inside
        kinds = focus.channel_kinds(layer.spikes, inside)
        # Of each channel one row, in the order of the pair.
        of = {row[f"channel_{who}"]: row for row in rows if row[f"channel_{who}"] is not None}
        assert sorted(of) == list(range(len(means)))
        assert [of[c][f"rate_{who}"] for c in range(len(means))] == means.tolist()
        assert [of[c][f"kind_{who}"] for c in range(len(means))] == kinds
        by_rank = sorted(of, key=lambda c, who=who, of=of: of[c][f"rank_{who}"])
        assert by_rank == sorted(of, key=lambda c, means=means: (-means[c], c))
        gate = layer.gates.get("channel")
        found = [of[c][f"gate_{who}"] for c in range(len(means))]
        assert found == ([None] * len(means) if gate is None else gate.mean(0).tolist())
        for at, row in enumerate(rows, start=1):
            if pair == ("silent", "silent"):
                assert row["matched_by"] == "channel" and row["channel_A"] == row["channel_B"]
            else:
                assert row["matched_by"] == "rank"
                assert {row["rank_A"], row["rank_B"]} - {None} == {at}
            both = row["rate_A"], row["rate_B"]
            change = None if None in both else both[1] - both[0]
            assert row["rate_B-A"] == change
        caption = PANELS["what_channel_rates"].caption(subject)
        assert f"{kinds.count('silent')} silent" in caption
        assert channels.told(subject.a, subject.b, subject.look.layer) in caption


@pytest.mark.parametrize("own", [True, False])
def test_tiles_stand_in_their_own_order_or_in_as_where_numbers_compare(subjects, own):
    subject = subjects["vanilla", "deep"]
    if not own:
        # The same weights, and other spikes.
        layer = subject.a.response.layers["conv2"]
        turned = dataclasses.replace(layer, packed=np.packbits(layer.spikes[:, ::-1]))
        layers = {**subject.a.response.layers, "conv2": turned}
        response = dataclasses.replace(subject.a.response, layers=layers)
        b = dataclasses.replace(subject.a, response=response)
        subject = dataclasses.replace(subject, b=b)
    for who, side in subject.sides.items():
        places = {
            row["channel"]: row["place"] for row in rows_of("what_channels", subject, network=who)
        }
        order = sorted(places, key=places.get)
        of = side if own else subject.a  # whose rates the order is
        means = rates.channel_rates(of.response.layers["conv2"].spikes)
        assert [means[i] for i in order] == sorted(means, reverse=True)
        assert who == "B" or (order != sorted(order) and len(set(means)) > 2)
    told = PANELS["what_channels"].caption(subject)
    assert ("network\u2019s own rate" in told) == own and ("rate in A" in told) != own


@pytest.mark.parametrize("columns", [1, 2])
def test_printed_tiles_have_their_number_and_rate(subjects, columns):
    subject = subjects["vanilla", "attention"]
    with matplotlib.rc_context(style.RC):
        figure = PANELS["what_channels"].draw(subject, columns)
    for axes, (who, side) in zip(figure.axes, subject.sides.items(), strict=False):
        rows = rows_of("what_channels", subject, network=who)
        order = list(dict.fromkeys(row["channel"] for row in rows))
        means = rates.channel_rates(side.response.layers["conv2"].spikes)
        assert [t.get_text() for t in axes.texts if t.get_ha() == "left"] == [str(c) for c in order]
        written = [t.get_text() for t in axes.texts if t.get_ha() == "right"]
        assert written == ["<.01" if 0 < means[c] < 0.005 else f"{means[c]:.2f}" for c in order]


def test_tiles_too_small_for_numbers_have_none():
    figure = Figure()
    axes = figure.subplots()
    printed._number_tiles(axes, np.zeros((512, 4, 4)), list(range(512)), 30)
    assert not axes.texts
    printed._number_tiles(axes, np.zeros((1, 4, 4)), [0], 30)
    assert [text.get_text() for text in axes.texts] == ["0", "0.00"]


def test_only_a_silent_channel_is_written_as_nothing():
    axes = Figure().subplots()
    maps = np.zeros((5, 20, 20))
    maps[1, 3, 4] = 1  # 0.0025 of a spike per neuron and step
    maps[2, :, 0] = 0.2  # 0.01
    maps[3:] = np.array([0.5, 1])[:, None, None]
    printed._number_tiles(axes, maps, list(range(5)), 72)
    written = [text.get_text() for text in axes.texts if text.get_ha() == "right"]
    assert written == ["0.00", "<.01", "0.01", "0.50", "1.00"]


def test_channel_gates_are_those_of_b(subjects):
    membrane, current = subjects["vanilla", "attention"], subjects["twin", "deep"]
    gate = membrane.b.response.layers["conv3"].gates["channel"]
    assert gate.shape == (6, 6)
    rows = rows_of("what_channel_gates", membrane, layer="conv3")
    assert len(rows) == gate.size
    edges = membrane.b.edges_ms
    for row in rows:
        assert row["gate"] == gate[row["step"] - 1, row["channel"]]
        assert row["from_ms"] == edges[row["step"] - 1]
    gate = current.b.response.layers["conv3"].gates["channel"]
    rows = rows_of("what_channel_gates", current, layer="conv3")
    assert [row["gate"] for row in sorted(rows, key=lambda row: row["channel"])] == list(gate[0])
    assert {(row["step"], row["from_ms"]) for row in rows} == {(None, None)}
    for subject in (membrane, current):
        for name, layer in subject.b.response.layers.items():
            if "channel" not in layer.gates:
                continue
            rows = rows_of("what_gate_against_rate", subject, layer=name)
            assert values_of(rows, "gate") == pytest.approx(layer.gates["channel"].mean(0))
            assert [row["rate"] for row in rows] == rates.channel_rates(layer.spikes).tolist()


@in_pairs
def test_activity_is_the_librarys(subjects, pair):
    subject = subjects[pair]
    for who, side in subject.sides.items():
        rows = rows_of("when_activity", subject, network=who)
        edges = side.edges_ms
        assert values_of(rows, "nsfr").tolist() == rates.nsfr(side.response.spikes).tolist()
        if side.is_still:
            assert list(rows[0]) == ["network", "step", "nsfr"]
        else:
            counts = side.frames.counts.sum((2, 3))
            assert values_of(rows, "on_events").tolist() == counts[:, 1].tolist()
            assert values_of(rows, "off_events").tolist() == counts[:, 0].tolist()
            assert [row["from_ms"] for row in rows] == edges[:-1].tolist()
            assert [row["to_ms"] for row in rows] == edges[1:].tolist()
        for name, spikes in side.response.spikes.items():
            rows = rows_of("when_layer_rates", subject, network=who, layer=name)
            assert values_of(rows, "rate") == pytest.approx(rates.nsfr({name: spikes}), abs=1e-15)
            assert np.mean(values_of(rows, "rate")) == pytest.approx(rates.lasfr(spikes))


@in_pairs
def test_votes_are_the_librarys(subjects, pair):
    subject = subjects[pair]
    caption = PANELS["when_votes"].caption(subject)
    for who, side in subject.sides.items():
        means = rates.running_mean(side.response.votes)
        means = rates.shares(means) if side.by_logits else means
        for i, name in enumerate(side.card.classes):
            rows = rows_of("when_votes", subject, network=who, **{"class": name})
            column = "share" if side.by_logits else "mean_vote"
            assert values_of(rows, column).tolist() == means[:, i].tolist()
        settled = rates.leads_from(means)
        step = None if settled is None else settled + 1
        rows = rows_of("when_votes", subject, network=who)
        assert {row["settles_at_step"] for row in rows} == {step}
        told = f"{who} never votes" if step is None else f"{who} settles at step {step} of "
        assert told in caption or means.shape[0] == 1


def test_temporal_gates_are_those_of_b(subjects):
    for pair in (("vanilla", "attention"), ("twin", "deep"), ("silent", "silent")):
        subject = subjects[pair]
        counts = subject.b.frames.counts
        for name, layer in subject.b.response.layers.items():
            if "time" not in layer.gates:
                continue
            rows = rows_of("when_temporal_gates", subject, layer=name)
            assert [row["gate"] for row in rows] == layer.gates["time"].tolist()
            assert [row["events"] for row in rows] == counts.sum((1, 2, 3)).tolist()
        assert "non-causal" in PANELS["when_temporal_gates"].caption(subject)
