"""SpikingJelly networks with `layer.MultiDimensionalAttention` in one `nn.Sequential`.

    Conv2d 3 x 3 [BatchNorm2d] [AvgPool2d] MultiDimensionalAttention LIFNode     once or more
    Flatten and the like, then Linear [BatchNorm1d] LIFNode                      once or more

Modules without weights leave gaps in the numbering: between norm and attention there is room for
one pooling, after attention for the neurons alone. Which pooling it was, and the neurons'
constants, no state dict says: `Told` does. With h = v - v_reset the neuron of spikingjelly 2.0

    v[t] + x[t] / tau - (v[t] - v_reset) / tau           decay_input=True: h decays, x is divided
    v[t] + x[t] - (v[t] - v_reset) / tau                 decay_input=False

is LIF with decay 1 - 1 / tau and the threshold v_threshold - v_reset, times tau where the input is
divided (both sides times tau). A reset by subtraction (v_reset=None) has no counterpart here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from masnn.errors import CheckpointError
from masnn.importers._opening import Stored
from masnn.importers._plan import Plan, Told, gate_values, settled, steps_of
from masnn.networks import NetworkConfig

LAYOUT = "a SpikingJelly network with MultiDimensionalAttention"
_OPTIONS = (
    *("T", "dt_ms", "input_size", "pools", "votes"),
    *("tau", "decay_input", "v_threshold", "v_reset"),
)
_MARK = ".ta.sharedMLP.0.weight"


@dataclass(frozen=True)
class _Module:
    """A module with weights: its place in the Sequential, and what it is."""

    name: str
    index: int
    kind: str


@dataclass
class _Layer:
    """A convolution or linear layer with what belongs to it."""

    synapse: _Module
    norm: _Module | None = None
    gates: _Module | None = None
    pooled: bool = False


def recognised(stored: Stored) -> bool:
    """Return whether a file is of this layout."""
    return any(name.endswith(_MARK) for name in stored.weights) and not any(
        name.startswith(("convAttLIF", "conv2_x")) for name in stored.weights
    )


def plan(stored: Stored, told: Told) -> Plan:
    """Return how to convert a file of this layout.

    Raises:
        CheckpointError: If it cannot be converted; the message says why.
        ValueError: If its shapes describe no network; IndexError and ZeroDivisionError likewise.
    """
    file = stored.file
    told.refuse_all_but(_OPTIONS, LAYOUT)
    layers = _layers(stored)
    convolutions = [layer for layer in layers if layer.synapse.kind == "conv"]
    linears = layers[len(convolutions) :]
    if not linears or any(layer.synapse.kind != "linear" for layer in linears):
        raise CheckpointError(f"{file}: its convolutions are not followed by linear layers alone.")
    if any(layer.gates is None for layer in convolutions):
        raise CheckpointError(f"{file}: not every convolution has its MultiDimensionalAttention.")
    if told.input_size is None or told.dt_ms is None:
        raise CheckpointError(
            f"{file}: say --input-size H W and --dt-ms, which no state dict holds."
        )
    pools = _pools(file, convolutions, told)
    values = gate_values(stored, [c.gates.name for c in convolutions if c.gates], "TCS")
    outputs = [stored.shape(f"{layer.synapse.name}.weight")[0] for layer in linears]
    votes, assumed = told.votes or 1, list[str]()
    if outputs[-1] % votes:
        raise CheckpointError(f"{file}: {outputs[-1]} outputs are not {votes} votes a class.")
    own = "LIFNode's own"
    tau = settled(assumed, "--tau", told.tau, 2.0, own)
    divides = settled(assumed, "--decay-input", told.decay_input, True, own)
    threshold = settled(assumed, "--v-threshold", told.v_threshold, 1.0, own)
    reset = settled(assumed, "--v-reset", told.v_reset, 0.0, own)
    if told.votes is None:
        assumed.append("--votes 1: no VotingLayer")
    assumed.append("neurons after every layer, the last one too; none has a learned constant")
    if tau < 1 or threshold <= reset:
        raise CheckpointError("--tau must be at least 1, and --v-threshold above --v-reset.")
    config = NetworkConfig(
        T=steps_of(values, told, stored),  # type: ignore[arg-type]  # its gates fix it
        **values,
        attention_site="current",
        gates_linear=False,
        v_after_spike=0.0,
        n_classes=outputs[-1] // votes,
        votes_per_class=votes,
        dt_ms=told.dt_ms,
        input_size=told.input_size,
        in_channels=stored.shape(f"{convolutions[0].synapse.name}.weight")[1],
        channels=tuple(stored.shape(f"{c.synapse.name}.weight")[0] for c in convolutions),
        pools=pools,
        hidden=tuple(outputs[:-1]),
        decay=1 - 1 / tau,
        v_threshold=(threshold - reset) * (tau if divides else 1),
    )
    made = Plan(LAYOUT, config, assumed=assumed)
    for number, layer in enumerate(layers):
        ours = f"layers.{number}"
        made.layer(f"{ours}.synapse.{layer.synapse.kind}", layer.synapse.name, stored, bias=True)
        if layer.norm is None:
            made.no_norm(f"{ours}.synapse.norm")
        else:
            made.batch_norm(f"{ours}.synapse.norm", layer.norm.name, stored)
        if layer.gates is not None:
            made.gates(ours, layer.gates.name, "TCS")
    made.neuron = (
        f"LIFNode(tau={tau:g}, decay_input={bool(divides)}, v_threshold={threshold:g}, "
        f"v_reset={reset:g}): decay {config.decay:g}, fires at {config.v_threshold:g} or above, a "
        "spike leaves 0, potentials counted from v_reset"
        + (f" and times {tau:g}" if divides else "")
    )
    made.relu = "after the gates of every convolution"
    without = sum(layer.norm is None for layer in layers)
    made.norm = "over (B, T), after the layer" + (
        f"; {without} of {len(layers)} have none, and got one that changes nothing"
        if without
        else ""
    )
    made.differs = [
        "gates weigh the current of the whole sequence; the paper's channel and spatial gates "
        "weigh the membrane potential of every step",
        "a ReLU follows the gates; the paper has none",
    ]
    return made


def _modules(stored: Stored) -> list[_Module]:
    """Return the modules with weights, in order; all in one Sequential."""
    names = list(dict.fromkeys(re.sub(r"\.(ta|ca|sa)\..*|\.\w+$", "", n) for n in stored.weights))
    modules, parents = [], set()
    for name in names:
        parent, _, index = f".{name}".rpartition(".")
        parents.add(parent)
        if not index.isdecimal() or len(parents) > 1:
            raise CheckpointError(
                f"{stored.file}: {name} is not one of a single Sequential's modules, and the order "
                "of others cannot be told from a state dict."
            )
        modules.append(_Module(name, int(index), _kind(stored, name)))
    return sorted(modules, key=lambda module: module.index)


def _kind(stored: Stored, name: str) -> str:
    """Return what a module is, by its weights.

    Raises:
        CheckpointError: If nothing here is like it.
    """
    if name + _MARK in stored.weights:
        return "gates"
    if f"{name}.w" in stored.weights:
        raise CheckpointError(
            f"{stored.file}: {name} is a neuron with a learned constant (ParametricLIFNode); here "
            "all neurons of a network share theirs."
        )
    axes = len(stored.shape(f"{name}.weight"))
    if axes == 1:
        return "norm"
    if axes not in (2, 4):
        raise CheckpointError(f"{stored.file}: {name} is neither a 2-D convolution nor linear.")
    return "conv" if axes == 4 else "linear"


def _layers(stored: Stored) -> list[_Layer]:
    """Return the layers, each with the norm and the gates that follow it.

    Raises:
        CheckpointError: If modules stand in an order that no network here computes.
    """
    layers: list[_Layer] = []
    last = -1
    for module in _modules(stored):
        gap = module.index - last - 1
        layer = layers[-1] if layers else None
        if module.kind in ("conv", "linear"):
            # Neurons alone may stand before a convolution; before a linear layer flattening too.
            if layer is not None and (gap < 1 or (module.kind == "conv" and gap > 1)):
                raise CheckpointError(
                    f"{stored.file}: {gap} modules without weights before {module.name}, where "
                    "neurons alone can stand; pooling after the neurons cannot be converted."
                )
            layers.append(_Layer(module))
        elif layer is not None and module.kind == "norm" and not (gap or layer.norm or layer.gates):
            layer.norm = module
        elif (
            layer is not None
            and module.kind == "gates"
            and gap <= 1
            and layer.synapse.kind == "conv"
            and layer.gates is None
        ):
            layer.gates, layer.pooled = module, gap == 1
        else:
            raise CheckpointError(
                f"{stored.file}: {module.name} ({module.kind}) stands where no network here has "
                "one: expected convolution, norm, pooling, gates, neurons."
            )
        last = module.index
    return layers


def _pools(file: str, convolutions: list[_Layer], told: Told) -> tuple[int, ...]:
    """Return the pooling after each convolution, which the user must tell where there is any."""
    if told.pools is None and any(layer.pooled for layer in convolutions):
        raise CheckpointError(
            f"{file}: a module without weights stands between norm and gates. If it is average "
            "pooling, give its side after each convolution with --pools (1 for none); max pooling "
            "cannot be converted."
        )
    pools = told.pools or (1,) * len(convolutions)
    if [side > 1 for side in pools] != [layer.pooled for layer in convolutions]:
        raise CheckpointError(
            f"{file}: --pools {' '.join(map(str, pools))} does not fit where there is room for "
            f"pooling: after {sum(layer.pooled for layer in convolutions)} convolutions."
        )
    return pools
