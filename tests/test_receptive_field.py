"""Receptive fields: against autograd through the synapses, and against pixels that are moved."""

import itertools

import numpy as np
import pytest
import torch
from small_network import counts_of, network_of

from masnn.networks import NetworkConfig
from masnn.receptive_field import receptive_field
from masnn.response import record

SHAPES = [
    {"input_size": (9, 11), "channels": (3, 3), "pools": (1, 2)},
    {"input_size": (16, 16), "channels": (2, 2, 2), "pools": (1, 2, 2)},
    {"input_size": (23, 14), "channels": (2, 2, 2), "pools": (2, 4, 1)},  # 3 rows are dropped
    {"input_size": (33, 20), "channels": (2, 2), "pools": (3, 5)},
]


def reached(network, depth, index):
    """Return which pixels the current of a neuron depends on, by autograd: no spikes between."""
    x = torch.zeros(1, 2, *network.config.input_size, requires_grad=True)
    y = x
    for layer in network.layers[:depth]:
        y = layer.synapse(y)
    y[(0, *index)].backward()
    return (x.grad[0] != 0).any(0).numpy()


def positive(network):
    """Give a network weights that cannot cancel each other."""
    for layer in network.layers:
        for parameter in layer.synapse.parameters():
            parameter.data.fill_(1)
    return network


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_fields_are_the_pixels_with_a_gradient(shape):
    network = positive(network_of(attention="none", **shape))
    for depth, (name, neurons) in enumerate(network.config.neuron_shapes().items(), start=1):
        if len(neurons) == 1:
            index, field = (0,), receptive_field(network.config, name)
            cases = [(index, field)] if name == "fc1" else []
        else:
            places = itertools.product(
                *({0, 1, n // 2, n - 1} & set(range(n)) for n in neurons[1:])
            )
            cases = [((0, y, x), receptive_field(network.config, name, y, x)) for y, x in places]
        for index, field in cases:
            y0, y1, x0, x1 = field.clipped
            expected = np.zeros(shape["input_size"], bool)
            expected[y0:y1, x0:x1] = True
            np.testing.assert_array_equal(reached(network, depth, index), expected)


def test_a_pixel_outside_the_field_changes_nothing_and_one_inside_does():
    network = network_of(attention="none")
    still = record(network, counts_of())
    y0, y1, x0, x1 = receptive_field(network.config, "conv2", 2, 2).clipped
    assert (y0, y1, x0, x1) == (2, 8, 2, 8)
    changes = np.zeros((9, 11), bool)
    for y, x in itertools.product(range(9), range(11)):
        counts = counts_of()
        counts[:, :, y, x] += 9
        moved = record(network, counts)
        changes[y, x] = (
            moved.layers["conv2"].current[:, :, 2, 2] != still.layers["conv2"].current[:, :, 2, 2]
        ).any()
    assert not changes[:y0].any() and not changes[y1:].any()
    assert not changes[:, :x0].any() and not changes[:, x1:].any()
    assert changes[y0:y1, x0:x1].mean() > 0.8, "spikes let most of them through"


@pytest.mark.parametrize("pools", [(1, 2, 2), (2, 1, 3), (1, 2, 2, 2, 2)])
def test_the_whole_field_is_that_of_an_inner_neuron_moved(pools):
    config = NetworkConfig(
        n_classes=2, T=5, dt_ms=1, input_size=(240, 240), channels=(1,) * len(pools), pools=pools,
        attention="none",
    )  # fmt: skip
    for n in range(1, len(pools) + 1):
        name, stride = f"conv{n}", int(np.prod(pools[:n]))
        middle = config.map_sizes()[n - 1][0] // 2
        inner = receptive_field(config, name, middle, middle)
        assert inner.clipped == inner.whole, "an inner neuron's field should lie inside"
        corner = receptive_field(config, name, 0, 0)
        assert corner.whole == tuple(edge - middle * stride for edge in inner.whole)
        assert corner.clipped == tuple(max(edge, 0) for edge in corner.whole)


def test_the_papers_network():
    config = NetworkConfig(n_classes=11, T=60, dt_ms=15)
    assert receptive_field(config, "conv1", 5, 7).clipped == (4, 7, 6, 9)
    assert receptive_field(config, "conv2", 0, 15).whole == (-2, 4, 28, 34)
    assert receptive_field(config, "conv2", 0, 15).clipped == (0, 4, 28, 32)
    assert receptive_field(config, "fc1").clipped == (0, 32, 0, 32)
    assert receptive_field(config, "fc2").clipped == (0, 32, 0, 32)


@pytest.mark.parametrize(
    ("layer", "place", "says"),
    [
        ("conv9", (0, 0), "no layer 'conv9'"),
        ("conv2", (4, 0), "4 rows and 5 columns, found y = 4"),
        ("conv2", (0, 5), "found y = 0, x = 5"),
        ("conv2", (-1, 0), "found y = -1"),
        ("conv2", (), "found y = None"),
        ("fc1", (0, 0), "no row and column"),
    ],
)
def test_neurons_that_are_not_there_are_refused(layer, place, says):
    with pytest.raises(ValueError, match=says):
        receptive_field(network_of().config, layer, *place)
