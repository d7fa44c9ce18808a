"""From a folder of recordings to a checkpoint with its card, by one command.

A recipe is a preset with all choices made; with the data it decides the weights.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from masnn import checkpoints, parallel
from masnn.architectures import Config, configuration
from masnn.cards import Card
from masnn.datasets import Labelled, open_dataset
from masnn.errors import DataError
from masnn.evaluation import Evaluation, evaluate
from masnn.framesets import Binning, FrameSet, Sample, frame_set
from masnn.history import write_history
from masnn.images import Transform, transform_of
from masnn.imagesets import ImageSet, image_set
from masnn.kinds import is_residual
from masnn.presets import PRESETS
from masnn.training import Epoch, TrainConfig, train
from masnn.whole_files import held

#: Fields of a network's configuration that a command line may change, as it spells them.
OPTIONS = {
    "T": "--steps",
    "dt_ms": "--dt-ms",
    "channels": "--channels",
    "hidden": "--hidden",
    "decay": "--decay",
    "channel_reduction": "--channel-reduction",
    "blocks": "--blocks",
    "width": "--width",
}

#: Fields of `TrainConfig` that came after the first checkpoints: they count in a key only where
#: they are not at their defaults, so that keys of the earlier ones hold.
_LATER = (
    *("loss", "label_smoothing", "optimiser", "momentum", "weight_decay"),
    *("turn_deg", "stretch", "least_area"),
)


@dataclass(frozen=True)
class Recipe:
    """Hold every choice that decides a training.

    Args:
        preset: Key of `PRESETS`.
        how: Epochs, rates, augmentation, seed.
        attention: One of `attention.ATTENTIONS`.
        site: One of `layers.SITES`; of a residual network, of `residual_config.RESIDUAL_SITES`.
        relu: At the site "current" without attention: the ReLU-only control.
        changes: Fields of the configuration, of `OPTIONS`, that differ from the preset's.
        first: Recordings to use, the first ones by file name; None for all.
        n_validation: Recordings kept for validation where the set has no test part of its own;
            None for the preset's number.
        split_seed: Seed of that choice.
        half: Whether weights are stored in half precision; all is measured with these.
    """

    preset: str
    how: TrainConfig
    attention: str = "TCSA"
    site: str = "membrane"
    relu: bool = False
    changes: dict[str, Any] = field(default_factory=dict)
    first: int | None = None
    n_validation: int | None = None
    split_seed: int = 0
    half: bool = False

    @property
    def name(self) -> str:
        """Return the usual name of its checkpoint, such as "nmnist-tcsa" or "digits-csa18-t4"."""
        network = {**PRESETS[self.preset].network, **self.changes}
        if is_residual(network):
            kind = "ms" if self.attention == "none" else self.attention.lower()
            after = "-sum" if self.site == "sum" else ""
            depth = 2 * sum(network["blocks"]) + 2
            return f"{self.preset}-{kind}{depth}{after}-t{network['T']}"
        attention = "vanilla" if self.attention == "none" else self.attention.lower()
        parts = [self.preset, "relu" if self.relu else attention]
        return "-".join(
            [*parts, *(["current"] if self.site == "current" and not self.relu else [])]
        )

    @property
    def command(self) -> str:
        """Return the command line that repeats it; DIR stands for the folder of the data."""
        usual = PRESETS[self.preset].training
        words = [f"python -m masnn train --data DIR --preset {self.preset}"]
        words.append(f"--attention {self.attention} --site {self.site}")
        words += ["--relu"] if self.relu else []
        for key, value in self.changes.items():
            values = value if isinstance(value, tuple) else (value,)
            words.append(f"{OPTIONS[key]} {' '.join(map(str, values))}")
        for option in ("epochs", "batch", "learning_rate"):
            if getattr(self.how, option) != getattr(usual, option):
                words.append(f"--{option.replace('_', '-')} {getattr(self.how, option)}")
        for option in ("first", "n_validation"):
            if getattr(self, option) is not None:
                words.append(f"--{option.removeprefix('n_')} {getattr(self, option)}")
        # The option's own default depends on the device.
        words.append(f"--precision {self.how.precision} --seed {self.how.seed}")
        words += [f"--split-seed {self.split_seed}"] if self.split_seed else []
        return " ".join(words + (["--half"] if self.half else []))

    def config(self, n_classes: int) -> Config:
        """Return the network."""
        values = {**PRESETS[self.preset].network, **self.changes, "n_classes": n_classes}
        values |= {"attention": self.attention, "attention_site": self.site}
        return configuration({**values, "relu": True if self.relu else None})

    @property
    def transform(self) -> Transform | None:
        """Return how still images become inputs; None for recordings."""
        plain = PRESETS[self.preset].transform
        if plain is None:
            return None
        config = dataclasses.asdict(self.config(1))
        return transform_of(config, plain, self.preset)

    def parts(self, data: Labelled) -> tuple[tuple[Sample, ...], tuple[Sample, ...]]:
        """Return the recordings of a set to learn from, and those to measure on."""
        usual = PRESETS[self.preset].n_validation
        n = usual if self.n_validation is None else self.n_validation
        return data.parts(n, self.split_seed, self.first)


def frames_of(
    samples: tuple[Sample, ...],
    config: Config,
    *,
    transform: Transform | None = None,
    whole: bool = False,
    cache: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> FrameSet | ImageSet:
    """Return recordings, or images where there is a transform, as a network wants them.

    See `framesets.frame_set` and `imagesets.image_set`.
    """
    if transform is not None:
        return image_set(samples, transform, progress=progress)
    binning = Binning(config.T, config.dt_ms, config.input_size, whole)
    return frame_set(samples, binning, cache=cache, progress=progress)


def load_parts(
    recipe: Recipe,
    data: Labelled,
    *,
    cache: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[FrameSet | ImageSet, FrameSet | ImageSet]:
    """Return the frames to learn from, whole where windows start anywhere, and to measure on."""
    config = recipe.config(len(data.classes))
    training, validation = recipe.parts(data)
    shared: dict[str, Any] = {"transform": recipe.transform, "cache": cache, "progress": progress}
    return (
        frames_of(training, config, whole=recipe.how.random_start, **shared),
        frames_of(validation, config, **shared),
    )


def key(recipe: Recipe, training: FrameSet | ImageSet, validation: FrameSet | ImageSet) -> str:
    """Return a hash of recipe and frames: equal keys make equal weights, up to rounding."""
    told = dataclasses.asdict(recipe)
    usual = dataclasses.asdict(TrainConfig())
    told["how"] = {k: v for k, v in told["how"].items() if k not in _LATER or v != usual[k]}
    content = {
        "recipe": told,
        "preset": PRESETS[recipe.preset].network,
        "data": [training.digest(), validation.digest()],
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def run(
    recipe: Recipe,
    folder: Path,
    *,
    name: str | None = None,
    out: Path,
    runs: Path,
    device: str,
    cache: Path | None = None,
    on_read: Callable[[int, int], None] | None = None,
    on_step: Callable[[int, int, float, float], None] | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> Card | None:
    """Train on a folder and write a checkpoint into `out`.

    Args:
        recipe: What to train and how.
        folder: The data, in a layout that `datasets.open_dataset` knows.
        name: Name of the checkpoint; None for the recipe's.
        out: Folder of the checkpoint.
        runs: Folder for unfinished runs, to go on from, and for the history of finished ones.
        device: Where to train.
        cache: Folder in which frames are kept.
        on_read: Progress of reading: number done, number in all.
        on_step: Progress of training, as `training.train` has it.
        on_epoch: Called after each epoch.

    Returns:
        The card; None in all processes but the first, which writes it.

    Raises:
        DataError: If another run of this name is under way.
    """
    name = recipe.name if name is None else name
    state_file = runs / f"{name}.pt"
    with _alone(state_file):
        data = open_dataset(folder)
        described = description(recipe, folder, data)
        if cache is not None and parallel.rank() > 0:
            parallel.wait()  # the first process fills the cache
        parts = load_parts(recipe, data, cache=cache, progress=on_read)
        if cache is not None and parallel.rank() == 0:
            parallel.wait()
        network, history, _ = train(
            recipe.config(len(data.classes)),
            *parts,
            recipe.how,
            state_file=state_file,
            device=device,
            on_step=on_step,
            on_epoch=on_epoch,
        )
        if recipe.half:
            network = checkpoints.rounded(network)
        measured = evaluate(network, parts[1], device=device)
        if parallel.rank() > 0:
            return None
        card = checkpoints.save(
            network,
            out,
            half=recipe.half,
            name=name,
            classes=data.classes,
            data={
                **described,
                "recordings": len(parts[0]) + len(parts[1]),
                "training": len(parts[0]),
                "validation": len(parts[1]),
                "first": recipe.first,
                "split_seed": recipe.split_seed,
                "validation_digest": parts[1].digest(),
                **({} if recipe.transform is None else {"transform": recipe.transform.plain()}),
            },
            training={
                **dataclasses.asdict(recipe.how),
                "selection": "last epoch",
                "key": key(recipe, *parts),
                "history": [dataclasses.asdict(epoch) for epoch in history],
            },
            metrics={"part": "validation", **metrics(measured)},
            command=recipe.command,
            licence=described["licence"],
        )
        write_history(history, name, runs / name)
        state_file.unlink(missing_ok=True)
        return card


@contextmanager
def _alone(state_file: Path) -> Iterator[None]:
    """Keep other runs of this name away: two would write one state and one checkpoint.

    Raises:
        DataError: If another process trains it; all processes of this run are told.
    """
    with ExitStack() as stack:
        first = parallel.rank() == 0
        free = first and stack.enter_context(held(state_file))
        if parallel.from_first(b"free" if free else None) is None:
            raise DataError(
                f"{state_file}: another run trains under this name; wait for it, or choose another "
                "--name or --runs."
            )
        yield


def description(recipe: Recipe, folder: Path, data: Labelled) -> dict[str, str]:
    """Return what a card says of its data: name, licence, source, and what was measured on.

    Data are the preset's only if their classes are: whoever trains on recordings of other classes
    trains on data of their own, whose licence nobody here knows.
    """
    preset = PRESETS[recipe.preset]
    # A part of a simulated set is simulated as well.
    notes = (place / "simulation.json" for place in (folder, *folder.resolve().parents[:2]))
    note = next((note for note in notes if note.is_file()), None)
    drawn = folder / "digits.json"
    if recipe.preset == "digits" and drawn.is_file() and recipe.first is None:
        (seed,) = _noted(drawn, "seed")
        part = (
            f"a fifth of each class, drawn by seed {seed}; the set does not say who wrote what, so "
            "the same people may be in both parts"
        )
    elif data.test and recipe.first is None:
        part = "the set's own test part"
    else:
        part = f"drawn from them by seed {recipe.split_seed}"
    if note is None and preset.classes and not set(data.classes) <= set(preset.classes):
        some = ", ".join(data.classes[:3])
        return {
            "name": "own data",
            "licence": "unknown; ask whoever made the recordings",
            "attribution": (
                f"Recordings of {len(data.classes)} classes ({some}, ...) that are not "
                f"{preset.title}'s."
            ),
            "validation_is": part,
        }
    if note is None:
        return {
            "name": preset.title,
            "licence": preset.licence,
            "attribution": preset.attribution,
            "validation_is": part,
        }
    simulated, version, seed = _noted(note, "simulated", "version", "seed")
    return {
        "name": f"{str(simulated).capitalize()} (simulated)",
        "licence": "MIT",
        "attribution": (
            f"Simulated by this project (version {version}, seed {seed}), not "
            f"recorded; its classes are those of {preset.title}."
        ),
        "validation_is": "performers who are not in the training part",
    }


def _noted(note: Path, *fields: str) -> list[Any]:
    """Return fields of the note that was written beside a set when it was made."""
    try:
        made = json.loads(note.read_text(encoding="utf-8"))
        return [made[field] for field in fields]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{note}: does not say how the set was made ({error!r}); make it again."
        ) from error


def metrics(measured: Evaluation) -> dict[str, Any]:
    """Return an evaluation as the numbers that a card and the command line show."""
    return {
        "n": measured.n,
        "accuracy": measured.accuracy,
        "accuracy_95": list(measured.accuracy_interval),
        "tied": measured.tied,
        "nasfr": measured.nasfr,
        "spikes_per_recording": measured.spikes_per_recording,
        "lasfr": measured.lasfr,
        "confusion": measured.confusion,
    }


def part_of(data: Labelled, card: Card, part: str) -> tuple[Sample, ...]:
    """Return the part of a data set that a checkpoint was trained or validated on.

    Args:
        data: The whole set as it was given to the training.
        card: The checkpoint's card.
        part: "training", "validation" or "all".

    Raises:
        DataError: If `data` is not the set of the card.
    """
    if part == "all":
        return (*data.samples, *data.test)
    if not {"recordings", "validation", "split_seed"} <= set(card.data):
        raise DataError(f"{card.name} does not say how its data were split: leave out --part.")
    training, validation = data.parts(
        card.data["validation"], card.data["split_seed"], card.data.get("first")
    )
    found = len(training) + len(validation)
    if found != card.data.get("recordings"):
        raise DataError(
            f"{card.name} was trained on a set of {card.data.get('recordings')} recordings, found "
            f"{found}: its {part} part cannot be told. Leave out --part to measure on all of them."
        )
    return training if part == "training" else validation
