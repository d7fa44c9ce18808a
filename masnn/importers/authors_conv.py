"""The authors' convolutional networks: `.t7` of github.com/BICLab/Attention-SNN, MA_SNN.

    convAttLIF0.conv2d, .BNLayer, .attention.{ta,ca,sa}      and on: convolutions
    FC0.linear, .BNLayer, .attention.ta                      and on: fully connected layers

Three convolutions are their network for DVS128 Gesture, five that for Gait and CIFAR10-DVS. The
file says neither T (without temporal gates), dt, nor the neuron's constants; its usual name says
the first two. LIAF networks, whose layers hand on potentials, have the same names and shapes.
"""

from __future__ import annotations

import itertools
import math
import re

from masnn.errors import CheckpointError
from masnn.importers._opening import Stored
from masnn.importers._plan import Plan, Told, gate_values, letters_of, settled, steps_of
from masnn.networks import NetworkConfig

LAYOUT = "the authors' convolutional network"

#: Pooling of the published networks by their number of convolutions.
_POOLS = {3: (1, 2, 2), 5: (2, 2, 2, 2, 4)}

_OPTIONS = ("T", "dt_ms", "input_size", "pools", "votes", "decay", "v_threshold")


def recognised(stored: Stored) -> bool:
    """Return whether a file is of this layout."""
    return any(name.startswith("convAttLIF0.") for name in stored.weights)


def plan(stored: Stored, told: Told) -> Plan:
    """Return how to convert a file of this layout.

    Raises:
        CheckpointError: If it cannot be converted; the message says why.
        ValueError: If its shapes describe no network; IndexError and ZeroDivisionError likewise.
    """
    file = stored.file
    told.refuse_all_but(_OPTIONS, LAYOUT)
    if "LIAF" in file.upper():
        raise CheckpointError(
            f"{file}: its name says LIAF: such layers hand on potentials, not spikes, and there is "
            "nothing here that computes so."
        )
    if learned := [n for n in stored.weights if re.search(r"\.network\.(Conv)?IF\.", n)]:
        raise CheckpointError(
            f"{file}: its neurons learned their own constants ({learned[0]}); here all neurons of "
            "a network share theirs."
        )
    convolutions, linears = _layers(stored, "convAttLIF"), _layers(stored, "FC")
    letters = letters_of(stored, [f"{c}.attention" for c in convolutions], "its convolutions")
    if letters_of(stored, [f"{f}.attention" for f in linears], "its linear layers") != (
        "T" if "T" in letters else ""
    ):
        raise CheckpointError(
            f"{file}: its linear layers' gates are not those of its convolutions."
        )
    gated = [f"{layer}.attention" for layer in convolutions]
    values = gate_values(stored, gated, letters)
    assumed: list[str] = []
    published = "the published setting for DVS128 Gesture"
    steps, dt_ms = steps_of(values, told, stored), told.dt_ms
    if steps is None and (match := re.search(r"_T=(\d{1,4})(?!\d)", file)):
        steps = settled(assumed, "--T", None, int(match[1]), "the file's name")
    if dt_ms is None and (match := re.search(r"dt=(\d{1,6})ms", file)):
        dt_ms = settled(assumed, "--dt-ms", None, float(match[1]), "the file's name")
    if len(convolutions) != 3 and None in (steps, dt_ms):
        raise CheckpointError(
            f"{file}: neither it nor its name says how many steps of how many ms: "
            "give --T and --dt-ms."
        )
    channels = tuple(stored.shape(f"{c}.conv2d.weight")[0] for c in convolutions)
    outputs = [stored.shape(f"{f}.linear.weight")[0] for f in linears]
    pools = _pools(stored, told, len(convolutions), assumed)
    votes = told.votes or 1
    if outputs[-1] % votes:
        raise CheckpointError(f"{file}: {outputs[-1]} outputs are not {votes} votes a class.")
    config = NetworkConfig(
        **values,
        attention_site="current",
        n_classes=outputs[-1] // votes,
        votes_per_class=votes,
        T=settled(assumed, "--T", steps, 60, published),
        dt_ms=settled(assumed, "--dt-ms", dt_ms, 25.0, published),
        input_size=told.input_size or _input_side(stored, f"{linears[0]}.linear", channels, pools),
        in_channels=stored.shape(f"{convolutions[0]}.conv2d.weight")[1],
        channels=channels,
        pools=pools,
        hidden=tuple(outputs[:-1]),
        decay=settled(assumed, "--decay", told.decay, 0.3, "the published alpha"),
        v_threshold=settled(
            assumed, "--v-threshold", told.v_threshold, 0.3, "the published Vthres"
        ),
    )
    assumed.append("its neurons hand on spikes: a LIAF network looks the same but for its name")
    made = Plan(LAYOUT, config, assumed=assumed)
    for index, layer in enumerate([*convolutions, *linears]):
        kind, theirs = ("conv", "conv2d") if layer in convolutions else ("linear", "linear")
        made.layer(f"layers.{index}.synapse.{kind}", f"{layer}.{theirs}", stored, bias=True)
        made.batch_norm(f"layers.{index}.synapse.norm", f"{layer}.BNLayer", stored)
        own = letters if kind == "conv" else "T" if "T" in letters else ""
        made.gates(f"layers.{index}", f"{layer}.attention", own)
    made.neuron = (
        f"fires at {config.v_threshold:g} or above; a spike leaves decay x threshold = "
        f"{config.neuron.v_after_spike:g}; decay {config.decay:g}"
    )
    made.norm = "over (B, T), after the convolution and before the pooling; linear layers too"
    made.differs = ["after a spike the paper leaves V_reset = 0 (Eq. 5)"]
    if letters:
        made.relu = "after the gates, of every layer that has any"
        made.differs += [
            "gates weigh the current of the whole sequence; the paper's channel and spatial gates "
            "weigh the membrane potential of every step",
            "a ReLU follows the gates; the paper has none",
        ]
    if "T" in letters:
        made.differs.append("temporal gates on linear layers too, the last one included")
    return made


def _layers(stored: Stored, kind: str) -> list[str]:
    """Return the names of the layers of a kind, which are numbered from 0."""
    numbered = (f"{kind}{i}" for i in itertools.count())
    firsts = {name.split(".", 1)[0] for name in stored.weights}
    found = list(itertools.takewhile(firsts.__contains__, numbered))
    if not found:
        raise CheckpointError(f"{stored.file}: taken for {LAYOUT}, but it lacks {kind}0.")
    return found


def _pools(stored: Stored, told: Told, n: int, assumed: list[str]) -> tuple[int, ...]:
    """Return the pooling after each of n convolutions."""
    own = _POOLS.get(n)
    if told.pools is None and own is None:
        raise CheckpointError(
            f"{stored.file}: has {n} convolutions, which no published network has: say how they "
            "pool with --pools."
        )
    if told.pools is not None and len(told.pools) != n:
        raise CheckpointError(f"--pools: {len(told.pools)} numbers for {n} convolutions.")
    if told.pools is None and own is not None:
        assumed.append(f"--pools {' '.join(map(str, own))}: the published network's")
    return told.pools or own or ()


def _input_side(
    stored: Stored, linear: str, channels: tuple[int, ...], pools: tuple[int, ...]
) -> tuple[int, int]:
    """Return the square input whose last map the first linear layer takes.

    Raises:
        CheckpointError: If no square does.
    """
    inputs = stored.shape(f"{linear}.weight")[-1]
    side = math.isqrt(inputs // channels[-1])
    if side * side * channels[-1] != inputs:
        raise CheckpointError(
            f"{stored.file}: {linear} takes {inputs:,} inputs of {channels[-1]} channels, which "
            "are no square map: give --input-size H W."
        )
    return (side * math.prod(pools),) * 2
