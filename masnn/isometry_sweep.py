"""How signals come back through residual networks of growing depth: the sweep and its numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from masnn.isometry import Moments, Passage, passage
from masnn.isometry_designs import GAIN, config_of, fresh, noise
from masnn.residual import ResidualSNN

#: Depths of the sweep, in blocks.
DEPTHS = (18, 50, 100, 200)


@dataclass(frozen=True)
class Settings:
    """Say what networks a sweep builds and how it looks at them.

    Args:
        width: Channels.
        side_px: Side of the maps.
        T: Time steps.
        gain: Scale of each branch's last batch norm, zeta.
        n_inputs: Inputs, which also give the batch norms their statistics.
        n_probes: Probes, and signals, at each.
        n_seeds: Networks of each kind, drawn from seeds 0, 1, ...
    """

    width: int = 16
    side_px: int = 8
    T: int = 1
    gain: float = GAIN
    n_inputs: int = 8
    n_probes: int = 4
    n_seeds: int = 3


@dataclass(frozen=True)
class Course:
    """Hold how signals come back through networks that differ in their seed alone.

    Args:
        name: A design, or a checkpoint.
        passages: One a network.
    """

    name: str
    passages: tuple[Passage, ...]

    @property
    def n_blocks(self) -> int:
        """Return how many blocks each network has."""
        return len(self.passages[0].names)

    def summary(self) -> dict[str, Any]:
        """Return the course in one row; what is not finite as None.

        phi and varphi are medians over blocks, and of those means over networks. log10_norm is of
        a signal before the first block, relative to after the last; log10_product what multiplying
        phi predicts of it. Errors are the standard errors of means over networks; None of one.
        """
        phi = np.array([[m.phi for m in p.moments] for p in self.passages])
        varphi = np.array([[m.varphi for m in p.moments] for p in self.passages])
        norm = np.array([p.log10_norms[0] for p in self.passages])
        product = [p.log10_product for p in self.passages]
        return _finite(
            {
                "name": self.name,
                "blocks": self.n_blocks,
                "networks": len(self.passages),
                "phi": np.median(phi, 1).mean(),
                "phi_error": _error(np.median(phi, 1)),
                "phi_least": phi.min(),
                "phi_greatest": phi.max(),
                "varphi": np.median(varphi, 1).mean(),
                "varphi_error": _error(np.median(varphi, 1)),
                "log10_norm": norm.mean(),
                "log10_norm_error": _error(norm),
                "log10_product": np.mean(product),
                "active_first": np.mean([p.active[0] for p in self.passages]),
                "active_last": np.mean([p.active[-1] for p in self.passages]),
            }
        )

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each block, from the input on; what is not finite as None.

        log10_norm is of a signal at the block's input.
        """
        rows = []
        for number, name in enumerate(self.passages[0].names):
            found = Moments.across([p.moments[number] for p in self.passages])
            norm = np.array([p.log10_norms[number] for p in self.passages])
            rows.append(
                _finite(
                    {
                        "name": self.name,
                        "blocks": self.n_blocks,
                        "block": number + 1,
                        "block_name": name,
                        "phi": found.phi,
                        "phi_error": found.phi_error,
                        "varphi": found.varphi,
                        "varphi_error": found.varphi_error,
                        "log10_norm": norm.mean(),
                        "log10_norm_error": _error(norm),
                        "active": np.mean([p.active[number] for p in self.passages]),
                    }
                )
            )
        return rows


def course(design: str, n_blocks: int, how: Settings, frames: Tensor | None = None) -> Course:
    """Return how signals come back through untrained networks of a design.

    Args:
        design: A key of `DESIGNS`.
        n_blocks: Their blocks.
        how: What networks, and how to look.
        frames: Input (B, T, 1, side_px, side_px); standard normal pixels where there is none.

    Raises:
        ValueError: If there is no such design, or no such network.
    """
    if min(how.n_inputs, how.n_probes, how.n_seeds) < 1:
        raise ValueError("Give at least one input, one probe and one seed.")
    config = config_of(design, n_blocks, width=how.width, side_px=how.side_px, T=how.T)
    passages = []
    for seed in range(how.n_seeds):
        seen = noise(config, how.n_inputs, seed) if frames is None else frames
        network = fresh(config, seen, gain=how.gain, seed=seed)
        passages.append(passage(network, seen, how.n_probes, seed))
    return Course(design, tuple(passages))


def trained(name: str, network: ResidualSNN, how: Settings, frames: Tensor | None = None) -> Course:
    """Return how signals come back through a network as it was trained.

    Args:
        name: What it is called.
        network: The network, with the statistics of its training.
        how: How many inputs and probes; the rest is the network's own.
        frames: Input (B, T, C, H, W); standard normal pixels where there is none.
    """
    seen = noise(network.config, how.n_inputs) if frames is None else frames
    network = network.eval().requires_grad_(False)
    return Course(name, (passage(network, seen, how.n_probes),))


def _error(values: np.ndarray) -> float:
    """Return the standard error of the mean; not a number of one value."""
    if len(values) < 2 or not np.isfinite(values).all():
        return math.nan
    return float(values.std(ddof=1) / math.sqrt(len(values)))


def _finite(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of plain numbers, None in place of what is not finite."""
    return {
        key: value if isinstance(value, str | int) else _plain(value) for key, value in row.items()
    }


def _plain(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
