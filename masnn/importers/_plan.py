"""What every layout has in common: what the user adds, the plan of a conversion, and the fitting.

A layout reads names and shapes and makes a `Plan`; `fitted` holds the file against it before a
network is built. Nothing is dropped that the plan does not name.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from masnn.architectures import Config, Network, build
from masnn.attention import ATTENTIONS
from masnn.errors import CheckpointError
from masnn.importers._opening import Stored


@dataclass(frozen=True)
class Told:
    """What a state dict does not hold, and the user may say; None for the layout's own.

    Args:
        T: Time steps.
        dt_ms: Duration of a step in ms.
        input_size: (H, W) of the input in px.
        pools: Side of the average pooling after each convolution; 1 for none.
        votes: Output neurons of each class.
        decay: Share of the potential kept per step.
        tau: SpikingJelly's time constant, in steps.
        decay_input: Whether SpikingJelly's neuron divides its input by tau.
        v_threshold: Firing threshold, as the file's own code has it.
        v_reset: Potential after a spike, as SpikingJelly has it.
        transform: How pictures become inputs, a key of `_pictures.TRANSFORMS`.
    """

    T: int | None = None
    dt_ms: float | None = None
    input_size: tuple[int, int] | None = None
    pools: tuple[int, ...] | None = None
    votes: int | None = None
    decay: float | None = None
    tau: float | None = None
    decay_input: bool | None = None
    v_threshold: float | None = None
    v_reset: float | None = None
    transform: str | None = None

    def refuse_all_but(self, names: Iterable[str], layout: str) -> None:
        """Refuse what a layout has no use for.

        Raises:
            CheckpointError: If anything else was said.
        """
        said = {name for name, value in vars(self).items() if value is not None}
        if odd := sorted(said - set(names)):
            options = ", ".join(f"--{name.replace('_', '-')}" for name in odd)
            raise CheckpointError(f"{options}: {layout} has no use for it.")


@dataclass
class Plan:
    """What a file is taken for, and where each weight goes.

    Args:
        layout: What the file is, in words.
        config: What the network is built from.
        names: Their name of each of our weights.
        fills: Value of each of our weights that their network does without.
        neuron: How neurons fire and reset, in words.
        relu: Where a ReLU acts, in words.
        norm: What batch norm is computed over and where it stands, in words.
        assumed: What the file does not say and nobody told.
        differs: Where the network differs from the paper's.
        transform: How pictures become its input, as `images.Transform.plain`; None if it sees
            recordings.
    """

    layout: str
    config: Config
    names: dict[str, str] = field(default_factory=dict)
    fills: dict[str, float] = field(default_factory=dict)
    neuron: str = ""
    relu: str = "none"
    norm: str = ""
    assumed: list[str] = field(default_factory=list)
    differs: list[str] = field(default_factory=list)
    transform: dict[str, Any] | None = None

    def layer(self, ours: str, theirs: str, stored: Stored, *, bias: bool) -> None:
        """Map a convolution or linear layer; a bias that they do without is 0."""
        self.names[f"{ours}.weight"] = f"{theirs}.weight"
        if bias and f"{theirs}.bias" in stored.weights:
            self.names[f"{ours}.bias"] = f"{theirs}.bias"
        elif bias:
            self.fills[f"{ours}.bias"] = 0.0

    def batch_norm(self, ours: str, theirs: str, stored: Stored) -> None:
        """Map a batch norm.

        Raises:
            CheckpointError: If it keeps no running statistics.
        """
        if f"{theirs}.running_var" not in stored.weights and f"{theirs}.weight" in stored.weights:
            raise CheckpointError(
                f"{stored.file}: {theirs} keeps no running statistics (track_running_stats=False): "
                "what it computes depends on the batch, and cannot be converted."
            )
        for leaf in ("weight", "bias", "running_mean", "running_var"):
            self.names[f"{ours}.{leaf}"] = f"{theirs}.{leaf}"
        self._count(f"{ours}.num_batches_tracked", f"{theirs}.num_batches_tracked", stored)

    def no_norm(self, ours: str) -> None:
        """Fill a batch norm that changes nothing: (x - 0) / sqrt(var + eps) with var + eps = 1."""
        self.fills |= {f"{ours}.weight": 1.0, f"{ours}.bias": 0.0, f"{ours}.running_mean": 0.0}
        self.fills |= {f"{ours}.running_var": 1.0 - 1e-5, f"{ours}.num_batches_tracked": 0}

    def gates(self, ours: str, theirs: str, letters: str) -> None:
        """Map the gates of a layer: "ta", "ca" and "sa" under one name."""
        for letter, gate, part in (("T", "time", "ta"), ("C", "channel", "ca")):
            if letter in letters:
                for mine, index in (("squeeze", 0), ("expand", 2)):
                    name = f"{theirs}.{part}.sharedMLP.{index}.weight"
                    self.names[f"{ours}.gates.{gate}.{mine}.weight"] = name
        if "S" in letters:
            self.names[f"{ours}.gates.space.conv.weight"] = f"{theirs}.sa.conv.weight"

    def _count(self, ours: str, theirs: str, stored: Stored) -> None:
        # Files of torch before 0.4.1 lack it, and nothing is computed from it.
        if theirs in stored.weights:
            self.names[ours] = theirs
        else:
            self.fills[ours] = 0


def letters_of(stored: Stored, places: Iterable[str], where: str) -> str:
    """Return the letters of the gates that layers carry, all of them the same.

    Raises:
        CheckpointError: If they differ from layer to layer.
    """
    kinds = {"T": "ta.sharedMLP.0.weight", "C": "ca.sharedMLP.0.weight", "S": "sa.conv.weight"}
    found = {
        "".join(letter for letter, kind in kinds.items() if f"{place}.{kind}" in stored.weights)
        for place in places
    }
    if len(found) != 1:
        raise CheckpointError(f"{stored.file}: {where} carry different gates, which none here do.")
    return found.pop()


def attention_of(letters: str) -> str:
    """Return the name of the attention with these gates."""
    return next(name for name, of_name in ATTENTIONS.items() if of_name == letters)


def gate_values(stored: Stored, places: list[str], letters: str) -> dict[str, Any]:
    """Return what a configuration says of gates: attention, T, reductions, kernel.

    Raises:
        CheckpointError: If the gates' sizes are of no one reduction.
    """
    values: dict[str, Any] = {"attention": attention_of(letters)}
    for letter, part, key in (
        ("T", "ta", "temporal_reduction"),
        ("C", "ca", "channel_reduction"),
    ):
        if letter in letters:
            shapes = [stored.shape(f"{p}.{part}.sharedMLP.0.weight") for p in places]
            values[key] = _reduction([(s[1], s[0]) for s in shapes if len(s) > 1], stored.file)
            if letter == "T":
                values["T"] = shapes[0][1]
    if "S" in letters:
        values["spatial_kernel"] = stored.shape(f"{places[0]}.sa.conv.weight")[-1]
    return values


def _reduction(sizes: list[tuple[int, int]], file: str) -> int:
    """Return the smallest reduction that leaves so many units of so many."""
    for reduction in range(1, max((size for size, _ in sizes), default=0) + 1):
        if sizes and all(size // reduction == units for size, units in sizes):
            return reduction
    raise CheckpointError(f"{file}: its gates' units are no one fraction of what they weigh.")


def settled(assumed: list[str], option: str, told: Any, own: Any, why: str) -> Any:
    """Return what the user told with an option, or else the layout's own, noted as assumed."""
    if told is not None:
        return told
    assumed.append(f"{option}: {why}" if own is True else f"{option} {own}: {why}")
    return own


def steps_of(values: dict[str, Any], told: Told, stored: Stored) -> int | None:
    """Return the steps that temporal gates fix, or that the user told.

    Raises:
        CheckpointError: If both say something, and not the same.
    """
    fixed: int | None = values.pop("T", None)
    if fixed is not None and told.T is not None and told.T != fixed:
        raise CheckpointError(
            f"{stored.file}: its temporal gates are made for T = {fixed}, not {told.T}."
        )
    return told.T if fixed is None else fixed


def fitted(plan: Plan, stored: Stored) -> Network:
    """Return the plan's network with the file's weights, in evaluation.

    Raises:
        CheckpointError: If a weight is missing, unknown or of another shape; nothing is built then.
    """
    file = stored.file
    try:
        with torch.device("meta"):  # shapes alone: no memory is taken before they are checked
            network = build(plan.config)
    except (ValueError, RuntimeError) as error:
        raise CheckpointError(f"{file}: describes no network: {error}.") from error
    state = network.state_dict()
    unmapped = sorted(state.keys() - plan.names.keys() - plan.fills.keys())
    assert not unmapped, unmapped
    missing = [theirs for theirs in plan.names.values() if theirs not in stored.weights]
    unknown = [name for name in stored.weights if name not in set(plan.names.values())]
    if missing or unknown:
        word, names = ("lacks", missing) if missing else ("holds also", unknown)
        raise CheckpointError(
            f"{file}: taken for {plan.layout}, but it {word} {names[0]} ({len(names)} such)."
        )
    weights: dict[str, Tensor] = {}
    for ours, theirs in plan.names.items():
        value, shape = stored.weights[theirs], tuple(state[ours].shape)
        if not _same_shape(tuple(value.shape), shape, ours):
            raise CheckpointError(
                f"{file}: {theirs} is of shape {tuple(value.shape)}; {plan.layout} has {shape} "
                "there."
            )
        if value.is_floating_point() != state[ours].is_floating_point():
            raise CheckpointError(f"{file}: {theirs} is stored as {value.dtype}.")
        if ours.endswith("running_var") and bool((value < 0).any()):
            raise CheckpointError(f"{file}: {theirs} holds a negative variance.")
        weights[ours] = value.reshape(shape)
    for ours, number in plan.fills.items():
        weights[ours] = torch.full_like(state[ours], number, device="cpu")
    network.to_empty(device="cpu")
    network.load_state_dict(weights)
    return network.eval().requires_grad_(False)


def _same_shape(found: tuple[int, ...], expected: tuple[int, ...], ours: str) -> bool:
    """Return whether shapes agree; a gate's perceptron may be a convolution of 1 x 1 x 1."""
    if ".gates.time." in ours or ".gates.channel." in ours:
        return found[:2] == expected and math.prod(found[2:]) == 1
    return found == expected
