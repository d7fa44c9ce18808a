"""What Theorem 1 says of one block of each design, beside what probes measure of it.

phi of a chain of maps is the product of theirs and phi of a sum the sum of theirs, on average over
weights that know nothing of each other (Lemmas S1 and S2). A block's branch f is neuron,
convolution, norm, neuron, convolution, norm; the last norm scales by zeta.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from masnn.isometry import moments
from masnn.isometry_designs import DESIGNS, GAIN, config_of, fresh, noise
from masnn.isometry_forms import (
    CHANNELS,
    N_INPUTS,
    N_PROBES,
    SIDE_PX,
    UNTRAINED,
    Form,
    Found,
    conv_phi,
    gates_phi,
    lif_phi,
    over_seeds,
)
from masnn.residual import ResidualBlock, ResidualSNN

_BRANCH, _GATES = r"\zeta^2 \tilde\phi", r"\phi_{\mathrm{CSA}}"

#: By design, phi of its block in LaTeX, and from phi of branch, gates, ReLU and outer neurons.
_FORMS: dict[str, tuple[str, Callable[[float, float, float, float], float]]] = {
    "vanilla": (
        rf"\phi_{{\mathrm{{LIF}}}}\,(1 + {_BRANCH})",
        lambda branch, gates, relu, outer: outer * (1 + branch),
    ),
    "ms": (f"1 + {_BRANCH}", lambda branch, gates, relu, outer: 1 + branch),
    "att-1": (
        rf"1 + {_GATES}\,{_BRANCH}",
        lambda branch, gates, relu, outer: 1 + gates * branch,
    ),
    "att-2": (
        rf"{_GATES}\,(1 + {_BRANCH})",
        lambda branch, gates, relu, outer: gates * (1 + branch),
    ),
    "att-1-code": (
        rf"1 + p\,{_GATES}\,{_BRANCH}",
        lambda branch, gates, relu, outer: 1 + relu * gates * branch,
    ),
}


def table(n_seeds: int = 4, gain: float = GAIN) -> list[Form]:
    """Return a row for the first block of each design, untrained, behind a stem that sees noise.

    Args:
        n_seeds: How often weights are drawn anew.
        gain: Scale of the branch's last norm, zeta.
    """
    where = f"untrained, first block, zeta = {gain:g}, normal input"
    return [
        Form(
            DESIGNS[design].title,
            formula,
            where,
            over_seeds(partial(_block, design=design, gain=gain), n_seeds),
        )
        for design, (formula, _) in _FORMS.items()
    ]


def _block(seed: int, design: str, gain: float) -> Found:
    """Return the closed form of a design's first block, and what probes found."""
    config = config_of(design, 1, width=CHANNELS, side_px=SIDE_PX)
    frames = noise(config, N_INPUTS, seed)
    network = fresh(config, frames, gain=gain, seed=seed)
    (block,) = network.each_block()
    carried = network.into_blocks(frames)
    inside = _inside(network, block, carried)
    neuron = config.neuron
    branch = (
        _norm_and_conv(block.conv1, block.norm1)
        * lif_phi(inside["a.current"], neuron)
        * _norm_and_conv(block.conv2, block.norm2)
    )
    if config.shortcut == "membrane":
        branch *= lif_phi(carried, neuron)
    gates = gates_phi(block.gates["space"].conv) if block.gates else 1.0  # type: ignore[union-attr,arg-type]
    made = inside["b.current"] - carried  # before the gates: what they weigh, or the ReLU cuts
    phi = _FORMS[design][1](
        *(branch, gates, float((made > 0).double().mean())), lif_phi(inside["b.current"], neuron)
    )
    generator = torch.Generator().manual_seed(1000 + seed)
    through = partial(network.through, block)
    return Found(phi, None, moments(through, carried, N_PROBES, generator))


@torch.no_grad()
def _inside(network: ResidualSNN, block: ResidualBlock, carried: Tensor) -> dict[str, Tensor]:
    """Return the currents inside a block, "a.current" and "b.current"."""
    seen: dict[str, Tensor] = {}
    network.through(
        block, carried, lambda name, x: seen.__setitem__(name.removeprefix(block.name), x)
    )
    return seen


def _norm_and_conv(conv: nn.Conv2d, norm: nn.Module) -> float:
    """Return phi of a convolution and its norm, which scales by weight / deviation."""
    assert isinstance(norm, nn.BatchNorm2d) and norm.running_var is not None
    scale = norm.weight.square() / (norm.running_var + norm.eps)
    return float(scale.mean()) * conv_phi(conv, SIDE_PX, UNTRAINED / conv.weight[0].numel())
