"""What belongs to a data set: the network's shape and window, its training, its words of thanks.

The paper's settings are Table 1 (dt x T) and Section 5.1, the published code's its `Config.py`;
what a preset takes from neither is said beside it. Deviations that a run makes are in its card.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from masnn.kinds import is_residual
from masnn.residual_config import DEPTHS
from masnn.simulate.gestures import GESTURES
from masnn.training import TrainConfig


@dataclass(frozen=True)
class Preset:
    """Fix what belongs to a data set.

    Args:
        title: The data set's name as a card shows it.
        network: Fields of `NetworkConfig`, or with "blocks" of `ResidualConfig`; classes and
            attention excepted.
        training: How networks are trained unless something else is asked for.
        n_validation: Recordings kept for validation where the set has no test part of its own.
        attribution: Source to name wherever the weights are shipped.
        licence: Licence of the data, and so of weights trained on it.
        classes: Names that its classes may have; none where they are not known beforehand.
        download: Name under which `datasets.download` knows it; nothing where it does not.
        transform: How a still image becomes an input, as `images.Transform` names it; None for
            recordings.
    """

    title: str
    network: dict[str, Any]
    training: TrainConfig
    n_validation: int
    attribution: str
    licence: str
    classes: tuple[str, ...] = ()
    download: str = ""
    transform: dict[str, Any] | None = None

    @property
    def site(self) -> str:
        """Return where gates act unless something else is asked for: the paper's recommendation."""
        return "branch" if is_residual(self.network) else "membrane"


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

#: The published code's recipe for ImageNet: SGD with momentum 0.9, a cosine, smoothed labels.
_IMAGES = TrainConfig(
    batch=100,
    learning_rate=0.1,
    loss="cross-entropy",
    label_smoothing=0.1,
    optimiser="sgd",
    weight_decay=1e-5,
    shift_px=0,
    keep_events=1.0,
)

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
    # Real handwriting, small enough for a CPU core to train 18 layers in a minute. Stem and strides
    # are those for small images; a fourth of the paper's width, and no dropout on so few channels.
    "digits": Preset(
        title="Handwritten digits",
        network={
            "T": 1,
            "input_size": (8, 8),
            "in_channels": 1,
            "blocks": DEPTHS[18],
            "width": 16,
            "stem_kernel": 3,
            "stem_stride": 1,
            "stem_pool": False,
            "channel_reduction": 4,
            "dropout": 0.0,
        },
        # The paper's recipe for images, on 12 epochs instead of 250.
        training=replace(_IMAGES, epochs=12, batch=32, shift_px=1, turn_deg=10.0, stretch=0.1),
        n_validation=360,
        attribution=(
            "Alpaydin, Kaynak: Optical Recognition of Handwritten Digits. UCI Machine Learning "
            "Repository, 1998 (its test part, as scikit-learn ships it)."
        ),
        licence="CC-BY-4.0",
        transform={"resize": None, "mean": [0.0], "std": [255.0], "prepare": "digit"},
    ),
    # The published script's settings (T = 1, 250 epochs); batch 600 at a rate of 0.6 is what its
    # folders are named after, 100 at 0.1 its default. It also uses AutoAugment, which is left out.
    "imagenet": Preset(
        title="ImageNet",
        network={"T": 1, "blocks": DEPTHS[18]},
        training=replace(_IMAGES, epochs=250, batch=100, least_area=0.08),
        n_validation=50_000,
        attribution=(
            "Russakovsky et al.: ImageNet Large Scale Visual Recognition Challenge. International "
            "Journal of Computer Vision 115, 2015."
        ),
        licence="non-commercial research, as the data set's authors grant it",
        # x / 128 - 1, as the published code has it; not the usual mean and deviation of ImageNet.
        transform={"resize": 256, "mean": [128.0] * 3, "std": [128.0] * 3, "prepare": ""},
    ),
}
