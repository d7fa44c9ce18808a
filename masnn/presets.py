"""What belongs to a data set: the network's shape and window, its training, its words of thanks.

The paper's settings are Table 1 (dt x T) and Section 5.1, the published code's its `Config.py`;
what a preset takes from neither is said beside it. Deviations that a run makes are in its card.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from masnn.simulate.gestures import GESTURES
from masnn.training import TrainConfig


@dataclass(frozen=True)
class Preset:
    """Fix what belongs to a data set.

    Args:
        title: The data set's name as a card shows it.
        network: Fields of `NetworkConfig`; classes and attention excepted.
        training: How networks are trained unless something else is asked for.
        n_validation: Recordings kept for validation where the set has no test part of its own.
        attribution: Source to name wherever the weights are shipped.
        licence: Licence of the data, and so of weights trained on it.
        classes: Names that its classes may have; none where they are not known beforehand.
        download: Name under which `datasets.download` knows it; nothing where it does not.
    """

    title: str
    network: dict[str, Any]
    training: TrainConfig
    n_validation: int
    attribution: str
    licence: str
    classes: tuple[str, ...] = ()
    download: str = ""


#: 64C3 - 128C3-AP2 - 128C3-AP2 - FC256 at 32 x 32 px: the paper's three-layer network.
_THREE_LAYER: dict[str, Any] = {
    "T": 60,
    "dt_ms": 15.0,
    "input_size": (32, 32),
    "channels": (64, 128, 128),
    "pools": (1, 2, 2),
    "hidden": (256,),
}

#: Batch and rate of the published code; it draws the start of a window at random for gestures, and
#: runs 300 epochs with a rate that falls by plateaus where this one falls along a cosine.
_PUBLISHED = TrainConfig(epochs=100, batch=32, learning_rate=1e-3, random_start=True)

_GESTURE_SOURCE = (
    "Amir et al.: A Low Power, Fully Event-Based Gesture Recognition System. CVPR 2017."
)

PRESETS = {
    # 15 x 21 ms hold the three saccades of every recording; widths are narrower than the paper's
    # three-layer network so that two CPU cores train it in minutes. The paper has no N-MNIST.
    "nmnist": Preset(
        title="N-MNIST",
        network={
            "T": 15,
            "dt_ms": 21.0,
            "input_size": (34, 34),
            "channels": (24, 48, 48),
            "pools": (1, 2, 2),
            "hidden": (128,),
            "channel_reduction": 8,
            # A time constant of 41 ms. With the published code's 0.3 a neuron forgets within a
            # step, and the few hundred events of one step are too few to read a digit from.
            "decay": 0.6,
        },
        training=TrainConfig(epochs=22, batch=8, learning_rate=2e-3),
        n_validation=200,
        attribution=(
            "Orchard, Jayawant, Cohen, Thakor: Converting Static Image Datasets to Spiking "
            "Neuromorphic Datasets Using Saccades. Frontiers in Neuroscience 9:437, 2015."
        ),
        licence="CC-BY-SA-4.0",
        classes=tuple("0123456789"),
        download="nmnist",
    ),
    "gesture": Preset(
        title="DVS128 Gesture",
        network=_THREE_LAYER,
        training=_PUBLISHED,
        n_validation=264,
        attribution=_GESTURE_SOURCE,
        licence="CC-BY-4.0",
        classes=GESTURES,
        download="gesture",
    ),
    "gesture-long": Preset(
        title="DVS128 Gesture",
        network={
            "T": 20,
            "dt_ms": 300.0,
            "input_size": (128, 128),
            "channels": (128,) * 5,
            "pools": (1, 2, 2, 2, 2),
            "hidden": (512,),
            "votes_per_class": 10,
        },
        training=_PUBLISHED,
        n_validation=264,
        attribution=_GESTURE_SOURCE,
        licence="CC-BY-4.0",
        classes=GESTURES,
        download="gesture",
    ),
    "gait": Preset(
        title="DVS128 Gait",
        network=_THREE_LAYER,
        training=_PUBLISHED,
        n_validation=840,
        attribution=(
            "Wang et al.: Event-Stream Representation for Human Gaits Identification Using Deep "
            "Neural Networks. IEEE TPAMI 44(7), 2022."
        ),
        licence="as the data set's authors grant it",
    ),
    # The network of the published code; the paper shows no result for this set.
    "cifar10dvs": Preset(
        title="CIFAR10-DVS",
        network={
            "T": 20,
            "dt_ms": 10.0,
            "input_size": (128, 128),
            "channels": (32, 64, 128, 256, 512),
            "pools": (2, 2, 2, 2, 4),
            "hidden": (256,),
            "channel_reduction": 8,
            "surrogate_half_width": 0.5,
        },
        training=_PUBLISHED,
        n_validation=1000,
        attribution=(
            "Li, Liu, Ji, Li, Shi: CIFAR10-DVS: An Event-Stream Dataset for Object "
            "Classification. Frontiers in Neuroscience 11:309, 2017."
        ),
        licence="CC-BY-4.0",
        download="cifar10dvs",
    ),
}
