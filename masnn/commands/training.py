"""Commands that train, and that lay out what they train on."""

from __future__ import annotations

import argparse
from typing import Any

from masnn.errors import DataError


def train(arguments: argparse.Namespace) -> dict[str, Any]:
    """Train a network on labelled recordings and write its checkpoint."""
    import dataclasses

    from masnn import datasets, parallel, recipes
    from masnn.devices import choose_device
    from masnn.options import recipe_of
    from masnn.presets import PRESETS
    from masnn.progress import Progress

    device, sentence = choose_device(arguments.device)
    recipe = recipe_of(arguments, device.type)
    name = arguments.name or recipe.name
    if (arguments.out / f"{name}.json").exists() and not arguments.overwrite:
        raise DataError(
            f"{arguments.out / name}.json is already there; choose another --name, or --overwrite."
        )
    folder = arguments.data
    if arguments.download:
        if parallel.launched():
            raise DataError("--download in one process first, then train on several.")
        known = PRESETS[recipe.preset].download
        if not known:
            raise DataError(f"{recipe.preset}: its data cannot be downloaded; name their folder.")
        folder = datasets.download(known, folder)
    with parallel.processes(device) as own, Progress(arguments.json or parallel.rank() > 0) as bar:
        card = recipes.run(
            recipe,
            folder,
            name=name,
            out=arguments.out,
            runs=arguments.runs,
            device=str(own),
            cache=arguments.cache,
            on_read=lambda done, of: bar.count("reading", done, of),
            on_step=bar.step,
            on_epoch=bar.epoch,
        )
    if card is None:
        return {}
    return {**dataclasses.asdict(card), "notes": [sentence]}


def zoo(arguments: argparse.Namespace) -> dict[str, Any]:
    """Train every network that ships and is not there yet, or write their tables."""
    from masnn import checkpoints, tables, zoo
    from masnn.devices import choose_device
    from masnn.progress import Progress

    if arguments.table is not None:
        cards = checkpoints.available(arguments.out)
        arguments.table.write_text(tables.zoo_page(cards.values()), encoding="utf-8")
        return {"table": str(arguments.table), "checkpoints": list(cards)}
    device, sentence = choose_device(arguments.device)
    folders = {
        preset: folder
        for preset, folder in (
            ("nmnist", arguments.nmnist),
            ("gesture", arguments.gestures),
            ("digits", arguments.digits),
        )
        if folder is not None
    }
    if not folders:
        raise DataError("no data: name folders with --nmnist, --gestures and --digits.")
    lines: list[str] = []
    with Progress(arguments.json) as bar:

        def say(line: str) -> None:
            lines.append(line)
            bar.say(line)

        zoo.build(
            folders,
            out=arguments.out,
            runs=arguments.runs,
            cache=arguments.cache,
            device=str(device),
            only=arguments.only,
            seeds=tuple(arguments.seeds),
            say=say,
            on_step=bar.step,
            on_epoch=bar.epoch,
        )
    return {"zoo": lines, "notes": [sentence]}


def digits(arguments: argparse.Namespace) -> dict[str, Any]:
    """Write scikit-learn's handwritten digits as image folders, train/ and val/."""
    from masnn import digits

    parts = digits.write_digits(arguments.folder, arguments.seed)
    return {"folder": str(arguments.folder), **parts, "seed": arguments.seed}
