"""Labelled recordings behind one door: public data sets in their own layouts, or class folders."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from masnn.errors import DataError, reason
from masnn.framesets import Sample
from masnn.layouts import BACKGROUND, NAMED, TEST, TRAINING, WRAPPERS, dvs128, natural, ncaltech
from masnn.readers import read_events
from masnn.simulate.gestures import GESTURES


@dataclass(frozen=True)
class Labelled:
    """List recordings and their classes.

    Args:
        samples: The recordings; of a set with a test part of its own, those to learn from.
        classes: Class names, in the order of a network's outputs.
        test: The set's own test part; empty where it has none.
        warnings: What was left out, in plain words.

    Raises:
        DataError: If somebody performs in both parts.
    """

    samples: tuple[Sample, ...]
    classes: tuple[str, ...]
    test: tuple[Sample, ...] = ()
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        known, asked = ({sample.group for sample in part} for part in (self.samples, self.test))
        shared = sorted((known & asked) - {""})
        if shared:
            raise DataError(
                f"{', '.join(shared[:5])}: in the training and in the test part; what is measured "
                "would be known already."
            )

    def __len__(self) -> int:
        return len(self.samples) + len(self.test)

    def parts(
        self, n_validation: int, seed: int = 0, first: int | None = None
    ) -> tuple[tuple[Sample, ...], tuple[Sample, ...]]:
        """Return the recordings to learn from and those to measure on.

        The latter are the set's own test part. Where it has none, or where only the `first`
        recordings are asked for, they are drawn by a seed, every class with its share.

        Args:
            n_validation: Recordings to draw.
            seed: Of the draw.
            first: Use only this many recordings, the first ones by file name.

        Raises:
            DataError: If too few recordings are there.
        """
        if first is None and self.test:
            return self.samples, self.test
        samples = self.samples
        if first is not None:
            if first > len(samples):
                raise DataError(f"the first {first} of {len(samples)} recordings were asked for.")
            by_name = sorted(range(len(samples)), key=lambda i: natural(samples[i].path.name))
            samples = tuple(samples[i] for i in sorted(by_name[:first]))
        return _drawn(samples, n_validation, seed)


def open_dataset(folder: Path, classes: Sequence[str] | None = None) -> Labelled:
    """List the recordings of a data set, whose layout is recognised.

    DVS128 Gesture as tonic or IBM lays it out, DVS128 Gait as MA-SNN's code does, and class folders
    (CLASS/RECORDING, in train/ and test/ or alone), which is how N-MNIST, N-Caltech101 and
    CIFAR10-DVS come. A file named subjectNNN... is of that performer.

    Args:
        folder: The folder.
        classes: Class names in the order wanted, as a checkpoint's card has them; a recording of
            another class is an error. None takes the set's own.

    Raises:
        DataError: If the folder is missing, empty, or its classes are not those asked for.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; name one that holds a folder for each class.")
    root = _unwrapped(folder)
    for layout in NAMED.values():
        parts = layout(root)
        if parts is not None:
            samples, test, warnings = parts
            names = _names_of(root, samples + test, classes)
            return _labelled(samples, names, test, warnings)
    return _class_folders(root, classes)


def _unwrapped(folder: Path) -> Path:
    """Return the folder inside those that a data set unpacks into."""
    names = {path.name for path in _folders(folder)}
    inner = [name for name in WRAPPERS if name in names]
    if len(inner) > 1:
        raise DataError(f"{folder}: holds several data sets ({', '.join(inner)}); name one.")
    return _unwrapped(folder / inner[0]) if inner else folder


def _labelled(
    samples: Sequence[Sample],
    names: tuple[str, ...],
    test: Sequence[Sample],
    warnings: Sequence[str],
) -> Labelled:
    if not samples:  # a test part alone is a set like any other
        samples, test = test, ()
    return Labelled(tuple(samples), names, tuple(test), tuple(warnings))


def _names_of(
    root: Path, samples: Sequence[Sample], classes: Sequence[str] | None
) -> tuple[str, ...]:
    """Return the classes of a layout that numbers them, checked against those asked for."""
    if not samples:
        raise DataError(f"{root}: holds no recordings.")
    highest = max(sample.label for sample in samples)
    gesture = bool(samples[0].group)
    own = GESTURES if gesture else tuple(str(i) for i in range(highest + 1))
    if classes is None:
        return own
    if tuple(classes[: len(own)]) != own:
        raise DataError(
            f"{root}: its classes ({', '.join(own[:3])}, ...) are not the network's "
            f"({', '.join(classes[:3])}, ...)."
        )
    return tuple(classes)


def _class_folders(root: Path, classes: Sequence[str] | None) -> Labelled:
    train, test, left_out = _part_folders(root)
    roots = [part for part in (train, test) if part is not None]
    found = sorted({path.name for part in roots for path in _folders(part)}, key=natural)
    if not found:
        raise DataError(f"{root}: expected one folder for each class, found no folder at all.")
    if classes is not None:
        names = tuple(classes)
    else:
        names = GESTURES if set(found) <= set(GESTURES) else tuple(found)
    unknown = sorted(set(found) - set(names))
    if unknown:
        raise DataError(
            f"{root}: folders {', '.join(unknown[:5])} are none of the network's classes "
            f"({', '.join(names[:12])}{', ...' if len(names) > 12 else ''})."
        )
    parts = [[] if part is None else _in_classes(part, names) for part in (train, test)]
    if not any(parts):
        raise DataError(f"{root}: the class folders hold no files.")
    warnings = [f"{path.name}: is neither part of the set; left out." for path in left_out]
    return _labelled(parts[0], names, parts[1], warnings)


def _part_folders(root: Path) -> tuple[Path | None, Path | None, list[Path]]:
    """Return the training part, the test part and what is neither."""
    inner = _folders(root)
    train = [path for path in inner if path.name.lower() in TRAINING]
    test = [path for path in inner if path.name.lower() in TEST]
    # Beside other folders, a single "train" is a class: of vehicles, say.
    if not (train or test) or (len(train + test) == 1 and len(inner) > 1):
        return root, None, []
    if len(train) > 1 or len(test) > 1:
        raise DataError(
            f"{root}: holds the parts {', '.join(sorted(p.name for p in train + test))}; expected "
            "one to train on and one to measure on: move the others elsewhere."
        )
    left_out = [path for path in inner if path not in train + test]
    return (train[0] if train else None), (test[0] if test else None), left_out


def _in_classes(root: Path, names: Sequence[str]) -> list[Sample]:
    caltech = BACKGROUND in names
    samples = []
    for label, name in enumerate(names):
        for path in sorted((root / name).iterdir()) if (root / name).is_dir() else []:
            if path.is_file() and not path.name.startswith("."):
                performer = re.match(r"subject\d+", path.name)
                group = performer[0] if performer else ""
                # DVS128 Gait is text in numbered folders, one for each performer.
                gait = name.isdigit() and path.suffix == ".txt"
                reader = ncaltech if caltech else dvs128 if gait else read_events
                samples.append(Sample(path, label, group=group, reader=reader))
    return samples


def _folders(root: Path) -> list[Path]:
    return [path for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")]


def _drawn(
    samples: tuple[Sample, ...], n: int, seed: int
) -> tuple[tuple[Sample, ...], tuple[Sample, ...]]:
    """Return the rest and `n` samples with every class in its share, by a seed."""
    classes = np.array([sample.label for sample in samples])
    n_classes = len(np.unique(classes))
    if not n_classes <= n < len(samples):
        raise DataError(
            f"cannot keep {n} of {len(samples)} recordings for validation: take at least "
            f"{n_classes} (one a class) and leave some for training."
        )
    order = np.random.default_rng(seed).permutation(len(samples))
    if any(sample.group for sample in samples):
        return _drawn_by_group(samples, n, order)
    labels = classes[order]
    # Rank of each recording within its class, as a share of the class: taking the lowest ranks
    # over all classes takes the same share of each.
    rank = np.empty(len(samples))
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        rank[members] = (np.arange(len(members)) + 0.5) / len(members)
    chosen = order[np.argsort(rank, kind="stable")]
    drawn = set(chosen[:n].tolist())
    return (
        tuple(sample for i, sample in enumerate(samples) if i not in drawn),
        tuple(samples[i] for i in sorted(drawn)),
    )


def _drawn_by_group(
    samples: tuple[Sample, ...], n: int, order: NDArray[np.intp]
) -> tuple[tuple[Sample, ...], tuple[Sample, ...]]:
    """Return the rest and at least `n` samples, whole groups as they come in `order`."""
    # A recording of nobody in particular is a group of its own.
    groups = [sample.group or str(i) for i, sample in enumerate(samples)]
    sizes = Counter(groups)
    drawn: set[str] = set()
    for i in order.tolist():
        if sum(sizes[group] for group in drawn) >= n:
            break
        drawn.add(groups[i])
    parts = [
        tuple(s for s, group in zip(samples, groups, strict=True) if (group in drawn) == chosen)
        for chosen in (False, True)
    ]
    if len({s.label for s in parts[1]}) < len({s.label for s in samples}) or not parts[0]:
        raise DataError(
            f"cannot keep {n} of {len(samples)} recordings for validation: nobody may be in both "
            f"parts, and the {len(sizes)} who perform do not show every class in both."
        )
    return parts[0], parts[1]


def download(name: str, folder: Path) -> Path:
    """Download a data set with tonic and return the folder to open.

    Args:
        name: "nmnist", "gesture" or "cifar10dvs".
        folder: Where tonic puts it.
    """
    import tonic

    makers = {
        "nmnist": tonic.datasets.NMNIST,
        "gesture": tonic.datasets.DVSGesture,
        "cifar10dvs": tonic.datasets.CIFAR10DVS,
    }
    if name not in makers:
        raise DataError(f"{name}: cannot be downloaded; known are {', '.join(makers)}.")
    options = {"train": True} if name in ("nmnist", "gesture") else {}
    try:
        if name == "gesture":  # in two parts; N-MNIST's test part is not needed to train the zoo
            makers[name](save_to=str(folder), train=False)
        return Path(makers[name](save_to=str(folder), **options).location_on_system)
    except (OSError, RuntimeError) as error:
        raise DataError(f"{name}: the download to {folder} failed ({reason(error)}).") from error
