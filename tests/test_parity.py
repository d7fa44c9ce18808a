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
from masnn.networks import ConvSNN, NetworkConfig

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
PARTS = {
    "conv2d": "synapse.conv",
    "linear": "synapse.linear",
    "BNLayer": "synapse.norm",
    "attention.ta.sharedMLP.0": "gates.time.squeeze",
    "attention.ta.sharedMLP.2": "gates.time.expand",
    "attention.ca.sharedMLP.0": "gates.channel.squeeze",
    "attention.ca.sharedMLP.2": "gates.channel.expand",
    "attention.sa.conv": "gates.space.conv",
}
GATES = {"ta": "time", "ca": "channel", "sa": "space"}


def translate(name, value):
    """Return our name of one of the authors' parameters, and its value in our shape."""
    layer, rest = name.removeprefix("param/").split(".", 1)
    part, leaf = rest.rsplit(".", 1)
    index = list(LAYERS).index(layer)
    if "sharedMLP" in part:
        value = value.reshape(value.shape[:2])
    return f"layers.{index}.{PARTS[part]}.{leaf}", torch.from_numpy(value)


@pytest.fixture(params=list(ATTENTIONS))
def golden(request, shared_dir):
    attention = request.param
    path = (
        shared_dir / "golden" / f"authors_threelayer_{AUTHORS_NAMES.get(attention, attention)}.npz"
    )
    with np.load(path) as archive:
        data = {name: archive[name] for name in archive.files}
    config = json.loads(str(data["config"]))
    network = ConvSNN(
        NetworkConfig(
            n_classes=config["classes"],
            T=config["T"],
            dt_ms=25.0,
            input_size=tuple(config["input"][1:]),
            attention=attention,
            attention_site="current",
            temporal_reduction=config["t_ratio"],
            channel_reduction=config["c_ratio"],
            decay=config["alpha"],
            v_threshold=config["Vthres"],
        )
    )
    weights = dict(translate(n, v) for n, v in data.items() if n.startswith("param/"))
    network.load_state_dict(weights, strict=True)
    return data, network.eval()


@pytest.mark.parametrize("folded", [False, True], ids=["plain", "folded"])
def test_authors_spikes_gates_and_output_are_reproduced(golden, folded):
    data, network = golden
    network = network.folded() if folded else network
    seen = {}
    with torch.no_grad():
        output = network(torch.from_numpy(data["input"]).float(), lambda n, v: seen.update({n: v}))
    flips = 0
    for theirs, ours in LAYERS.items():
        shape = tuple(data[f"shape/{theirs}"])
        bits = np.unpackbits(data[f"spikes/{theirs}"])[: np.prod(shape)].reshape(shape)
        spikes = seen[f"{ours}.spikes"].numpy()
        assert spikes.shape == shape
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


def test_parameters_number_what_the_paper_and_its_code_count():
    def count(**changes):
        config = NetworkConfig(n_classes=11, T=60, dt_ms=15.0, attention_site="current", **changes)
        return sum(p.numel() for p in ConvSNN(config).parameters())

    vanilla = count(attention="none")
    assert vanilla == 2_324_065
    assert count(attention="TCSA", channel_reduction=8) - vanilla == 16_470
    assert count(attention="CA") - vanilla == 4_608  # paper Table 5
