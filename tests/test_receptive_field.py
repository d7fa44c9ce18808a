"""Receptive fields: against autograd through the synapses, and against pixels that are moved."""

import itertools

import numpy as np
import pytest
import torch
from small_network import counts_of, network_of

from masnn.networks import NetworkConfig
from masnn.receptive_field import course_of, receptive_field
from masnn.residual import ResidualSNN
from masnn.residual_config import ResidualConfig
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


BLOCKS = [
    {"input_size": (8, 8), "stem_kernel": 3, "stem_stride": 1, "stem_pool": False},
    {"input_size": (37, 30), "blocks": (1, 2)},
    {"input_size": (32, 48), "form": "code", "blocks": (2, 1)},
    {"input_size": (36, 36), "form": "code", "strides": (3, 3), "stem_stride": 1},
    {"input_size": (21, 20), "strides": (3, 2), "shortcut": "spike"},
]


def residual_of(**shape):
    base = {"n_classes": 2, "in_channels": 1, "blocks": (1, 1), "width": 2, "attention": "none"}
    torch.manual_seed(0)
    return ResidualSNN(ResidualConfig(**{**base, **shape})).eval().requires_grad_(False)


def reached_in_blocks(network, layer, index):
    """Return which pixels a current depends on: positive weights, no spikes between."""
    for parameter in network.parameters():
        parameter.data.fill_(1)
    config = network.config
    x = torch.rand(1, 1, *config.input_size, requires_grad=True)
    y = network.stem_norm(network.stem(x))
    if config.pools_stem:  # a maximum has one winner; all that it reads count
        y = torch.nn.functional.avg_pool2d(y, 3, 2, padding=1)
    currents = {"stem": y}
    for block in network.each_block():
        inner = block.norm1(block.conv1(y))
        y = block.norm2(block.conv2(inner)) + block.shortcut(y)
        currents |= {f"{block.name}a": inner, f"{block.name}b": y}
    currents[layer][(0, *index)].backward()
    return (x.grad[0] != 0).any(0).numpy()


@pytest.mark.parametrize("shape", BLOCKS, ids=str)
def test_fields_of_residual_networks_are_the_pixels_with_a_gradient(shape):
    network = residual_of(**shape)
    for layer, (_, height, width) in network.config.neuron_shapes().items():
        places = itertools.product(
            *({0, 1, n // 2, n - 1} & set(range(n)) for n in (height, width))
        )
        for y, x in places:
            y0, y1, x0, x1 = receptive_field(network.config, layer, y, x).clipped
            expected = np.zeros(shape["input_size"], bool)
            expected[y0:y1, x0:x1] = True
            found = reached_in_blocks(network, layer, (0, y, x))
            np.testing.assert_array_equal(found, expected, f"{layer} {y} {x}")


def test_a_pixel_moves_a_residual_neuron_within_its_field_alone():
    network = residual_of(**(BLOCKS[0] | {"input_size": (16, 14), "width": 8}))
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.bias, 0.1, 0.6)
    picture = np.random.default_rng(0).random((1, 1, 16, 14), np.float32) * 4
    still = record(network, picture).layers["stage2_1b"].current[:, :, 2, 5]
    y0, y1, x0, x1 = receptive_field(network.config, "stage2_1b", 2, 5).clipped
    assert (y0, y1, x0, x1) == (0, 11, 4, 14)
    changes = np.zeros((16, 14), bool)
    for y, x in itertools.product(range(16), range(14)):
        for by in (9, -9):
            moved = picture.copy()
            moved[..., y, x] += by
            current = record(network, moved).layers["stage2_1b"].current
            changes[y, x] |= (current[:, :, 2, 5] != still).any()
    outside = np.ones_like(changes)
    outside[y0:y1, x0:x1] = False
    assert not changes[outside].any()
    assert changes[~outside].mean() > 0.5, "spikes let many of them through"


def test_a_field_is_followed_back_map_by_map():
    config = residual_of(**BLOCKS[0], blocks=(1, 1)).config
    course = course_of(config, "stage2_1b", 1, 1)
    assert [name for name, _ in course] == ["stage1_1b", "stem", "input"]
    # Inner neurons at rows 0 to 2 read rows -1 to 5 at stride 2; two more convolutions 2 rows more.
    assert [field.whole[:2] for _, field in course] == [(-1, 6), (-3, 8), (-4, 9)]
    assert course[-1][1] == receptive_field(config, "stage2_1b", 1, 1)
    with pytest.raises(ValueError, match="8 rows and 8 columns, found y = 8"):
        receptive_field(config, "stem", 8, 0)
    with pytest.raises(ValueError, match="no layer 'fc1'; there are stem, stage1_1a"):
        receptive_field(config, "fc1")
