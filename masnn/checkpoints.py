"""Checkpoints: NAME.safetensors holds the weights, NAME.json the card that explains them.

The card rebuilds the network (`config`), names its classes and says where its numbers come from.
Nothing is unpickled. A file that does not fit its card is refused before a network is built.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from masnn.errors import CheckpointError

if TYPE_CHECKING:
    from masnn.networks import ConvSNN

#: Version of the card's layout; a reader of another version refuses.
CARD_VERSION = 1

#: Where shipped checkpoints lie; MASNN_CHECKPOINTS names another folder.
FOLDER = Path(
    os.environ.get("MASNN_CHECKPOINTS", Path(__file__).resolve().parents[1] / "checkpoints")
)

#: No shipped network comes near it; larger files are refused before they are read.
MAX_BYTES = 1 << 30
MAX_CARD_BYTES = 1 << 20


@dataclass(frozen=True)
class Card:
    """Describe a checkpoint; every field is written to and read from NAME.json.

    Args:
        name: Name of the checkpoint, the file's stem.
        config: Fields of `networks.NetworkConfig`.
        classes: Class names in the order of the outputs.
        data: What it was trained on: name, licence, attribution, split sizes, split seed.
        training: Settings of the training, seed included.
        metrics: What was measured, on which part, with its n.
        command: The command that makes it again.
        licence: Licence of the weights.
        sha256: Hash of NAME.safetensors.
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
    def title(self) -> str:
        """Return what people call it: its attention, and the site where that is not the paper's."""
        attention = self.config["attention"]
        if attention == "none":
            return "vanilla + ReLU" if self.config.get("relu") else "vanilla"
        site = self.config["attention_site"]
        return str(attention) if site == "membrane" else f"{attention} ({site} site)"


def available(folder: Path | None = None) -> dict[str, Card]:
    """Return the cards of all checkpoints in `folder` (the shipped ones by default) by name."""
    folder = FOLDER if folder is None else folder
    if not folder.is_dir():
        raise CheckpointError(f"{folder}: no such folder of checkpoints.")
    return {path.stem: read_card(path) for path in sorted(folder.glob("*.json"))}


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


def read_card(path: Path) -> Card:
    """Read and check a card.

    Raises:
        CheckpointError: If it is missing, damaged, of another version or lacks a field.
    """
    try:
        if path.stat().st_size > MAX_CARD_BYTES:
            raise CheckpointError(f"{path.name}: a card of more than {MAX_CARD_BYTES} bytes.")
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path.name}: cannot be read as a JSON card ({error}).") from error
    fields = {field.name for field in dataclasses.fields(Card)}
    if not isinstance(content, dict) or content.get("version") != CARD_VERSION:
        raise CheckpointError(f"{path.name}: not a checkpoint card of version {CARD_VERSION}.")
    if set(content) != fields:
        odd = ", ".join(sorted(set(content) ^ fields))
        raise CheckpointError(f"{path.name}: fields missing from or unknown to a card: {odd}.")
    types = {"config": dict, "data": dict, "training": dict, "metrics": dict, "classes": list}
    for field in fields - {"version"}:
        if not isinstance(content[field], types.get(field, str)):
            raise CheckpointError(
                f"{path.name}: {field} must be a {types.get(field, str).__name__}, found "
                f"{type(content[field]).__name__}."
            )
    needed = {"attention", "attention_site", "n_classes", "T", "dt_ms", "input_size"}
    missing = needed - set(content["config"])
    if missing:
        raise CheckpointError(f"{path.name}: config lacks {', '.join(sorted(missing))}.")
    if len(content["classes"]) != content["config"]["n_classes"]:
        raise CheckpointError(
            f"{path.name}: names {len(content['classes'])} classes, not n_classes."
        )
    if len(set(map(str, content["classes"]))) != len(content["classes"]):
        raise CheckpointError(f"{path.name}: two classes have one name.")
    return Card(**{**content, "classes": tuple(map(str, content["classes"]))})


def save(network: ConvSNN, folder: Path, **card: Any) -> Card:
    """Write NAME.safetensors and NAME.json; `card` holds `Card`'s fields but config and sha256."""
    from safetensors.torch import save as to_bytes

    weights = {k: v.detach().cpu().contiguous() for k, v in network.state_dict().items()}
    content = to_bytes(weights)
    written = Card(
        config=dataclasses.asdict(network.config),
        sha256=hashlib.sha256(content).hexdigest(),
        **card,
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{written.name}.safetensors").write_bytes(content)
    text = json.dumps(dataclasses.asdict(written), indent=1, ensure_ascii=False)
    path = folder / f"{written.name}.json"
    path.write_text(text + "\n", encoding="utf-8")
    return read_card(path)


def load(name: str, folder: Path | None = None) -> tuple[ConvSNN, Card]:
    """Rebuild a network from its card and weights: in evaluation mode, on the CPU, not folded.

    Args:
        name: Name of a checkpoint in `folder`, or a path to one of its two files.
        folder: Folder of checkpoints; the shipped ones by default.

    Raises:
        CheckpointError: If anything is missing, damaged, or does not fit together.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load as from_bytes

    path = locate(name, folder)
    card = read_card(path)
    file = path.with_suffix(".safetensors")
    try:
        if file.stat().st_size > MAX_BYTES:
            raise CheckpointError(f"{file.name}: more than {MAX_BYTES} bytes of weights.")
        content = file.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{file.name}: the weights cannot be read ({error}).") from error
    found = hashlib.sha256(content).hexdigest()
    if found != card.sha256:
        raise CheckpointError(
            f"{file.name}: SHA-256 is {found[:12]}..., its card says {card.sha256[:12]}...; "
            "one of the two was changed. Fetch or train the checkpoint again."
        )
    network = _build(card, path)
    try:
        weights = from_bytes(content)
    except SafetensorError as error:
        raise CheckpointError(f"{file.name}: not a safetensors file ({error}).") from error
    expected = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    shapes = {key: tuple(value.shape) for key, value in weights.items()}
    odd = sorted(k for k in expected | shapes if expected.get(k) != shapes.get(k))
    if odd:
        raise CheckpointError(
            f"{file.name}: does not fit its card at {odd[0]}: expected "
            f"{expected.get(odd[0])}, found {shapes.get(odd[0])} ({len(odd)} such)."
        )
    network.to_empty(device="cpu")
    network.load_state_dict(weights)
    return network.eval().requires_grad_(False), card


def _build(card: Card, path: Path) -> ConvSNN:
    """Build the card's network on the meta device: no memory is taken before shapes are checked."""
    import torch

    from masnn.networks import ConvSNN, NetworkConfig

    try:
        values: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in card.config.items()
        }
        with torch.device("meta"):
            return ConvSNN(NetworkConfig(**values))
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        raise CheckpointError(f"{path.name}: its config describes no network: {error}.") from error
