"""The ledger: by hand, by brute force, against torch's own counter, and the paper's arithmetic."""

import dataclasses
import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from ledgers import count, plain, response_of, shapes_of
from torch.utils.flop_counter import FlopCounterMode

from masnn.attention import ATTENTIONS
from masnn.energy import (
    HOROWITZ_45NM_FP16,
    HOROWITZ_45NM_FP32,
    PRESETS,
    Costs,
    Energy,
    Ratio,
    as_dict,
    as_rows,
    efficiency,
    ledger,
)
from masnn.layers import SITES
from masnn.networks import ConvSNN, NetworkConfig, five_layer, three_layer
from masnn.operations import PARTS, Count
from masnn.response import record


def config_of(**changes):
    """Return a configuration as a card holds it: after a journey through JSON."""
    base = {"n_classes": 3, "T": 2, "dt_ms": 10.0, "input_size": (4, 4), "in_channels": 1}
    base |= {"channels": (2,), "pools": (1,), "hidden": (), "attention": "none"}
    base |= {"temporal_reduction": 1, "channel_reduction": 1}
    return plain(NetworkConfig(**{**base, **changes}))


# --- by hand -------------------------------------------------------------------------------------


@pytest.fixture
def tiny():
    """4 x 4 px, one channel, T = 2 -> 2C3 -> FC3, with 1 + 1 nonzero pixels and 3 + 1 spikes."""
    config = config_of()
    counts = np.zeros((2, 1, 4, 4), np.int32)
    counts[0, 0, 0, 0] = 5  # a corner reaches 2 x 2 places
    counts[1, 0, 1, 1] = 1  # away from the border 3 x 3
    conv1 = np.zeros((2, 2, 4, 4), np.uint8)
    conv1[:, 0, 0, 0] = 1
    conv1[1, 1, 3, 2] = 1
    fc1 = np.array([[0, 0, 0], [0, 1, 0]], np.uint8)
    return config, counts, response_of(config, {"conv1": conv1, "fc1": fc1})


def test_a_corner_reaches_four_places_and_the_middle_nine(tiny):
    book = ledger(*tiny)
    # Two output channels: 2 (4 + 9) multiply-accumulates; the 5 events of the corner are one input.
    assert count(book, "conv1", "synapses") == 26
    # 3 spikes of conv1, each with 3 weights.
    assert count(book, "fc1", "synapses") == 9
    assert [layer.kind for layer in book.layers] == ["MAC", "AC"]


@pytest.mark.parametrize(
    "y, x, places",
    [(0, 0, 4), (0, 3, 4), (3, 3, 4), (0, 1, 6), (2, 0, 6), (1, 1, 9), (2, 2, 9)],
)
def test_every_place_reaches_the_outputs_around_it(y, x, places):
    config = config_of(T=1)
    counts = np.zeros((1, 1, 4, 4), np.int32)
    counts[0, 0, y, x] = 1
    assert count(ledger(config, counts, response_of(config)), "conv1", "synapses") == 2 * places


def test_dense_numbers_of_the_tiny_network(tiny):
    book = ledger(*tiny)
    # conv1: 9 weights, 1 -> 2 channels, 16 places; fc1: 2 x 16 -> 3.
    assert count(book, "conv1", "synapses", "ann_once") == 9 * 1 * 2 * 16 == 288
    assert count(book, "fc1", "synapses", "ann_once") == 32 * 3 == 96
    assert count(book, "conv1", "synapses", "ann") == 2 * 288
    assert count(book, "fc1", "synapses", "ann") == 2 * 96
    # Connections that exist: in a row of 4 the places reach 2 + 3 + 3 + 2 = 10 others.
    assert [layer.n_synapses for layer in book.layers] == [2 * 10 * 10, 96]


def test_the_papers_formula_of_the_tiny_network(tiny):
    book = ledger(*tiny)
    assert count(book, "conv1", "synapses", "paper") == 576  # dense at both steps
    # FL T rate = 96 x 2 x 3 / (32 x 2) = 9: no border in a fully connected layer, so no gap.
    assert count(book, "fc1", "synapses", "paper") == 9


def test_neurons_of_the_tiny_network(tiny):
    book = ledger(*tiny)
    for part in ("bias", "integrate", "fire"):
        assert count(book, "conv1", part) == 2 * 32 and count(book, "fc1", part) == 2 * 3
    # Those that fired are reset, not multiplied.
    assert count(book, "conv1", "leak") == 64 - 3 and count(book, "fc1", "leak") == 6 - 1
    assert count(book, "conv1", "pooling") == count(book, "conv1", "relu") == 0
    assert [layer.spikes for layer in book.layers] == [3, 1]
    assert [layer.active_inputs for layer in book.layers] == [2, 3]
    assert [layer.input_rate for layer in book.layers] == [2 / 32, 3 / 64]
    assert [layer.n_inputs for layer in book.layers] == [16, 32]
    assert [layer.n_neurons for layer in book.layers] == [32, 3]


def test_energies_of_the_tiny_network(tiny):
    book = ledger(*tiny)
    # conv1: 26 + 61 MAC, 3 x 64 AC; fc1: 5 MAC, 9 + 3 x 6 AC.
    assert book.energy() == Energy(87 + 5, 192 + 27, HOROWITZ_45NM_FP32)
    assert book.energy().pj == pytest.approx(92 * 4.6 + 219 * 0.9)
    assert book.energy(layer="fc1").pj == pytest.approx(5 * 4.6 + 27 * 0.9)
    assert book.energy(comparable=True) == Energy(26, 9, HOROWITZ_45NM_FP32)
    assert book.energy("paper") == Energy(576, 9, HOROWITZ_45NM_FP32)
    assert book.energy("ann") == Energy(576 + 192, 0, HOROWITZ_45NM_FP32)
    assert book.energy("ann_once") == Energy(288 + 96, 0, HOROWITZ_45NM_FP32)
    plain = as_dict(book)
    assert plain["total"]["gap_pj"] == pytest.approx((576 - 26) * 4.6)
    assert plain["layers"][1]["gap_pj"] == 0
    ratio = plain["total"]["ratios"]["ann_once_over_exact"]["value"]
    assert ratio == pytest.approx(384 * 4.6 / (92 * 4.6 + 219 * 0.9))


def test_pooling_adds_and_the_convolution_stays_at_full_resolution():
    # 5 x 4 px pooled by 2 -> 2 x 2: the fifth row is convolved and thrown away.
    config = config_of(T=1, input_size=(5, 4), pools=(2,))
    counts = np.zeros((1, 1, 5, 4), np.int32)
    counts[0, 0, 4, 0] = 1  # in that row
    book = ledger(config, counts, response_of(config))
    assert count(book, "conv1", "synapses") == 2 * 4
    assert count(book, "conv1", "synapses", "ann") == 9 * 2 * 5 * 4
    assert count(book, "conv1", "pooling") == 2 * 2 * 2 * 3  # 4 values need 3 additions
    assert count(book, "conv1", "bias") == 2 * 2 * 2


def test_gates_on_the_membrane_by_hand():
    # T = 4, 6C3 on 2 x 3 px: N = 36.
    config = config_of(
        **{"T": 4, "input_size": (2, 3), "channels": (6,), "attention": "TCSA"},
        **{"temporal_reduction": 2, "channel_reduction": 4, "spatial_kernel": 3},
    )
    gates = {"conv1": {"time": (4,), "channel": (4, 6), "space": (4, 2, 3)}}
    book = ledger(config, np.zeros((4, 1, 2, 3)), response_of(config, gates=gates))
    # Time: 4 -> 2 -> 4, twice; each step's average and maximum over 36 values.
    assert count(book, "conv1", "gate_weights", gate="time") == 2 * (4 * 2 + 2 * 4) == 32
    assert count(book, "conv1", "gate_weights", "paper", "time") == 16
    assert count(book, "conv1", "gate_pooling", gate="time") == 2 * 4 * 35
    # Channel: 6 -> 6 // 4 = 1 -> 6, twice, at each of 4 steps; over 6 places.
    assert count(book, "conv1", "gate_weights", gate="channel") == 4 * 2 * (6 + 6) == 96
    assert count(book, "conv1", "gate_weights", "paper", "channel") == 48
    assert count(book, "conv1", "gate_pooling", gate="channel") == 4 * 2 * 6 * 5
    # Space: two planes; in a column of 2 every output sees 2 + 2, in a row of 3 it is 2 + 3 + 2.
    assert count(book, "conv1", "gate_weights", gate="space") == 4 * 2 * (4 * 7) == 224
    assert count(book, "conv1", "gate_weights", "paper", "space") == 4 * 2 * 9 * 6 == 432
    assert count(book, "conv1", "gate_pooling", gate="space") == 4 * 2 * 6 * 5
    for gate in ("time", "channel", "space"):
        for written in ("exact", "paper"):
            assert count(book, "conv1", "gate_apply", written, gate) == 4 * 36
        assert count(book, "fc1", "gate_apply", gate=gate) == 0


def test_gates_on_the_current_by_hand():
    # The same network; channel and space once for the sequence, time on fc1 too, then ReLUs.
    config = config_of(
        **{"T": 4, "input_size": (2, 3), "channels": (6,), "attention": "TCSA"},
        **{"temporal_reduction": 2, "channel_reduction": 4, "attention_site": "current"},
    )
    gates = {
        "conv1": {"time": (4,), "channel": (1, 6), "space": (1, 2, 3)},
        "fc1": {"time": (4,)},
    }
    book = ledger(config, np.zeros((4, 1, 2, 3)), response_of(config, gates=gates))
    assert count(book, "conv1", "gate_weights", gate="time") == 32
    assert count(book, "conv1", "gate_weights", gate="channel") == 24
    assert count(book, "conv1", "gate_weights", "paper", "channel") == 12
    assert count(book, "conv1", "gate_pooling", gate="channel") == 2 * 6 * (4 * 6 - 1)
    assert count(book, "conv1", "gate_weights", gate="space") == 2 * (4 * 7)  # this site's is 3 x 3
    assert count(book, "conv1", "gate_pooling", gate="space") == 2 * 6 * (4 * 6 - 1)
    assert count(book, "conv1", "gate_apply", gate="space") == 4 * 36
    assert count(book, "conv1", "relu") == 4 * 36
    assert count(book, "fc1", "gate_weights", gate="time") == 32
    assert count(book, "fc1", "gate_pooling", gate="time") == 2 * 4 * 2
    assert count(book, "fc1", "gate_apply", gate="time") == 4 * 3
    assert count(book, "fc1", "relu") == 4 * 3


# --- by brute force ------------------------------------------------------------------------------


def arrivals(nonzero, n_out):
    """Return how many sums are made, walking every input over every output, one at a time."""
    _, _, height, width = nonzero.shape
    total = 0
    for _, _, y, x in zip(*np.nonzero(nonzero), strict=True):
        for out_y in range(height):
            for out_x in range(width):
                total += n_out * (abs(out_y - y) <= 1 and abs(out_x - x) <= 1)
    return total


def ones_conv(x, n_out, kernel):
    """Return the sum of a convolution whose weights are all one, exact in 64 bits."""
    x = torch.from_numpy((np.asarray(x) != 0).astype(np.float64))
    weight = torch.ones(n_out, x.shape[1], kernel, kernel, dtype=torch.float64)
    return int(torch.nn.functional.conv2d(x, weight, padding=kernel // 2).sum())


def test_a_walk_over_every_spike_finds_the_same():
    rng = np.random.default_rng(0)
    config = config_of(
        **{"T": 3, "input_size": (5, 7), "in_channels": 2, "channels": (3, 4), "pools": (1, 2)}
    )
    counts = rng.poisson(0.4, (3, 2, 5, 7))
    fired = (rng.random((3, 3, 5, 7)) < 0.3).astype(np.uint8)
    book = ledger(config, counts, response_of(config, {"conv1": fired}))
    assert count(book, "conv1", "synapses") == arrivals(counts, 3)
    assert count(book, "conv2", "synapses") == arrivals(fired, 4)


@st.composite
def situations(draw):
    """Return a configuration, counts and spikes of any sizes, odd ones included."""
    depth = draw(st.integers(1, 3))
    channels = draw(st.lists(st.integers(1, 4), min_size=depth, max_size=depth))
    pools = draw(st.lists(st.integers(1, 2), min_size=depth, max_size=depth))
    smallest = int(np.prod(pools))
    config = config_of(
        T=draw(st.integers(1, 4)),
        input_size=tuple(draw(st.integers(smallest, smallest + 8)) for _ in "HW"),
        in_channels=draw(st.integers(1, 3)),
        channels=tuple(channels),
        pools=tuple(pools),
        hidden=tuple(draw(st.lists(st.integers(1, 5), max_size=2))),
        votes_per_class=draw(st.integers(1, 3)),
        attention=draw(st.sampled_from(["none", "SA"])),
        spatial_kernel=draw(st.sampled_from([None, 1, 3, 5])),
    )
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rate = draw(st.sampled_from([0.0, 0.1, 0.5, 1.0]))
    spikes = {
        name: (rng.random((config["T"], *shape)) < rate).astype(np.uint8)
        for name, shape in shapes_of(config).items()
    }
    counts = rng.poisson(rate, (config["T"], config["in_channels"], *config["input_size"]))
    return config, counts, spikes


@settings(max_examples=60, deadline=None)
@given(situations())
def test_convolutions_of_ones_find_the_same(situation):
    config, counts, spikes = situation
    T = config["T"]
    convolutional = {n: s for n, s in spikes.items() if s.ndim == 4}
    spaces = {
        name: {"space": (T, *fired.shape[2:])}
        for name, fired in convolutional.items()
        if config["attention"] == "SA"
    }
    book = ledger(config, counts, response_of(config, spikes, spaces))
    inputs = counts
    for facts in book.layers:
        fired = spikes[facts.name]
        n_out = fired.shape[1]
        if fired.ndim == 4:
            expected = ones_conv(inputs, n_out, 3)
            assert facts.n_synapses == ones_conv(np.ones_like(inputs[:1]), n_out, 3)
        else:
            expected = int(((inputs.reshape(T, -1) != 0) @ np.ones((facts.n_inputs, n_out))).sum())
            assert facts.n_synapses == facts.n_inputs * n_out
        assert count(book, facts.name, "synapses") == expected
        assert expected <= T * facts.n_synapses
        assert T * facts.n_synapses <= count(book, facts.name, "synapses", "ann")
        assert facts.active_inputs == np.count_nonzero(inputs)
        assert count(book, facts.name, "leak") == np.count_nonzero(fired == 0)
        if facts.name in spaces:
            planes = np.ones((T, 2, *fired.shape[2:]))
            side = config["spatial_kernel"] or 7
            made = count(book, facts.name, "gate_weights", gate="space")
            assert made == ones_conv(planes, 1, side)
        # The paper's formula exceeds the count by what lies beyond the border, nothing else.
        if facts.kind == "AC":
            excess = count(book, facts.name, "synapses", "paper") - expected
            beyond = 9 * n_out * facts.active_inputs - expected if fired.ndim == 4 else 0
            assert excess == beyond >= 0
        inputs = fired
    assert json.dumps(as_dict(book), allow_nan=False)


# --- against torch's own counter -----------------------------------------------------------------


def real(config, seed=0):
    """Return a network of random weights that fires, frames, and what it did."""
    torch.manual_seed(seed)
    network = ConvSNN(config).eval().requires_grad_(False)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.bias, 0.1, 0.9)
    rng = np.random.default_rng(seed)
    counts = rng.poisson(0.5, (config.T, config.in_channels, *config.input_size)).astype(np.int32)
    return network, counts, record(network, counts, potentials=False)


SMALL = NetworkConfig(
    **{"n_classes": 3, "T": 6, "dt_ms": 10.0, "input_size": (9, 11), "channels": (4, 6, 6)},
    **{"pools": (1, 2, 2), "hidden": (5, 7), "votes_per_class": 2},
    **{"temporal_reduction": 2, "channel_reduction": 2},
)


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("attention", ATTENTIONS)
def test_dense_numbers_are_those_of_torchs_flop_counter(attention, site):
    config = dataclasses.replace(SMALL, attention=attention, attention_site=site)
    network, counts, response = real(config)
    book = ledger(dataclasses.asdict(config), counts, response)
    with FlopCounterMode(display=False) as counter:
        network(torch.from_numpy(counts)[None].float())
    flops = {name: sum(by.values()) for name, by in counter.get_flop_counts().items()}

    def macs(layer, part):
        # A MAC is two floating-point operations.
        return Fraction(flops.get(f"ConvSNN.layers.{layer}.{part}", 0), 2)

    for i, facts in enumerate(book.layers):
        synapse = "conv" if facts.name.startswith("conv") else "linear"
        assert macs(i, f"synapse.{synapse}") == count(book, facts.name, "synapses", "ann") > 0
        for gate in ("time", "channel"):
            made = macs(i, f"gates.{gate}.squeeze") + macs(i, f"gates.{gate}.expand")
            assert made == count(book, facts.name, "gate_weights", gate=gate)
        # Torch counts the padding, as the paper's formula does and the exact book does not.
        space = macs(i, "gates.space.conv")
        assert space == count(book, facts.name, "gate_weights", "paper", "space")
        assert space >= count(book, facts.name, "gate_weights", gate="space")
    # Nothing is left over.
    assert Fraction(sum(flops[f"ConvSNN.layers.{i}"] for i in range(6)), 2) == sum(
        count(book, facts.name, "synapses", "ann")
        + count(book, facts.name, "gate_weights", "paper", "space")
        + sum(count(book, facts.name, "gate_weights", gate=g) for g in ("time", "channel"))
        for facts in book.layers
    )
    assert sum(flops[f"ConvSNN.layers.{i}"] for i in range(6)) == counter.get_total_flops()


def test_a_same_shape_network_run_once_is_one_step_of_torchs():
    config = dataclasses.replace(SMALL, attention="none", T=1)
    network, counts, _ = real(config)
    longer = dataclasses.replace(config, T=5)
    book = ledger(dataclasses.asdict(longer), *real(longer)[1:])
    with FlopCounterMode(display=False) as counter:
        network(torch.from_numpy(counts)[None].float())
    assert counter.get_total_flops() == 2 * book.energy("ann_once").macs
    assert book.energy("ann").macs == 5 * book.energy("ann_once").macs


# --- what a network does is what is counted ------------------------------------------------------


@pytest.mark.parametrize(
    "site, relu",
    [
        ("membrane", None),
        ("membrane", False),
        ("current", None),
        ("current", True),
        ("current", False),
    ],
)
@pytest.mark.parametrize("attention", ATTENTIONS)
def test_gates_and_relus_are_those_of_the_network(attention, site, relu):
    config = dataclasses.replace(SMALL, attention=attention, attention_site=site, relu=relu)
    network, counts, response = real(config)
    book = ledger(dataclasses.asdict(config), counts, response)
    for layer in network.layers:
        per_gate = config.T * int(np.prod(config.neuron_shapes()[layer.name]))
        assert count(book, layer.name, "relu") == per_gate * layer.relu
        for gate in ("time", "channel", "space"):
            applied = count(book, layer.name, "gate_apply", gate=gate)
            assert applied == per_gate * (gate in layer.gates)
    rows = {(r["book"], r["layer"], r["part"], r["gate"]) for r in as_rows(book)}
    assert len(rows) == len(book.lines)


def test_gates_that_were_switched_off_cost_nothing():
    config = dataclasses.replace(SMALL, attention="TCSA")
    network, counts, _ = real(config)
    book = ledger(dataclasses.asdict(config), counts, record(network, counts, off={"C", "S"}))
    assert {line.gate for line in book.lines} == {None, "time"}
    one = ledger(dataclasses.asdict(config), counts, record(network, counts, off={"conv2.time"}))
    assert {line.layer for line in one.lines if line.gate == "time"} == {"conv1", "conv3"}
    bare = ledger(dataclasses.asdict(config), counts, record(network, counts, off={*"TCS"}))
    assert bare.energy(group="gates") == Energy(0, 0, HOROWITZ_45NM_FP32)


def test_relus_that_were_switched_off_cost_nothing():
    config = dataclasses.replace(SMALL, attention="CA", attention_site="current")
    network, counts, _ = real(config)
    for off, left in (((), {"conv1", "conv2", "conv3"}), (("conv2.relu",), {"conv1", "conv3"})):
        response = record(network, counts, off=off)
        book = ledger(dataclasses.asdict(config), counts, response, off=off)
        assert {line.layer for line in book.lines if line.part == "relu"} == left
    response = record(network, counts, off={"relu"})
    book = ledger(dataclasses.asdict(config), counts, response, off={"relu"})
    assert not [line for line in book.lines if line.part == "relu"]


def test_the_first_layer_multiplies_and_says_why():
    config = config_of(T=1)
    for most, words in ((3, "up to 3"), (1, "no pixel")):
        counts = np.full((1, 1, 4, 4), most)
        first, second = ledger(config, counts, response_of(config)).layers
        assert first.kind == "MAC" and words in first.reason
        assert second.kind == "AC" and "conv1" in second.reason
        # A picture of black and white has whole values too, and is of pixels all the same.
        picture, _ = ledger(config, counts.astype(np.float32), response_of(config)).layers
        assert picture.kind == "MAC" and "values of pixels" in picture.reason


# --- the paper's arithmetic ----------------------------------------------------------------------


def paper_network(attention):
    config = dataclasses.asdict(three_layer(attention=attention))
    rng = np.random.default_rng(1)
    rate = 0.173 if attention == "none" else 0.026  # Table 1
    spikes = {
        name: (rng.random((60, *shape)) < rate).astype(np.uint8)
        for name, shape in shapes_of(config).items()
    }
    gates = {
        name: {"time": (60,), "channel": (60, c), "space": (60, h, w)}
        for name, (c, h, w) in ((n, s) for n, s in shapes_of(config).items() if len(s) == 3)
    }
    names = {"T": "time", "C": "channel", "S": "space"}
    kept = {names[letter] for letter in ATTENTIONS[attention]}
    gates = {n: {g: s for g, s in of.items() if g in kept} for n, of in gates.items()}
    counts = rng.poisson(0.1, (60, 2, 32, 32))
    return ledger(config, counts, response_of(config, spikes, gates)), spikes


def test_table_5_of_the_paper():
    book, _ = paper_network("CA")
    assert sum(layer.n_neurons for layer in book.layers) == 106_763  # Table 1

    def over_layers(part, written):
        return sum(count(book, layer.name, part, written, "channel") for layer in book.layers)

    # +4,608 parameters, used once at each of 60 steps.
    assert over_layers("gate_weights", "paper") == 276_480 == 4_608 * 60
    # Eq. 9 sends the average and the maximum through the same perceptron: two passes.
    assert over_layers("gate_weights", "exact") == 2 * 276_480
    # Not in their table: one multiplication for each of 106,496 convolutional neurons and steps.
    assert over_layers("gate_apply", "paper") == over_layers("gate_apply", "exact") == 6_389_760


def test_the_papers_energy_is_equation_17_with_rates():
    book, spikes = paper_network("none")
    # FL: multiply-accumulates of the layer at one step, from the shapes of Table 1's network.
    fl = {
        "conv1": 9 * 2 * 64 * 32 * 32,
        "conv2": 9 * 64 * 128 * 32 * 32,
        "conv3": 9 * 128 * 128 * 16 * 16,
        "fc1": 8 * 8 * 128 * 256,
        "fc2": 256 * 11,
    }
    before = dict(zip(list(fl)[1:], fl, strict=False))
    acs = Fraction(0)
    for name, source in before.items():
        rate = Fraction(int(spikes[source].sum()), spikes[source].size)
        acs += fl[name] * 60 * rate
    assert book.energy("paper").acs == acs
    assert book.energy("paper").macs == fl["conv1"] * 60
    assert book.energy("ann_once").macs == sum(fl.values())


def test_the_papers_efficiency_is_equation_19():
    base, _ = paper_network("none")
    attention, _ = paper_network("TCSA")
    e_mac, e_ac = Fraction("4.6"), Fraction("0.9")
    gates = attention.energy("paper", group="gates")
    delta_ac = base.energy("paper").acs - attention.energy("paper").acs
    e_base = e_mac * base.energy("paper").macs + e_ac * base.energy("paper").acs
    e_att = e_base + e_mac * gates.macs - e_ac * delta_ac
    found = efficiency(base, attention)
    assert found["paper"].value == pytest.approx(float(e_base / e_att), rel=1e-12)
    assert gates.acs == 0 and delta_ac > 0 and found["paper"].value > 1
    for name, (above, below) in {
        "comparable": (base.energy(comparable=True), attention.energy(comparable=True)),
        "exact": (base.energy(), attention.energy()),
    }.items():
        assert found[name].value == above.pj / below.pj


def test_the_five_layer_networks_convolutions_are_the_papers():
    config = dataclasses.asdict(five_layer(attention="none", T=1))
    book = ledger(config, np.zeros((1, 2, 128, 128)), response_of(config))
    convolutional = [layer for layer in book.layers if layer.name.startswith("conv")]
    assert sum(layer.n_neurons for layer in convolutional) == 2_793_472  # Table 1
    assert [layer.n_neurons for layer in book.layers[-2:]] == [512, 110]


# --- prices, forms, edges ------------------------------------------------------------------------


def test_presets_are_horowitzs_numbers():
    # Multiplication + addition; addition. ISSCC 2014, Fig. 1.1.9.
    table = {
        "fp32": (3.7 + 0.9, 0.9),
        "fp16": (1.1 + 0.4, 0.4),
        "int8": (0.2 + 0.03, 0.03),
        "int8_sum32": (0.2 + 0.1, 0.1),
    }
    assert {k: (c.mac_pj, c.ac_pj) for k, c in PRESETS.items()} == {
        key: pytest.approx(prices) for key, prices in table.items()
    }
    assert all("ISSCC 2014" in costs.source for costs in PRESETS.values())


def test_other_prices_need_no_new_count(tiny):
    cheap = Costs("mine", 2.0, 1.0)
    book = ledger(*tiny)
    again = dataclasses.replace(book, costs=cheap)
    assert again == ledger(*tiny, cheap)
    assert again.energy().pj == 92 * 2 + 219
    assert {r["energy_pj"] / r["count"] for r in as_rows(again)} == {1.0, 2.0}


@pytest.mark.parametrize("price", [-1.0, float("nan"), float("inf")])
def test_impossible_prices_are_refused(price):
    for prices in ((price, 1.0), (1.0, price)):
        with pytest.raises(ValueError, match="finite"):
            Costs("bad", *prices)


def test_prices_are_not_mixed(tiny):
    book = ledger(*tiny)
    with pytest.raises(ValueError, match="same costs"):
        efficiency(book, dataclasses.replace(book, costs=HOROWITZ_45NM_FP16))


def numbers(text):
    """Return what the arithmetic in a formula gives; it holds digits and four signs only."""
    for word in ("MAC", "AC", "pJ", ","):
        text = text.replace(word, "")
    text = text.replace("·", "*").replace("−", "-")
    assert set(text) <= set("0123456789.*-+/ e")
    return eval(text)


def test_every_formula_holds_with_its_numbers_in_it():
    book, _ = paper_network("TCSA")
    plain = as_dict(book)
    for row in plain["lines"]:
        names, values, result = row["formula"].split(" = ")
        assert numbers(values) == numbers(result) == row["count"]
        assert names.count("·") == values.count("·") and row["meaning"]
    for sums in (plain["total"], *plain["layers"]):
        for energy in sums["energies"].values():
            values, result = energy["formula"].split(" = ")
            assert numbers(values) == pytest.approx(energy["energy_pj"])
            assert numbers(result) == pytest.approx(energy["energy_pj"], abs=0.005)
        for ratio in sums["ratios"].values():
            values, result = ratio["formula"].split(" = ")
            assert numbers(values) == pytest.approx(ratio["value"], rel=1e-4)
            assert numbers(result) == pytest.approx(ratio["value"], rel=1e-3)
    assert Count((("T", 3), ("N", 4)), ("spikes", 2)).formula == "T · N − spikes = 3 · 4 − 2 = 10"


def test_layers_groups_and_rows_add_up():
    book, _ = paper_network("TCSA")
    rows = as_rows(book)
    for written in ("exact", "paper", "ann", "ann_once"):
        whole = book.energy(written)
        per_layer = [book.energy(written, layer=layer.name) for layer in book.layers]
        assert whole.macs == sum(e.macs for e in per_layer)
        assert whole.acs == sum(e.acs for e in per_layer)
        of_rows = sum(row["energy_pj"] for row in rows if row["book"] == written)
        assert whole.pj == pytest.approx(of_rows)
    exact = book.energies()
    groups = [exact[name] for name in ("synapses", "pooling", "gates", "neurons")]
    assert exact["exact"].macs == sum(e.macs for e in groups)
    assert exact["exact"].acs == sum(e.acs for e in groups)
    assert {row["group"] for row in rows} == {"synapses", "pooling", "gates", "neurons"}
    assert {row["part"] for row in rows} == set(PARTS) - {"relu", "add"}
    assert {row["part"] for row in rows if row["book"] == "paper"} == {
        part for part, said in PARTS.items() if said.in_paper
    }


@pytest.mark.parametrize("attention", ["none", "TCSA"])
def test_silence_one_step_and_one_channel_leave_no_nan(attention):
    config = config_of(
        **{"T": 1, "input_size": (1, 1), "channels": (1,), "n_classes": 1, "attention": attention}
    )
    shapes = {"time": (1,), "channel": (1, 1), "space": (1, 1, 1)}
    gates = {"conv1": shapes if attention == "TCSA" else {}}
    book = ledger(config, np.zeros((1, 1, 1, 1)), response_of(config, gates=gates))
    plain = as_dict(book)
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert book.energy(group="synapses") == Energy(0, 0, HOROWITZ_45NM_FP32)
    # A single value needs neither sum nor comparison.
    assert all(row["count"] == 0 for row in plain["lines"] if row["part"] == "gate_pooling")
    fc1 = plain["layers"][1]
    assert fc1["gap_pj"] == 0 and fc1["input_rate"] == 0.0
    assert fc1["ratios"]["paper_over_comparable"]["value"] is None
    assert fc1["ratios"]["paper_over_comparable"]["formula"].endswith("undefined")
    nothing = Energy(0, 0, HOROWITZ_45NM_FP32)
    assert Ratio(nothing, nothing).value is None


@pytest.mark.parametrize(
    "shape", [(2, 1, 4, 5), (3, 1, 4, 4), (2, 2, 4, 4), (1, 4, 4), (2, 1, 4, 4, 1)]
)
def test_frames_of_another_network_are_refused(tiny, shape):
    config, _, response = tiny
    with pytest.raises(ValueError, match="expected frames"):
        ledger(config, np.zeros(shape), response)


@pytest.mark.parametrize(
    "change", [{"channels": [3]}, {"hidden": [4]}, {"n_classes": 2}, {"pools": [2]}]
)
def test_a_response_of_another_network_is_refused(tiny, change):
    config, counts, response = tiny
    with pytest.raises(ValueError, match="expected a response"):
        ledger(config | change, counts, response)


def test_a_response_of_other_steps_or_gates_is_refused(tiny):
    config, counts, response = tiny
    with pytest.raises(ValueError, match="expected a response of 3 steps"):
        ledger(config | {"T": 3}, np.zeros((3, 1, 4, 4)), response)
    gated = response_of(config, gates={"conv1": {"channel": (2, 2)}})
    with pytest.raises(ValueError, match="allows"):
        ledger(config, counts, gated)
    ledger(config | {"attention": "CA"}, counts, gated)
    with pytest.raises(ValueError, match="allows"):
        ledger(config | {"attention": "TSA"}, counts, gated)


def test_counting_loads_no_torch():
    code = "import sys, masnn.energy, masnn.operations; print('torch' in sys.modules)"
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr
