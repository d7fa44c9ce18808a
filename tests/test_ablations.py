"""Switching a part of one layer off: nothing before it moves, and the parts are told apart."""

import copy

import numpy as np
import pytest
import torch
from small_network import counts_of, network_of

from masnn import fused
from masnn.ablations import relu_split, runs_needed
from masnn.attention import ATTENTIONS
from masnn.response import record


class Ones(torch.nn.Module):
    """A gate whose weights are one, of the shape that the gate in its place gives."""

    def __init__(self, gate):
        super().__init__()
        self.gate = gate

    def forward(self, x):
        return torch.ones_like(self.gate(x))


def recorded(network, off=(), **how):
    return record(network, counts_of(), off=off, **how)


def same(a, b, names=None):
    return all(
        np.array_equal(a.layers[name].packed, b.layers[name].packed) for name in names or a.layers
    )


SITES = ["membrane", "current"]


@pytest.mark.parametrize("folded", [False, True], ids=["plain", "folded"])
@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("gate", ["time", "channel", "space"])
def test_a_gate_switched_off_is_one_whose_weights_are_one(gate, site, folded):
    network = network_of(attention="TCSA", attention_site=site)
    network = network.folded() if folded else network
    replaced = copy.deepcopy(network)
    replaced.layers[1].gates[gate] = Ones(replaced.layers[1].gates[gate])
    without, as_is = recorded(network, {f"conv2.{gate}"}), recorded(network)
    expected = recorded(replaced)
    for name, layer in without.layers.items():
        np.testing.assert_array_equal(layer.spikes, expected.layers[name].spikes)
        np.testing.assert_array_equal(layer.membrane, expected.layers[name].membrane)
    assert (expected.layers["conv2"].gates[gate] == 1).all()
    assert set(as_is.layers["conv2"].gates) - set(without.layers["conv2"].gates) == {gate}
    np.testing.assert_array_equal(without.layers["conv2"].current, as_is.layers["conv2"].current)
    assert same(as_is, without, ["conv1"]) and not same(as_is, without, ["conv2"])


@pytest.mark.parametrize("off", [("conv2.channel",), ("conv1.space", "T"), ("C", "conv2.time")])
def test_the_compiled_loop_leaves_out_the_same_gates(off, monkeypatch):
    network = network_of(attention="TCSA").double()
    frames = torch.tensor(np.stack([counts_of(0), counts_of(1)]), dtype=torch.float64)
    seen = []
    for enabled in (True, False):
        monkeypatch.setattr(fused, "enabled", enabled)
        assert fused.usable(frames) is enabled
        taps = {}
        with torch.no_grad():
            network(frames, lambda name, value, taps=taps: taps.update({name: value.clone()}), off)
        seen.append(taps)
    assert sorted(seen[0]) == sorted(seen[1])
    for name, value in seen[0].items():
        torch.testing.assert_close(value, seen[1][name], rtol=0, atol=1e-12)
    assert "conv2.attention.space" in seen[0] and sum("attention" in name for name in seen[0]) < 6


def test_a_letter_is_its_gate_in_every_layer_and_relu_every_relu():
    network = network_of(attention="TCSA", attention_site="current")
    layers = ("conv1", "conv2", "fc1", "fc2")
    assert same(
        recorded(network, ["T"]),
        recorded(network, [f"{layer}.time" for layer in layers]),
    )
    assert same(
        recorded(network, ["relu"]),
        recorded(network, [f"{layer}.relu" for layer in layers]),
    )
    assert not same(recorded(network, ["relu"]), recorded(network))


def test_a_relu_switched_off_lets_negative_current_through_in_its_layer_alone():
    network = network_of(attention="CA", attention_site="current")
    plain = copy.deepcopy(network)
    plain.layers[1].relu = False
    without = recorded(network, {"conv2.relu"})
    assert same(without, recorded(plain))
    assert without.layers["conv2"].current_gated.min() < 0
    assert without.layers["conv1"].current_gated.min() == 0


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("attention", ATTENTIONS)
def test_each_switch_that_a_network_lists_is_taken(attention, site):
    network = network_of(attention=attention, attention_site=site)
    for name in network.switches():
        recorded(network, {name}, potentials=False)
    dotted = {name for name in network.switches() if "." in name and not name.endswith(".relu")}
    taps = {name.replace(".attention", "") for name in network.taps() if ".attention." in name}
    assert dotted == taps
    assert [name for name in network.switches() if len(name) == 1] == list(ATTENTIONS[attention])
    has_relu = site == "current" and attention != "none"
    assert ("relu" in network.switches()) is has_relu


@pytest.mark.parametrize(
    ("off", "says"),
    [
        (("conv2.space",), "cannot switch off conv2.space.*can switch off T, conv1.time, conv2"),
        (("C",), "cannot switch off C"),
        (("conv3.time",), "conv3.time"),
        (("time",), "cannot switch off time"),
        (("relu",), "cannot switch off relu"),
        ("T", "collection of names"),
        ("", "collection of names"),
    ],
)
def test_names_of_nothing_are_refused_with_those_that_exist(off, says):
    with pytest.raises(ValueError, match=says):
        recorded(network_of(attention="TA"), off)


def test_a_network_without_anything_to_switch_says_so():
    with pytest.raises(ValueError, match="nothing"):
        recorded(network_of(attention="none"), {"T"})


def test_the_runs_needed_are_each_gate_alone_and_the_steps_to_the_relu():
    network = network_of(attention="TCA", attention_site="current", hidden=())
    assert runs_needed(network.switches()) == [
        (),
        ("conv1.time",),
        ("conv1.channel",),
        ("conv2.time",),
        ("conv2.channel",),
        ("fc1.time",),
        ("conv1.time", "conv1.channel"),
        ("conv1.time", "conv1.channel", "conv1.relu"),
        ("conv2.time", "conv2.channel"),
        ("conv2.time", "conv2.channel", "conv2.relu"),
        ("fc1.time", "fc1.relu"),  # its one gate alone is listed above
    ]
    assert runs_needed(network_of(attention="none").switches()) == [()]


def by_hand(before, after):
    """Count kept, lost and new spikes one neuron and step at a time."""
    kept = suppressed = enhanced = 0
    for a, b in zip(before.spikes.ravel().tolist(), after.spikes.ravel().tolist(), strict=True):
        kept += a == 1 and b == 1
        suppressed += a == 1 and b == 0
        enhanced += a == 0 and b == 1
    return kept, suppressed, enhanced


def test_the_relus_part_and_the_gates_part_add_up():
    network = network_of(attention="TCSA", attention_site="current")
    gates = ("conv2.time", "conv2.channel", "conv2.space")
    runs = [recorded(network, off) for off in ((), gates, (*gates, "conv2.relu"))]
    as_is, relu_only, bare = (run.layers["conv2"] for run in runs)
    np.testing.assert_array_equal(relu_only.current_gated, np.maximum(relu_only.current, 0))
    np.testing.assert_array_equal(bare.current_gated, bare.current)
    split = relu_split(*runs, "conv2")
    assert split.relu == by_hand(bare, relu_only) and split.gates == by_hand(relu_only, as_is)
    assert split.relu.before == bare.spikes.sum() and split.gates.after == as_is.spikes.sum()
    assert split.relu.after == split.gates.before == relu_only.spikes.sum()
    assert split.n_cells == bare.spikes.size
    assert split.relu.enhanced > 0 and split.gates.suppressed > 0, "the parts should be seen"


def test_relu_runs_that_do_not_fit_are_refused():
    network = network_of(attention="TA", attention_site="current")
    as_is, relu_only = recorded(network), recorded(network, {"conv2.time"})
    with pytest.raises(ValueError, match="should have the gates"):
        relu_split(as_is, relu_only, as_is, "conv2")
    with pytest.raises(ValueError, match="conv1 fires otherwise"):
        relu_split(as_is, recorded(network, {"T"}), relu_only, "conv2")
    with pytest.raises(ValueError, match="no layer 'conv9'; there are conv1"):
        relu_split(as_is, relu_only, relu_only, "conv9")
