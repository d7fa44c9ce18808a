"""Recipes: what makes the same comparison again, as a small file that anybody may read.

A recipe names the recording or picture and the checkpoints by the hashes of their content and holds
the numbers that came out. Anything else than those very files is refused.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from masnn import comparison
from masnn.edits import from_plain
from masnn.errors import EventFileError, ReportError
from masnn.images import sees_images
from masnn.readers import MAX_TIME_US
from masnn.report.scene import Scene
from masnn.report.subject import VIEWS, Look, Subject
from masnn.sides import Side

#: What a recipe calls itself; a reader of another version refuses.
FORMAT = "MA-SNN Lens recipe 1"

MAX_BYTES = 1 << 16

#: The numbers of a side that a repetition must meet.
NUMBERS = ("prediction", "spikes", "nasfr")


@dataclass(frozen=True)
class Recipe:
    """Say how to make a comparison again.

    Args:
        file: The recording's or picture's name; its hash counts.
        sha256: Hash of its file.
        start_ms: Start of the window in ms after the first event; 0 for a picture.
        networks: Name and sha256 of the checkpoints, by "a" and "b".
        look: What the reader looked at.
        numbers: What came out, `NUMBERS` by "a" and "b".
        device: Where they ran.
        versions: What computed it.
        edits: What was changed of the recording on purpose, as `edits.plain` says it.
        window_us: The part of the file that was opened, as `readers.Recording` says it; None for
            all of it.
        transforms: How each network is shown a picture, by "a" and "b", as `Transform.plain` says
            it; None for a recording.
    """

    file: str
    sha256: str
    start_ms: float
    networks: Mapping[str, Mapping[str, str]]
    look: Look
    numbers: Mapping[str, Mapping[str, Any]]
    device: str
    versions: Mapping[str, str]
    edits: Mapping[str, Any] = field(default_factory=dict)
    window_us: tuple[int, int] | None = None
    transforms: Mapping[str, Mapping[str, Any]] | None = None


def recipe_of(subject: Subject) -> Recipe:
    """Return the recipe that makes a comparison again."""
    sides = {"a": subject.a, "b": subject.b}
    return Recipe(
        file=subject.scene.name,
        sha256=subject.scene.sha256,
        networks={
            w: {"checkpoint": s.card.name, "sha256": s.card.sha256} for w, s in sides.items()
        },
        look=subject.look,
        numbers=_numbers(subject.a, subject.b),
        device=subject.device,
        versions=comparison.versions(),
        transforms=_transforms(subject.a, subject.b),
        **subject.scene.again(),
    )


def _transforms(a: Side, b: Side) -> dict[str, Any] | None:
    cards = {"a": a.card, "b": b.card}
    if not all(map(sees_images, cards.values())):
        return None
    return {which: card.data["transform"] for which, card in cards.items()}


def _numbers(a: Side, b: Side) -> dict[str, dict[str, Any]]:
    return {w: {key: s.summary[key] for key in NUMBERS} for w, s in (("a", a), ("b", b))}


def settings(subject: Subject) -> str:
    """Return the settings behind every figure in sentences, for its caption."""
    versions = ", ".join(f"{name} {of}" for name, of in comparison.versions().items())
    told = subject.scene.settings(subject.sides)
    return f"{told} Computed on {subject.device} with {versions}."


def dump(recipe: Recipe) -> str:
    """Return a recipe as JSON."""
    content = {"recipe": FORMAT} | dataclasses.asdict(recipe)
    for later in ("window_us", "transforms"):  # as before there were windows and pictures
        if content[later] is None:
            del content[later]
    return json.dumps(content, indent=1) + "\n"


def wants_to_be(beginning: bytes) -> bool:
    """Return whether a file wants to be a recipe, also where it is damaged or too large.

    Args:
        beginning: Its first `MAX_BYTES`, in UTF-8, -16 or -32, with a mark of its byte order or
            without; the fields of an object have no order.
    """
    text = beginning.decode(json.detect_encoding(beginning), "replace")
    return text.lstrip().startswith("{") and '"recipe"' in text


def open_file(path: Path) -> Recipe:
    """Return the recipe that a file holds.

    Raises:
        ReportError: If it holds none.
        OSError: If it cannot be read.
    """
    if path.exists() and not path.is_file():
        raise ReportError(f"{path.name}: is no file; name a recipe.json.")
    if (n_bytes := path.stat().st_size) > MAX_BYTES:  # before it is in memory
        raise ReportError(_too_large(n_bytes))
    return read(path.read_bytes())


def _too_large(n_bytes: int) -> str:
    return f"No recipe: one has at most {MAX_BYTES} bytes, this {n_bytes:,}."


def read(text: str | bytes) -> Recipe:
    """Return the recipe that a text holds.

    Raises:
        ReportError: If it holds none: the message says what is wrong with it.
    """
    if len(text) > MAX_BYTES:
        raise ReportError(_too_large(len(text)))
    try:
        content = json.loads(text)
        # JSON may spell halves of characters, which no page and no terminal shows.
        json.dumps(content, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise ReportError(f"No recipe: not JSON ({error}).") from error
    if not isinstance(content, dict) or content.pop("recipe", None) != FORMAT:
        raise ReportError(f'No recipe: it does not say "recipe": "{FORMAT}".')
    try:
        look = content.pop("look")
        if isinstance(content.get("window_us"), list):
            content["window_us"] = tuple(content["window_us"])
        found = Recipe(**content, look=Look(**{**look, "neuron": tuple(look["neuron"])}))
    except (TypeError, KeyError, AttributeError) as error:
        raise ReportError(f"A recipe with fields missing or unknown: {error}.") from error
    for name, is_right in _RIGHT.items():
        if not is_right(found):
            raise ReportError(f"A recipe whose {name} cannot be: {_short(found, name)}.")
    return found


def expect_scene(recipe: Recipe, scene: Scene) -> None:
    """Refuse another recording or picture than the recipe's.

    Raises:
        ReportError: If the hash is not the recipe's.
    """
    if scene.sha256 != recipe.sha256:
        wanted = "recording" if recipe.transforms is None else "picture"
        raise ReportError(
            f"This is not the recipe's {wanted}: sha256 {scene.sha256[:12]} instead of "
            f"{recipe.sha256[:12]}. Open {recipe.file} itself."
        )


def expect_networks(recipe: Recipe, a: Side, b: Side) -> None:
    """Refuse other weights under the names of the recipe's networks.

    Raises:
        ReportError: If a hash is not the recipe's.
    """
    for which, side in (("a", a), ("b", b)):
        name, sha256 = (recipe.networks[which][key] for key in ("checkpoint", "sha256"))
        if side.card.sha256 != sha256:
            raise ReportError(
                f"{name} is another network than the recipe's: sha256 {side.card.sha256[:12]} "
                f"instead of {sha256[:12]}. Use the checkpoints of that time."
            )
    if recipe.transforms != _transforms(a, b):
        raise ReportError(
            "The networks are shown pictures otherwise than in the recipe: their cards hold "
            "another data.transform. Use the checkpoints of that time."
        )


def deviations(recipe: Recipe, a: Side, b: Side) -> list[str]:
    """Return in sentences which numbers came out other than in the recipe; none is as it should.

    Other devices and versions may round a potential at the threshold the other way.
    """
    now = _numbers(a, b)
    return [
        f"{which.upper()}'s {key} is {now[which][key]}, in the recipe "
        f"{recipe.numbers[which][key]} ({recipe.device})."
        for which in ("a", "b")
        for key in NUMBERS
        if now[which][key] != recipe.numbers[which][key]
    ]


def _short(recipe: Recipe, field: str) -> str:
    return repr(getattr(recipe, field, getattr(recipe.look, field, None)))[:80]


def _is_index(value: object) -> bool:
    return type(value) is int and 0 <= value < 1 << 31


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 300


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef")


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e12


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 1 << 63


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and bool(abs(value) < 1e12)


def _is_share(value: Any) -> bool:
    return _is_number(value) and bool(0 <= value <= 1)


def _are_numbers(side: Mapping[str, Any]) -> bool:
    return set(side) == set(NUMBERS) and (
        _is_text(side["prediction"]) and _is_count(side["spikes"]) and _is_share(side["nasfr"])
    )


def _is_transform(side: Mapping[str, Any]) -> bool:
    """Return whether a side of `transforms` is what `Transform.plain` says."""
    return (
        set(side) == {"resize", "mean", "std", "prepare"}
        and all(isinstance(of, list) and len(of) in (1, 3) for of in (side["mean"], side["std"]))
        and all(map(_is_number, (*side["mean"], *side["std"])))
        and (side["resize"] is None or _is_index(side["resize"]))
        and isinstance(side["prepare"], str)
    )


def _is_window(value: object) -> bool:
    return value is None or (
        isinstance(value, tuple)
        and len(value) == 2
        and all(type(us) is int and 0 <= us <= MAX_TIME_US for us in value)
        and value[0] < value[1]
    )


def _are_edits(value: object) -> bool:
    try:
        return isinstance(value, Mapping) and bool(from_plain(value))
    except EventFileError:
        return False


def _are_transforms(recipe: Recipe) -> bool:
    """Return whether a recipe is of a recording, or of a picture and asks for no events."""
    asked = (recipe.start_ms, recipe.edits, recipe.window_us)
    return recipe.transforms is None or (
        _has_both(recipe.transforms, _is_transform) and asked == (0, {}, None)
    )


def _has_both(value: object, right: Callable[[Mapping[str, Any]], bool]) -> bool:
    return (
        isinstance(value, Mapping)
        and set(value) == {"a", "b"}
        and all(isinstance(side, Mapping) and right(side) for side in value.values())
    )


# What each field must be; a recipe is anybody's text.
_RIGHT: dict[str, Callable[[Recipe], bool]] = {
    "file": lambda r: _is_text(r.file),
    "sha256": lambda r: _is_hash(r.sha256),
    "start_ms": lambda r: _is_time(r.start_ms),
    "networks": lambda r: _has_both(
        r.networks, lambda n: _is_text(n.get("checkpoint")) and _is_hash(n.get("sha256"))
    ),
    "numbers": lambda r: _has_both(r.numbers, _are_numbers),
    "layer": lambda r: _is_text(r.look.layer),
    "neuron_layer": lambda r: _is_text(r.look.neuron_layer),
    "neuron": lambda r: len(r.look.neuron) in (1, 3) and all(map(_is_index, r.look.neuron)),
    "step": lambda r: _is_index(r.look.step),
    "prices": lambda r: _is_text(r.look.prices),
    "view": lambda r: r.look.view in VIEWS,
    "device": lambda r: _is_text(r.device),
    "versions": lambda r: isinstance(r.versions, Mapping),
    "edits": lambda r: _are_edits(r.edits),
    "window_us": lambda r: _is_window(r.window_us),
    "transforms": _are_transforms,
}
