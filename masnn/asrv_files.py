"""Responses over a data set as files: one `.npz` of everything, and tables for other programs.

The `.npz` holds `about` (JSON in bytes) and, for each network "a" and "b", its arrays under names
such as "a.counts.conv1". Anybody may upload one: what is read is held against itself, and a file
that contradicts itself is refused.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masnn import archives
from masnn.asrv import About, Asrv, channels
from masnn.energy import Costs
from masnn.errors import DataError
from masnn.significance import wilson

#: Version of the layout; a reader of another version refuses.
VERSION = 1

#: The most that a file may unpack to: about fifty times a file of two networks of the zoo.
MAX_BYTES = 1 << 27

_MAX_ABOUT = 1 << 20
_MAX_CHANNELS = 64  # of the input
_MAX_TEXT, _MAX_CLASSES, _MAX_LAYERS = 300, 1_000, 1_000

#: Zeros pack a thousandfold, so these bound what a small file makes its reader compute and hold.
#: Steps and sides are those of `networks`, which is not asked because it loads torch.
MAX_RECORDINGS = 2_000_000
MAX_STEPS, MAX_SIDE = 10_000, 2_048
_MAX_LAYER_STEPS, _MAX_CHANNEL_STEPS = 1 << 17, 1 << 22

#: A table: rows with the same keys.
Rows = list[dict[str, Any]]


def encode(responses: Mapping[str, Asrv]) -> bytes:
    """Return the `.npz` of one network ("a") or two ("a" and "b")."""
    told = {who: dataclasses.asdict(response.about) for who, response in responses.items()}
    text = json.dumps({"version": VERSION, "networks": told}, ensure_ascii=False)
    arrays: dict[str, NDArray[Any]] = {"about": np.frombuffer(text.encode(), np.uint8)}
    for who, response in responses.items():
        for field in (
            *("labels", "predictions", "tied", "spikes", "steps", "operations", "inputs"),
        ):
            values = getattr(response, field)
            if values is not None:
                arrays[f"{who}.{field}"] = _small(values)
        for field in ("counts", "channels"):
            for layer, values in getattr(response, field).items():
                arrays[f"{who}.{field}.{layer}"] = _small(values)
    return archives.pack(arrays, level=9)


def decode(content: bytes, what: str = "asrv.npz") -> dict[str, Asrv]:
    """Return the responses that a file holds, by "a" and "b".

    Args:
        content: The file; anybody's.
        what: Its name, for errors.

    Raises:
        DataError: If it is no such file, too large, or contradicts itself.
    """
    arrays = archives.unpack(content, what, MAX_BYTES)
    about = arrays.pop("about", None)
    if about is None or about.dtype != np.uint8 or about.size > _MAX_ABOUT:
        raise DataError(f"{what}: not a file that `python -m masnn asrv` wrote.")
    try:
        told = json.loads(about.tobytes().decode())
        version, networks = told["version"], told["networks"]
        if version != VERSION or not set(networks) <= {"a", "b"} or "a" not in networks:
            raise DataError(f"{what}: of another version; make it again with this one.")
        read = {who: _about(fields) for who, fields in sorted(networks.items())}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(f"{what}: does not say whose responses it holds ({error}).") from error
    found = {}
    for who, one in read.items():
        prefix = f"{who}."
        mine = {
            name.removeprefix(prefix): array
            for name, array in arrays.items()
            if name.startswith(prefix)
        }
        try:
            found[who] = _response(one, mine)
        except (ValueError, LookupError) as error:
            raise DataError(f"{what}: network {who.upper()}: {error}.") from error
    return found


def _about(fields: dict[str, Any]) -> About:
    about = About(**{**fields, "classes": tuple(fields["classes"])})
    texts = (*dataclasses.astuple(dataclasses.replace(about, classes=(), dt_ms="")), *about.classes)  # type: ignore[arg-type]
    if any(text != () and (not isinstance(text, str) or len(text) > _MAX_TEXT) for text in texts):
        raise ValueError("a name that is none")
    if not 0 < len(about.classes) <= _MAX_CLASSES or len(set(about.classes)) < len(about.classes):
        raise ValueError("classes that are none")
    if type(about.dt_ms) not in (int, float) or not 0 < about.dt_ms < 1e9:
        raise ValueError(f"steps of {str(about.dt_ms)[:20]} ms")
    return about


def _response(about: About, arrays: dict[str, NDArray[Any]]) -> Asrv:
    """Return what the arrays of a network hold, held against each other."""
    layers = {
        field: {
            name.removeprefix(f"{field}."): values
            for name, values in arrays.items()
            if name.startswith(f"{field}.")
        }
        for field in ("counts", "channels")
    }
    counts, k = layers["counts"], len(about.classes)
    labels, n = arrays["labels"], len(np.atleast_1d(arrays["labels"]))
    if not counts or len(counts) > _MAX_LAYERS or n < 1:
        raise ValueError("it holds no layers or no recordings")
    steps = {len(values) if values.ndim in (2, 4) else 0 for values in counts.values()}
    if len(steps) != 1 or 0 in steps or any(0 in values.shape for values in counts.values()):
        raise ValueError("its layers are not (T, C, H, W) or (T, N) of one T")
    T = steps.pop()
    _refuse_large(n, T, counts)
    expected: dict[str, tuple[int, ...]] = {
        **{name: (n,) for name in ("labels", "predictions", "tied")},
        "spikes": (n, len(counts)),
        "steps": (k, len(counts), T),
        "operations": (n, 2),
        "inputs": _shape_of_inputs(arrays.get("inputs"), T),
        **{f"channels.{name}": (k, v.shape[1]) for name, v in counts.items() if v.ndim == 4},
        **{f"counts.{name}": values.shape for name, values in counts.items()},
    }
    for name, values in arrays.items():
        if values.shape != expected.get(name):
            raise ValueError(f"{name[:60]} has the shape {values.shape}"[:120])
        if values.dtype.kind not in "bu" and not (values.dtype.kind == "i" and values.min() >= 0):
            raise ValueError(f"{name[:60]} holds what is no count")
        if values.dtype.itemsize == 8 and values.max() > 1 << 53:
            raise ValueError(f"{name[:60]} holds numbers beyond 2^53")
    labels, predictions = (arrays[name].astype(np.int64) for name in ("labels", "predictions"))
    if max(int(labels.max()), int(predictions.max())) >= k:
        raise ValueError(f"a recording is of a class beyond its {k}")
    if any(int(values.max()) > n for values in counts.values()):
        raise ValueError(f"a neuron fires in more than its {n} recordings")
    read = Asrv(
        about,
        counts,
        labels,
        predictions,
        arrays["tied"] > 0,
        arrays["spikes"],
        arrays["steps"],
        layers["channels"],
        arrays.get("operations"),
        arrays.get("inputs"),
    )
    _refuse_other_sums(read)
    return read


def _shape_of_inputs(inputs: NDArray[Any] | None, T: int) -> tuple[int, ...]:
    """Return the shape of inputs if it is one, else one that no array has."""
    if inputs is None or inputs.ndim != 4 or len(inputs) not in (1, T):
        return (-1,)
    _, channels, height, width = inputs.shape
    fits = 1 <= channels <= _MAX_CHANNELS and 1 <= height <= MAX_SIDE and 1 <= width <= MAX_SIDE
    return inputs.shape if fits else (-1,)


def _refuse_large(n: int, T: int, counts: Mapping[str, NDArray[Any]]) -> None:
    """Refuse what no network and no data set has."""
    if n > MAX_RECORDINGS:
        raise ValueError(f"it holds {n:,} recordings; at most {MAX_RECORDINGS:,} are read")
    if T > MAX_STEPS or T * len(counts) > _MAX_LAYER_STEPS:
        raise ValueError(f"it holds {T:,} steps of {len(counts):,} layers, more than are read")
    for name, values in counts.items():
        too_many = values.ndim == 4 and T * values.shape[1] > _MAX_CHANNEL_STEPS
        if too_many or max(values.shape[2:], default=0) > MAX_SIDE:
            raise ValueError(f"{name[:60]} has maps {values.shape}, larger than are read"[:160])


def _refuse_other_sums(read: Asrv) -> None:
    """Refuse responses whose numbers are not those of one and the same spikes.

    A recording's spikes are held against its layer's neurons first: all sums fit then.
    """
    for place, (name, counts) in enumerate(read.counts.items()):
        most = read.T * read.neurons[name]
        if int(read.spikes[:, place].max()) > most:
            raise ValueError(f"a recording has more than {most:,} spikes in {name[:60]}")
        by_step = counts.sum(tuple(range(1, counts.ndim)), dtype=np.int64)
        by_class = np.zeros(len(read.about.classes), np.int64)
        np.add.at(by_class, read.labels, read.spikes[:, place].astype(np.int64))
        steps = read.steps[:, place]
        pairs = [
            (steps.sum(0, dtype=np.int64), by_step),
            (steps.sum(1, dtype=np.int64), by_class),
        ]
        if name in read.channels:
            of, by_channel = read.channels[name], counts.sum((0, 2, 3), dtype=np.int64)
            pairs += [
                (of.sum(0, dtype=np.int64), by_channel),
                (of.sum(1, dtype=np.int64), by_class),
            ]
        if not all(np.array_equal(one, other) for one, other in pairs):
            raise ValueError(
                f"spikes of neurons, recordings, classes, steps and channels have other sums in "
                f"{name[:60]}"
            )


def _small(values: NDArray[Any]) -> NDArray[Any]:
    """Return whole numbers of 0 or more in the fewest bytes that hold them all."""
    return values.astype(np.min_scalar_type(int(values.max()) if values.size else 0))


def layer_rows(responses: Mapping[str, Asrv]) -> Rows:
    """Return a row for each network, layer and step: rate, and how many channels are silent."""
    return [
        {
            "network": who.upper(),
            "layer": layer,
            "step": t + 1,
            "neurons": response.neurons[layer],
            "rate": float(rate),
            "channels": None if silent is None else silent.shape[1],
            "silent": None if silent is None else int(silent[t].sum()),
            "near_one": None if near is None else int(near[t].sum()),
        }
        for who, response in responses.items()
        for layer in response.counts
        for silent, near in [_kinds(response, layer)]
        for t, rate in enumerate(response.layer_rates(layer))
    ]


def _kinds(response: Asrv, layer: str) -> tuple[NDArray[np.bool_] | None, NDArray[np.bool_] | None]:
    if layer not in response.maps:
        return None, None
    found = channels(response, layer)
    return found.silent, found.near_one


def channel_rows(responses: Mapping[str, Asrv]) -> Rows:
    """Return a row for each network, layer, step and channel."""
    return [
        {
            "network": who.upper(),
            "layer": layer,
            "step": t + 1,
            "channel": c,
            "mean_rate": float(found.mean[t, c]),
            "highest_rate": float(found.highest[t, c]),
            "silent": bool(found.silent[t, c]),
            "near_one": bool(found.near_one[t, c]),
        }
        for who, response in responses.items()
        for layer in response.maps
        for found in [channels(response, layer)]
        for t, c in np.ndindex(*found.mean.shape)
    ]


def class_rows(responses: Mapping[str, Asrv], costs: Costs) -> Rows:
    """Return a row for each network and class: accuracy, spikes and energy of a recording."""
    rows = []
    for who, response in responses.items():
        energy = response.energy_uj(costs)
        for label, name in enumerate(response.about.classes):
            of = response.labels == label
            n, right = int(of.sum()), int((of & response.right).sum())
            low, high = wilson(right, n) if n else (None, None)
            rows.append(
                {
                    "network": who.upper(),
                    "class": name,
                    "n": n,
                    "right": right,
                    "accuracy": right / n if n else None,
                    "accuracy_low": low,
                    "accuracy_high": high,
                    "spikes": float(response.spikes[of].sum(1).mean()) if n else None,
                    "nasfr": float(response.nasfr[of].mean()) if n else None,
                    "energy_uj": float(energy[of].mean()) if n and energy is not None else None,
                    **{
                        f"spikes_{layer}": float(response.spikes[of, i].mean()) if n else None
                        for i, layer in enumerate(response.counts)
                    },
                }
            )
    return _evened(rows)


def sample_rows(responses: Mapping[str, Asrv], names: Sequence[str], costs: Costs) -> Rows:
    """Return a row for each network and recording.

    Args:
        responses: By network.
        names: What the recordings are called, (n,).
        costs: Prices of operations.
    """
    rows = []
    for who, response in responses.items():
        energy, classes = response.energy_uj(costs), response.about.classes
        for i, name in enumerate(names):
            rows.append(
                {
                    "network": who.upper(),
                    "recording": name,
                    "class": classes[response.labels[i]],
                    "prediction": classes[response.predictions[i]],
                    "right": bool(response.right[i]),
                    "tied": bool(response.tied[i]),
                    "spikes": int(response.spikes[i].sum()),
                    "nasfr": float(response.nasfr[i]),
                    "energy_uj": None if energy is None else float(energy[i]),
                    **{
                        f"spikes_{x}": int(response.spikes[i, j])
                        for j, x in enumerate(response.counts)
                    },
                }
            )
    return _evened(rows)


def _evened(rows: Rows) -> Rows:
    """Return rows that all have every key, for networks of different layers."""
    keys = dict.fromkeys(key for row in rows for key in row)
    return [{key: row.get(key) for key in keys} for row in rows]
