"""Block dynamical isometry: what each block does to a signal on its way back.

A network is f_L o ... o f_1; J is the Jacobian of one block f, from what its shortcut carries to
the same after it (potentials, or spikes where the shortcut carries those). With the normalised
trace tr = sum of the diagonal / n, n the size of the block's output,

    phi = E tr(J J^T)                    how much a signal's squared norm grows on its way back
    varphi = E tr((J J^T)^2) - phi^2     how unequally it does so in different directions

and a network is block dynamically isometric where phi = 1 and varphi = 0 in every block: gradients
then neither vanish nor explode. Chen et al. 2020; Yao et al. 2023, Section 7.1, Eq. 20-33.

No Jacobian is written out. For v of independent signs, E v v^T = I, so

    phi = E |J^T v|^2 / n                one vector-Jacobian product
    E tr((J J^T)^2) = E |J J^T v|^2 / n  and one Jacobian-vector product of its result

The second is the derivative of J^T u in u, which is linear in u: it needs nothing but the backward
pass, so it takes the neurons as they are. Their derivative is the surrogate's, as in training.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from masnn.neurons import lif
from masnn.residual import ResidualSNN


@dataclass(frozen=True)
class Moments:
    """Hold what probes found of J J^T.

    Args:
        phi: Mean of its eigenvalues.
        varphi: Their variance.
        phi_error: Standard error of phi, over inputs and probes.
        varphi_error: Standard error of varphi.
    """

    phi: float
    varphi: float
    phi_error: float
    varphi_error: float

    @classmethod
    def across(cls, found: Sequence[Moments]) -> Moments:
        """Return the means over networks drawn anew; errors from the spread between them.

        One network has no such spread: its own errors stand.
        """
        if len(found) == 1:
            return found[0]
        phi, varphi = (np.array([getattr(m, name) for m in found]) for name in ("phi", "varphi"))
        errors = (float(x.std(ddof=1) / math.sqrt(len(x))) for x in (phi, varphi))
        return cls(float(phi.mean()), float(varphi.mean()), *errors)


@dataclass(frozen=True)
class Passage:
    """Hold how a network passes signals back, block by block, from the input on.

    Args:
        names: Names of the L blocks.
        moments: What each block's Jacobian is like.
        log10_norms: Decimal logarithm of a signal's norm at the input of each block and, last, at
            the output of the last, where signals start as white noise: (L + 1,), relative to the
            last. Root of the mean square over inputs and signals; -inf where nothing arrives.
        active: Share of the neurons before each block that fire, (L,).
        pictures: The first signal at the same L + 1 places, (H, W) each: root of the mean square
            over steps and channels, about 1 where it starts.
    """

    names: tuple[str, ...]
    moments: tuple[Moments, ...]
    log10_norms: NDArray[np.float64]
    active: NDArray[np.float64]
    pictures: tuple[NDArray[np.float64], ...]

    @property
    def log10_product(self) -> float:
        """Return what multiplying the blocks' phi predicts for `log10_norms[0]` (Lemma S1).

        It holds where the singular directions of successive blocks have nothing to do with each
        other.
        """
        with np.errstate(divide="ignore"):
            return float(np.log10([m.phi for m in self.moments]).sum() / 2)


def moments(
    f: Callable[[Tensor], Tensor], x: Tensor, n_probes: int, generator: torch.Generator
) -> Moments:
    """Probe the Jacobian of a map at several inputs.

    Args:
        f: The map; every row of its output follows from the same row of its input alone.
        x: Inputs, (B, ...).
        n_probes: Probes at each input.
        generator: Draws the probes; of the CPU.

    Raises:
        ValueError: If there is no input or no probe.
    """
    rows = _repeated(x, n_probes)
    first, second = _squares(*_run(f, rows), generator)
    return _moments(first, second, n_probes)


def passage(network: ResidualSNN, frames: Tensor, n_probes: int, seed: int = 0) -> Passage:
    """Send signals back through a network's blocks, and probe each of them.

    Batch norm is the affine map of its statistics, as in evaluation; a network that was never
    trained gets some from `isometry_designs.calibrate`.

    Args:
        network: The network, in evaluation.
        frames: Input, (B, T, C, H, W).
        n_probes: Probes of each block, and signals, at each input.
        seed: Seed of both.

    Raises:
        ValueError: If the network is in training, or there is no input or no probe.
    """
    if network.training:
        raise ValueError("batch norm ties inputs together in training: call network.eval() first")
    generator = torch.Generator().manual_seed(seed)
    blocks = network.each_block()
    with torch.no_grad():
        carried = [network.into_blocks(frames)]
        for block in blocks:
            carried.append(network.through(block, carried[-1]))
    # A signal is kept at norm one and the logarithm of its norm apart: in 200 blocks it may lose
    # more powers of ten than 32 bits hold.
    signal = torch.randn(_repeated(carried[-1], n_probes).shape, generator=generator).to(frames)
    signal, start = _unit(signal)
    log10 = torch.zeros_like(start)
    norms, pictures, found = [log10], [_picture(signal, start)], []
    for block, x in zip(reversed(blocks), reversed(carried[:-1]), strict=True):
        rows, out = _run(partial(network.through, block), _repeated(x, n_probes))
        signal, factor = _unit(_back(rows, out, signal))
        log10 = log10 + factor
        norms.append(log10)
        pictures.append(_picture(signal, start + log10))
        found.append(_moments(*_squares(rows, out, generator), n_probes))
    return Passage(
        tuple(block.name for block in blocks),
        tuple(reversed(found)),
        np.array([_root_mean_square(values) for values in reversed(norms)]),
        np.array([_active(network, x) for x in carried[:-1]]),
        tuple(reversed(pictures)),
    )


def _repeated(x: Tensor, n_probes: int) -> Tensor:
    """Return every input n_probes times in a row, as rows of their own."""
    if len(x) < 1 or n_probes < 1:
        raise ValueError(f"found {len(x)} inputs and {n_probes} probes; give at least one of each")
    return x.repeat_interleave(n_probes, dim=0)


def _run(f: Callable[[Tensor], Tensor], rows: Tensor) -> tuple[Tensor, Tensor]:
    """Return inputs that can be derived to, and what the map makes of them."""
    rows = rows.detach().requires_grad_()
    with torch.enable_grad():
        return rows, f(rows)


def _back(rows: Tensor, out: Tensor, u: Tensor, *, keep: bool = False) -> Tensor:
    """Return J^T u; with `keep`, as a function of u."""
    (found,) = torch.autograd.grad(out, rows, u, retain_graph=True, create_graph=keep)
    return found


def _squares(rows: Tensor, out: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return |J^T v|^2 / n and |J J^T v|^2 / n of a probe v at each row."""
    signs = torch.randint(0, 2, out.shape, generator=generator).to(out) * 2 - 1
    probe = signs.requires_grad_()
    back = _back(rows, out, probe, keep=True)
    if back.requires_grad:
        (again,) = torch.autograd.grad(back, probe, back.detach())
    else:  # the map is flat here: J is zero and depends on nothing
        again = torch.zeros_like(out)
    size = out[0].numel()
    return back.detach().flatten(1).square().sum(1) / size, again.flatten(1).square().sum(1) / size


def _moments(first: Tensor, second: Tensor, n_probes: int) -> Moments:
    """Return the moments from probes at rows, each input's beside each other."""
    a, b = (x.double().reshape(-1, n_probes).cpu().numpy() for x in (first, second))
    phi = float(a.mean())
    # Probes of one input are not independent of it: the spread between inputs holds both. One
    # input has none, and the spread between its probes is all there is.
    each = (a.mean(1), b.mean(1)) if len(a) > 1 else (a[0], b[0])
    n = len(each[0])

    def error(values: NDArray[np.float64]) -> float:
        return float(values.std(ddof=1) / math.sqrt(n)) if n > 1 else math.nan

    phi_error = error(each[0])
    bias = 0.0 if math.isnan(phi_error) else phi_error**2  # E (mean^2) = phi^2 + its variance
    varphi = float(b.mean()) - (phi**2 - bias)
    return Moments(phi, varphi, phi_error, error(each[1] - 2 * phi * each[0]))


def _unit(signal: Tensor) -> tuple[Tensor, Tensor]:
    """Return each row at norm one, and the decimal logarithm of its norm; zero stays zero."""
    norm = signal.flatten(1).norm(dim=1)
    divisor = torch.where(norm > 0, norm, 1).reshape(-1, *(1,) * (signal.ndim - 1))
    return signal / divisor, norm.double().log10()


def _root_mean_square(log10: Tensor) -> float:
    """Return log10 of the root of the mean of squares from decimal logarithms of each."""
    highest = log10.max()
    if highest == -math.inf:
        return -math.inf
    return float(highest + torch.pow(10.0, 2 * (log10 - highest)).mean().log10() / 2)


def _picture(signal: Tensor, log10: Tensor) -> NDArray[np.float64]:
    """Return the first row's root of the mean square over steps and channels, (H, W)."""
    place = signal[0].double().square().mean((0, 1)).sqrt()
    return (place * torch.pow(10.0, log10[0])).cpu().numpy()


def _active(network: ResidualSNN, carried: Tensor) -> float:
    """Return the share of the neurons before a block that fire, over inputs and steps."""
    config = network.config
    if config.shortcut == "membrane" and config.neurons == "lif":
        carried, _ = lif(carried, config.neuron, keep_membrane=False)
    return float((carried > 0).double().mean())
