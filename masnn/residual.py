"""Residual spiking networks: Res-SNN, MS-Res-SNN and Att-Res-SNN, told apart by values.

A block makes its branch from spikes and adds the shortcut before its neurons fire:

    a[t] = LIF(BN(conv3x3(s[t])))            y[t] = BN(conv3x3(a[t]))
    x'[t] = shortcut + gates(y)[t]           Att-Res-SNN-1, `attention_site="branch"` (Eq. 15)
    x'[t] = gates(shortcut + y)[t]           Att-Res-SNN-2, `attention_site="sum"` (Eq. 16)
    s'[t] = LIF(x')[t]

The shortcut carries what the block's neurons received, x, before they fired (`shortcut="membrane"`:
MS-ResNet, Hu et al. 2021, and all of the paper's attention networks), or the spikes s that they
fired (`shortcut="spike"`: the vanilla Res-SNN). Yao et al. 2023, Section 3.4, Fig. 5; their
published code (github.com/BICLab/Attention-SNN, Att_Res_SNN) differs: `residual_config.FORMS`.
"""

from __future__ import annotations

import copy
from collections.abc import Collection

import torch
from torch import Tensor, nn

from masnn.attention import make_gate
from masnn.layers import GATE_NAMES, Tap, fold_norm, gate_sequence, refuse_unknown
from masnn.neurons import lif
from masnn.residual_config import NORM_SHARES, ResidualConfig


class ResidualBlock(nn.Module):
    """Make a block's current from the spikes before it, and what its shortcut carries.

    Shape:
        spikes (B, T, C_in, H, W) -> current (B, T, C, H / stride, W / stride).
    """

    def __init__(self, name: str, n_in: int, n_out: int, stride: int, config: ResidualConfig):
        super().__init__()
        self.name = name
        self.conv1 = nn.Conv2d(n_in, n_out, 3, stride, padding=1, bias=False)
        self.norm1: nn.Module = _norm(n_out, config.v_threshold * NORM_SHARES[0])
        self.conv2 = nn.Conv2d(n_out, n_out, 3, padding=1, bias=False)
        self.norm2: nn.Module = _norm(n_out, config.v_threshold * NORM_SHARES[1])
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or n_in != n_out:
            averages = config.form == "code" and stride > 1
            conv = nn.Conv2d(n_in, n_out, 1, 1 if averages else stride, bias=False)
            pool = nn.AvgPool2d(stride) if averages else nn.Identity()
            self.shortcut = nn.Sequential(pool, conv, _norm(n_out, config.v_threshold))
        self.gates = nn.ModuleDict(
            {
                GATE_NAMES[letter]: make_gate(
                    letter,
                    T=config.T,
                    channels=n_out,
                    temporal_reduction=config.temporal_reduction,
                    channel_reduction=config.channel_reduction,
                    kernel=config.gate_kernel,
                )
                for letter in config.letters
            }
        )
        self.config = config

    def fold(self) -> None:
        """Fold every batch norm into its convolution; only for evaluation."""
        self.conv1, self.norm1 = fold_norm(self.conv1, self.norm1), nn.Identity()
        self.conv2, self.norm2 = fold_norm(self.conv2, self.norm2), nn.Identity()
        if isinstance(self.shortcut, nn.Sequential):
            pool, conv, norm = self.shortcut
            self.shortcut = nn.Sequential(pool, fold_norm(conv, norm))

    def taps(self) -> list[str]:
        """Return the names this block hands to a tap, in order."""
        gates = [f"{self.name}b.attention.{gate}" for gate in self.gates]
        outer = _parts(f"{self.name}b")
        shortcut = f"{self.name}b.shortcut"
        return [*_parts(f"{self.name}a"), shortcut, outer[0], *gates, *outer[1:]]

    def switches(self) -> list[str]:
        """Return the names by which `off` knows this block's gates and its ReLU, in order."""
        parts = [*self.gates, *(["relu"] if self.config.has_relu else [])]
        return [f"{self.name}b.{part}" for part in parts]

    def forward(
        self, spikes: Tensor, carried: Tensor, tap: Tap | None, off: Collection[str]
    ) -> Tensor:
        """Return the current of the block's outer neurons, x' (B, T, C, H, W)."""
        inner = _over_time(nn.Sequential(self.conv1, self.norm1), spikes)
        if tap is not None:
            tap(f"{self.name}a.current", inner)
        fired = _fire(f"{self.name}a", inner, self.config, tap)
        branch = _over_time(nn.Sequential(self.conv2, self.norm2), fired)
        carried = _over_time(self.shortcut, carried)
        name = f"{self.name}b"
        if tap is not None:
            tap(f"{name}.shortcut", carried)
            tap(f"{name}.current", carried + branch)
        if self.config.attention_site == "branch":
            current = carried + self._gated(branch, tap, off)
        else:
            current = self._gated(carried + branch, tap, off)
        return current

    def _gated(self, x: Tensor, tap: Tap | None, off: Collection[str]) -> Tensor:
        name = f"{self.name}b"
        switched = {GATE_NAMES.get(part, part) for part in off}
        gates = {g: m for g, m in self.gates.items() if not switched & {g, f"{name}.{g}"}}
        x = gate_sequence(x, gates, name, tap, each_step=self.config.form == "paper")
        relu = self.config.has_relu and not switched & {"relu", f"{name}.relu"}
        return x.relu() if relu else x


class ResidualSNN(nn.Module):
    """Classify still images or sequences of frames with residual spiking blocks.

    The last neurons' spikes are averaged over the map and classified at every step; the output is
    the mean over time. A call starts from rest and leaves nothing behind.

    Shape:
        (B, T, C, H, W) -> (B, n_classes), logits. An image is repeated T times (`still`).
    """

    def __init__(self, config: ResidualConfig) -> None:
        super().__init__()
        self.config = config
        kernel = config.stem_kernel
        self.stem = nn.Conv2d(
            *(config.in_channels, config.width, kernel, config.stem_stride),
            padding=kernel // 2,
            bias=False,
        )
        self.stem_norm: nn.Module = _norm(config.width, config.v_threshold)
        self.stem_pool = nn.MaxPool2d(3, 2, padding=1) if config.pools_stem else nn.Identity()
        self.blocks = nn.ModuleList()
        n_in = config.width
        for stage, (n, first) in enumerate(zip(config.blocks, config.stage_strides, strict=True)):
            for block in range(n):
                name, n_out = f"stage{stage + 1}_{block + 1}", config.width << stage
                stride = first if block == 0 else 1
                self.blocks.append(ResidualBlock(name, n_in, n_out, stride, config))
                n_in = n_out
        self.dropout = nn.Dropout(config.dropout)
        self.classifier = nn.Linear(n_in, config.n_classes)

    def forward(self, frames: Tensor, tap: Tap | None = None, off: Collection[str] = ()) -> Tensor:
        """Run the network.

        Args:
            frames: Input at each step, shape (B, T, C, H, W).
            tap: Called with each name of `taps()` and its tensor; must not write to it.
            off: What to switch off, names of `switches()`.

        Returns:
            Mean logit of each class over time, shape (B, n_classes).

        Raises:
            ValueError: If the frames are of another shape, or `off` names what is not there.
        """
        config = self.config
        expected = (config.T, config.in_channels, *config.input_size)
        if frames.ndim != 5 or tuple(frames.shape[1:]) != expected:
            raise ValueError(f"expected frames (B, {expected}), found {tuple(frames.shape)}")
        refuse_unknown(off, self.switches())
        current = self.stem_current(frames)
        if tap is not None:
            tap("stem.current", current)
        spikes = _fire("stem", current, config, tap)
        for block in self.each_block():
            carried = current if config.shortcut == "membrane" else spikes
            current = block(spikes, carried, tap, off)
            spikes = _fire(f"{block.name}b", current, config, tap)
        votes = self.classifier(self.dropout(spikes.mean((3, 4))))
        if tap is not None:
            tap("votes", votes)
        return votes.mean(1)

    def each_block(self) -> list[ResidualBlock]:
        """Return the blocks, from the input on."""
        return [block for block in self.blocks if isinstance(block, ResidualBlock)]

    def into_blocks(self, frames: Tensor) -> Tensor:
        """Return what the first block's shortcut carries, (B, T, width, H', W')."""
        current = self.stem_current(frames)
        membrane = self.config.shortcut == "membrane"
        return current if membrane else _fire("stem", current, self.config, None)

    def through(self, block: ResidualBlock, carried: Tensor, tap: Tap | None = None) -> Tensor:
        """Return what the shortcut carries after a block from what it carries before it.

        Blocks are maps of one variable by this: potentials to potentials, or spikes to spikes.
        """
        if self.config.shortcut == "membrane":
            return block(_fire(block.name, carried, self.config, None), carried, tap, ())
        return _fire(block.name, block(carried, carried, tap, ()), self.config, None)

    def stem_current(self, frames: Tensor) -> Tensor:
        """Return the current of the first neurons, (B, T, width, H', W')."""
        if self.config.T > 1 and frames.stride(1) == 0:  # a still image: the same at every step
            once = self._stem(frames[:, :1])
            return once.expand(-1, self.config.T, -1, -1, -1)
        return self._stem(frames)

    def _stem(self, frames: Tensor) -> Tensor:
        return _over_time(nn.Sequential(self.stem, self.stem_norm, self.stem_pool), frames)

    def taps(self) -> list[str]:
        """Return every name that a tap is called with, in order of the layers."""
        blocks = [name for block in self.each_block() for name in block.taps()]
        return [*_parts("stem"), *blocks, "votes"]

    def switches(self) -> list[str]:
        """Return every name that `off` may hold: of all blocks at once first, then of each."""
        relu = ["relu"] if self.config.has_relu else []
        blocks = [name for block in self.each_block() for name in block.switches()]
        return [*self.config.letters, *relu, *blocks]

    def folded(self) -> ResidualSNN:
        """Return a frozen copy for evaluation: every batch norm folded into its convolution."""
        network = copy.deepcopy(self).eval().requires_grad_(False)
        network.stem = fold_norm(network.stem, network.stem_norm)
        network.stem_norm = nn.Identity()
        for block in network.each_block():
            block.fold()
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return network.requires_grad_(False)


def still(images: Tensor, T: int) -> Tensor:
    """Show still images at each of T steps, (B, C, H, W) -> (B, T, C, H, W), without a copy."""
    return images[:, None].expand(-1, T, -1, -1, -1)


def _parts(layer: str) -> list[str]:
    """Return what a tap is told of every layer of neurons."""
    return [f"{layer}.{part}" for part in ("current", "current_gated", "membrane", "spikes")]


def _fire(layer: str, current: Tensor, config: ResidualConfig, tap: Tap | None) -> Tensor:
    """Return the spikes that a current makes a layer's neurons fire, and tell the tap."""
    if config.neurons == "relu":
        spikes = current.relu()
        membrane: Tensor | None = current
    else:
        if torch.is_autocast_enabled(current.device.type):
            current = current.float()  # a threshold is no place for 8 bits of precision
        spikes, membrane = lif(current, config.neuron, keep_membrane=tap is not None)
    if tap is not None and membrane is not None:
        tap(f"{layer}.current_gated", current)
        tap(f"{layer}.membrane", membrane)
        tap(f"{layer}.spikes", spikes)
    return spikes


def _norm(channels: int, scale: float) -> nn.BatchNorm2d:
    """Return batch norm over (B, T, H, W) whose scale starts at `scale`."""
    norm = nn.BatchNorm2d(channels)
    nn.init.constant_(norm.weight, scale)
    return norm


def _over_time(module: nn.Module, x: Tensor) -> Tensor:
    """Apply a module of maps at every step, (B, T, C, H, W) -> (B, T, C', H', W')."""
    if isinstance(module, nn.Identity):
        return x
    return module(x.flatten(0, 1)).unflatten(0, x.shape[:2])
