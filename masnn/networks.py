"""Convolutional spiking networks, vanilla or with attention: one code, told apart by a value."""

from __future__ import annotations

import copy
import math
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from masnn.attention import ATTENTIONS, make_gate
from masnn.layers import SITES, ConvSynapse, LinearSynapse, SpikingLayer, Tap, refuse_unknown
from masnn.neurons import LIF

# Far beyond any network of the field: they bound what a card can ask a machine to allocate.
MAX_STEPS = 10_000
MAX_SIDE = 2_048
MAX_SIZES = 100


@dataclass(frozen=True)
class NetworkConfig:
    """Say everything that decides a network's shape and dynamics; weights come on top.

    Defaults are the paper's three-layer network: 64C3, 128C3-AP2, 128C3-AP2, FC256, FC classes.

    Args:
        n_classes: Number of classes.
        T: Number of time steps; temporal gates and checkpoints are tied to it.
        dt_ms: Duration of one step in ms that the network was made for.
        input_size: (H, W) of its input frames in px.
        in_channels: Channels of its input; 2 for (OFF, ON).
        channels: Channels of each convolution (3 x 3, padding 1).
        pools: Side of the average pooling after each convolution; 1 for none.
        hidden: Neurons of each fully connected layer before the last.
        votes_per_class: Output neurons of each class, averaged.
        attention: One of `ATTENTIONS`.
        attention_site: One of `SITES`.
        relu: Whether gated currents pass a ReLU; None for the site's own (only "current" does).
            With attention "none" and the site "current", True is the ReLU-only control.
        temporal_reduction: Reduction of the temporal gate's perceptron.
        channel_reduction: Reduction of the channel gate's perceptron; 16 follows from Table 5.
        spatial_kernel: Side of the spatial gate's kernel; None for the site's own (7 or 3).
        decay: Share of the potential kept per step.
        v_threshold: Firing threshold.
        v_reset: Potential after a spike at the site "membrane" (Eq. 5). The published code has
            the parameter and ignores it: at the site "current" it is `decay * v_threshold`.
        surrogate_half_width: Half width of the rectangular surrogate derivative.
        v_after_spike: Potential after a spike at the site "current"; None for the published code's.
        gates_linear: At the site "current": whether linear layers carry the temporal gate and its
            ReLU, as in the published code; SpikingJelly's module has none for them.
    """

    n_classes: int
    T: int
    dt_ms: float
    input_size: tuple[int, int] = (32, 32)
    in_channels: int = 2
    channels: tuple[int, ...] = (64, 128, 128)
    pools: tuple[int, ...] = (1, 2, 2)
    hidden: tuple[int, ...] = (256,)
    votes_per_class: int = 1
    attention: str = "TCSA"
    attention_site: str = "membrane"
    relu: bool | None = None
    temporal_reduction: int = 5
    channel_reduction: int = 16
    spatial_kernel: int | None = None
    decay: float = 0.3
    v_threshold: float = 0.3
    v_reset: float = 0.0
    surrogate_half_width: float = 0.25
    v_after_spike: float | None = None
    gates_linear: bool = True

    def __post_init__(self) -> None:
        if self.attention not in ATTENTIONS:
            raise ValueError(f"attention must be one of {', '.join(ATTENTIONS)}")
        if self.attention_site not in SITES:
            raise ValueError(f"attention_site must be one of {', '.join(SITES)}")
        if self.attention_site == "membrane" and self.relu:
            raise ValueError("a ReLU after the gates exists only at the site 'current'")
        if self.attention_site == "membrane" and self.v_after_spike is not None:
            raise ValueError("v_after_spike is of the site 'current'; at 'membrane' it is v_reset")
        if not self.channels or len(self.channels) != len(self.pools):
            raise ValueError("channels and pools must be of one length, at least one")
        sizes = (
            *(self.n_classes, self.T, *self.input_size, self.in_channels, *self.channels),
            *(*self.pools, *self.hidden, self.votes_per_class),
        )
        if len(self.input_size) != 2 or any(type(size) is not int or size < 1 for size in sizes):
            raise ValueError("every size of a network must be a whole number of at least 1")
        if self.T > MAX_STEPS or max(self.input_size) > MAX_SIDE or len(sizes) > MAX_SIZES:
            raise ValueError(
                f"at most {MAX_STEPS} steps, {MAX_SIDE} px a side, {MAX_SIZES} sizes are possible"
            )
        constants = (self.dt_ms, self.decay, self.v_threshold, self.v_reset)
        others = (self.surrogate_half_width, self.v_after_spike or 0.0)
        if not all(math.isfinite(c) for c in (*constants, *others)):
            raise ValueError("dt_ms, decay, thresholds and potentials must be finite numbers")
        if self.dt_ms <= 0 or not 0 <= self.decay <= 1 or self.surrogate_half_width <= 0:
            raise ValueError("dt_ms and surrogate_half_width must be > 0, decay in 0..1")
        if min(self.map_sizes()[-1]) < 1:
            raise ValueError(f"{self.input_size} px are pooled away by pools {self.pools}")

    @property
    def letters(self) -> str:
        """Return the letters of the gates, such as "TCS"."""
        return ATTENTIONS[self.attention]

    @property
    def neuron(self) -> LIF:
        """Return the neuron of every layer."""
        if self.attention_site == "membrane":
            after = self.v_reset
        elif self.v_after_spike is not None:
            after = self.v_after_spike
        else:
            after = self.decay * self.v_threshold
        return LIF(self.decay, self.v_threshold, after, self.surrogate_half_width)

    @property
    def gate_kernel(self) -> int:
        """Return the side of the spatial gate's kernel."""
        own = 7 if self.attention_site == "membrane" else 3
        return own if self.spatial_kernel is None else self.spatial_kernel

    def map_sizes(self) -> list[tuple[int, int]]:
        """Return (H, W) of each convolutional layer's neurons."""
        height, width = self.input_size
        sizes = []
        for pool in self.pools:
            height, width = height // pool, width // pool
            sizes.append((height, width))
        return sizes

    def neuron_shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of each layer's neurons by its name: (C, H, W) or (N,)."""
        shapes: dict[str, tuple[int, ...]] = {
            f"conv{i}": (channels, *size)
            for i, (channels, size) in enumerate(
                zip(self.channels, self.map_sizes(), strict=True), start=1
            )
        }
        widths = (*self.hidden, self.n_classes * self.votes_per_class)
        return shapes | {f"fc{i}": (width,) for i, width in enumerate(widths, start=1)}


def three_layer(**changes: Any) -> NetworkConfig:
    """Return the paper's three-layer network for DVS128 Gesture (Table 1: 106,763 neurons)."""
    return replace(NetworkConfig(n_classes=11, T=60, dt_ms=15.0), **changes)


def five_layer(**changes: Any) -> NetworkConfig:
    """Return the paper's five-layer network (Table 1: 2,793,472 convolutional neurons).

    Five times 128C3 with pooling, FC512 and ten votes a class at 128 x 128 px. The paper takes it
    from Fang et al. (ICCV 2021) with parametric LIF and max pooling; its code is not published,
    and this one keeps the neuron and the average pooling of the three-layer network.
    """
    base = NetworkConfig(
        n_classes=11,
        T=20,
        dt_ms=300.0,
        input_size=(128, 128),
        channels=(128,) * 5,
        pools=(1, 2, 2, 2, 2),
        hidden=(512,),
        votes_per_class=10,
    )
    return replace(base, **changes)


class ConvSNN(nn.Module):
    """Classify a sequence of frames with spiking convolutional and fully connected layers.

    Every layer fires, the last one too; the output is its mean rate over time. A call starts from
    rest and leaves nothing behind, so threads may share one network in evaluation.

    Shape:
        (B, T, C, H, W) -> (B, n_classes), rates in 0..1.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.layers = nn.ModuleList(_layers(config))

    def forward(self, frames: Tensor, tap: Tap | None = None, off: Collection[str] = ()) -> Tensor:
        """Run the network.

        Args:
            frames: Event counts, shape (B, T, C, H, W).
            tap: Called with each name of `taps()` and its tensor; must not write to it.
            off: What to switch off, names of `switches()`: a gate's weight becomes one, a ReLU
                lets everything through.

        Returns:
            Mean rate of each class over time, shape (B, n_classes).

        Raises:
            ValueError: If the frames are of another shape, or `off` names what is not there.
        """
        expected = (self.config.T, self.config.in_channels, *self.config.input_size)
        if frames.ndim != 5 or tuple(frames.shape[1:]) != expected:
            raise ValueError(f"expected frames (B, {expected}), found {tuple(frames.shape)}")
        refuse_unknown(off, self.switches())
        x = frames
        for layer in self.layers:
            x = layer(x, tap, off)
        votes = x.unflatten(2, (self.config.n_classes, self.config.votes_per_class)).mean(-1)
        if tap is not None:
            tap("votes", votes)
        return votes.mean(1)

    def taps(self) -> list[str]:
        """Return every name that a tap is called with, in order of the layers."""
        layers = [layer for layer in self.layers if isinstance(layer, SpikingLayer)]
        return [name for layer in layers for name in layer.taps()] + ["votes"]

    def switches(self) -> list[str]:
        """Return every name that `off` may hold.

        Those of all layers at once come first, the letters of the gates and "relu"; then those of
        one layer, such as "conv2.space" or "conv2.relu".
        """
        layers = [layer for layer in self.layers if isinstance(layer, SpikingLayer)]
        relu = ["relu"] if any(layer.relu for layer in layers) else []
        return [*self.config.letters, *relu, *(s for layer in layers for s in layer.switches())]

    def folded(self) -> ConvSNN:
        """Return a frozen copy for evaluation: norm and pooling folded into the weights.

        Its weights lie channels last, a fifth faster on a CPU.
        """
        network = copy.deepcopy(self).eval().requires_grad_(False)
        for layer in network.layers:
            if isinstance(layer.synapse, ConvSynapse | LinearSynapse):
                layer.synapse = layer.synapse.fold()
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return network.requires_grad_(False)


def _layers(config: NetworkConfig) -> list[SpikingLayer]:
    """Build the layers of `config`, each with the gates that its site gives it."""
    current = config.attention_site == "current"
    relu = current and config.relu is not False
    gated_relu = relu and (bool(config.letters) or config.relu is True)
    # The published code puts the temporal gate, and with it the ReLU, on linear layers too.
    linear_gates = "T" if current and config.gates_linear and "T" in config.letters else ""
    linear_relu = relu and (bool(linear_gates) or (config.relu is True and not config.letters))
    layers: list[SpikingLayer] = []
    n_in = config.in_channels
    for name, shape in config.neuron_shapes().items():
        synapse: ConvSynapse | LinearSynapse
        if len(shape) == 3:
            pool = config.pools[len(layers)]
            synapse, letters, with_relu = (
                ConvSynapse(n_in, shape[0], pool),
                config.letters,
                gated_relu,
            )
            n_in = shape[0]
            last_map = shape
        else:
            if isinstance(layers[-1].synapse, ConvSynapse):
                n_in = last_map[0] * last_map[1] * last_map[2]
            synapse, letters, with_relu = LinearSynapse(n_in, shape[0]), linear_gates, linear_relu
            n_in = shape[0]
        gates = {
            letter: make_gate(
                letter,
                T=config.T,
                channels=shape[0],
                temporal_reduction=config.temporal_reduction,
                channel_reduction=config.channel_reduction,
                kernel=config.gate_kernel,
            )
            for letter in letters
        }
        layers.append(
            SpikingLayer(name, synapse, gates, config.neuron, config.attention_site, with_relu)
        )
    return layers
