"""Layers of spiking networks: synapses that make currents, gates, and neurons that fire.

A layer is current -> gates -> LIF over the whole sequence. Where the gates act is the one
difference between the paper and its published code:

    "membrane"  T on the current before integration; C then S on the membrane potential of every
                step, before it fires (Yao et al. 2023, Eq. 6-14: the recommended MA-SNN)
    "current"   T, C, S in turn on the current of the whole sequence, then a ReLU
                (github.com/BICLab/Attention-SNN)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import torch
from torch import Tensor, nn

from masnn import fused
from masnn.neurons import LIF, fire, lif

#: Called by a layer with a dotted name ("conv1.spikes") and a tensor (B, T, ...) it may keep.
Tap = Callable[[str, Tensor], None]

#: Where gates act; see this module's docstring.
SITES = ("membrane", "current")

#: The letters of the gates and what the taps call them.
GATE_NAMES = {"T": "time", "C": "channel", "S": "space"}


class ConvSynapse(nn.Module):
    """Turn spikes into current: convolution, batch norm over (B, T), average pooling.

    Shape:
        (N, C_in, H, W) -> (N, C, H // pool, W // pool).
    """

    def __init__(self, n_in: int, n_out: int, pool: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(n_in, n_out, 3, padding=1)
        self.norm = nn.BatchNorm2d(n_out)
        self.pool = pool

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.conv(x))
        return nn.functional.avg_pool2d(y, self.pool) if self.pool > 1 else y

    def fold(self) -> nn.Conv2d:
        """Return one strided convolution that computes the same in evaluation.

        Averaging p x p outputs of a k x k convolution is a convolution of stride p with the
        average of p x p shifted kernels; batch norm scales the kernel. Exact up to rounding.
        """
        scale, shift = _norm_scale_shift(self.norm)
        n_out, n_in, k, _ = self.conv.weight.shape
        side = k + self.pool - 1
        weight = self.conv.weight.new_zeros(n_out, n_in, side, side)
        for i in range(self.pool):
            for j in range(self.pool):
                weight[:, :, i : i + k, j : j + k] += self.conv.weight / self.pool**2
        folded = nn.Conv2d(n_in, n_out, side, stride=self.pool, padding=1)
        folded.weight.data = weight * scale[:, None, None, None]
        folded.bias.data = self.conv.bias * scale + shift  # type: ignore[union-attr,operator]
        return folded


def fold_norm(conv: nn.Module, norm: nn.Module) -> nn.Conv2d:
    """Return one convolution that computes conv, then norm, in evaluation; exact up to rounding."""
    assert isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
    scale, shift = _norm_scale_shift(norm)
    folded = nn.Conv2d(
        *(conv.in_channels, conv.out_channels, conv.kernel_size),  # type: ignore[arg-type]
        stride=conv.stride,  # type: ignore[arg-type]
        padding=conv.padding,  # type: ignore[arg-type]
    )
    folded.weight.data = conv.weight * scale[:, None, None, None]
    assert folded.bias is not None
    folded.bias.data = shift if conv.bias is None else conv.bias * scale + shift
    return folded


class LinearSynapse(nn.Module):
    """Turn spikes into current: fully connected, batch norm over (B, T).

    Shape:
        (N, ...) -> (N, n_out), the input flattened.
    """

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.linear = nn.Linear(n_in, n_out)
        self.norm = nn.BatchNorm1d(n_out)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.linear(x.flatten(1)))

    def fold(self) -> nn.Sequential:
        """Return one fully connected layer that computes the same in evaluation."""
        scale, shift = _norm_scale_shift(self.norm)
        folded = nn.Linear(self.linear.in_features, self.linear.out_features)
        folded.weight.data = self.linear.weight * scale[:, None]
        folded.bias.data = self.linear.bias * scale + shift
        return nn.Sequential(nn.Flatten(1), folded)


def _norm_scale_shift(norm: nn.BatchNorm1d | nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Return what batch norm multiplies by and adds in evaluation, each of shape (C,)."""
    assert norm.running_var is not None and norm.running_mean is not None
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return scale, norm.bias - norm.running_mean * scale


class SpikingLayer(nn.Module):
    """Compute current, gates and spikes of one layer for a whole sequence.

    Shape:
        (B, T, ...) -> (B, T, *neurons), 0 or 1.
    """

    def __init__(
        self,
        name: str,
        synapse: ConvSynapse | LinearSynapse,
        gates: dict[str, nn.Module],
        neuron: LIF,
        site: str,
        relu: bool,
    ) -> None:
        super().__init__()
        self.name = name
        self.synapse: nn.Module = synapse
        self.gates = nn.ModuleDict({GATE_NAMES[letter]: gate for letter, gate in gates.items()})
        self.neuron = neuron
        self.site = site
        self.relu = relu

    def taps(self) -> list[str]:
        """Return the names this layer hands to a tap, in order."""
        gates = [f"attention.{gate}" for gate in self.gates]
        parts = ["current", "current_gated", "membrane", "spikes", *gates]
        return [f"{self.name}.{part}" for part in parts]

    def switches(self) -> list[str]:
        """Return the names by which `off` knows this layer's gates and its ReLU, in order."""
        parts = [*self.gates, *(["relu"] if self.relu else [])]
        return [f"{self.name}.{part}" for part in parts]

    def forward(self, x: Tensor, tap: Tap | None = None, off: Collection[str] = ()) -> Tensor:
        batch, steps = x.shape[:2]
        current = self.synapse(x.flatten(0, 1)).unflatten(0, (batch, steps))
        if torch.is_autocast_enabled(current.device.type):
            current = current.float()  # a threshold is no place for 8 bits of precision
        switched = {GATE_NAMES.get(name, name) for name in off}
        gates = {g: m for g, m in self.gates.items() if not switched & {g, f"{self.name}.{g}"}}
        relu = self.relu and not switched & {"relu", f"{self.name}.relu"}
        self._tell(tap, "current", current)
        first = gates if self.site == "current" else {g: m for g, m in gates.items() if g == "time"}
        current = gate_sequence(current, first, self.name, tap)
        current = current.relu() if relu else current
        self._tell(tap, "current_gated", current)
        gated = self.site == "membrane" and ("channel" in gates or "space" in gates)
        if (gated or current.requires_grad) and fused.usable(current):
            spikes, membrane = self._fused(current, gates if gated else {}, tap)
        elif gated:
            spikes, membrane = self._gate_membrane(current, gates, tap)
        else:
            alone = tap is None  # nobody else holds the current
            spikes, membrane = lif(current, self.neuron, keep_membrane=not alone, overwrite=alone)
        if tap is not None and membrane is not None:
            self._tell(tap, "membrane", membrane)
            self._tell(tap, "spikes", spikes)
        return spikes

    def _gate_membrane(
        self, current: Tensor, gates: dict[str, nn.Module], tap: Tap | None
    ) -> tuple[Tensor, Tensor | None]:
        """Integrate, re-weight the potential, fire: step by step, weights shared over time."""
        v = torch.zeros_like(current[:, 0])
        kept: dict[str, list[Tensor]] = {gate: [] for gate in gates if gate != "time"}
        spikes, membrane = [], []
        for step in current.unbind(1):
            u = v + step
            if "channel" in gates:
                weights = gates["channel"](u)
                kept["channel"].append(weights)
                u = u * _expand(weights, u)
            if "space" in gates:
                weights = gates["space"](u)
                kept["space"].append(weights)
                u = u * weights[:, None]
            s, v = fire(u, self.neuron)
            spikes.append(s)
            if tap is not None:
                membrane.append(u)
        if tap is not None:
            for gate, steps in kept.items():
                self._tell(tap, f"attention.{gate}", torch.stack(steps, dim=1))
        stacked = torch.stack(membrane, dim=1) if membrane else None
        return torch.stack(spikes, dim=1), stacked

    def _fused(
        self, current: Tensor, gates: dict[str, nn.Module], tap: Tap | None
    ) -> tuple[Tensor, Tensor | None]:
        """Do the same in one compiled loop; without gates, what `lif` does."""
        weights: dict[str, Tensor] = {}
        if "channel" in gates:
            weights |= {
                part: getattr(gates["channel"], part).weight for part in ("squeeze", "expand")
            }
        if "space" in gates:
            weights["kernel"] = gates["space"].conv.weight  # type: ignore[union-attr,assignment]
        result = fused.run(current, self.neuron, **weights, keep_membrane=tap is not None)
        for gate, values in (("channel", result.channel), ("space", result.space)):
            if gate in gates:
                self._tell(tap, f"attention.{gate}", values)
        return result.spikes, result.membrane

    def _tell(self, tap: Tap | None, part: str, value: Tensor) -> None:
        if tap is not None:
            tap(f"{self.name}.{part}", value)


def gate_sequence(
    x: Tensor,
    gates: Mapping[str, nn.Module],
    name: str,
    tap: Tap | None,
    *,
    each_step: bool = False,
) -> Tensor:
    """Re-weight a whole sequence by time, channel and place, in this order.

    Args:
        x: What is weighed, (B, T, ...); (B, T, C, H, W) for channel and place.
        gates: Gates by the names of `GATE_NAMES`; those that are absent weigh nothing.
        name: Layer under whose name the tap is told the weights.
        tap: Told "NAME.attention.GATE".
        each_step: Whether channel and place are pooled and weighed at every step, with weights
            shared over time; otherwise they are pooled over the steps too, one weight for all.
    """

    def weigh(x: Tensor, gate: str, weights: Tensor) -> Tensor:
        if tap is not None:
            tap(f"{name}.attention.{gate}", weights)
        return x * _expand(weights[:, :, None] if gate == "space" else weights, x)

    if "time" in gates:
        x = weigh(x, "time", gates["time"](x))
    for gate in ("channel", "space"):
        if gate in gates and each_step:
            x = weigh(x, gate, gates[gate](x.flatten(0, 1)).unflatten(0, x.shape[:2]))
        elif gate in gates:
            seen = x.transpose(1, 2) if gate == "channel" else x.flatten(1, 2)
            x = weigh(x, gate, gates[gate](seen)[:, None])
    return x


def refuse_unknown(off: Collection[str], known: Collection[str]) -> None:
    """Refuse names in `off` that are no switches of a network.

    Raises:
        ValueError: If there are any; the message lists those that are known.
    """
    # A text is a collection of its letters: "TC" would pass and "relu" would not.
    if isinstance(off, str):
        raise ValueError(f"off takes a collection of names, such as {{{off!r}}}, not a text")
    unknown = sorted(set(off) - set(known))
    if unknown:
        can = ", ".join(known) or "nothing: it has no gate and no ReLU"
        raise ValueError(
            f"cannot switch off {', '.join(unknown)}; this network can switch off {can}"
        )


def _expand(weights: Tensor, like: Tensor) -> Tensor:
    """Append axes of size one to `weights` until it multiplies `like`."""
    return weights.reshape(*weights.shape, *(1,) * (like.ndim - weights.ndim))
