"""Small networks for any two sides of a report: full, bare, silent, deep, of other classes."""

import io
from dataclasses import replace

import numpy as np
import small_residual
import torch
from PIL import Image

from app.state import EXAMPLES
from masnn import checkpoints
from masnn.images import read_picture
from masnn.networks import ConvSNN, NetworkConfig
from masnn.readers import read_recording
from masnn.report.pictured import Pictured
from masnn.report.recorded import Recorded
from masnn.report.subject import Subject, first_look, subject_of
from masnn.residual_config import ResidualConfig

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
# Residual: of 18 layers on a grey digit and on events, of 104 on a photograph that is seen once.
DIGIT = ResidualConfig(
    n_classes=3,
    T=3,
    input_size=(8, 8),
    in_channels=1,
    blocks=(2, 2, 2, 2),
    width=4,
    attention="none",
    stem_kernel=3,
    stem_stride=1,
    stem_pool=False,
    strides=(1, 2, 2, 1),
    channel_reduction=2,
)
PHOTO = replace(DIGIT, T=1, input_size=(32, 32), in_channels=3, blocks=(3, 8, 32, 8))
RESIDUAL = {
    "still": DIGIT,
    "still-csa": replace(DIGIT, attention="CSA", width=6),
    "still-104": PHOTO,
    "logits": replace(DIGIT, T=6, dt_ms=50.0, input_size=(32, 32), in_channels=2, attention="CA"),
    "still-104-tcsa": replace(PHOTO, attention="TCSA"),
}
# The networks side by side, and the layer that is looked at channel by channel.
PAIRS = {
    ("vanilla", "attention"): "conv2",
    ("attention", "twin"): "conv2",
    ("twin", "deep"): "conv5",  # which only B has
    ("deep", "attention"): "conv4",  # which only A has
    ("silent", "silent"): "conv1",
    ("vanilla", "deep"): "conv2",
    ("vanilla", "logits"): "stage2_1b",  # which only B has, and votes by logits
    ("still", "still-csa"): "stage2_1b",
    ("still-104", "still-104-tcsa"): "stage3_9b",
}


def write_networks(folder, networks=NETWORKS | RESIDUAL):
    """Write networks, a configuration by name, into a folder of checkpoints."""
    for name, config in networks.items():
        torch.manual_seed(0)
        data = {"name": f"data of {name}", "attribution": "nobody", "training": 1}
        if isinstance(config, ResidualConfig):
            network = small_residual.network_of(config)
            if (n := config.in_channels) != 2:
                plain = {"resize": None, "mean": [90.0] * n, "std": [80.0] * n}
                data["transform"] = plain | {"prepare": "digit" if n == 1 else ""}
        else:
            network = ConvSNN(config)
            for layer in network.layers:
                layer.synapse.norm.bias.data.fill_(-20 if name == "silent" else 0.2)
        checkpoints.save(
            network.eval(),
            folder,
            name=name,
            classes=["0", "1"] if name == "twin" else GESTURES,
            data=data,
            training={"seed": 0, "epochs": 1},
            metrics={
                **{"part": "validation", "n": 1, "accuracy": 1.0, "accuracy_95": [0.1, 1.0]},
                **{"tied": 0, "nasfr": 0.1, "spikes_per_recording": 1.0},
            },
            command="none",
            licence="MIT",
        )


def photograph():
    """Return a picture in colours, 40 x 30 px, as a PNG file."""
    pixels = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def scene_of(name):
    """Return what a network of this name looks at."""
    if "104" in name:
        return Pictured(read_picture(photograph(), "photo.png"))
    if name.startswith("still"):
        return Pictured(read_picture(EXAMPLES / "digit_7.png"))
    return Recorded(read_recording(EXAMPLES / "simulated_digit_7.bin"))


def subjects() -> dict[tuple[str, str], Subject]:
    """Return the pairs of `PAIRS` on their scenes, with networks from `checkpoints.FOLDER`."""
    return {
        (a, b): subject_of(
            scene_of(a),
            a,
            b,
            device="cpu",
            look=lambda *sides, layer=layer: first_look(*sides, layer=layer),
        )
        for (a, b), layer in PAIRS.items()
    }
