"""Small networks for any two sides of a report: full, bare, silent, deep, of other classes."""

from dataclasses import replace

import torch

from app.state import EXAMPLES
from masnn import checkpoints
from masnn.networks import ConvSNN, NetworkConfig
from masnn.readers import read_recording
from masnn.report.recorded import Recorded
from masnn.report.subject import Subject, first_look, subject_of

GESTURES = ["right arm counter clockwise", "left_arm_counter_clockwise", "other_*gestures*"]
ATTENTION = NetworkConfig(
    n_classes=3,
    T=6,
    dt_ms=50.0,
    input_size=(32, 32),
    channels=(4, 6, 6),
    hidden=(8,),
    channel_reduction=2,
    temporal_reduction=2,
)
NETWORKS = {
    "attention": ATTENTION,
    "vanilla": replace(ATTENTION, attention="none"),
    "silent": ATTENTION,
    "deep": replace(
        ATTENTION,
        T=3,
        dt_ms=400.0,
        input_size=(64, 64),
        channels=(4,) * 5,
        pools=(1, 2, 2, 2, 2),
        votes_per_class=2,
        attention_site="current",
    ),
    "twin": replace(
        ATTENTION,
        n_classes=2,
        T=15,
        dt_ms=21.0,
        input_size=(34, 34),
        channels=(4, 5),
        pools=(1, 2),
        hidden=(),
        attention="none",
    ),
}
# The networks side by side, and the layer that is looked at channel by channel.
PAIRS = {
    ("vanilla", "attention"): "conv2",
    ("attention", "twin"): "conv2",
    ("twin", "deep"): "conv5",  # which only B has
    ("deep", "attention"): "conv4",  # which only A has
    ("silent", "silent"): "conv1",
    ("vanilla", "deep"): "conv2",
}


def write_networks(folder, networks=NETWORKS):
    """Write networks, a configuration by name, into a folder of checkpoints."""
    for name, config in networks.items():
        torch.manual_seed(0)
        network = ConvSNN(config)
        for layer in network.layers:
            layer.synapse.norm.bias.data.fill_(-20 if name == "silent" else 0.2)
        checkpoints.save(
            network.eval(),
            folder,
            name=name,
            classes=["0", "1"] if name == "twin" else GESTURES,
            data={"name": f"data of {name}", "attribution": "nobody", "training": 1},
            training={"seed": 0, "epochs": 1},
            metrics={
                **{"part": "validation", "n": 1, "accuracy": 1.0, "accuracy_95": [0.1, 1.0]},
                **{"tied": 0, "nasfr": 0.1, "spikes_per_recording": 1.0},
            },
            command="none",
            licence="MIT",
        )


def subjects() -> dict[tuple[str, str], Subject]:
    """Return the pairs of `PAIRS` on a digit, with networks from `checkpoints.FOLDER`."""
    recording = read_recording(EXAMPLES / "simulated_digit_7.bin")
    return {
        (a, b): subject_of(
            Recorded(recording),
            a,
            b,
            device="cpu",
            look=lambda *sides, layer=layer: first_look(*sides, layer=layer),
        )
        for (a, b), layer in PAIRS.items()
    }
