"""The authors' published code and this package compute the same spikes.

The golden files hold weights, inputs and spikes of github.com/BICLab/Attention-SNN; see paper
section notes in `masnn.networks`. Float summation order may flip a neuron that sits on its
threshold within rounding: such ties are counted, checked by their margin, and nothing else may
differ.
"""

import json

import numpy as np
import pytest
import torch

from masnn.attention import ATTENTIONS
from masnn.importers import Told, authors_conv, authors_residual
from masnn.importers._opening import Stored
from masnn.importers._plan import fitted
from masnn.networks import ConvSNN, NetworkConfig
from masnn.residual import still

#: Distance from the threshold, in its own units, that float32 summation order can bridge.
TIE = 2e-6

#: The same for a gate in 0..1: its logits reach 40, where float32 steps are 4e-6.
GATE = 5e-6

AUTHORS_NAMES = {"none": "no"}
LAYERS = {
    "convAttLIF0": "conv1",
    "convAttLIF1": "conv2",
    "convAttLIF2": "conv3",
    "FC0": "fc1",
    "FC1": "fc2",
}
GATES = {"ta": "time", "ca": "channel", "sa": "space"}


def golden_of(path):
    """Return what a golden file holds, its configuration, and its weights as an opened file."""
    with np.load(path) as archive:
        data = {name: archive[name] for name in archive.files}
    weights = {
        name.removeprefix("param/"): torch.from_numpy(value)
        for name, value in data.items()
        if name.startswith("param/")
    }
    stored = Stored(path.name, "", weights, "", "", 0, {}, ())
    return data, json.loads(str(data["config"])), stored


def spikes_of(data, part, layer):
    """Return the spikes of a layer as a golden file keeps them."""
    shape = tuple(data[f"shape{part}/{layer}"])
    return np.unpackbits(data[f"spikes{part}/{layer}"])[: np.prod(shape)].reshape(shape)


@pytest.fixture(params=list(ATTENTIONS))
def golden(request, shared_dir):
    attention = request.param
    path = (
        shared_dir / "golden" / f"authors_threelayer_{AUTHORS_NAMES.get(attention, attention)}.npz"
    )
    data, config, stored = golden_of(path)
    told = Told(
        T=config["T"],
        dt_ms=25.0,
        input_size=tuple(config["input"][1:]),
        decay=config["alpha"],
        v_threshold=config["Vthres"],
    )
    network = fitted(authors_conv.plan(stored, told), stored)
    assert network.config.n_classes == config["classes"]
    assert network.config.attention == attention
    if "T" in network.config.letters:
        assert network.config.temporal_reduction == config["t_ratio"]
    if "C" in network.config.letters:
        assert network.config.channel_reduction == config["c_ratio"]
    return data, network


@pytest.mark.parametrize("folded", [False, True], ids=["plain", "folded"])
def test_authors_spikes_gates_and_output_are_reproduced(golden, folded):
    data, network = golden
    network = network.folded() if folded else network
    seen = {}
    with torch.no_grad():
        output = network(torch.from_numpy(data["input"]).float(), lambda n, v: seen.update({n: v}))
    flips = 0
    for theirs, ours in LAYERS.items():
        bits = spikes_of(data, "", theirs)
        spikes = seen[f"{ours}.spikes"].numpy()
        assert spikes.shape == bits.shape
        different = spikes != bits
        margin = np.abs(seen[f"{ours}.membrane"].numpy()[different] - network.config.v_threshold)
        assert np.all(margin <= TIE), f"{ours}: a spike differs {margin.max():.2e} off threshold"
        flips += int(different.sum())
        for gate, name in GATES.items():
            if f"gate/{theirs}.attention.{gate}" in data:
                expected = data[f"gate/{theirs}.attention.{gate}"]
                actual = seen[f"{ours}.attention.{name}"].numpy()
                np.testing.assert_allclose(actual.ravel(), expected.ravel(), rtol=0, atol=GATE)
    n_spiking = sum(int(np.prod(data[f"shape/{layer}"])) for layer in LAYERS)
    print(f"{network.config.attention}: {flips} threshold ties of {n_spiking} neuron steps")
    if flips == 0:
        np.testing.assert_array_equal(output.numpy(), data["output"])
    else:
        np.testing.assert_allclose(output.numpy(), data["output"], atol=flips / network.config.T)


#: The neurons of the residual network with one block a stage, by the modules that fire.
NEURONS = {
    "stem": "conv2_x.0.residual_function.0",
    **{f"stage{i}_1a": f"conv{i + 1}_x.0.residual_function.3" for i in range(1, 5)},
    **{f"stage{i}_1b": f"conv{i + 2}_x.0.residual_function.0" for i in range(1, 4)},
    "stage4_1b": "mem_update",
}


@pytest.mark.parametrize("T", [1, 4])
@pytest.mark.parametrize("folded", [False, True], ids=["plain", "folded"])
def test_the_authors_residual_network_is_reproduced(T, folded, shared_dir):
    data, config, stored = golden_of(shared_dir / "golden" / "authors_resnet_1111_CSA.npz")
    told = Told(
        T=T, input_size=(64, 64), decay=config["decay"], v_threshold=config["threshold"]
    )  # fmt: skip
    network = fitted(authors_residual.plan(stored, told), stored)
    assert network.config.attention == config["attention"]
    assert network.config.channel_reduction == config["c_ratio"]
    network = network.folded() if folded else network
    images = torch.from_numpy(data["input"]).float() / 128 - 1
    seen = {}
    output = network(still(images, T), lambda n, v: seen.update({n: v.clone()}))
    assert set(NEURONS) == set(network.config.neuron_shapes())
    flips = 0
    for ours, theirs in NEURONS.items():
        bits = spikes_of(data, f"_T{T}", theirs).swapaxes(0, 1)  # theirs are (T, B, ...)
        spikes = seen[f"{ours}.spikes"].numpy()
        assert spikes.shape == bits.shape
        different = spikes != bits
        margin = np.abs(seen[f"{ours}.membrane"].numpy()[different] - config["threshold"])
        assert np.all(margin <= TIE), f"{ours}: a spike differs {margin.max():.2e} off threshold"
        flips += int(different.sum())
    print(f"T = {T}: {flips} threshold ties")
    if flips == 0:
        np.testing.assert_allclose(output, data[f"output_T{T}"], rtol=0, atol=1e-5)
    if not folded:
        assert flips == 0
        np.testing.assert_array_equal(output.numpy(), data[f"output_T{T}"])


def test_parameters_number_what_the_paper_and_its_code_count():
    def count(**changes):
        config = NetworkConfig(n_classes=11, T=60, dt_ms=15.0, attention_site="current", **changes)
        return sum(p.numel() for p in ConvSNN(config).parameters())

    vanilla = count(attention="none")
    assert vanilla == 2_324_065
    assert count(attention="TCSA", channel_reduction=8) - vanilla == 16_470
    assert count(attention="CA") - vanilla == 4_608  # paper Table 5
