"""What decides a residual network's shape and dynamics; `residual` builds it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from masnn.attention import ATTENTIONS
from masnn.networks import MAX_SIDE, MAX_STEPS
from masnn.neurons import LIF

#: "paper": gates at every step, a spatial kernel of 7, no ReLU; a stem with max pooling; strided
#: 1 x 1 shortcuts. "code": gates over the whole sequence, a kernel of 3, a ReLU after the gates (so
#: that a branch only adds); no pooling in the stem, every stage halves; shortcuts that average
#: 2 x 2 before they convolve; neurons fire above the threshold and not at it.
FORMS = ("paper", "code")

#: What the shortcut carries.
SHORTCUTS = ("membrane", "spike")

#: Where gates act; see the docstring of `residual`.
RESIDUAL_SITES = ("branch", "sum")

#: Blocks of each stage of the paper's depths; a depth counts two convolutions a block, the stem and
#: the classifier (104: 51 blocks).
DEPTHS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 104: (3, 8, 32, 8)}

#: Batch norms start at these shares of the threshold: of the branch's first and of its last
#: convolution (threshold-scaled batch norm; the published code's values).
NORM_SHARES = (1.0, 0.2)

MAX_BLOCKS = 1_000


@dataclass(frozen=True)
class ResidualConfig:
    """Say everything that decides a residual network's shape and dynamics.

    Defaults are the paper's Att-Res-SNN-18 for ImageNet at T = 1, with the branch's gates CSA.

    Args:
        n_classes: Number of classes.
        T: Time steps; a still image is shown at each of them.
        dt_ms: Duration of a step in ms; for still images a name for "one step".
        input_size: (H, W) of the input in px.
        in_channels: Channels of the input: 3 for RGB, 1 for grey, 2 for events (OFF, ON).
        blocks: Blocks of each stage; each stage after the first has twice the channels.
        width: Channels of the first stage.
        shortcut: One of `SHORTCUTS`.
        attention: One of `attention.ATTENTIONS`.
        attention_site: One of `RESIDUAL_SITES`.
        form: One of `FORMS`.
        relu: Whether a ReLU follows the gates; None for the form's own.
        stem_kernel: Side of the stem's kernel; 3 for small images.
        stem_stride: Its stride.
        stem_pool: Whether 3 x 3 max pooling of stride 2 follows it; None for the form's own.
        strides: Stride of each stage's first block; None for the form's own.
        temporal_reduction: Reduction of the temporal gate's perceptron.
        channel_reduction: Reduction of the channel gate's perceptron.
        spatial_kernel: Side of the spatial gate's kernel; None for the form's own.
        decay: Share of the potential kept per step.
        v_threshold: Firing threshold.
        v_reset: Potential after a spike.
        surrogate_half_width: Half width of the rectangular surrogate derivative.
        dropout: Share of the classifier's inputs left out in training.
        neurons: "lif", or "relu" for the ANN of the same shape, to compare energies with.
    """

    n_classes: int
    T: int = 1
    dt_ms: float = 1.0
    input_size: tuple[int, int] = (224, 224)
    in_channels: int = 3
    blocks: tuple[int, ...] = DEPTHS[18]
    width: int = 64
    shortcut: str = "membrane"
    attention: str = "CSA"
    attention_site: str = "branch"
    form: str = "paper"
    relu: bool | None = None
    stem_kernel: int = 7
    stem_stride: int = 2
    stem_pool: bool | None = None
    strides: tuple[int, ...] | None = None
    temporal_reduction: int = 1
    channel_reduction: int = 16
    spatial_kernel: int | None = None
    decay: float = 0.25
    v_threshold: float = 0.5
    v_reset: float = 0.0
    surrogate_half_width: float = 0.5
    dropout: float = 0.2
    neurons: str = "lif"

    def __post_init__(self) -> None:
        for field, known in (
            ("attention", tuple(ATTENTIONS)),
            ("attention_site", RESIDUAL_SITES),
            ("shortcut", SHORTCUTS),
            ("form", FORMS),
            ("neurons", ("lif", "relu")),
        ):
            if getattr(self, field) not in known:
                raise ValueError(f"{field} must be one of {', '.join(known)}")
        sizes = (
            *(self.n_classes, self.T, *self.input_size, self.in_channels, self.width),
            *(*self.blocks, *(self.strides or ()), self.stem_kernel, self.stem_stride),
        )
        if len(self.input_size) != 2 or any(type(size) is not int or size < 1 for size in sizes):
            raise ValueError("every size of a network must be a whole number of at least 1")
        if not self.blocks or len(self.stage_strides) != len(self.blocks):
            raise ValueError("blocks and strides must be of one length, at least one")
        if self.T > MAX_STEPS or max(self.input_size) > MAX_SIDE or sum(self.blocks) > MAX_BLOCKS:
            raise ValueError(
                f"at most {MAX_STEPS} steps, {MAX_SIDE} px a side, {MAX_BLOCKS} blocks are possible"
            )
        if max(self.stem_kernel, self.spatial_kernel or 1) > MAX_SIDE:
            raise ValueError(f"a kernel of at most {MAX_SIDE} px a side is possible")
        if self.stem_kernel % 2 == 0:
            raise ValueError(f"the stem's kernel must be odd, found {self.stem_kernel}")
        if len(self.blocks) > 8 or self.width << (len(self.blocks) - 1) > 1 << 16:
            raise ValueError("at most 8 stages and 65,536 channels are possible")
        constants = (self.dt_ms, self.decay, self.v_threshold, self.v_reset, self.dropout)
        if not all(math.isfinite(c) for c in (*constants, self.surrogate_half_width)):
            raise ValueError("dt_ms, decay, thresholds and potentials must be finite numbers")
        if self.dt_ms <= 0 or not 0 <= self.decay <= 1 or self.surrogate_half_width <= 0:
            raise ValueError("dt_ms and surrogate_half_width must be > 0, decay in 0..1")
        if not 0 <= self.dropout < 1:
            raise ValueError("dropout must be in 0..1, 1 excluded")
        self._refuse_sizes_that_do_not_add()

    def _refuse_sizes_that_do_not_add(self) -> None:
        if self.form != "code":
            return
        height, width = self.stem_size
        for stage, stride in enumerate(self.stage_strides, start=1):
            if height % stride or width % stride:
                raise ValueError(
                    f"stage {stage} gets {height} x {width} px, which its shortcut cannot average "
                    f"{stride} x {stride}: in the form 'code' sizes must divide evenly"
                )
            height, width = height // stride, width // stride

    @property
    def letters(self) -> str:
        """Return the letters of the gates, such as "CS"."""
        return ATTENTIONS[self.attention]

    @property
    def neuron(self) -> LIF:
        """Return the neuron of every layer."""
        threshold = self.v_threshold
        if self.form == "code":  # above it: at the next number that 32 bits know
            threshold = float(np.nextafter(np.float32(threshold), np.float32(np.inf)))
        return LIF(self.decay, threshold, self.v_reset, self.surrogate_half_width)

    @property
    def stage_strides(self) -> tuple[int, ...]:
        """Return the stride of each stage's first block."""
        if self.strides is not None:
            return self.strides
        return (2 if self.form == "code" else 1,) + (2,) * (len(self.blocks) - 1)

    @property
    def has_relu(self) -> bool:
        """Return whether a ReLU follows the gates."""
        return self.form == "code" and bool(self.letters) if self.relu is None else self.relu

    @property
    def pools_stem(self) -> bool:
        """Return whether max pooling follows the stem."""
        return self.form == "paper" if self.stem_pool is None else self.stem_pool

    @property
    def gate_kernel(self) -> int:
        """Return the side of the spatial gate's kernel."""
        own = 7 if self.form == "paper" else 3
        return own if self.spatial_kernel is None else self.spatial_kernel

    @property
    def stem_size(self) -> tuple[int, int]:
        """Return (H, W) of the stem's neurons."""
        size = tuple(_strided(side, self.stem_stride) for side in self.input_size)
        if self.pools_stem:
            size = tuple(_strided(side, 2) for side in size)
        return size[0], size[1]

    def block_names(self) -> list[str]:
        """Return the name of every block, from the input on, such as "stage2_1"."""
        return [
            f"stage{stage}_{block}"
            for stage, n in enumerate(self.blocks, start=1)
            for block in range(1, n + 1)
        ]

    def neuron_shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape (C, H, W) of each layer of neurons by its name.

        "stem" fires from the stem; "stage2_1a" inside the first block of the second stage, and
        "stage2_1b" from the sum that this block makes.
        """
        height, width = self.stem_size
        shapes: dict[str, tuple[int, ...]] = {"stem": (self.width, height, width)}
        for stage, (n, stride) in enumerate(zip(self.blocks, self.stage_strides, strict=True)):
            height, width = _strided(height, stride), _strided(width, stride)
            for block in range(1, n + 1):
                for part in "ab":
                    name = f"stage{stage + 1}_{block}{part}"
                    shapes[name] = (self.width << stage, height, width)
        return shapes


def _strided(side: int, stride: int) -> int:
    """Return the side after a convolution of this stride whose padding is half its kernel."""
    return (side - 1) // stride + 1


def residual(depth: int, **changes: Any) -> ResidualConfig:
    """Return the paper's Att-Res-SNN of 18, 34 or 104 layers for ImageNet."""
    if depth not in DEPTHS:
        raise ValueError(f"depth must be one of {', '.join(map(str, DEPTHS))}")
    return replace(ResidualConfig(n_classes=1000, blocks=DEPTHS[depth]), **changes)
