"""Closed forms of block dynamical isometry beside what probes measure of the same maps.

Yao et al. 2023, Table 8 and Theorem 1 (Eq. 20-33), after Chen et al. 2020. Every row says where it
was measured: where what the closed form assumes is met, and, in a row of its own, where an ordinary
network does not meet it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeVar

import torch
from torch import Tensor, nn

from masnn.attention import ChannelGate, SpatialGate
from masnn.isometry import Moments, moments
from masnn.layers import gate_sequence
from masnn.neurons import LIF, lif

#: Channels and side of the maps that are probed, inputs, and probes at each.
CHANNELS, SIDE_PX, N_INPUTS, N_PROBES = 16, 8, 16, 4

#: Variance of an untrained weight times the number of weights that a sum has: torch draws uniformly
#: from +-1 / sqrt(n), whose variance is 1 / (3 n).
UNTRAINED = 1 / 3


@dataclass(frozen=True)
class Found:
    """Hold what a closed form says of one drawing of weights, and what probes found of it.

    Args:
        phi: What the closed form says.
        varphi: The same of varphi; None where it says nothing.
        measured: What probes found.
    """

    phi: float
    varphi: float | None
    measured: Moments


@dataclass(frozen=True)
class Form:
    """Hold one row: a map, its closed form, and what was measured over several drawings.

    Args:
        name: The map.
        formula: Closed form of phi, in LaTeX.
        where: Where it was measured.
        found: Means over drawings; errors of their means.
    """

    name: str
    formula: str
    where: str
    found: Found


def table(n_seeds: int = 4) -> list[Form]:
    """Return the rows of the paper's Table 8 and of the gates.

    Args:
        n_seeds: How often weights are drawn anew.
    """
    return [Form(*words, over_seeds(find, n_seeds)) for words, find in _ROWS]


def over_seeds(find: Callable[[int], Found], n_seeds: int) -> Found:
    """Return means over drawings of weights.

    Raises:
        ValueError: If there is none.
    """
    if n_seeds < 1:
        raise ValueError("weights must be drawn at least once")
    all_found = [find(seed) for seed in range(n_seeds)]
    varphis = [found.varphi for found in all_found if found.varphi is not None]
    return Found(
        sum(found.phi for found in all_found) / n_seeds,
        sum(varphis) / n_seeds if varphis else None,
        Moments.across([found.measured for found in all_found]),
    )


def conv_phi(conv: nn.Conv2d, side_px: int, variance: float) -> float:
    """Return phi of a convolution of independent weights: c_in k_h k_w times their variance.

    Where zeros are padded, a tap that falls beside the map counts for nothing: the mean number of
    those inside takes the place of k_h k_w.
    """
    k = conv.kernel_size[0]
    if conv.padding_mode == "zeros":
        taps = range(-(k // 2), k // 2 + 1)
        k_inside = sum(0 <= at + tap < side_px for at in range(side_px) for tap in taps) / side_px
    else:
        k_inside = k
    return conv.in_channels * k_inside**2 * variance


def lif_phi(u: Tensor, neuron: LIF) -> float:
    """Return phi of neurons at potentials u, at T = 1: P(|u - v_threshold| < a) / (2 a)^2.

    The surrogate is a rectangle of half width a and height 1 / (2 a), and flat outside.
    """
    return float(neuron.surrogate(u).double().square().mean())


def gates_phi(space: nn.Conv2d) -> float:
    """Return Theorem 1's phi of channel gate, then spatial gate, around what has mean zero.

    (phi_SA / 4 + 1 / 4) (phi_CA <U> + 1 / 4) with <U> = 0.
    """
    of_weights = conv_phi(space, SIDE_PX, UNTRAINED / space.weight[0].numel()) / 16
    return (of_weights / 4 + 1 / 4) / 4


_Module = TypeVar("_Module", bound=nn.Module)


def drawn(make: Callable[[], _Module], seed: int) -> _Module:
    """Return a frozen module whose weights a seed drew; torch's own generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make().requires_grad_(False)


def _haar(module: _Module, layers: Iterable[nn.Module], gain: float) -> _Module:
    for layer in layers:
        nn.init.orthogonal_(layer.weight, gain)  # type: ignore[arg-type]
    return module


def _normal(seed: int, *shape: int) -> Tensor:
    shape = shape or (N_INPUTS, CHANNELS, SIDE_PX, SIDE_PX)
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def _probed(f: Callable[[Tensor], Tensor], x: Tensor, seed: int) -> Moments:
    return moments(f, x, N_PROBES, torch.Generator().manual_seed(1000 + seed))


def _relu(seed: int) -> Found:
    x = _normal(seed)
    p = float((x > 0).double().mean())
    return Found(p, p - p**2, _probed(torch.relu, x, seed))


def _conv(seed: int, padding: Literal["zeros", "circular"]) -> Found:
    make = partial(nn.Conv2d, *(CHANNELS, CHANNELS, 3), padding=1, padding_mode=padding, bias=False)
    conv = drawn(make, seed)
    phi = conv_phi(conv, SIDE_PX, UNTRAINED / conv.weight[0].numel())
    # Turned round, each frequency has a matrix of independent numbers of its own: Marchenko-Pastur.
    varphi = phi**2 * conv.out_channels / conv.in_channels if padding == "circular" else None
    return Found(phi, varphi, _probed(conv, _normal(seed), seed))


def _orthogonal(seed: int) -> Found:
    def make() -> nn.Linear:
        layer = nn.Linear(64, 64, bias=False)
        return _haar(layer, [layer], gain=1.5)

    return Found(1.5**2, 0.0, _probed(drawn(make, seed), _normal(seed, N_INPUTS, 64), seed))


def _sigmoid(seed: int, scale: float) -> Found:
    return Found(1 / 16, 0.0, _probed(torch.sigmoid, scale * _normal(seed), seed))


def _lif(seed: int) -> Found:
    neuron, u = LIF(0.25, 0.5, 0.0, 0.5), 0.5 * _normal(seed)[:, None]
    phi = lif_phi(u, neuron)
    steepest = (2 * neuron.surrogate_half_width) ** -2
    return Found(phi, phi * (steepest - phi), _probed(lambda u: lif(u, neuron)[0], u, seed))


def _channel(seed: int) -> Found:
    def make() -> ChannelGate:
        gate = ChannelGate(CHANNELS, 1)
        return _haar(gate, [gate.squeeze, gate.expand], gain=1.0)

    gate = drawn(make, seed)

    def weights(pooled: Tensor) -> Tensor:
        scores = gate.expand(gate.squeeze(pooled).relu())  # of the average and of the maximum
        return scores.sum(1).sigmoid()

    return Found(1 / 16, None, _probed(weights, 0.01 * _normal(seed, 128, 2, CHANNELS), seed))


def _space(seed: int) -> Found:
    gate = drawn(partial(SpatialGate, 7), seed)
    phi = conv_phi(gate.conv, SIDE_PX, UNTRAINED / gate.conv.weight[0].numel()) / 16
    pooled = 0.01 * _normal(seed, N_INPUTS, 2, SIDE_PX, SIDE_PX)
    return Found(phi, None, _probed(lambda x: gate.conv(x)[:, 0].sigmoid(), pooled, seed))


def _gates(seed: int) -> Found:
    gates = drawn(
        lambda: nn.ModuleDict({"channel": ChannelGate(CHANNELS, 4), "space": SpatialGate(7)}), seed
    )
    phi = gates_phi(gates["space"].conv)  # type: ignore[arg-type]

    def gated(x: Tensor) -> Tensor:
        return gate_sequence(x, dict(gates.items()), "", None, each_step=True)

    return Found(phi, None, _probed(gated, _normal(seed)[:, None], seed))


_CONV = r"c_{\mathrm{in}}\,k_h k_w\,\sigma_w^2"
_CSA = (
    r"(\tfrac{1}{4}\phi_{\mathrm{SA}} + \tfrac{1}{4})"
    r"\,(\phi_{\mathrm{CA}} \langle U \rangle + \tfrac{1}{4})"
)

#: Name, formula, where it is measured; and how, with the weights of a seed.
_ROWS: tuple[tuple[tuple[str, str, str], Callable[[int], Found]], ...] = (
    (("ReLU", "p", "normal input, p of it positive"), _relu),
    (("Convolution", _CONV, "3 x 3, circular padding"), partial(_conv, padding="circular")),
    (
        ("Convolution, zeros around", _CONV, f"{SIDE_PX} x {SIDE_PX} px: the taps inside count"),
        partial(_conv, padding="zeros"),
    ),
    (("Orthogonal matrix", r"\gamma^2", "Haar, gain 1.5"), _orthogonal),
    (("Sigmoid", r"\tfrac{1}{16}", "input near 0, slope 1/4"), partial(_sigmoid, scale=0.01)),
    (
        ("Sigmoid, away from 0", r"\tfrac{1}{16}", "normal input: flatter than is assumed"),
        partial(_sigmoid, scale=1.0),
    ),
    (
        (
            "LIF at T = 1",
            r"P(|U - u_{\mathrm{th}}| < a)\,/\,(2a)^2",
            "normal potential of deviation 0.5, threshold and a 0.5; ours, not in Table 8",
        ),
        _lif,
    ),
    (
        (
            "Channel gate\u2019s weights",
            r"\tfrac{1}{8}\,\gamma_1^2 \gamma_0^2\,p",
            "Haar perceptron of gain 1, pooled values near 0, p = 1/2",
        ),
        _channel,
    ),
    (
        (
            "Spatial gate\u2019s weights",
            r"\tfrac{1}{16}\,c_{\mathrm{in}}\,k_h k_w\,\sigma_w^2",
            "7 x 7 over two pooled maps near 0, taps inside",
        ),
        _space,
    ),
    (("What both gates weigh", _CSA, "untrained gates, normal input of mean 0"), _gates),
)
