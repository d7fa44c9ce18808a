"""How public data sets lie on disk, and how those files are read that no event format covers."""

from __future__ import annotations

import csv
import functools
import pickle
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from masnn.errors import DataError, reason
from masnn.events import Events
from masnn.framesets import Sample
from masnn.readers import read_events
from masnn.simulate.gestures import GESTURES

#: (training, test, warnings): what a layout's function returns.
Parts = tuple[list[Sample], list[Sample], list[str]]

#: Folders into which data sets unpack, looked through from the outside in.
WRAPPERS = ("NMNIST", "CIFAR10DVS", "DVSGesture", "DvsGesture", "NCALTECH101", "Caltech101")
TRAINING = ("train", "training")
TEST = ("test", "testing", "validation", "val")
BACKGROUND = "BACKGROUND_Google"


def gesture_tonic(root: Path) -> Parts | None:
    """DVS128 Gesture as tonic unpacks it: ibmGestureTrain/user01_fluorescent/0.npy, 0 to 10.

    Each file is an (n, 4) array of x, y, polarity and time in ms (`tonic.datasets.DVSGesture`).
    """
    folders = [root / f"ibmGesture{part}" for part in ("Train", "Test")]
    if not any(folder.is_dir() for folder in folders):
        return None
    parts = []
    for folder in folders:
        files = sorted(folder.glob("user*_*/*.npy"), key=lambda p: (p.parent.name, natural(p.stem)))
        for file in files:
            if not (file.stem.isdigit() and int(file.stem) < len(GESTURES)):
                raise DataError(f"{file}: expected a name from 0.npy to {len(GESTURES) - 1}.npy.")
        parts.append(
            [
                Sample(
                    file, int(file.stem), group=file.parent.name.partition("_")[0],
                    reader=gesture_array,
                )
                for file in files
            ]
        )  # fmt: skip
    return parts[0], parts[1], []


def gesture_array(path: Path) -> Events:
    """Read a file of tonic's DVS128 Gesture: (n, 4), x, y, polarity, time in ms."""
    try:
        table = np.load(path, allow_pickle=False)
    except Exception as error:  # whatever a damaged file makes NumPy raise
        raise DataError(f"{path}: cannot be read as an array ({reason(error)}).") from error
    if table.ndim != 2 or table.shape[1] != 4 or table.dtype.kind not in "iuf":
        raise DataError(
            f"{path}: expected numbers (n, 4): x, y, p, t in ms; found {table.shape} of "
            f"{table.dtype}."
        )
    x, y, p, t_ms = table.T
    return _events(path, x, y, p, np.rint(t_ms.astype(np.float64) * 1000))


def gesture_ibm(root: Path) -> Parts | None:
    """DVS128 Gesture as IBM ships it: user01_led.aedat, user01_led_labels.csv, trials_to_*.txt.

    A row of the csv is class (1 to 11), startTime_usec, endTime_usec: a span of the recording. In
    the original a row of user22_led (class 9) ends after the next one began: it is kept, as
    SpikingJelly keeps it, so that counts agree with published ones, and told. A row that does not
    end after it starts is left out and told, as are recordings that neither list names.
    """
    lists = [root / f"trials_to_{part}.txt" for part in ("train", "test")]
    if not all(file.is_file() for file in lists):
        return None
    parts: list[list[Sample]] = []
    warnings: list[str] = []
    listed: set[Path] = set()
    for file in lists:
        part: list[Sample] = []
        for name in file.read_text(encoding="utf-8", errors="replace").split():
            recording = root / Path(name).name
            labels = recording.with_name(f"{recording.stem}_labels.csv")
            if not (recording.is_file() and labels.is_file()):
                raise DataError(f"{file.name} names {name}: it or {labels.name} is missing.")
            group = recording.stem.partition("_")[0]
            listed.add(recording)
            for label, span in _spans(labels, warnings):
                part.append(Sample(recording, label, span, group, reader=gesture_trials))
        parts.append(part)
    for path in sorted(set(root.glob("*.aedat")) - listed):
        warnings.append(f"{path.name}: neither list of trials names it; left out.")
    return parts[0], parts[1], warnings


@functools.lru_cache(maxsize=1)
def gesture_trials(path: Path) -> Events:
    """Read a recording of IBM's once for its dozen gestures, which follow one another."""
    return read_events(path)


def _spans(labels: Path, warnings: list[str]) -> Iterator[tuple[int, tuple[int, int]]]:
    """Yield class index and span of each good row of a label file."""
    with labels.open(newline="", encoding="utf-8", errors="replace") as file:
        rows = list(csv.reader(file))[1:]
    try:
        table = [tuple(int(cell) for cell in row[:3]) for row in rows if row]
        if any(len(row) != 3 or not 1 <= row[0] <= len(GESTURES) for row in table):
            raise ValueError("a row is not class 1 to 11, start, end")
    except ValueError as error:
        raise DataError(
            f"{labels}: expected class,startTime_usec,endTime_usec: {error}."
        ) from error
    for (kind, start, stop), after in zip(table, [*table[1:], None], strict=True):
        what = f"{labels.name}: class {kind} from {start} to {stop} us"
        if stop <= start:
            warnings.append(f"{what} does not end after it starts; left out.")
            continue
        if after is not None and stop > after[1]:
            warnings.append(f"{what} ends after the next one began; kept.")
        yield kind - 1, (start, stop)


def gait_arrays(root: Path) -> Parts | None:
    """DVS128 Gait as the code of MA-SNN keeps it: npy/train/train_data.npy and train_target.npy.

    The former is an object array of (n, 4) tables t (us), x, y, p, the latter holds the performer
    of each; classes are performers. That code makes them from train/SUBJECT/*.txt with the same
    columns, which is read as class folders. (github.com/BICLab/Attention-SNN, DVSGait.)
    """
    root = root / "npy" if (root / "npy").is_dir() else root
    files = [root / part / f"{part}_data.npy" for part in ("train", "test")]
    if not all(file.is_file() for file in files):
        return None
    parts = []
    for file in files:
        targets = np.asarray(_objects(file.with_name(file.name.replace("data", "target"))))
        tables = _objects(file)
        if len(tables) != len(targets):
            raise DataError(f"{file}: {len(tables)} recordings, but {len(targets)} targets.")
        parts.append(
            [Sample(file, int(y), reader=gait_item, item=i) for i, y in enumerate(targets.tolist())]
        )
    return parts[0], parts[1], []


def gait_item(path: Path, item: int) -> Events:
    """Read one recording of a gait array: (n, 4), t in us, x, y, p."""
    table = np.asarray(_objects(path)[item])
    if table.ndim != 2 or table.shape[1] != 4 or table.dtype.kind not in "iu":
        raise DataError(f"{path}: recording {item}: expected whole numbers (n, 4): t, x, y, p.")
    t, x, y, p = table.T
    return _events(path, x, y, p, t)


@functools.lru_cache(maxsize=2)
def _objects(path: Path) -> NDArray[Any]:
    """Read an array that may hold arrays as objects, running nothing that the pickle names."""
    try:
        with path.open("rb") as file:
            version = npy.read_magic(file)
            read_header = (
                npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            )
            shape, _, dtype = read_header(file)
            if dtype != np.dtype(object):
                return np.load(path, allow_pickle=False)
            values = np.asarray(_ArraysOnly(file).load(), dtype=object)
            if values.shape != shape:
                raise ValueError(f"holds {values.shape}, its header says {shape}")
            return values
    except Exception as error:  # whatever a damaged pickle makes NumPy raise
        raise DataError(
            f"{path}: cannot be read as an array of arrays ({reason(error)})."
        ) from error


class _ArraysOnly(pickle.Unpickler):
    """An unpickler that makes NumPy arrays and nothing else."""

    _ALLOWED = (
        ("numpy", "ndarray"),
        ("numpy", "dtype"),
        ("numpy.core.multiarray", "_reconstruct"),
        ("numpy._core.multiarray", "_reconstruct"),
        ("numpy._core.numeric", "_frombuffer"),
        ("numpy.core.numeric", "_frombuffer"),
        ("_codecs", "encode"),
    )

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self._ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is no array")
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def _events(path: Path, x: Any, y: Any, p: Any, t: Any) -> Events:
    """Return the events of a DVS128; times that fall back are sorted, stably."""
    order = np.argsort(t, kind="stable")
    columns = [np.asarray(column)[order] for column in (x, y, p, t)]
    try:
        if not all(np.isfinite(column).all() for column in columns):
            raise ValueError("values must be finite")
        whole = [column.astype(np.int64) for column in columns]
        if any((a != b).any() for a, b in zip(whole, columns, strict=True)):
            raise ValueError("values must be whole numbers")
        x, y, p, t = (np.asarray(column) for column in whole)
        return Events(x=x, y=y, t=t, p=p, width=128, height=128)
    except ValueError as error:
        raise DataError(f"{path}: {error}.") from error


def dvs128(path: Path) -> Events:
    """Read a recording of a DVS128 whose file does not name the sensor."""
    return _on(path, (128, 128))


def ncaltech(path: Path) -> Events:
    """Read a recording of N-Caltech101, whose files do not give the field of 240 x 180 px.

    The images differ in size: guessed from its events, each recording would have another sensor
    and be scaled by another factor.
    """
    return _on(path, (240, 180))


def _on(path: Path, sensor: tuple[int, int]) -> Events:
    events = read_events(path)
    try:
        return Events(events.x, events.y, events.t, events.p, *sensor)
    except ValueError as error:
        raise DataError(f"{path}: {error}, as the data set's sensor has it.") from error


def natural(name: str) -> list[tuple[int, int, str]]:
    """Return a key that orders "2" before "10"."""
    parts = re.findall(r"\d+|\D+", name)
    return [(0, int(p), "") if p.isdigit() else (1, 0, p) for p in parts]


#: Layouts with names of their own; whatever is none of these is looked at as class folders.
NAMED: dict[str, Callable[[Path], Parts | None]] = {
    "DVS128 Gesture (tonic)": gesture_tonic,
    "DVS128 Gesture (IBM)": gesture_ibm,
    "DVS128 Gait": gait_arrays,
}
