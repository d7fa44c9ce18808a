"""From checkpoints and a folder of recordings or images to their responses over the data set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from masnn import asrv, checkpoints, parallel
from masnn.architectures import Network
from masnn.asrv import About, Asrv
from masnn.cards import Card
from masnn.datasets import Labelled, open_dataset
from masnn.energy import Costs
from masnn.errors import DataError, ReportError
from masnn.framesets import Binning, Sample
from masnn.gathering import footprint, gather
from masnn.images import sees_images, transform_of_card
from masnn.imagesets import image_set
from masnn.recipes import part_of
from masnn.sources import Files, Pictures, Recordings


@dataclass(frozen=True, eq=False)
class Survey:
    """Hold the responses of one network, or of two, and what they were to.

    Args:
        responses: By "a" and "b".
        layer: The layer whose channels are to be drawn.
        recordings: What the recordings are called.
        footprints: By "a" and "b", the bytes kept whatever the number of recordings, and for each.
        notes: What was left out of the data, and what to mind.
    """

    responses: dict[str, Asrv]
    layer: str
    recordings: tuple[str, ...]
    footprints: dict[str, tuple[int, int]]
    notes: tuple[str, ...]


def survey(
    names: Sequence[str],
    folder: Path,
    part: str = "all",
    *,
    layer: str | None = None,
    batch: int = 32,
    device: str = "cpu",
    states: Path | None = None,
    on_recording: Callable[[str, int, int], None] = lambda name, done, of: None,
) -> Survey | None:
    """Gather the responses of one or two checkpoints to the same recordings.

    Args:
        names: The checkpoints, A and perhaps B.
        folder: The data, in a layout that `datasets.open_dataset` knows.
        part: "training", "validation" or "all", as `recipes.part_of` takes it.
        layer: Whose channels are to be drawn; None for the first.
        batch: Recordings run at once.
        device: Where to run.
        states: Folder in which unfinished runs are kept, to go on from; None keeps nothing.
        on_recording: Called with the checkpoint, recordings done, and all.

    Returns:
        The survey; None in all processes of torchrun but the first.

    Raises:
        DataError: If the folder is not the networks' data, or A's part of it is not B's.
        ReportError: If no network has channels in the layer.
    """
    loaded = [checkpoints.load(name) for name in names]
    cards = [card for _, card in loaded]
    if len({card.classes for card in cards}) > 1:
        raise DataError(f"{names[0]} and {names[1]} know other classes: measure each alone.")
    if len({sees_images(card) for card in cards}) > 1:
        raise DataError(
            f"Of {names[0]} and {names[1]} one sees images, the other recordings: measure each "
            "alone."
        )
    known = _maps([network for network, _ in loaded])
    layer = known[0] if layer is None else layer
    if layer not in known:  # said before the work, not after it
        raise ReportError(f"no layer {layer!r} with channels; there are {', '.join(known)}.")
    data = open_dataset(folder, cards[0].classes)
    parts = [part_of(data, card, part) for card in cards]
    if any(other != parts[0] for other in parts[1:]):
        raise DataError(
            f"The {part} part of {names[0]} is not {names[1]}\u2019s; measure both on --part all."
        )
    files, responses, footprints = Files(parts[0]), {}, {}
    sources = [_source(files, network, card) for network, card in loaded]
    own = [_is_own(data, network, card, part) for network, card in loaded]
    for who, (network, card), source, is_own in zip("ab", loaded, sources, own, strict=False):
        found = gather(
            network,
            source,
            _about(network, card, folder, part, files, is_own),
            batch=batch,
            device=device,
            state_file=state_file(states, who),
            on_recording=partial(on_recording, card.name),
        )
        if found is not None:
            responses[who] = found
        footprints[who] = footprint(network.config, pictures=sees_images(card))
    if parallel.rank() > 0:
        return None
    notes = list(data.warnings)
    if part == "all" and own[0]:
        notes.append("All recordings: most of them were learned from; see --part validation.")
    if part != "all" and not own[0]:
        notes.append(
            f"These are as many recordings as those of {names[0]}, but not the same: the numbers "
            "are of other data."
        )
    if len(responses) == 2:
        notes += filter(None, [asrv.caveat(responses["a"], responses["b"])])
    return Survey(responses, layer, tuple(map(_called, files.samples)), footprints, tuple(notes))


def _source(files: Files, network: Network, card: Card) -> Recordings | Pictures:
    """Return files as a network wants them."""
    if sees_images(card):
        return Pictures(files, image_set(files.samples, transform_of_card(card)))
    return Recordings(files, _binning(network))


def _binning(network: Network) -> Binning:
    config = network.config
    return Binning(config.T, config.dt_ms, config.input_size)


def _maps(networks: Sequence[Network]) -> list[str]:
    """Return the layers of any network whose neurons lie in channels of a map."""
    shapes = [item for network in networks for item in network.config.neuron_shapes().items()]
    return list(dict.fromkeys(name for name, shape in shapes if len(shape) == 3))


def state_file(states: Path | None, who: str) -> Path | None:
    """Return where a network's unfinished run is kept."""
    return None if states is None else states / f"unfinished-{who}.npz"


def summary(found: Survey, costs: Costs) -> dict[str, Any]:
    """Return a survey's numbers under stable names, fit for JSON."""
    told: dict[str, Any] = {
        who: {
            **_numbers(response, costs),
            "memory": dict(
                zip(("bytes", "bytes_per_recording"), found.footprints[who], strict=True)
            ),
        }
        for who, response in found.responses.items()
    }
    told["paired"] = None
    if "b" in found.responses:
        test = asrv.paired(found.responses["a"], found.responses["b"])
        told["paired"] = {
            "n": test.n,
            "accuracy": test.accuracy._asdict(),
            "nasfr": test.nasfr._asdict(),
        }
    return {**told, "notes": list(found.notes)}


def _numbers(response: Asrv, costs: Costs) -> dict[str, Any]:
    about, energy = response.about, response.energy_uj(costs)
    kinds = {layer: asrv.channels(response, layer) for layer in response.maps}
    return {
        "checkpoint": about.name,
        "sha256": about.sha256,
        "data": about.data,
        "part": about.part,
        "n": response.n,
        "accuracy": response.accuracy,
        "accuracy_95": list(response.accuracy_interval),
        "tied": int(response.tied.sum()),
        "nasfr": float(response.nasfr.mean()),
        "nasfr_sd": response.nasfr_sd,
        "spikes_per_recording": float(response.spikes.sum(1).mean()),
        "energy_uj": None if energy is None else float(energy.mean()),
        "layers": {
            layer: {
                "rate": float(response.layer_rates(layer).mean()),
                "channels": kinds[layer].mean.shape[1] if layer in kinds else None,
                "silent": kinds[layer].silent.sum(1).tolist() if layer in kinds else None,
                "always_silent": int(kinds[layer].silent.all(0).sum()) if layer in kinds else None,
                "near_one": kinds[layer].near_one.sum(1).tolist() if layer in kinds else None,
            }
            for layer in response.counts
        },
        "confusion": response.confusion.tolist(),
        "classes": list(about.classes),
    }


def _about(
    network: Network, card: Card, folder: Path, part: str, files: Files, is_own: bool
) -> About:
    name = str(card.data.get("name", "")) if is_own else ""
    return About(
        card.name,
        card.title,
        card.sha256,
        tuple(card.classes),
        network.config.dt_ms,
        name or folder.resolve().name,
        part,
        files.digest,
    )


def _is_own(data: Labelled, network: Network, card: Card, part: str) -> bool:
    """Return whether the data are those that the network was trained with.

    By their number, and by what the validation part holds where the card tells that.
    """
    if part == "all" and len(data) != card.data.get("recordings"):
        return False
    known = card.data.get("validation_digest")
    if known is None:
        return True
    samples = part_of(data, card, "validation")
    if sees_images(card):
        return image_set(samples, transform_of_card(card)).digest() == known
    return Recordings(Files(samples), _binning(network)).frames_digest() == known


def _called(sample: Sample) -> str:
    """Return what a recording is called: its file in its folder, and which part of it."""
    name = f"{sample.path.parent.name}/{sample.path.name}"
    if sample.item is not None:
        name += f"#{sample.item}"
    return name if sample.span_us is None else f"{name}@{sample.span_us[0]}"
