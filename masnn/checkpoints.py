"""Checkpoints: NAME.safetensors holds the weights, NAME.json the card that explains them.

The card rebuilds the network (`config`), names its classes and says where its numbers come from.
Configuration and classes lie in NAME.safetensors too: its hash vouches for them with the weights.
Nothing is unpickled. A file that does not fit its card is refused before a network is built.
"""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from masnn.cards import Card, bound, parse, read_card
from masnn.errors import CheckpointError, reason

if TYPE_CHECKING:
    from torch import Tensor

    from masnn.architectures import Network

__all__ = [
    "FOLDER",
    "Card",
    "available",
    "load",
    "locate",
    "problems",
    "read_card",
    "rounded",
    "save",
]

#: Where shipped checkpoints lie; MASNN_CHECKPOINTS names another folder.
FOLDER = Path(
    os.environ.get("MASNN_CHECKPOINTS", Path(__file__).resolve().parents[1] / "checkpoints")
)

#: No shipped network comes near it; larger files are refused before they are read.
MAX_BYTES = 1 << 30

#: The one key of the metadata; the format does not fix the order of several, nor so the hash.
_METADATA = "card"


def available(folder: Path | None = None) -> dict[str, Card]:
    """Return the cards of all checkpoints in `folder` (the shipped ones by default) by name.

    Broken ones are left out; `problems` says what is wrong with them.
    """
    return _scan(folder)[0]


def problems(folder: Path | None = None) -> dict[str, str]:
    """Return what is wrong with the checkpoints that `available` leaves out, by name."""
    return _scan(folder)[1]


def _scan(folder: Path | None) -> tuple[dict[str, Card], dict[str, str]]:
    folder = FOLDER if folder is None else folder
    if not folder.is_dir():
        raise CheckpointError(f"{folder}: no such folder of checkpoints.")
    cards, broken = {}, {}
    for path in sorted(folder.glob("*.json"), key=lambda path: path.stem):
        try:
            card = read_card(path)
            if not path.with_suffix(".safetensors").is_file():
                raise CheckpointError(f"{path.stem}.safetensors: the weights are missing.")
            cards[path.stem] = card
        except CheckpointError as error:
            broken[path.stem] = str(error)
    return cards, broken


def locate(name: str, folder: Path | None = None) -> Path:
    """Return the card's path for a checkpoint's name, or for a path to either of its files.

    Raises:
        CheckpointError: If there is none of this name; the message lists those that are there.
    """
    folder = FOLDER if folder is None else folder
    path = Path(name)
    if path.suffix in {".json", ".safetensors"} or len(path.parts) > 1:
        path = path if path.suffix == ".json" else path.with_suffix(".json")
        if not path.is_file():
            raise CheckpointError(f"{name}: no such checkpoint (its card {path} is missing).")
        return path
    path = folder / f"{name}.json"
    if not path.is_file():
        names = ", ".join(sorted(p.stem for p in folder.glob("*.json"))) or "none"
        raise CheckpointError(f"{name}: no checkpoint of this name. Available: {names}.")
    return path


def save(network: Network, folder: Path, *, half: bool = False, **card: Any) -> Card:
    """Write NAME.safetensors and NAME.json.

    Args:
        network: The network.
        folder: Where to write.
        half: Whether to store weights in 16 bits; measure `rounded(network)`, not the network.
        **card: `Card`'s fields but config and sha256.

    Raises:
        CheckpointError: If the card would be refused, or a weight does not fit into 16 bits;
            nothing is written then.
    """
    from safetensors.torch import save as to_bytes

    config = dataclasses.asdict(network.config)
    metadata = {_METADATA: json.dumps(bound(config, card["classes"]))}
    content = to_bytes(_stored(network, half), metadata=metadata)
    written = Card(config=config, sha256=hashlib.sha256(content).hexdigest(), **card)
    text = json.dumps(dataclasses.asdict(written), indent=1, ensure_ascii=False)
    checked = parse(text, f"{written.name}.json")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{written.name}.safetensors").write_bytes(content)
    (folder / f"{written.name}.json").write_text(text + "\n", encoding="utf-8")
    return checked


def rounded(network: Network) -> Network:
    """Return a copy with the weights that `save(half=True)` keeps, to measure what is shipped."""
    network = copy.deepcopy(network)
    network.load_state_dict(_stored(network, half=True))
    return network


def _stored(network: Network, half: bool) -> dict[str, Tensor]:
    """Return the weights as they are written."""
    weights = {}
    for key, value in network.state_dict().items():
        value = value.detach().cpu().contiguous()
        # A running variance may lie beyond 16 bits' 65504, or so near 0 that they lose its digits.
        if half and value.is_floating_point() and ".running_" not in key:
            value = value.half()
            if not value.isfinite().all():
                raise CheckpointError(f"{key} holds a weight that 16 bits cannot: use half=False.")
        weights[key] = value
    return weights


def load(name: str, folder: Path | None = None) -> tuple[Network, Card]:
    """Rebuild a network from its card and weights: in evaluation mode, on the CPU, not folded.

    Args:
        name: Name of a checkpoint in `folder`, or a path to one of its two files.
        folder: Folder of checkpoints; the shipped ones by default.

    Returns:
        network: Its weights in 32 bits, however they are stored.
        card: Its card.

    Raises:
        CheckpointError: If anything is missing, damaged, or does not fit together.
    """
    from safetensors import SafetensorError, deserialize
    from safetensors.torch import load as from_bytes

    path = locate(name, folder)
    card = read_card(path)
    file = path.with_suffix(".safetensors")
    try:
        if file.exists() and not file.is_file():
            raise CheckpointError(f"{file.name}: is no file of weights.")
        if file.stat().st_size > MAX_BYTES:
            raise CheckpointError(f"{file.name}: more than {MAX_BYTES} bytes of weights.")
        content = file.read_bytes()
    except OSError as error:
        raise CheckpointError(
            f"{file.name}: the weights cannot be read ({reason(error)})."
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != card.sha256:
        raise CheckpointError(
            f"{file.name}: SHA-256 is {found[:12]}..., its card says {card.sha256[:12]}...; "
            "one of the two was changed. Fetch or train the checkpoint again."
        )
    try:
        stored = {key: (view["dtype"], tuple(view["shape"])) for key, view in deserialize(content)}
    except SafetensorError as error:
        raise CheckpointError(f"{file.name}: not a safetensors file ({reason(error)}).") from error
    _refuse_another_card(card, content, file)
    network = _build(card, path)
    _refuse_other_weights(network, stored, file)
    network.to_empty(device="cpu")
    # Into parameters of 32 bits, which those of 16 are turned into.
    network.load_state_dict(from_bytes(content))
    return network.eval().requires_grad_(False), card


def _refuse_another_card(card: Card, content: bytes, file: Path) -> None:
    """Refuse a card whose configuration or classes are not those saved with the weights."""
    # Eight bytes of length, then JSON: the safetensors format, which the caller has checked.
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    text = (header.get("__metadata__") or {}).get(_METADATA)
    if text is None:
        raise CheckpointError(
            f"{file.name}: does not say which configuration its weights belong to; an earlier "
            "version of masnn wrote it. Fetch or train the checkpoint again."
        )
    expected = bound(card.config, card.classes)
    try:
        saved = json.loads(text)
    except (ValueError, RecursionError):
        saved = None
    if not isinstance(saved, dict):
        raise CheckpointError(f"{file.name}: its metadata are damaged. Fetch or train it again.")
    odd = sorted(k for k in expected | saved if expected.get(k) != saved.get(k))
    if odd:
        says, holds = (str(fields.get(odd[0], "missing"))[:60] for fields in (expected, saved))
        raise CheckpointError(
            f"{file.with_suffix('.json').name}: {odd[0]} is {says}, but {file.name} was saved "
            f"with {holds} ({len(odd)} such). Undo the change, or train the checkpoint again."
        )


def _refuse_other_weights(
    network: Network, stored: dict[str, tuple[str, tuple[int, ...]]], file: Path
) -> None:
    """Refuse weights of other names, shapes or number types than the network's."""
    state = network.state_dict()
    expected = {key: tuple(value.shape) for key, value in state.items()}
    shapes = {key: shape for key, (_, shape) in stored.items()}
    odd = sorted(k for k in expected | shapes if expected.get(k) != shapes.get(k))
    if odd:
        raise CheckpointError(
            f"{file.name}: does not fit its card at {odd[0]}: expected "
            f"{expected.get(odd[0])}, found {shapes.get(odd[0])} ({len(odd)} such)."
        )
    for key, (dtype, _) in stored.items():
        accepted = ("F32", "F16") if state[key].is_floating_point() else ("I64",)
        if dtype not in accepted:
            raise CheckpointError(
                f"{file.name}: {key} is stored as {dtype}; {' or '.join(accepted)} can be read."
            )


def _build(card: Card, path: Path) -> Network:
    """Build the card's network on the meta device: no memory is taken before shapes are checked."""
    import torch

    from masnn.architectures import build, configuration

    try:
        with torch.device("meta"):
            return build(configuration(card.config))
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        raise CheckpointError(f"{path.name}: its config describes no network: {error}.") from error
