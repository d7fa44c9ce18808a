"""Recording: all that happened, nothing that changes, from any number of threads."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from masnn.architectures import build
from masnn.networks import ConvSNN, NetworkConfig
from masnn.residual_config import ResidualConfig
from masnn.response import record

CONFIG = NetworkConfig(
    n_classes=3,
    T=6,
    dt_ms=10.0,
    input_size=(9, 11),
    channels=(4, 6),
    pools=(1, 2),
    hidden=(5,),
    temporal_reduction=2,
    channel_reduction=2,
)


@pytest.fixture
def network():
    torch.manual_seed(0)
    network = ConvSNN(CONFIG)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.bias, 0.1, 0.9)
    return network.eval().requires_grad_(False)


@pytest.fixture
def counts():
    counts = np.random.default_rng(0).integers(0, 4, (6, 2, 9, 11), dtype=np.int32)
    counts.flags.writeable = False
    return counts


def test_a_response_holds_what_a_plain_call_computes(network, counts):
    response = record(network, counts)
    with torch.no_grad():
        seen = {}
        plain = network(
            torch.tensor(counts)[None].float(), lambda n, v: seen.update({n: v.clone()})
        )
    np.testing.assert_allclose(response.rates, plain[0].numpy(), atol=1e-7)
    assert list(response.layers) == ["conv1", "conv2", "fc1", "fc2"]
    for name, layer in response.layers.items():
        np.testing.assert_array_equal(layer.spikes, seen[f"{name}.spikes"][0].numpy())
        np.testing.assert_array_equal(layer.membrane, seen[f"{name}.membrane"][0].numpy())
        np.testing.assert_array_equal(layer.current, seen[f"{name}.current"][0].numpy())
        np.testing.assert_array_equal(layer.current_gated, seen[f"{name}.current_gated"][0].numpy())
        assert layer.spikes.shape == (6, *layer.shape) == layer.membrane.shape
        np.testing.assert_array_equal(layer.spikes, layer.membrane >= CONFIG.v_threshold)
    gates = response.layers["conv2"].gates
    assert {k: v.shape for k, v in gates.items()} == {
        "time": (6,),
        "channel": (6, 6),
        "space": (6, 4, 5),
    }
    assert all(((g > 0) & (g < 1)).all() for g in gates.values())


def test_potentials_can_be_left_out(network, counts):
    lean, full = record(network, counts, potentials=False), record(network, counts)
    assert lean.layers["conv1"].membrane is None is lean.layers["conv1"].current
    np.testing.assert_array_equal(lean.layers["conv1"].spikes, full.layers["conv1"].spikes)


def test_four_threads_on_one_network_agree_with_one(network, counts):
    inputs = [np.roll(counts, shift, axis=0) for shift in range(6)] * 4
    alone = [record(network, frames) for frames in inputs]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda frames: record(network, frames), inputs))
    for one, other in zip(alone, together, strict=True):
        for name in one.layers:
            np.testing.assert_array_equal(one.layers[name].packed, other.layers[name].packed)
    assert not np.array_equal(alone[0].layers["conv1"].packed, alone[1].layers["conv1"].packed)


def test_recording_leaves_the_network_as_it_was(network, counts):
    before = {k: v.clone() for k, v in network.state_dict().items()}
    attributes = {name: set(vars(m)) for name, m in network.named_modules()}
    record(network, counts)
    for key, value in network.state_dict().items():
        assert torch.equal(before[key], value)
    for name, module in network.named_modules():
        assert set(vars(module)) == attributes[name]
        assert not module._forward_hooks and not module._forward_pre_hooks


def test_a_response_cannot_be_written_to(network, counts):
    response = record(network, counts)
    layer = response.layers["conv1"]
    for array in (layer.packed, layer.membrane, layer.gates["time"], response.votes):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_gates_can_be_switched_off(network, counts):
    response = record(network, counts, off={"S"})
    assert set(response.layers["conv1"].gates) == {"time", "channel"}


def test_training_mode_and_other_shapes_are_refused(network, counts):
    with pytest.raises(ValueError, match="expected frames"):
        record(network, counts[:5])
    with pytest.raises(ValueError, match="evaluation mode"):
        record(network.train(), counts)


def test_ties_are_told(network, counts):
    response = record(network, np.zeros_like(counts))
    best = response.rates.max()
    assert response.tied == tuple(np.flatnonzero(response.rates == best))
    assert response.prediction == response.tied[0]


def test_a_still_image_is_not_copied_and_meets_the_first_layer_once():
    config = ResidualConfig(n_classes=3, T=4, input_size=(8, 8), blocks=(1, 1), width=4)
    torch.manual_seed(0)
    network = build(dataclasses.replace(config, channel_reduction=2)).eval().requires_grad_(False)
    image = np.random.default_rng(0).normal(size=(3, 8, 8)).astype(np.float32)
    shown, batches = [], []
    network.register_forward_pre_hook(lambda _, given: shown.append(given[0]))
    network.stem.register_forward_pre_hook(lambda _, given: batches.append(len(given[0])))
    still = record(network, np.broadcast_to(image, (4, 3, 8, 8)))
    moving = record(network, np.repeat(image[None], 4, axis=0))
    assert shown[0].untyped_storage().nbytes() == image.nbytes and batches == [1, 4]
    for name, layer in moving.layers.items():
        np.testing.assert_array_equal(still.layers[name].spikes, layer.spikes)
    np.testing.assert_allclose(still.votes, moving.votes, atol=1e-6)


def test_without_potentials_a_response_is_bits(network, counts):
    response = record(network, counts, potentials=False)
    for layer in response.layers.values():
        assert layer.packed.nbytes == -(-6 * layer.n_neurons // 8)
        assert layer.current is layer.current_gated is layer.membrane is None
