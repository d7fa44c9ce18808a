"""What channels of one number have in common, and the marks of their kinds."""

import pytest
import torch

from app.panels import what as shown
from masnn import checkpoints, comparison
from masnn.networks import ConvSNN
from masnn.readers import read_events
from masnn.report import what as printed
from masnn.response import record
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
