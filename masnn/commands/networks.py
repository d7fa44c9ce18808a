"""Commands about trained networks: list, measure, probe and import them."""

from __future__ import annotations

import argparse
import os
from typing import Any

from masnn.errors import DataError, ReportError, reason


def models(arguments: argparse.Namespace) -> dict[str, Any]:
    """List the checkpoints and what was measured of them."""
    import dataclasses

    from masnn import checkpoints

    cards = checkpoints.available(arguments.folder)
    return {
        "models": [dataclasses.asdict(card) for card in cards.values()],
        "problems": checkpoints.problems(arguments.folder),
    }


def evaluate(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure a network on labelled recordings, in a data set's own layout or class folders."""
    from masnn import checkpoints, datasets, evaluation, images, recipes
    from masnn.devices import choose_device
    from masnn.progress import Progress

    network, card = checkpoints.load(arguments.name)
    data = datasets.open_dataset(arguments.data, card.classes)
    samples = recipes.part_of(data, card, arguments.part)
    with Progress(arguments.json) as bar:
        frames = recipes.frames_of(
            samples,
            network.config,
            transform=images.transform_of_card(card) if images.sees_images(card) else None,
            whole=arguments.clips > 1,
            cache=arguments.cache,
            progress=lambda done, of: bar.count("reading", done, of),
        )
    device, sentence = choose_device(arguments.device)
    measured = evaluation.evaluate(network, frames, clips=arguments.clips, device=device)
    notes = [sentence, *data.warnings]
    known = card.data.get("validation_digest")
    comparable = known is not None and arguments.part == "validation" and arguments.clips == 1
    if comparable and frames.digest() != known:
        notes.append(
            "These are as many recordings as the card's validation part, but not the same: the "
            "numbers are of other data."
        )
    if arguments.part == "all" and len(data) == card.data.get("recordings"):
        notes.append("All recordings: most of them were learned from; see --part validation.")
    return {
        "checkpoint": card.name,
        "part": arguments.part,
        "clips": arguments.clips,
        **recipes.metrics(measured),
        "classes": list(card.classes),
        "notes": notes,
    }


def asrv(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure how each neuron responds over a data set: one network, or two beside each other."""
    from masnn import energy, parallel, surveys
    from masnn.devices import choose_device
    from masnn.progress import Progress
    from masnn.report import asrv as report

    names = [name for name in (arguments.name, arguments.b) if name is not None]
    out, costs = arguments.output, energy.PRESETS[arguments.prices]
    if (out / "asrv.npz").exists() and not arguments.overwrite:
        raise DataError(f"{out / 'asrv.npz'}: is there already; another -o DIR, or --overwrite.")
    if out.exists() and not out.is_dir():
        raise DataError(f"{out}: a file of this name is there; name a folder.")
    try:  # not after hours
        out.mkdir(parents=True, exist_ok=True)
        if not os.access(out, os.W_OK):
            raise PermissionError(0, "no permission to write")
    except OSError as error:
        raise DataError(f"{out}: cannot be written into: {error.strerror}.") from error
    device, sentence = choose_device(arguments.device)
    with parallel.processes(device) as own, Progress(arguments.json or parallel.rank() > 0) as bar:
        found = surveys.survey(
            names,
            arguments.data,
            arguments.part,
            layer=arguments.layer,
            batch=arguments.batch,
            device=str(own),
            states=out,
            on_recording=bar.reach,
        )
    if found is None:
        return {}
    written = report.write(found, out, costs, arguments.formats)
    told = surveys.summary(found, costs)
    told["notes"].insert(0, sentence)
    return {**told, "folder": str(out), "files": written}


def isometry(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure how residual networks pass signals back, block by block and depth by depth."""
    from masnn import isometry_report
    from masnn.isometry_sweep import DEPTHS, Settings
    from masnn.options import DESIGNS
    from masnn.progress import Progress

    asked = {
        "width": arguments.width,
        "side_px": arguments.side,
        "T": arguments.steps,
        "gain": arguments.gain,
        "n_inputs": arguments.inputs,
        "n_probes": arguments.probes,
        "n_seeds": arguments.seeds,
    }
    designs = arguments.designs
    if designs is None:
        designs = [] if arguments.network else DESIGNS
    if not designs and not arguments.network:
        raise ReportError("Name at least one of --designs, or a --network.")
    with Progress(arguments.json) as bar:
        result = isometry_report.measure(
            designs,
            arguments.blocks or DEPTHS,
            Settings(**{key: value for key, value in asked.items() if value is not None}),
            network=arguments.network,
            frames=arguments.frames,
            on_part=lambda done, of: bar.count("measuring", done, of),
        )
    files = isometry_report.write(result, arguments.output) if arguments.output else []
    return {**result, "files": [str(arguments.output / name) for name in files]}


def import_(arguments: argparse.Namespace) -> dict[str, Any]:
    """Convert a checkpoint of other code: the authors', SpikingJelly's, MS-ResNet's."""
    from masnn.importers import Told, Writing, import_checkpoint
    from masnn.options import STATED, import_words

    stated: dict[str, Any] = {}
    for key in STATED:
        value = getattr(arguments, key)
        stated[key] = tuple(value) if isinstance(value, list) else value
    told = Told(**stated)
    writing = Writing(
        name=arguments.name,
        classes=_classes(arguments.classes),
        data=arguments.data_name,
        licence=arguments.licence,
        command=import_words(arguments),
        overwrite=arguments.overwrite,
    )
    card, report = import_checkpoint(arguments.file, arguments.out, told, writing)
    note = f"Nothing was measured here: python -m masnn evaluate {card.name} --data DIR."
    return {"checkpoint": card.name, **report, "config": card.config, "notes": [note]}


def _classes(words: list[str] | None) -> tuple[str, ...] | None:
    """Return class names: the words, or the lines of the one file that they name."""
    from pathlib import Path

    if words is None or len(words) != 1 or not Path(words[0]).is_file():
        return None if words is None else tuple(words)
    try:
        lines = Path(words[0]).read_text(encoding="utf-8").splitlines()
    except ValueError as error:
        raise DataError(
            f"{words[0]}: no text of class names, one a line ({reason(error)})."
        ) from error
    return tuple(line.strip() for line in lines if line.strip())
