"""Labelled recordings in folders: one folder for each class, one file for each recording."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from masnn.errors import DataError, EventFileError
from masnn.frames import fixed_duration, to_frames
from masnn.networks import NetworkConfig
from masnn.readers import read_events


@dataclass(frozen=True)
class Labelled:
    """List recordings and their classes.

    Args:
        paths: File of each recording.
        labels: Index into `classes` of each recording.
        classes: Class names, in the order of a network's outputs.
    """

    paths: tuple[Path, ...]
    labels: tuple[int, ...]
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.paths)

    def take(self, indices: Sequence[int]) -> Labelled:
        """Return the recordings at `indices`."""
        return Labelled(
            tuple(self.paths[i] for i in indices),
            tuple(self.labels[i] for i in indices),
            self.classes,
        )


def labelled_folder(folder: Path, classes: Sequence[str] | None = None) -> Labelled:
    """List the recordings of a folder that holds one folder for each class.

    tonic's N-MNIST layout (NMNIST/Train/7/00001.bin) is found from any of its levels.

    Args:
        folder: The folder.
        classes: Class names in the order wanted, as a checkpoint's card has them; a folder of
            another name is an error. None takes the folder's own, in order.

    Raises:
        DataError: If it is missing, has no class folders, or its classes are not those asked for.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; name one that holds a folder for each class.")
    root = folder
    for inner in ("NMNIST", "Train"):
        if (root / inner).is_dir():
            root = root / inner
    found = sorted(p.name for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))
    if not found:
        raise DataError(f"{root}: expected one folder for each class, found no folder at all.")
    names = tuple(classes) if classes is not None else tuple(sorted(found, key=_natural))
    unknown = sorted(set(found) - set(names))
    if unknown:
        raise DataError(
            f"{root}: folders {', '.join(unknown[:5])} are none of the network's classes "
            f"({', '.join(names[:12])}{', ...' if len(names) > 12 else ''})."
        )
    paths, labels = [], []
    for label, name in enumerate(names):
        for path in sorted((root / name).iterdir()) if (root / name).is_dir() else []:
            if path.is_file() and not path.name.startswith("."):
                paths.append(path)
                labels.append(label)
    if not paths:
        raise DataError(f"{root}: the class folders hold no files.")
    return Labelled(tuple(paths), tuple(labels), names)


def split(data: Labelled, n_validation: int, seed: int) -> tuple[Labelled, Labelled]:
    """Split into training and validation parts with every class in its share, by a seed.

    Raises:
        DataError: If `n_validation` leaves nothing to train on, or is less than one per class.
    """
    n_classes = len(set(data.labels))
    if not n_classes <= n_validation < len(data):
        raise DataError(
            f"cannot keep {n_validation} of {len(data)} recordings for validation: take at least "
            f"{n_classes} (one a class) and leave some for training."
        )
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(data))
    labels = np.asarray(data.labels)[order]
    # Rank of each recording within its class, as a share of the class: taking the lowest ranks
    # over all classes takes the same share of each.
    rank = np.empty(len(data))
    for label in set(data.labels):
        members = np.flatnonzero(labels == label)
        rank[members] = (np.arange(len(members)) + 0.5) / len(members)
    chosen = np.argsort(rank, kind="stable")
    validation, training = order[chosen[:n_validation]], order[chosen[n_validation:]]
    return data.take(sorted(training.tolist())), data.take(sorted(validation.tolist()))


def load_frames(
    data: Labelled, config: NetworkConfig, progress: Callable[[int, int], None] | None = None
) -> tuple[Tensor, Tensor]:
    """Read recordings and bin them as the network wants, from each one's first event on.

    Args:
        data: The recordings.
        config: The network's T, dt_ms and input_size.
        progress: Called with the number done and the number in all.

    Returns:
        frames: Event counts, shape (N, T, 2, H, W), int16.
        labels: Class indices, shape (N,), int64.

    Raises:
        DataError: If a recording cannot be read or has no events.
    """
    frames = torch.empty((len(data), config.T, 2, *config.input_size), dtype=torch.int16)
    for i, path in enumerate(data.paths):
        try:
            events = read_events(path)
        except EventFileError as error:
            raise DataError(f"recording {i + 1} of {len(data)}: {error}") from error
        if not len(events):
            raise DataError(f"{path}: holds no events; remove it from the data.")
        edges_us = fixed_duration(config.dt_ms, config.T, int(events.t[0]))
        counts = to_frames(events, edges_us, config.input_size).counts
        if counts.max() > torch.iinfo(frames.dtype).max:
            raise DataError(f"{path}: more than 32767 events in one bin and pixel.")
        frames[i] = torch.from_numpy(counts.astype(np.int16))
        if progress is not None:
            progress(i + 1, len(data))
    return frames, torch.tensor(data.labels, dtype=torch.int64)


def download_nmnist(folder: Path) -> Path:
    """Download N-MNIST (60,000 training recordings) with tonic and return its training folder."""
    import tonic

    return Path(tonic.datasets.NMNIST(save_to=str(folder), train=True).location_on_system) / "Train"


def _natural(name: str) -> list[tuple[int, int, str]]:
    """Order "2" before "10"."""
    parts = re.findall(r"\d+|\D+", name)
    return [(0, int(p), "") if p.isdigit() else (1, 0, p) for p in parts]
