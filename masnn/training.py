"""Train networks on frames of labelled recordings, or on labelled still images.

The loss is the authors': for recordings mean squared error between the mean output rate and the
one-hot class, with Adam; for images cross-entropy of the mean logits, with SGD and momentum.
Training runs for a number of epochs fixed beforehand and reports the last one: the validation part
is measured after every epoch and never chosen by.
"""

from __future__ import annotations

import dataclasses
import io
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from masnn import interrupts, parallel
from masnn.architectures import Config, Network, build
from masnn.augmentation import Augmentation, ImageAugmentation
from masnn.errors import DataError, reason
from masnn.evaluation import Evaluation, evaluate
from masnn.framesets import FrameSet
from masnn.imagesets import ImageSet
from masnn.residual import still
from masnn.whole_files import written

log = logging.getLogger(__name__)

PRECISIONS = ("float32", "bfloat16")
LOSSES = ("squared", "cross-entropy")
OPTIMISERS = ("adam", "sgd")

#: Seconds between two writes of a running training's state.
SAVE_EVERY_S = 60.0


@dataclass(frozen=True)
class TrainConfig:
    """Say how to train.

    Args:
        epochs: Passes over the training part; the last one is reported.
        batch: Recordings in a step, over all processes.
        learning_rate: Rate at the start; it falls to zero along a half cosine.
        seed: Of the initial weights, the order of the recordings and the augmentation.
        shift_px: See `Augmentation`.
        keep_events: See `Augmentation`.
        random_start: See `Augmentation`.
        precision: "float32", or "bfloat16" for mixed precision: synapses and gates compute
            in bfloat16, neurons in float32.
        loss: "squared" error to the one-hot class, or "cross-entropy".
        label_smoothing: Share of a label that all classes have alike, for cross-entropy.
        optimiser: "adam", or "sgd".
        momentum: Of "sgd".
        weight_decay: Of every weight, each step, times the rate.
        turn_deg: See `ImageAugmentation`.
        stretch: See `ImageAugmentation`.
        least_area: See `ImageAugmentation`.
    """

    epochs: int = 22
    batch: int = 8
    learning_rate: float = 2e-3
    seed: int = 0
    shift_px: int = 2
    keep_events: float = 0.9
    random_start: bool = False
    precision: str = "float32"
    loss: str = "squared"
    label_smoothing: float = 0.0
    optimiser: str = "adam"
    momentum: float = 0.9
    weight_decay: float = 0.0
    turn_deg: float = 0.0
    stretch: float = 0.0
    least_area: float = 1.0

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch < 1 or self.learning_rate <= 0:
            raise ValueError("epochs and batch must be >= 1, learning_rate > 0")
        if self.precision not in PRECISIONS:
            raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}")
        if self.loss not in LOSSES or self.optimiser not in OPTIMISERS:
            raise ValueError(f"loss and optimiser must be of {LOSSES} and {OPTIMISERS}")
        if not 0 <= self.label_smoothing < 1 or self.weight_decay < 0 or not 0 <= self.momentum < 1:
            raise ValueError("label_smoothing and momentum must lie in [0, 1), weight_decay >= 0")
        _ = self.augmentation, self.image_augmentation

    @property
    def augmentation(self) -> Augmentation:
        """Return how recordings are changed."""
        return Augmentation(self.shift_px, self.keep_events, self.random_start)

    @property
    def image_augmentation(self) -> ImageAugmentation:
        """Return how still images are changed."""
        return ImageAugmentation(self.shift_px, self.turn_deg, self.stretch, self.least_area)


@dataclass(frozen=True)
class Epoch:
    """Report one epoch: mean loss and accuracy on the training part, the rest on validation."""

    epoch: int
    loss: float
    training_accuracy: float
    validation_accuracy: float
    nasfr: float


@dataclass
class _Progress:
    """Say where a run is: epochs done, and steps, loss and hits of the one under way."""

    history: list[Epoch] = dataclasses.field(default_factory=list)
    step: int = 0
    loss: float = 0.0
    correct: int = 0
    seen: int = 0


def train(
    config: Config,
    training: FrameSet | ImageSet,
    validation: FrameSet | ImageSet,
    how: TrainConfig,
    *,
    state_file: Path | None = None,
    device: str | torch.device = "cpu",
    on_step: Callable[[int, int, float, float], None] | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> tuple[Network, list[Epoch], Evaluation]:
    """Train a network for `how.epochs` epochs, or go on where `state_file` left off.

    Everything random follows from `how.seed`, the epoch and the recording, so a resumed run equals
    an uninterrupted one. Under torchrun each process takes its share of every batch.

    Args:
        config: The network.
        training: Recordings to learn from.
        validation: Recordings to measure on after every epoch.
        how: Epochs, rates, augmentation and seed.
        state_file: Where the run is kept, every minute, after each epoch and when interrupted;
            None keeps nothing.
        device: Where to run.
        on_step: Called with step, steps in all, and this epoch's mean loss and accuracy so far.
        on_epoch: Called after each epoch.

    Returns:
        network: In evaluation mode, on the CPU, as it was after the last epoch.
        history: One entry for each epoch.
        evaluation: On the validation part, of the last epoch.

    Raises:
        DataError: If `state_file` belongs to a run of other settings or data, or is damaged.
    """
    run = _Run(config, training, how, torch.device(device))
    if state_file is not None:
        run.resume(state_file)
    progress = run.progress
    saved = time.monotonic()
    with interrupts.held() as stopped:
        while len(progress.history) < how.epochs:
            for chosen in run.rest_of_epoch():
                stop = run.step(chosen, stop=bool(stopped))
                if on_step is not None:
                    mean, share = progress.loss / progress.seen, progress.correct / progress.seen
                    on_step(run.steps_done, run.n_steps, mean, share)
                due = stop or time.monotonic() - saved > SAVE_EVERY_S
                if state_file is not None and due:
                    run.save(state_file)
                    saved = time.monotonic()
                if stop:
                    raise KeyboardInterrupt
            epoch = run.end_epoch(validation)
            if on_epoch is not None:
                on_epoch(epoch)
            if state_file is not None:
                run.save(state_file)
        if stopped:
            raise KeyboardInterrupt
    network = run.network.to("cpu").eval()
    return network, progress.history, evaluate(network, validation, device=device)


class _Run:
    """Hold a training under way."""

    def __init__(
        self,
        config: Config,
        training: FrameSet | ImageSet,
        how: TrainConfig,
        device: torch.device,
    ) -> None:
        torch.manual_seed(how.seed)
        # Channels last: a quarter faster on CPUs, same numbers up to rounding.
        network: Network = build(config).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        parallel.share_norms(network)
        self.network = network
        self.training, self.how, self.device = training, how, device
        self._labels = torch.from_numpy(np.asarray(training.labels))
        self._steps_per_epoch = math.ceil(len(training) / how.batch)
        self.n_steps = how.epochs * self._steps_per_epoch
        self.optimiser = _optimiser(network, how)
        self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimiser, self.n_steps)
        self.progress = _Progress()
        # Another split would have validated on what this one trains on: the data are settings too.
        # Large sets take their time to hash, so one process does it for all.
        own = training.digest().encode() if parallel.rank() == 0 else None
        digest = (parallel.from_first(own) or b"").decode()
        self.settings = {"network": _plain(config), "how": _plain(how), "data": digest}

    @property
    def steps_done(self) -> int:
        return len(self.progress.history) * self._steps_per_epoch + self.progress.step

    def rest_of_epoch(self) -> list[Tensor]:
        """Return the batches of the epoch under way that are still to come, as indices."""
        epoch = len(self.progress.history) + 1
        order = torch.Generator().manual_seed(self.how.seed * 100_003 + epoch)
        batches = torch.randperm(len(self._labels), generator=order).split(self.how.batch)
        return list(batches[self.progress.step :])

    def step(self, chosen: Tensor, stop: bool = False) -> bool:
        """Learn from a batch; this process takes its share of it.

        Returns:
            Whether `stop` was said in any process: all stop after the same step.
        """
        self.network.train()
        mine = chosen[parallel.rank() :: parallel.world()]
        labels = self._labels[mine].to(self.device)
        mixed = self.how.precision == "bfloat16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=mixed):
            rates = self.network(self._augmented(mine.tolist())).float()
        errors = self._errors(rates, labels)
        loss = errors.sum() / len(chosen)
        self.optimiser.zero_grad()
        loss.backward()
        parallel.total_gradients(self.network)
        self.optimiser.step()
        self.schedule.step()
        hits = (rates.argmax(1) == labels).sum()
        told = torch.stack([errors.detach().sum(), hits.float(), errors.new_tensor(float(stop))])
        sums = parallel.total(told).tolist()
        progress = self.progress
        progress.step += 1
        progress.loss += sums[0]
        progress.correct += round(sums[1])
        progress.seen += len(chosen)
        return bool(sums[2])

    def _errors(self, rates: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of each recording, (B,)."""
        if self.how.loss == "cross-entropy":
            smoothing = self.how.label_smoothing
            return nn.functional.cross_entropy(
                rates, labels, reduction="none", label_smoothing=smoothing
            )
        target = nn.functional.one_hot(labels, self.network.config.n_classes).float()
        return (rates - target).square().mean(1)

    def end_epoch(self, validation: FrameSet | ImageSet) -> Epoch:
        """Measure, and enter the epoch into the history."""
        p = self.progress
        measured = evaluate(self.network, validation, device=self.device)
        epoch = Epoch(
            len(p.history) + 1,
            p.loss / p.seen,
            p.correct / p.seen,
            measured.accuracy,
            measured.nasfr,
        )
        p.history.append(epoch)
        p.step, p.loss, p.correct, p.seen = 0, 0.0, 0, 0
        return epoch

    def save(self, file: Path) -> None:
        """Write the run; of several processes the first one does."""
        state = {
            "settings": self.settings,
            "weights": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
            "progress": dataclasses.asdict(self.progress),
        }
        if parallel.rank() == 0:
            with written(file) as beside:  # an interrupted write must not cost the run
                torch.save(state, beside)

    def resume(self, file: Path) -> None:
        """Go on where `file` left off, if the first process finds it."""
        first = parallel.rank() == 0
        content = parallel.from_first(file.read_bytes() if first and file.exists() else None)
        if content is None:
            return
        try:
            saved = torch.load(io.BytesIO(content), map_location=self.device, weights_only=True)
            settings = saved["settings"]
        except Exception as error:  # whatever a damaged pickle makes torch raise
            raise DataError(
                f"{file}: cannot be read as an unfinished run ({reason(error)}); remove it to "
                "start anew."
            ) from error
        if settings != self.settings:
            raise DataError(
                f"{file}: an unfinished run of other settings or data; remove it or name another."
            )
        self.network.load_state_dict(saved["weights"])
        self.optimiser.load_state_dict(saved["optimiser"])
        self.schedule.load_state_dict(saved["schedule"])
        progress = saved["progress"]
        history = [Epoch(**epoch) for epoch in progress.pop("history")]
        self.progress = _Progress(history, **progress)
        log.info("resumed at step %d of %d", self.steps_done, self.n_steps)

    def _augmented(self, indices: list[int]) -> Tensor:
        """Return recordings or images as this epoch sees them, on the device, (B, T, C, H, W)."""
        config, change = self.network.config, self.how.augmentation
        if isinstance(self.training, ImageSet):
            rngs = [self._rng(i) for i in indices]
            images = self.training.changed(indices, self.how.image_augmentation, rngs)
            return still(torch.from_numpy(images)[:, 0].to(self.device), config.T)
        x = np.empty((len(indices), config.T, config.in_channels, *config.input_size), np.float32)
        for row, i in enumerate(indices):
            rng = self._rng(i)
            start = change.start(self.training.bins(i), config.T, rng)
            x[row] = change.apply(self.training.window(i, start), rng)
        return torch.from_numpy(x).to(self.device)

    def _rng(self, i: int) -> np.random.Generator:
        """Return what is random of recording `i` in the epoch under way."""
        return np.random.default_rng((self.how.seed, len(self.progress.history), i))


def _optimiser(network: Network, how: TrainConfig) -> torch.optim.Optimizer:
    rate, decay = how.learning_rate, how.weight_decay
    if how.optimiser == "sgd":
        return torch.optim.SGD(network.parameters(), rate, how.momentum, weight_decay=decay)
    return torch.optim.Adam(network.parameters(), rate, weight_decay=decay)


def _plain(config: Any) -> dict[str, Any]:
    """Return a dataclass as lists and numbers, the form that a saved state comes back in."""
    fields = dataclasses.asdict(config)
    return {k: list(v) if isinstance(v, tuple) else v for k, v in fields.items()}
