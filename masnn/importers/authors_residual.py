"""The authors' residual network: `.pth` of github.com/BICLab/Attention-SNN, Att_Res_SNN.

    conv1.0, conv1.1.bn                                      the stem
    conv2_x.0.residual_function.{1, 2.bn, 4, 5.bn}           a block's convolutions and norms
    conv2_x.0.residual_function.6.attention.{ta,ca,sa}       its gates
    conv2_x.0.shortcut.{1, 2.bn}                             its shortcut, after averaging 2 x 2
    fc                                                       the classifier

The network halves the map in the stem and in every stage, and pools nowhere else. Its published T
is 1; gates without time in them serve at any T. `ms_resnet` shares the names of the blocks.
"""

from __future__ import annotations

import itertools

from masnn.errors import CheckpointError
from masnn.importers._opening import Stored
from masnn.importers._pictures import settled_transform
from masnn.importers._plan import Plan, Told, gate_values, letters_of, settled, steps_of
from masnn.residual_config import ResidualConfig

LAYOUT = "the authors' residual network"
_OPTIONS = ("T", "dt_ms", "input_size", "decay", "v_threshold", "transform")
_BLOCK = "residual_function"


def recognised(stored: Stored) -> bool:
    """Return whether a file is of this layout: residual blocks whose shortcuts average."""
    return is_residual(stored) and "conv2_x.0.shortcut.0.weight" not in stored.weights


def is_residual(stored: Stored) -> bool:
    """Return whether a file has the blocks of the MS-ResNet family."""
    return f"conv2_x.0.{_BLOCK}.1.weight" in stored.weights


def plan(stored: Stored, told: Told) -> Plan:
    """Return how to convert a file of this layout.

    Raises:
        CheckpointError: If it cannot be converted; the message says why.
        ValueError: If its shapes describe no network; IndexError and ZeroDivisionError likewise.
    """
    told.refuse_all_but(_OPTIONS, LAYOUT)
    refuse_other_stems(stored)
    blocks = blocks_of(stored)
    gated = [f"{block}.{_BLOCK}.6.attention" for block in blocks]
    letters = letters_of(stored, gated, "its blocks")
    values = gate_values(stored, gated, letters)
    assumed: list[str] = []
    threshold = settled(assumed, "--v-threshold", told.v_threshold, 0.5, "the published thresh")
    steps = steps_of(values, told, stored)
    config = ResidualConfig(
        **values,
        **shape_of(stored, blocks, told, assumed),  # type: ignore[arg-type]
        T=settled(assumed, "--T", steps, 1, "the published time_window"),
        dt_ms=1.0 if told.dt_ms is None else told.dt_ms,
        form="code",
        v_threshold=threshold,
        decay=settled(assumed, "--decay", told.decay, 0.25, "the published decay"),
    )
    made = Plan(LAYOUT, config, assumed=assumed)
    made.transform = settled_transform(config, told, "published", assumed)
    map_blocks(made, stored, blocks, shortcut=1)
    for index, place in enumerate(gated):
        made.gates(f"blocks.{index}", place, letters)
    made.neuron = (
        f"fires above {threshold:g} and not at it; a spike leaves 0; decay {config.decay:g}"
    )
    made.norm = "over (B, T, H, W), after every convolution"
    made.differs = [
        "no max pooling after the stem; every stage halves the map, the first one too",
        "shortcuts average 2 x 2 before they convolve",
    ]
    if letters:
        made.relu = "after the gates, so that a branch only adds"
        made.differs += [
            "a ReLU follows the gates; the paper's Eq. 15 has none",
            "gates pool over all steps at once; the paper's weigh every step",
        ]
    return made


def refuse_other_stems(stored: Stored) -> None:
    """Refuse the stem of three convolutions, which nothing here expresses.

    Raises:
        CheckpointError: If it is there.
    """
    if "conv1.2.weight" in stored.weights or "conv1.0.bias" in stored.weights:
        raise CheckpointError(
            f"{stored.file}: its stem is of several convolutions with biases (MS-ResNet-104); "
            "residual networks here have a stem of one convolution without."
        )


def blocks_of(stored: Stored) -> list[str]:
    """Return the name of every block, such as "conv2_x.0", from the input on."""
    present = {".".join(name.split(".")[:2]) for name in stored.weights}
    found: list[str] = []
    for stage in itertools.count(2):
        numbered = (f"conv{stage}_x.{i}" for i in itertools.count())
        of_stage = list(itertools.takewhile(present.__contains__, numbered))
        if not of_stage:
            return found
        found += of_stage
    raise AssertionError("a file's names end")


def shape_of(
    stored: Stored, blocks: list[str], told: Told, assumed: list[str]
) -> dict[str, object]:
    """Return what the shapes say of a network, and the size of its input."""
    stages = [name.split(".")[0] for name in blocks]
    width, channels, *kernel = stored.shape("conv1.0.weight")
    if len(kernel) != 2:
        raise CheckpointError(f"{stored.file}: conv1.0 is no convolution of maps.")
    size = told.input_size
    if size is None:
        size = (224, 224)
        assumed.append("--input-size 224 224: the published crop of ImageNet")
    return {
        "n_classes": stored.shape("fc.bias")[0],
        "input_size": size,
        "in_channels": channels,
        "blocks": tuple(stages.count(stage) for stage in dict.fromkeys(stages)),
        "width": width,
        "stem_kernel": kernel[0],
    }


def map_blocks(made: Plan, stored: Stored, blocks: list[str], *, shortcut: int) -> None:
    """Map stem, blocks and classifier; `shortcut` is the place of its convolution."""
    made.layer("stem", "conv1.0", stored, bias=False)
    made.batch_norm("stem_norm", "conv1.1.bn", stored)
    for index, block in enumerate(blocks):
        for number, place in ((1, 1), (2, 4)):
            made.layer(
                f"blocks.{index}.conv{number}", f"{block}.{_BLOCK}.{place}", stored, bias=False
            )
            norm = f"{block}.{_BLOCK}.{place + 1}.bn"
            made.batch_norm(f"blocks.{index}.norm{number}", norm, stored)
        if block.endswith(".0"):  # every stage's first block has a stride, and so a convolution
            theirs = f"{block}.shortcut"
            made.layer(f"blocks.{index}.shortcut.1", f"{theirs}.{shortcut}", stored, bias=False)
            made.batch_norm(f"blocks.{index}.shortcut.2", f"{theirs}.{shortcut + 1}.bn", stored)
    made.layer("classifier", "fc", stored, bias=True)
