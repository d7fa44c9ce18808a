"""Measure networks on labelled recordings: accuracy, spikes, rates.

A recording is seen through one or more windows of the network's T steps, evenly spread over it, the
first one from its first event. It is classified by the mean of the output rates of its windows.
(The published code asks for more than half of ten windows to be right instead.)
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from masnn import parallel, significance
from masnn.architectures import Network
from masnn.framesets import FrameSet
from masnn.imagesets import ImageSet
from masnn.residual import still


@dataclass(frozen=True)
class Evaluation:
    """Hold what was measured of a network on labelled recordings.

    Args:
        n: Number of recordings.
        correct: Recordings whose highest mean output rate is their class's (ties: lowest index).
        tied: Recordings whose highest rate was shared by several classes.
        spikes: Spikes of all recordings, by layer.
        neurons: Neurons by layer.
        T: Time steps of a recording.
        confusion: Recordings by true class (row) and predicted class (column).
        clips: Windows of T steps that each recording was seen through.
    """

    n: int
    correct: int
    tied: int
    spikes: dict[str, int]
    neurons: dict[str, int]
    T: int
    confusion: list[list[int]]
    clips: int = 1

    @property
    def accuracy(self) -> float:
        """Return the share of recordings classified rightly."""
        return self.correct / self.n

    @property
    def accuracy_interval(self) -> tuple[float, float]:
        """Return the 95 % Wilson interval of the accuracy."""
        return significance.wilson(self.correct, self.n)

    @property
    def nasfr(self) -> float:
        """Return spikes per neuron and step over all layers, the output included."""
        return sum(self.spikes.values()) / (sum(self.neurons.values()) * self._steps)

    @property
    def lasfr(self) -> dict[str, float]:
        """Return spikes per neuron and step by layer."""
        return {k: s / (self.neurons[k] * self._steps) for k, s in self.spikes.items()}

    @property
    def spikes_per_recording(self) -> float:
        """Return the mean number of spikes of a recording's window of T steps."""
        return sum(self.spikes.values()) / (self.n * self.clips)

    @property
    def _steps(self) -> int:
        return self.T * self.n * self.clips


def evaluate(
    network: Network,
    frames: FrameSet | ImageSet,
    *,
    clips: int = 1,
    batch: int = 64,
    device: str | torch.device = "cpu",
) -> Evaluation:
    """Measure a network in evaluation mode; processes started by torchrun share the recordings.

    Args:
        network: The network; it is folded, and left as it was.
        frames: The recordings, or still images, each of which is shown at every step.
        clips: Windows of each recording.
        batch: Windows run at once.
        device: Where to run.
    """
    if not len(frames):
        raise ValueError("nothing to evaluate: no recordings")
    folded = network.folded().to(device)
    layers = list(network.config.neuron_shapes())
    counts = dict.fromkeys(layers, 0)

    def count(name: str, value: torch.Tensor) -> None:
        layer, _, part = name.partition(".")
        if part == "spikes":
            counts[layer] += int(torch.count_nonzero(value))

    n_classes = network.config.n_classes
    confusion = torch.zeros(n_classes, n_classes, dtype=torch.int64)
    tied = 0
    mine = parallel.share(range(len(frames)))
    per_run = max(1, batch // clips)
    with torch.no_grad():
        for first in range(0, len(mine), per_run):
            chosen = list(mine[first : first + per_run])
            windows = np.concatenate([frames.clips(i, clips) for i in chosen])
            x = torch.from_numpy(windows).to(device, torch.float32)
            if isinstance(frames, ImageSet):
                x = still(x[:, 0], network.config.T)
            rates = folded(x, count).cpu().unflatten(0, (len(chosen), clips)).mean(1)
            y = torch.from_numpy(np.asarray(frames.labels)[chosen])
            tied += int((rates == rates.amax(1, keepdim=True)).sum(1).gt(1).sum())
            confusion.index_put_((y, rates.argmax(1)), torch.ones_like(y), accumulate=True)
    sums = torch.tensor([tied, *counts.values()], dtype=torch.int64)
    tied, *spikes = parallel.total(sums.to(device)).tolist()
    confusion = parallel.total(confusion.to(device)).cpu()
    return Evaluation(
        n=len(frames),
        correct=int(confusion.trace()),
        tied=tied,
        spikes=dict(zip(layers, spikes, strict=True)),
        neurons={k: math.prod(s) for k, s in network.config.neuron_shapes().items()},
        T=network.config.T,
        confusion=confusion.tolist(),
        clips=clips,
    )
