"""The average spiking response over a data set (ASRV) of one network: counts, and measures of them.

Yao et al. 2023, Section 7.3, Fig. 7 and 8: the spikes S[t, n] of layer n at step t, averaged over
all samples of a validation set, are the firing rate of each neuron at that step,

    rate[t, n](c, y, x) = (samples in which the neuron fires at t) / (samples),

drawn as one tile for each channel. They find by eye channels that are "almost entirely red" and
channels that are "exactly zero". We count, for a layer and a step:

    silent    no neuron of the channel fires at t in any sample: its highest rate is 0
    near one  the channel's rates at t, averaged over its places, exceed `NEAR_ONE`

Counts are whole numbers, so that parts of a data set add up exactly, in any order.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from masnn import significance
from masnn.energy import Costs
from masnn.focus import SATURATED

#: A channel whose mean rate exceeds this is near one; one recording's "saturated" has the same.
NEAR_ONE = SATURATED

#: Where in a sequence of steps the first, middle and late one lie: the paper's 1, 25, 49 of 60.
_MOMENTS = (0.0, 24 / 59, 48 / 59)


@dataclass(frozen=True)
class About:
    """Say whose responses they are, and to what.

    Args:
        name: The checkpoint.
        title: What people call the network.
        sha256: Hash of its weights.
        classes: Class names in the order of the outputs.
        dt_ms: Duration of a step in ms.
        data: Name of the data set.
        part: The part of it, such as "validation".
        content: Hash of the recordings, in their order, and of their classes.
    """

    name: str
    title: str
    sha256: str
    classes: tuple[str, ...]
    dt_ms: float
    data: str
    part: str
    content: str


@dataclass(frozen=True, eq=False)
class Asrv:
    """Hold what one network did on all recordings of a data set.

    Args:
        about: Whose responses they are, and to what.
        counts: By layer, the recordings in which each neuron fires at each step, (T, *shape).
        labels: Class of each recording, (n,).
        predictions: The class of its highest mean output; the lowest index where several share it.
        tied: Whether several did, (n,).
        spikes: Spikes of each recording by layer, (n, layers).
        steps: Spikes by class, layer and step, (classes, layers, T).
        channels: By layer of maps, spikes by class and channel, (classes, C); empty where that was
            too large.
        operations: Multiply-accumulates and accumulates of each recording, (n, 2), as the exact
            book of `energy.ledger` counts them; None in files that hold none.
        inputs: The sum of what was shown, (T, C, H, W): event counts; of still images pixel values
            of 0 to 255, of one step for all. None in files that hold none.
    """

    about: About
    counts: Mapping[str, NDArray[np.integer]]
    labels: NDArray[np.int64]
    predictions: NDArray[np.int64]
    tied: NDArray[np.bool_]
    spikes: NDArray[np.integer]
    steps: NDArray[np.integer]
    channels: Mapping[str, NDArray[np.integer]]
    operations: NDArray[np.integer] | None = None
    inputs: NDArray[np.integer] | None = None

    @property
    def n(self) -> int:
        """Return the number of recordings."""
        return len(self.labels)

    @property
    def T(self) -> int:
        """Return the number of steps."""
        return len(next(iter(self.counts.values())))

    @cached_property
    def neurons(self) -> dict[str, int]:
        """Return the neurons of each layer."""
        return {name: math.prod(counts.shape[1:]) for name, counts in self.counts.items()}

    @property
    def maps(self) -> list[str]:
        """Return the layers whose neurons lie in channels of a map."""
        return [name for name, counts in self.counts.items() if counts.ndim == 4]

    @property
    def right(self) -> NDArray[np.bool_]:
        """Return whether each recording was classified rightly, (n,)."""
        return self.predictions == self.labels

    @property
    def accuracy(self) -> float:
        """Return the share of recordings classified rightly."""
        return float(self.right.mean())

    @property
    def accuracy_interval(self) -> tuple[float, float]:
        """Return the 95 % Wilson interval of the accuracy."""
        return significance.wilson(int(self.right.sum()), self.n)

    @cached_property
    def confusion(self) -> NDArray[np.int64]:
        """Return recordings by true class (row) and predicted class (column)."""
        k = len(self.about.classes)
        flat = np.bincount(self.labels * k + self.predictions, minlength=k * k)
        return flat.reshape(k, k).astype(np.int64)

    @cached_property
    def nasfr(self) -> NDArray[np.float64]:
        """Return each recording's spikes per neuron and step, the output layer included, (n,)."""
        return self.spikes.sum(1) / (sum(self.neurons.values()) * self.T)

    @property
    def nasfr_sd(self) -> float:
        """Return the standard deviation of NASFR over recordings (n - 1); 0 for a single one.

        The paper's "instance-specific response": tiny where a network fires alike whatever it sees.
        """
        return float(self.nasfr.std(ddof=1)) if self.n > 1 else 0.0

    @property
    def nsfr(self) -> NDArray[np.float64]:
        """Return the spikes per neuron at each step, over all recordings, (T,)."""
        fired = self.steps.sum((0, 1))
        return np.asarray(fired / (sum(self.neurons.values()) * self.n), np.float64)

    def layer_rates(self, layer: str) -> NDArray[np.float64]:
        """Return a layer's spikes per neuron at each step, over all recordings, (T,)."""
        fired = self.steps[:, list(self.counts).index(layer)].sum(0)
        return np.asarray(fired / (self.neurons[layer] * self.n), np.float64)

    def rates(self, layer: str, steps: Sequence[int] | None = None) -> NDArray[np.float32]:
        """Return the firing rate of each neuron at each step, or at some, (T, *shape)."""
        counts = self.counts[layer] if steps is None else self.counts[layer][list(steps)]
        return (counts / np.float64(self.n)).astype(np.float32)

    def mean_input(self, t: int) -> NDArray[np.float32] | None:
        """Return the mean over all recordings of what was shown at a step, (C, H, W)."""
        if self.inputs is None:
            return None
        shown = self.inputs[t if len(self.inputs) > 1 else 0]
        return (shown / np.float64(self.n)).astype(np.float32)

    def energy_uj(self, costs: Costs) -> NDArray[np.float64] | None:
        """Return each recording's energy in uJ at these prices, everything counted, (n,)."""
        if self.operations is None:
            return None
        prices = np.array([costs.mac_pj, costs.ac_pj])
        return np.asarray(self.operations @ prices * 1e-6, np.float64)

    def moments(self) -> list[int]:
        """Return the first, a middle and a late step, from 0: as far in as the paper's."""
        return sorted({round(share * (self.T - 1)) for share in _MOMENTS})


def shown_inputs(
    responses: Mapping[str, Asrv], steps: Mapping[str, Sequence[int]] | None = None
) -> dict[str, NDArray[np.float32]]:
    """Return the means of what was shown at a few steps, by what they are called.

    Args:
        responses: By "a" and "b"; what both were shown alike stands once.
        steps: Steps of each, from 0; None for `moments`.

    Returns:
        Arrays (C, H, W); none where files hold no inputs.
    """
    found: dict[tuple[str, str], NDArray[np.float32]] = {}
    for who, response in responses.items():
        is_still = response.inputs is not None and len(response.inputs) < response.T
        of = response.moments() if steps is None else steps[who]
        for t in of[:1] if is_still else of:
            mean = response.mean_input(t)
            if mean is None or any(np.array_equal(mean, known) for known in found.values()):
                continue
            found[who, "shown at every step" if is_still else f"shown at t = {t + 1}"] = mean
    alone = len({who for who, _ in found}) == 1
    return {
        name if alone else f"{who.upper()}, {name}": mean for (who, name), mean in found.items()
    }


class Channels(NamedTuple):
    """Say how the channels of a layer respond, at each step; all arrays are (T, C).

    Args:
        mean: Rates averaged over the channel's places.
        highest: Rate of its busiest neuron.
    """

    mean: NDArray[np.float64]
    highest: NDArray[np.float64]

    @property
    def silent(self) -> NDArray[np.bool_]:
        """Return which channels never fire at a step, in any recording."""
        return self.highest == 0

    @property
    def near_one(self) -> NDArray[np.bool_]:
        """Return which channels fire nearly everywhere and always at a step."""
        return self.mean > NEAR_ONE


def channels(response: Asrv, layer: str) -> Channels:
    """Return how the channels of a layer respond.

    Raises:
        ValueError: If the layer has none.
    """
    if layer not in response.maps:
        raise ValueError(f"{layer!r} has no channels; {', '.join(response.maps)} have")
    counts = response.counts[layer]
    places = counts.shape[2] * counts.shape[3]
    mean = counts.sum((2, 3), dtype=np.int64) / (places * response.n)
    return Channels(mean, counts.max((2, 3)) / response.n)


class Paired(NamedTuple):
    """Hold a paired comparison of two networks on the same recordings.

    Args:
        n: Number of recordings.
        accuracy: McNemar's exact test of their hits.
        nasfr: Mean difference of their NASFR, recording by recording.
        caveat: What `caveat` says of them.
    """

    n: int
    accuracy: significance.McNemar
    nasfr: significance.PairedMean
    caveat: str = ""


def unpaired(a: Asrv, b: Asrv) -> str:
    """Return why A and B cannot be compared recording by recording, or nothing if they can."""
    ours, theirs = a.about, b.about
    if ours.classes != theirs.classes:
        return "A and B have other classes."
    if ours.content != theirs.content or not np.array_equal(a.labels, b.labels):
        return "A and B did not see the same recordings."
    return ""


def caveat(a: Asrv, b: Asrv) -> str:
    """Return what to mind where A and B saw other stretches of their recordings, or nothing.

    Spikes per neuron and step are of steps, and a longer window is another task.
    """
    ours, theirs = ((r.T, r.about.dt_ms) for r in (a, b))
    if ours == theirs:
        return ""
    told = " and B ".join(f"{T} steps of {dt_ms:g} ms" for T, dt_ms in (ours, theirs))
    return f"A sees {told}: accuracy and NASFR differ by that too, and not by the networks alone."


def paired(a: Asrv, b: Asrv) -> Paired:
    """Compare A and B recording by recording.

    Raises:
        ValueError: If they did not see the same recordings.
    """
    if why := unpaired(a, b):
        raise ValueError(why)
    return Paired(
        a.n,
        significance.mcnemar(a.right, b.right),
        significance.paired_mean(a.nasfr, b.nasfr),
        caveat(a, b),
    )
