"""Weights out of a file that nobody vouches for: what the limited child found, checked again."""

from __future__ import annotations

import hashlib
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from masnn import confined
from masnn.errors import CheckpointError

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
        if path.stat().st_size > MAX_BYTES:
            raise CheckpointError(f"{path.name}: more than {MAX_BYTES:,} bytes.")
        content = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path.name}: cannot be read: {error.strerror}.") from error
    weights, told = _in_child(content, path.name)
    names = told["order"]
    prefix = ""
    while more := next((p for p in _PREFIXES if all(n.startswith(prefix + p) for n in names)), ""):
        prefix += more
    return Stored(
        file=path.name,
        sha256=hashlib.sha256(content).hexdigest(),
        weights={name.removeprefix(prefix): weights[name] for name in names},
        container=told["container"],
        prefix=prefix,
        widened=told["widened"],
        says=told["says"],
        left_out=tuple(told["left_out"]),
    )


def _in_child(content: bytes, file: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return tensors and facts that the child left, trusting none of it."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    child = confined.Child("masnn.importers._child")
    try:
        status = child.give("checkpoint", content, WALL_S)
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
        weights = load(left.read_bytes())
        if set(told["order"]) != set(weights):
            raise ValueError("names differ")
    except subprocess.TimeoutExpired:
        raise CheckpointError(f"{file}: opening it took more than {WALL_S} s.") from None
    except (OSError, ValueError, LookupError, TypeError, SafetensorError) as error:
        raise CheckpointError(f"{file}: what was read of it is inconsistent ({error}).") from error
    finally:
        child.end()
    return weights, told
