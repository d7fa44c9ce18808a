"""What channels of one number have in common, which fire less, and the marks of their kinds."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from app.figures import what as drawn
from app.panels import what as shown
from masnn import channels, checkpoints, comparison
from masnn.networks import ConvSNN
from masnn.readers import read_events
from masnn.report import what as printed
from masnn.response import LayerResponse, record
from masnn.sides import Side, trained_apart


@pytest.fixture(scope="module")
def of():
    """Return a gesture network's side, and its weights by layer as its seed drew them."""
    recording = read_events("app/examples/simulated_arm_roll.npz")
    known = {}

    def find(name):
        if name not in known:
            network, card = checkpoints.load(f"gesture-{name}")
            frames = comparison.window(recording, card.config)
            response = record(network.folded(), frames.counts, potentials=False)
            torch.manual_seed(card.training["seed"])
            drawn = ConvSNN(network.config)
            weights = [
                next(p for p in layer.synapse.parameters() if p.dim() > 1) for layer in drawn.layers
            ]
            layers = dict(zip(response.layers, weights, strict=True))
            known[name] = Side.of(card, frames, response), layers
        return known[name]

    return find


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("vanilla", "tcsa", []),  # of other seeds
        ("vanilla", "ta", ["conv1"]),  # its gates are drawn after its first layer
        ("vanilla", "relu", ["conv1", "conv2", "conv3", "fc1", "fc2"]),
        ("ta", "tsa", ["conv1"]),
        ("ca", "tcsa-current", ["conv1"]),
    ],
)
def test_what_is_said_of_initial_weights_is_true(of, one, other, alike):
    (a, weights_a), (b, weights_b) = of(one), of(other)
    seeds = [side.card.training["seed"] for side in (a, b)]
    for name in weights_a:
        told = trained_apart(a, b, name)
        same = torch.equal(weights_a[name], weights_b[name])
        assert same == (name in alike) == ("began from the same initial weights" in told)
        assert ("from other initial weights" in told) == (seeds[0] != seeds[1])
        thing = "channel" if name.startswith("conv") else "neuron"
        assert f"{thing} k of A and {thing} k of B" in told
    assert trained_apart(a, a, "conv1") == ""


def test_the_marks_are_those_of_the_printed_figures():
    alike = {"x": "\u00d7", "s": "\u25a1", "o": "\u25cb\u25cf"}
    assert list(shown._MARKS) == list(printed._MARKS)
    for kind, mark in printed._MARKS.items():
        assert shown._MARKS[kind] in alike[mark]
    symbols = {"x": "x-thin-open", "s": "square-open", "o": "circle-open"}
    for kind, symbol in drawn._SYMBOLS.items():
        assert symbol == ("circle" if kind == "selective" else symbols[printed._MARKS[kind]])


def network(fires, *, sha, T=5, size=(2, 2), layer="conv1"):
    """Return a network whose channels of a layer fire so often, and that says no more."""
    spikes = np.zeros((len(fires), T * size[0] * size[1]), np.uint8)
    for channel, n in enumerate(fires):
        spikes[channel, :n] = 1
    packed = np.packbits(spikes.reshape(len(fires), T, *size).swapaxes(0, 1))
    layers = {layer: LayerResponse(layer, (len(fires), *size), T, packed, {})}
    return SimpleNamespace(
        response=SimpleNamespace(layers=layers),
        card=SimpleNamespace(sha256=sha, is_imported=True),
        region=lambda size: None,
    )


# Of 20 spikes that a channel could have: A's ranks are 2, 0, 3, 1, B's 1, 3, 0 and 2 alike.
A = network([6, 1, 12, 5], sha="a")
B = network([0, 4, 0, 2], sha="b")


def test_ranks_of_networks_trained_apart_by_hand():
    # 12 against 4, 6 against 2, 5 against 0, 1 against 0. Half of 24 is one channel's 12 of A; of 6
    # one channel's 4 of B.
    assert channels.told(A, B, "conv1") == (
        "Rank by rank, each network\u2019s busiest channel first, B\u2019s conv1 fires less than "
        "A\u2019s at all 4 ranks. The layer\u2019s rate is 0.3000 in A and 0.0750 in B (LASFR, "
        "\u221275.0%). A\u2019s busiest channel (2) fires at 0.6000, B\u2019s (1) at 0.2000. Half "
        "of the spikes come from 1 of A\u2019s 4 channels, from 1 of B\u2019s 4. Silent channels: "
        "0 of A\u2019s 4, 2 of B\u2019s 4."
    )
    rows = channels.table(A, B, "conv1")
    assert [row["matched_by"] for row in rows] == ["rank"] * 4
    pairs = [(row["channel_A"], row["channel_B"]) for row in rows]
    assert pairs == [(2, 1), (0, 3), (3, 0), (1, 2)], "of equal rates the lower number first"
    assert [row["rank_A"] for row in rows] == [row["rank_B"] for row in rows] == [1, 2, 3, 4]
    assert [row["rate_B-A"] for row in rows] == pytest.approx([-0.4, -0.2, -0.25, -0.05])
    assert [row["kind_B"] for row in rows] == ["selective", "selective", "silent", "silent"]


def test_numbers_of_one_network_with_and_without_a_gate_by_hand():
    one, other = network([6, 1, 12, 5], sha="a"), network([0, 4, 9, 5], sha="a")
    assert channels.told(one, other, "conv1") == (
        "Channel by channel (A and B have the same weights), B\u2019s conv1 fires less than "
        "A\u2019s in 2 of 4 channels, more in 1 and as often in 1. The layer\u2019s rate is 0.3000 "
        "in A and 0.2250 in B (LASFR, \u221225.0%). The largest decreases are in channels 0 "
        "(0.3000 to 0.0000) and 2 (0.6000 to 0.4500). The largest increase is in channel 1 (0.0500 "
        "to 0.2000). Silent channels: 0 of A\u2019s 4, 1 of B\u2019s 4."
    )
    rows = channels.table(one, other, "conv1")
    assert [row["matched_by"] for row in rows] == ["channel"] * 4
    assert [row["channel_A"] for row in rows] == [row["channel_B"] for row in rows] == [0, 1, 2, 3]
    assert [row["rank_A"] for row in rows] == [2, 4, 1, 3]
    assert [row["rank_B"] for row in rows] == [4, 3, 1, 2]
    assert [row["rate_B-A"] for row in rows] == pytest.approx([-0.3, 0.15, -0.15, 0])
    same = channels.told(one, one, "conv1")
    assert "fires as often as A\u2019s in all 4 channels" in same and "largest" not in same


def test_other_numbers_of_channels_compare_the_ranks_that_both_have():
    # 4 spikes of 20 are as many as 8 of 40: equal to the last digit, in whole numbers.
    other = network([24, 8, 13, 1, 1, 1], sha="c", T=10)
    told = channels.told(B, other, "conv1")
    assert (
        "B\u2019s conv1 fires more than A\u2019s at all 4 ranks that both have (A has 4 channels, "
        "B 6)."
    ) in told
    told = channels.told(other, A, "conv1")
    # 12 of 20 against 24 of 40, 6 against 13, 5 against 8, 1 against 1.
    assert (
        "B\u2019s conv1 fires less than A\u2019s at 1 of the 4 ranks that both have (A has 6 "
        "channels, B 4), more at 2 and as often at 1."
    ) in told
    rows = channels.table(other, A, "conv1")
    assert len(rows) == 6 and rows[5]["channel_B"] is rows[5]["rate_B-A"] is None
    assert rows[0]["rate_B-A"] == 0


def test_one_channel_is_told_of_as_one():
    one, many = network([7], sha="o"), network([3, 4], sha="m")
    told = channels.told(one, many, "conv1")
    assert "less than A\u2019s at the only rank that both have (A has 1 channel, B 2)." in told
    assert "Half of the spikes come from 1 of A\u2019s 1 channel, from 1 of B\u2019s 2." in told
    told = channels.told(one, network([9], sha="n"), "conv1")
    assert "more than A\u2019s at the only rank." in told
    assert "as often as A\u2019s in the only channel." in channels.told(one, one, "conv1")


def test_a_rate_many_times_as_high_is_told_in_times():
    told = channels.told(network([0, 1], sha="o"), network([20, 19], sha="m"), "conv1")
    assert "is 0.0250 in A and 0.9750 in B (LASFR, 39 times)" in told


def test_long_lists_of_channels_are_told_in_runs():
    assert shown._listed([]) == ""
    assert shown._listed([0, 2, 3, 5, 6, 7, 8, 11]) == "0, 2, 3, 5\u20138, 11"
    assert shown._listed(list(range(600))) == "0\u2013599"
    many = shown._listed(list(range(0, 100, 2)))
    assert many.startswith("0, 2, 4, ") and many.endswith(", 58 and 20 more")


def test_silent_networks_and_layers_that_one_lacks_are_told_of():
    silent = network([0, 0, 0, 0], sha="s")
    assert channels.told(A, silent, "conv1").endswith(
        "The layer\u2019s rate is 0.3000 in A and 0.0000 in B (LASFR, \u2212100.0%). A\u2019s "
        "busiest channel (2) fires at 0.6000. Half of the spikes come from 1 of A\u2019s 4 "
        "channels. Silent channels: 0 of A\u2019s 4, 4 of B\u2019s 4."
    )
    both = channels.told(silent, network([0, 0, 0, 0], sha="t"), "conv1")
    assert "as often as A\u2019s at all 4 ranks." in both and "(LASFR). Silent" in both
    lone = network([1, 2, 0], sha="d", layer="conv9")
    assert channels.told(A, lone, "conv9") == (
        "Only B has conv9. B\u2019s busiest channel (1) fires at 0.1000. Half of the spikes come "
        "from 1 of B\u2019s 3 channels. Silent channels: 1 of B\u2019s 3."
    )
    rows = channels.table(A, lone, "conv9")
    assert [(row["channel_A"], row["channel_B"]) for row in rows] == [
        (None, 1),
        (None, 0),
        (None, 2),
    ]
    assert {row["rate_B-A"] for row in rows} == {None}


@pytest.mark.parametrize(
    ("fires", "half"), [([5, 5], 1), ([4, 3, 3], 2), ([1] * 7, 4), ([0, 9], 1), ([0, 0], None)]
)
def test_half_of_the_spikes_comes_from_the_fewest_channels(fires, half):
    side = network(fires, sha="a")
    assert channels.of_layer(side, side, "conv1")["A"].half == half


def test_a_rate_too_small_for_its_places_is_not_told_as_none():
    large = network([1, 30_000], sha="a", T=100, size=(20, 20))
    few = network([0, 1], sha="b", T=100, size=(20, 20))
    told = channels.told(large, few, "conv1")
    assert "B\u2019s (1) at less than 0.0001" in told


def test_the_recorded_networks_agree_with_a_count_of_their_own(of):
    (a, _), (b, _) = of("vanilla"), of("tcsa")
    for name in ("conv1", "conv2", "conv3"):
        one, other = (
            np.sort(side.response.layers[name].spikes.mean((0, 2, 3)))[::-1] for side in (a, b)
        )
        n = int((other < one).sum())
        counted = f"{n} of {len(one)}" if n < len(one) else f"all {n}"
        told = channels.told(a, b, name)
        assert f"fires less than A\u2019s at {counted} ranks" in told
        assert f"rate is {one.mean():.4f} in A and {other.mean():.4f} in B" in told
