"""Cards: what NAME.json says of a checkpoint, checked down to the values that others rely on.

Anybody may write or edit a card, and a page that lists checkpoints trusts every one of them:
types, ranges and depths are refused here, in words that name the field.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from masnn.errors import CheckpointError, reason
from masnn.frames import MAX_CELLS
from masnn.kinds import is_residual

#: Version of the card's layout; a reader of another version refuses.
CARD_VERSION = 1

MAX_CARD_BYTES = 1 << 20
MAX_DEPTH = 16


@dataclass(frozen=True)
class Card:
    """Describe a checkpoint; every field is written to and read from NAME.json.

    Args:
        name: Name of the checkpoint, the file's stem.
        config: Fields of `networks.NetworkConfig` or `residual_config.ResidualConfig`.
        classes: Class names in the order of the outputs.
        data: What it was trained on: name, licence, attribution, split sizes, split seed.
        training: Settings of the training, seed included; of an imported network the report of its
            conversion, as "imported".
        metrics: What was measured, on which part, with its n; nothing of an imported network.
        command: The command that makes it again.
        licence: Licence of the weights.
        sha256: Hash of NAME.safetensors, which holds `bound()` besides the weights.
    """

    name: str
    config: dict[str, Any]
    classes: tuple[str, ...]
    data: dict[str, Any]
    training: dict[str, Any]
    metrics: dict[str, Any]
    command: str
    licence: str
    sha256: str
    version: int = CARD_VERSION

    @property
    def is_imported(self) -> bool:
        """Return whether it was trained elsewhere: nothing was measured, no seed is known."""
        return "imported" in self.training

    @property
    def title(self) -> str:
        """Return what people call it: its attention, and the site where that is not the paper's."""
        attention = self.config["attention"]
        if is_residual(self.config):
            return self._residual_title()
        if attention == "none":
            return "vanilla + ReLU" if self.config.get("relu") else "vanilla"
        site = self.config["attention_site"]
        return str(attention) if site == "membrane" else f"{attention} ({site} site)"

    def _residual_title(self) -> str:
        """Return what people call a residual network: Res-SNN, MS-Res-SNN, CSA-Res-SNN."""
        attention, config = self.config["attention"], self.config
        shortcut = "MS-Res-SNN" if config.get("shortcut", "membrane") == "membrane" else "Res-SNN"
        name = shortcut if attention == "none" else f"{attention}-Res-SNN"
        after = attention != "none" and config["attention_site"] == "sum"
        site = " (after the sum)" if after else ""
        form = " (published code)" if config.get("form") == "code" else ""
        return f"{name}-{2 * sum(config['blocks']) + 2}{site}{form}"


def bound(config: dict[str, Any], classes: list[str] | tuple[str, ...]) -> dict[str, str]:
    """Return what the weights mean nothing without, each field as canonical JSON.

    It is stored beside the weights, so that one hash covers both.
    """
    fields = {f"config.{key}": value for key, value in config.items()} | {"classes": list(classes)}
    return {key: json.dumps(fields[key], sort_keys=True) for key in sorted(fields)}


def read_card(path: Path) -> Card:
    """Read and check a card.

    Raises:
        CheckpointError: If it is missing, damaged, of another version, lacks a field or holds a
            value that is none.
    """
    try:
        if path.stat().st_size > MAX_CARD_BYTES:
            raise CheckpointError(f"{path.name}: a card of more than {MAX_CARD_BYTES} bytes.")
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f"{path.name}: cannot be read as a JSON card ({reason(error)})."
        ) from error
    return parse(text, path.name)


def write_card(card: Card, path: Path) -> Card:
    """Write a card and return it as it will be read.

    Raises:
        CheckpointError: If it would be refused; nothing is written then.
    """
    text = json.dumps(dataclasses.asdict(card), indent=1, ensure_ascii=False)
    checked = parse(text, path.name)
    path.write_text(text + "\n", encoding="utf-8")
    return checked


def parse(text: str, where: str) -> Card:
    """Return the card that `text` holds; `where` is named in errors."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(
            f"{where}: cannot be read as a JSON card ({reason(error)})."
        ) from error
    fields = {field.name for field in dataclasses.fields(Card)}
    if not isinstance(content, dict) or content.get("version") != CARD_VERSION:
        raise CheckpointError(f"{where}: not a checkpoint card of version {CARD_VERSION}.")
    if set(content) != fields:
        odd = ", ".join(sorted(set(content) ^ fields))
        raise CheckpointError(f"{where}: fields missing from or unknown to a card: {odd}.")
    _refuse_strange(content, where)
    types = {"config": dict, "data": dict, "training": dict, "metrics": dict, "classes": list}
    for field in fields - {"version"}:
        if not isinstance(content[field], types.get(field, str)):
            raise CheckpointError(
                f"{where}: {field} must be a {types.get(field, str).__name__}, found "
                f"{type(content[field]).__name__}."
            )
    needed = _NEEDED
    if "imported" in content["training"]:
        needed = _NEEDED | _IMPORTED
        if content["metrics"]:
            raise CheckpointError(f"{where}: metrics of an imported network, which has none.")
    for part, kinds in needed.items():
        if missing := kinds.keys() - content[part].keys():
            raise CheckpointError(f"{where}: {part} lacks {', '.join(sorted(missing))}.")
    for part, kinds in (*_NEEDED.items(), *_IMPORTED.items(), *_OPTIONAL.items()):
        for key in kinds.keys() & content[part].keys():
            _check(content[part][key], *kinds[key], f"{where}: {part}.{key}")
    for key, value in content["config"].items():
        _check(value, *_SETTING, f"{where}: config.{key}")
    _check(content["classes"], *_TEXTS, f"{where}: classes")
    _check(content["sha256"], *_HASH, f"{where}: sha256")
    _refuse_misfit(content["config"], content["classes"], where)
    return Card(**{**content, "classes": tuple(content["classes"])})


def _refuse_misfit(config: dict[str, Any], classes: list[str], where: str) -> None:
    """Refuse classes that are not the network's, and a window that no recording can fill."""
    if len(classes) != config["n_classes"]:
        raise CheckpointError(
            f"{where}: names {len(classes)} classes, its n_classes is {config['n_classes']}."
        )
    if len(set(classes)) != len(classes):
        raise CheckpointError(f"{where}: two classes have one name.")
    # The recording is binned before the network is built, so the network's own limits come late.
    height, width = config["input_size"]
    if config["T"] * 2 * height * width > MAX_CELLS or config["T"] * config["dt_ms"] >= 1e15:
        raise CheckpointError(
            f"{where}: frames of {config['T']} steps of {config['dt_ms']:g} ms and {height} x "
            f"{width} px are larger than any recording's."
        )


def _refuse_strange(value: Any, where: str, depth: int = 0) -> None:
    """Refuse numbers that cannot be computed with or shown, and nesting without end."""
    if depth > MAX_DEPTH:
        raise CheckpointError(f"{where[:80]}: nested deeper than {MAX_DEPTH} levels.")
    if isinstance(value, dict):
        for key, inner in value.items():
            _refuse_strange(inner, f"{where}{': ' if depth == 0 else '.'}{key}", depth + 1)
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            _refuse_strange(inner, f"{where}[{i}]", depth + 1)
    elif isinstance(value, float) and not math.isfinite(value):
        raise CheckpointError(f"{where} must be a finite number, found {value}.")
    elif isinstance(value, int) and abs(value) >= 1 << 63:
        raise CheckpointError(f"{where} must be a number of at most 64 bits.")


def _is_number(value: Any) -> bool:
    # bool is a subclass of int: true is no number.
    return type(value) in (int, float)


def _is_size(value: Any) -> bool:
    return type(value) is int and value >= 1


def _is_setting(value: Any) -> bool:
    if isinstance(value, list):
        return all(type(v) is int for v in value)
    return value is None or isinstance(value, bool | int | float | str)


def _is_seed(value: Any) -> bool:
    numbers = ("seed", "n", "accuracy", "nasfr", "spikes_per_recording")
    return (
        isinstance(value, dict)
        and all(_is_number(value.get(field)) and value[field] >= 0 for field in numbers)
        and isinstance(value.get("key"), str)
        and _HASH[1](value.get("sha256"))
    )


#: A kind of value: what it must be in words, and the test.
Kind = tuple[str, Callable[[Any], bool]]

_TEXT: Kind = ("a text", lambda v: isinstance(v, str))
_TEXTS: Kind = ("a list of texts", lambda v: all(isinstance(c, str) for c in v))
_HASH: Kind = (
    "64 hexadecimal digits",
    lambda v: isinstance(v, str) and len(v) == 64 and set(v) <= set("0123456789abcdef"),
)
_SIZE: Kind = ("a whole number of at least 1", _is_size)
_COUNT: Kind = ("a whole number of at least 0", lambda v: type(v) is int and v >= 0)
# Frames are binned in whole microseconds.
_STEP_MS: Kind = ("a number of at least 0.001", lambda v: _is_number(v) and v >= 0.001)
_AMOUNT: Kind = ("a number of at least 0", lambda v: _is_number(v) and v >= 0)
_SHARE: Kind = ("a number in 0..1", lambda v: _is_number(v) and 0 <= v <= 1)
_INTERVAL: Kind = (
    "two numbers in 0..1",
    lambda v: isinstance(v, list) and len(v) == 2 and all(map(_SHARE[1], v)),
)
_SIDES: Kind = (
    "two whole numbers of at least 1, [height, width]",
    lambda v: isinstance(v, list) and len(v) == 2 and all(map(_is_size, v)),
)
_SETTING: Kind = ("a number, a text, true, false, null or a list of whole numbers", _is_setting)

#: What pages and reports read of every card.
_NEEDED: dict[str, dict[str, Kind]] = {
    "config": {
        "attention": _TEXT,
        "attention_site": _TEXT,
        "n_classes": _SIZE,
        "T": _SIZE,
        "dt_ms": _STEP_MS,
        "input_size": _SIDES,
    },
    "data": {"name": _TEXT, "attribution": _TEXT, "training": _COUNT},
    "training": {"seed": _COUNT, "epochs": _COUNT},
    "metrics": {
        "part": _TEXT,
        "n": _COUNT,
        "accuracy": _SHARE,
        "accuracy_95": _INTERVAL,
        "tied": _COUNT,
        "nasfr": _SHARE,
        "spikes_per_recording": _AMOUNT,
    },
}

#: What is needed instead of an imported network, which nothing was measured of.
_IMPORTED: dict[str, dict[str, Kind]] = {
    "data": {"name": _TEXT, "attribution": _TEXT},
    "training": {"imported": ("the report of a conversion", lambda v: isinstance(v, dict))},
    "metrics": {},
}

#: What is relied on where it is there.
_OPTIONAL: dict[str, dict[str, Kind]] = {
    "data": {
        **dict.fromkeys(("recordings", "validation", "test", "split_seed"), _COUNT),
        "transform": (
            "an object with resize, mean, std and prepare",
            lambda v: isinstance(v, dict) and {"resize", "mean", "std", "prepare"} == v.keys(),
        ),
        "first": ("null or a whole number of at least 1", lambda v: v is None or _is_size(v)),
    },
    "metrics": {
        "seeds": (
            "a list of what was measured of each seed: seed, n, accuracy, nasfr, "
            "spikes_per_recording, key, sha256",
            lambda v: isinstance(v, list) and len(v) > 0 and all(map(_is_seed, v)),
        )
    },
}


def _check(value: Any, expected: str, holds: Callable[[Any], bool], where: str) -> None:
    if not holds(value):
        found = json.dumps(value, ensure_ascii=False)
        found = found if len(found) <= 60 else f"{found[:60]}..."
        raise CheckpointError(f"{where} must be {expected}, found {found}.")
