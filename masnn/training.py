"""Train networks on frames of labelled recordings, and measure them.

The loss is the authors': mean squared error between the mean output rate and the one-hot class.
Training runs for a number of epochs fixed beforehand and reports the last one: the validation part
is measured after every epoch and never chosen by.
"""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from masnn.errors import DataError
from masnn.networks import ConvSNN, NetworkConfig

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainConfig:
    """Say how to train.

    Args:
        epochs: Passes over the training part; the last one is reported.
        batch: Recordings in a step.
        learning_rate: Adam's rate at the start; it falls to zero along a half cosine.
        seed: Of the initial weights, the order of the recordings and the augmentation.
        shift_px: Each recording is moved by up to this many px along each axis.
        keep_events: Each recording keeps a random share of its events between this and all.
    """

    epochs: int = 22
    batch: int = 8
    learning_rate: float = 2e-3
    seed: int = 0
    shift_px: int = 2
    keep_events: float = 0.9

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch < 1 or self.learning_rate <= 0 or self.shift_px < 0:
            raise ValueError("epochs and batch must be >= 1, learning_rate > 0, shift_px >= 0")
        if not 0 < self.keep_events <= 1:
            raise ValueError("keep_events must lie in (0, 1]")


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
    """

    n: int
    correct: int
    tied: int
    spikes: dict[str, int]
    neurons: dict[str, int]
    T: int
    confusion: list[list[int]]

    @property
    def accuracy(self) -> float:
        """Return the share of recordings classified rightly."""
        return self.correct / self.n

    @property
    def accuracy_interval(self) -> tuple[float, float]:
        """Return the 95 % Wilson interval of the accuracy."""
        z, share, n = 1.959964, self.accuracy, self.n
        middle = (share + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
        return max(0.0, middle - half), min(1.0, middle + half)

    @property
    def nasfr(self) -> float:
        """Return spikes per neuron and step over all layers, the output included."""
        return sum(self.spikes.values()) / (sum(self.neurons.values()) * self.T * self.n)

    @property
    def lasfr(self) -> dict[str, float]:
        """Return spikes per neuron and step by layer."""
        return {k: s / (self.neurons[k] * self.T * self.n) for k, s in self.spikes.items()}

    @property
    def spikes_per_recording(self) -> float:
        """Return the mean number of spikes of a recording."""
        return sum(self.spikes.values()) / self.n


def evaluate(
    network: ConvSNN,
    frames: Tensor,
    labels: Tensor,
    *,
    batch: int = 64,
    device: str | torch.device = "cpu",
) -> Evaluation:
    """Measure a network in evaluation mode.

    Args:
        network: The network; it is folded, and left as it was.
        frames: Event counts, shape (N, T, 2, H, W).
        labels: Class indices, shape (N,).
        batch: Recordings run at once.
        device: Where to run.
    """
    if not len(frames):
        raise ValueError("nothing to evaluate: no recordings")
    folded = network.folded().to(device)
    counts = {name: 0 for name in network.config.neuron_shapes()}

    def count(name: str, value: Tensor) -> None:
        layer, _, part = name.partition(".")
        if part == "spikes":
            counts[layer] += int(torch.count_nonzero(value))

    n_classes = network.config.n_classes
    confusion = torch.zeros(n_classes, n_classes, dtype=torch.int64)
    tied = 0
    with torch.no_grad():
        for x, y in zip(frames.split(batch), labels.split(batch), strict=True):
            rates = folded(x.to(device, torch.float32), count).cpu()
            tied += int((rates == rates.amax(1, keepdim=True)).sum(1).gt(1).sum())
            confusion.index_put_((y, rates.argmax(1)), torch.ones_like(y), accumulate=True)
    neurons = {k: math.prod(s) for k, s in network.config.neuron_shapes().items()}
    correct = int(confusion.trace())
    return Evaluation(
        len(labels), correct, tied, counts, neurons, network.config.T, confusion.tolist()
    )


def augment(frames: Tensor, config: TrainConfig, generator: torch.Generator) -> Tensor:
    """Move each recording by whole pixels and drop a share of its events.

    Args:
        frames: Event counts, shape (B, T, 2, H, W), any number type.
        config: How far and how many.
        generator: Source of randomness, on the CPU.

    Returns:
        Float counts of the same shape; what is moved out of the field is lost.
    """
    x = frames.float()
    reach = config.shift_px
    height, width = x.shape[-2:]
    if reach:
        padded = nn.functional.pad(x, (reach,) * 4)
        corners = torch.randint(0, 2 * reach + 1, (len(x), 2), generator=generator).tolist()
        x = torch.stack(
            [
                p[..., i : i + height, j : j + width]
                for p, (i, j) in zip(padded, corners, strict=True)
            ]
        )
    if config.keep_events < 1:
        share = torch.rand(len(x), generator=generator) * (1 - config.keep_events)
        keep = (1 - share).reshape(-1, 1, 1, 1, 1).expand_as(x)
        x = torch.binomial(x, keep.contiguous(), generator=generator)
    return x


@dataclass(frozen=True)
class Epoch:
    """Report one epoch: mean loss and accuracy on the training part, the rest on validation."""

    epoch: int
    loss: float
    training_accuracy: float
    validation_accuracy: float
    nasfr: float


def train(
    config: NetworkConfig,
    training: tuple[Tensor, Tensor],
    validation: tuple[Tensor, Tensor],
    how: TrainConfig,
    *,
    state_file: Path | None = None,
    device: str | torch.device = "cpu",
    on_step: Callable[[int, int, float, float], None] | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> tuple[ConvSNN, list[Epoch], Evaluation]:
    """Train a network for `how.epochs` epochs, or go on where `state_file` left off.

    The seed of every epoch follows from `how.seed` and its number, so a resumed run equals an
    uninterrupted one.

    Args:
        config: The network.
        training: Frames (N, T, 2, H, W) and labels (N,) to learn from.
        validation: Frames and labels to measure on after every epoch.
        how: Epochs, rates, augmentation and seed.
        state_file: Where to keep the run after each epoch; None keeps nothing.
        device: Where to run.
        on_step: Called with step, steps in all, loss and running accuracy.
        on_epoch: Called after each epoch.

    Returns:
        network: In evaluation mode, on the CPU, as it was after the last epoch.
        history: One entry for each epoch.
        evaluation: On the validation part, of the last epoch.

    Raises:
        DataError: If `state_file` belongs to a run of other settings.
    """
    frames, labels = training
    torch.manual_seed(how.seed)
    # Channels last: a quarter faster on CPUs, same numbers up to rounding.
    network = ConvSNN(config).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.Adam(network.parameters(), lr=how.learning_rate)
    steps_per_epoch = math.ceil(len(labels) / how.batch)
    n_steps = how.epochs * steps_per_epoch
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, n_steps)
    # Another split would have validated on what this one trains on: the data are settings too.
    digest = hashlib.sha256(frames.contiguous().numpy().tobytes() + labels.numpy().tobytes())
    settings = {"network": _plain(config), "how": _plain(how), "data": digest.hexdigest()}
    history: list[Epoch] = []
    if state_file is not None and state_file.exists():
        saved = torch.load(state_file, map_location=device, weights_only=True)
        if saved["settings"] != settings:
            raise DataError(
                f"{state_file}: an unfinished run of other settings; remove it or name another."
            )
        network.load_state_dict(saved["weights"])
        optimiser.load_state_dict(saved["optimiser"])
        schedule.load_state_dict(saved["schedule"])
        history = [Epoch(**epoch) for epoch in saved["history"]]
        log.info("resumed after epoch %d of %d", len(history), how.epochs)
    for epoch in range(len(history) + 1, how.epochs + 1):
        generator = torch.Generator().manual_seed(how.seed * 100_003 + epoch)
        network.train()
        total, correct, seen = 0.0, 0, 0
        for x, y in _batches(frames, labels, how, generator):
            rates = network(x.to(device))
            target = nn.functional.one_hot(y, config.n_classes).to(rates)
            loss = nn.functional.mse_loss(rates, target)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item() * len(y)
            correct += int((rates.argmax(1).cpu() == y).sum())
            seen += len(y)
            if on_step is not None:
                on_step(schedule.last_epoch, n_steps, total / seen, correct / seen)
        measured = evaluate(network, *validation, device=device)
        history.append(
            Epoch(epoch, total / seen, correct / seen, measured.accuracy, measured.nasfr)
        )
        if on_epoch is not None:
            on_epoch(history[-1])
        if state_file is not None:
            state = {
                "settings": settings,
                "weights": network.state_dict(),
                "optimiser": optimiser.state_dict(),
                "schedule": schedule.state_dict(),
                "history": [dataclasses.asdict(e) for e in history],
            }
            state_file.parent.mkdir(parents=True, exist_ok=True)
            # Written beside and renamed: an interrupted write must not cost the run.
            beside = state_file.with_suffix(".new")
            torch.save(state, beside)
            beside.replace(state_file)
    network = network.to("cpu").eval()
    return network, history, evaluate(network, *validation, device=device)


def _batches(
    frames: Tensor, labels: Tensor, how: TrainConfig, generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield augmented batches of the whole training part in random order."""
    for chosen in torch.randperm(len(labels), generator=generator).split(how.batch):
        yield augment(frames[chosen], how, generator), labels[chosen]


def _plain(config: Any) -> dict[str, Any]:
    """Return a dataclass as lists and numbers, the form that a saved state comes back in."""
    fields = dataclasses.asdict(config)
    return {k: list(v) if isinstance(v, tuple) else v for k, v in fields.items()}
