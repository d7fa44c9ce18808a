"""Weights out of a file that nobody vouches for: what the limited child found, checked again."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

from masnn import confined
from masnn.errors import CheckpointError
from masnn.importers._child import CONTAINERS, MAX_NAME, MAX_TENSORS, MAX_TOLD, is_plain

if TYPE_CHECKING:
    from torch import Tensor

#: Att-Res-SNN-104 takes a third of it.
MAX_BYTES = 1 << 30
WALL_S = 180

#: What launchers put before every name.
_PREFIXES = ("module.", "_orig_mod.")

_MAX_WORDS = 400


@dataclass(frozen=True)
class Stored:
    """Describe what a file holds.

    Args:
        file: Its name, to speak of it.
        sha256: Its hash.
        weights: Tensors of 32 bits by their names, in the order of the file.
        container: Key under which they lay; "" where the file is the state dict.
        prefix: What was taken off before each name; "" for nothing.
        widened: Number of tensors that were stored in 16 bits.
        says: Plain values beside the weights, such as an accuracy.
        left_out: Names of whatever else lay beside them.
    """

    file: str
    sha256: str
    weights: dict[str, Tensor]
    container: str
    prefix: str
    widened: int
    says: dict[str, Any]
    left_out: tuple[str, ...]

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of a tensor.

        Raises:
            CheckpointError: If there is none of this name.
        """
        if name not in self.weights:
            raise CheckpointError(f"{self.file}: {name} is missing.")
        return tuple(self.weights[name].shape)


def opened(path: Path) -> Stored:
    """Return the weights that a file of torch.save holds.

    Raises:
        CheckpointError: If it holds anything but weights, is damaged or larger than `MAX_BYTES`.
    """
    try:
        if path.exists() and not path.is_file():
            raise CheckpointError(f"{path.name}: a folder, a device or a pipe; name a file.")
        if path.stat().st_size > MAX_BYTES:
            raise CheckpointError(f"{path.name}: more than {MAX_BYTES:,} bytes.")
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise CheckpointError(f"{path.name}: cannot be read: {error.strerror}.") from error
    weights, told = _in_child(path)
    _refuse_what_no_child_tells(told, weights, path.name)
    names = told["order"]
    prefix = ""
    while more := next((p for p in _PREFIXES if all(n.startswith(prefix + p) for n in names)), ""):
        prefix += more
    if prefix in names:
        raise CheckpointError(f"{path.name}: a tensor is called {prefix!r}, no name of a layer.")
    return Stored(
        file=path.name,
        sha256=sha256,
        weights={name.removeprefix(prefix): weights[name] for name in names},
        container=told["container"],
        prefix=prefix,
        widened=told["widened"],
        says=told["says"],
        left_out=tuple(told["left_out"]),
    )


def _refuse_what_no_child_tells(
    told: dict[str, Any], weights: Mapping[str, Tensor], file: str
) -> None:
    """Refuse facts of other types or sizes than the child's: they end in a card."""
    names, says, left_out = told.get("order"), told.get("says"), told.get("left_out")
    right = (
        _are_names(names, MAX_TENSORS)
        and len(names) == len(weights) > 0
        and set(names) == set(weights)
        and told.get("container") in ("", *CONTAINERS)
        and type(told.get("widened")) is int
        and 0 <= told["widened"] <= len(names)
        and isinstance(says, dict)
        and _are_names(list(says), MAX_TOLD)
        and all(is_plain(value) for value in says.values())
        and _are_names([value for value in says.values() if isinstance(value, str)], MAX_TOLD)
        and _are_names(left_out, MAX_TOLD)
    )
    if not right:
        raise CheckpointError(f"{file}: what was read of it is inconsistent.")


def _are_names(values: Any, most: int) -> TypeGuard[list[str]]:
    return (
        isinstance(values, list)
        and len(values) <= most
        and all(isinstance(value, str) and len(value) <= MAX_NAME for value in values)
    )


def _in_child(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return tensors and facts that the child left, trusting none of it.

    The tensors stay in the child's file, of which memory holds what is looked at.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    file = path.name
    child = confined.Child("masnn.importers._child")
    try:
        status = child.give("checkpoint", path, WALL_S)
        if status == confined.REFUSED:
            raise CheckpointError(f"{file}: {child.said()[:_MAX_WORDS].strip()}")
        if status != 0:
            raise CheckpointError(
                f"{file}: opening it was given up (status {status}); it is damaged, or declares "
                "more than its size lets it hold."
            )
        told = json.loads(child.said("told.json"))
        left = child.left("weights.safetensors")
        if left.stat().st_size > 2 * MAX_BYTES:
            raise ValueError("too large")
        weights = load_file(left)
        if not isinstance(told, dict):
            raise ValueError("no facts")
    except subprocess.TimeoutExpired:
        raise CheckpointError(f"{file}: opening it took more than {WALL_S} s.") from None
    except (OSError, ValueError, LookupError, TypeError, SafetensorError) as error:
        raise CheckpointError(f"{file}: what was read of it is inconsistent ({error}).") from error
    finally:
        child.end()
    return weights, told
