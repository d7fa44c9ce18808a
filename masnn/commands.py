"""What each command does: options in, what --json prints out.

Heavy imports live inside the commands: `inspect` needs no torch.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from masnn.errors import DataError, EventFileError, ReportError

if TYPE_CHECKING:
    from masnn.edits import Edits


def inspect(arguments: argparse.Namespace) -> dict[str, Any]:
    """Say what a recording holds."""
    from dataclasses import asdict

    from masnn.doctor import examine
    from masnn.readers import read_recording

    recording = read_recording(arguments.file)
    events = recording.events
    return {
        "file": recording.name,
        "sha256": recording.sha256,
        "format": recording.format,
        "events": len(events),
        "width": events.width,
        "height": events.height,
        "first_t_us": int(events.t[0]) if len(events) else None,
        "last_t_us": int(events.t[-1]) if len(events) else None,
        "on_events": events.n_on,
        "x_sum": int(events.x.sum(dtype="int64")),
        "y_sum": int(events.y.sum(dtype="int64")),
        "warnings": list(recording.warnings),
        "findings": [asdict(finding) for finding in examine(events)],
    }


def convert(arguments: argparse.Namespace) -> dict[str, Any]:
    """Write a recording in another format, and read it back."""
    import numpy as np

    from masnn.edits import edited
    from masnn.readers import read_recording
    from masnn.writers import encoded

    target = arguments.output
    if target.exists() and not arguments.overwrite:
        raise EventFileError(f"{target}: is there already; name another file, or --overwrite it.")
    recording = edited(read_recording(arguments.file), _edits(arguments))
    events = recording.events
    content = encoded(events, target.name)
    back = read_recording(content, name=target.name)
    for column in "txyp":
        if not np.array_equal(getattr(events, column), getattr(back.events, column)):
            raise EventFileError(
                f"{target.name}: its {column} would not be read back as written, so nothing was "
                "written; please report this recording."
            )
    try:
        target.write_bytes(content)
    except OSError as error:
        raise EventFileError(f"{target}: cannot be written: {error.strerror}.") from error
    warnings = list(recording.warnings)
    size, found = ((e.width, e.height) for e in (events, back.events))
    if size != found:
        warnings.append(
            f"{back.format} holds no sensor size: {size[0]} x {size[1]} px is lost, and "
            f"{found[0]} x {found[1]} px is what will be assumed."
        )
    return {
        "file": str(target),
        "format": back.format,
        "events": len(events),
        "bytes": len(content),
        "read_back": "equal",
        "warnings": warnings,
        "changes": list(recording.changes),
    }


def _edits(arguments: argparse.Namespace) -> Edits:
    """Return what the options of a recording's edits ask for."""
    from masnn.edits import Edits

    return Edits(
        sensor=arguments.sensor and tuple(arguments.sensor),
        time_unit=arguments.time_unit,
        no_hot_pixels=arguments.no_hot_pixels,
        background_ms=arguments.no_background,
        crop=arguments.crop and tuple(arguments.crop),
        quarter_turns=arguments.rotate // 90,
        flip_x=arguments.flip_x,
        flip_y=arguments.flip_y,
    )


def models(arguments: argparse.Namespace) -> dict[str, Any]:
    """List the checkpoints and what was measured of them."""
    import dataclasses

    from masnn import checkpoints

    cards = checkpoints.available(arguments.folder)
    return {
        "models": [dataclasses.asdict(card) for card in cards.values()],
        "problems": checkpoints.problems(arguments.folder),
    }


def compare(arguments: argparse.Namespace) -> dict[str, Any]:
    """Run two networks on one recording."""
    from masnn.devices import choose_device
    from masnn.edits import edited
    from masnn.readers import read_recording
    from masnn.report.numbers import numbers
    from masnn.report.subject import subject_of

    recording = edited(read_recording(arguments.file), _edits(arguments))
    _, sentence = choose_device(arguments.device)
    subject = subject_of(
        recording, arguments.start_ms, arguments.a, arguments.b, device=arguments.device
    )
    return {**numbers(subject), "notes": [sentence, *recording.warnings, *recording.changes]}


def classify(arguments: argparse.Namespace) -> dict[str, Any]:
    """Show a picture to one or two networks of still images."""
    from masnn import checkpoints, sight
    from masnn.devices import choose_device
    from masnn.images import read_picture

    picture = read_picture(arguments.image)
    device, sentence = choose_device(arguments.device)
    result: dict[str, Any] = {"file": picture.name, "sha256": picture.sha256}
    notes = [*picture.warnings]
    for which in ("a", "b"):
        name = getattr(arguments, which)
        if name is None:
            continue
        network, card = checkpoints.load(name)
        pixels, told = sight.prepared(picture, sight.transform_for(card))
        seen = sight.look(card, network.folded().to(device), pixels, told)
        result[which] = seen.numbers()
        notes += told
    return {**result, "notes": [*dict.fromkeys(notes), sentence]}


def report(arguments: argparse.Namespace) -> dict[str, Any]:
    """Write the figures, data and page of a comparison, or make those of a recipe again."""
    from functools import partial

    from masnn.edits import Edits, edited, from_plain
    from masnn.progress import Progress
    from masnn.readers import read_recording
    from masnn.report import recipe as recipes
    from masnn.report.subject import checked, first_look, subject_of
    from masnn.report.write import write

    recipe = None
    if arguments.recipe is not None:
        recipe = recipes.read(arguments.recipe.read_bytes())
    recording, edits = read_recording(arguments.file), _edits(arguments)
    names = {which: getattr(arguments, which) for which in ("a", "b")}
    asked = {
        "layer": arguments.layer,
        "neuron_layer": arguments.neuron_layer,
        "neuron": arguments.neuron and tuple(arguments.neuron),
        "step": arguments.step and arguments.step - 1,
        "prices": arguments.prices,
    }
    asked = {key: value for key, value in asked.items() if value is not None}
    start_ms, look = arguments.start_ms or 0.0, partial(first_look, **asked)
    if recipe is not None:
        recipes.expect_recording(recipe, recording.sha256)
        if arguments.start_ms is not None or asked or edits != Edits():
            raise ReportError("The recipe says what to look at, and when: give no other options.")
        names = {w: names[w] or recipe.networks[w]["checkpoint"] for w in names}
        start_ms, look = recipe.start_ms, partial(checked, recipe.look)
        edits = from_plain(recipe.edits)
    recording = edited(recording, edits)
    if None in names.values():
        raise ReportError("Name two checkpoints with --a and --b, or a --recipe.")
    subject = subject_of(
        recording, start_ms, names["a"], names["b"], device=arguments.device, look=look
    )
    notes = [*recording.warnings, *recording.changes]
    if recipe is not None:
        recipes.expect_networks(recipe, subject.a, subject.b)
        notes += recipes.deviations(recipe, subject.a, subject.b) or [
            "Every number is the recipe's."
        ]
    with Progress(arguments.json) as bar:
        written = write(
            subject,
            arguments.output,
            formats=tuple(dict.fromkeys(arguments.formats)),
            columns=tuple(dict.fromkeys(arguments.columns)),
            overwrite=arguments.overwrite,
            on_part=lambda done, of: bar.count("drawing", done, of),
        )
    return {"folder": str(arguments.output), "files": written, "notes": notes}


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


def train(arguments: argparse.Namespace) -> dict[str, Any]:
    """Train a network on labelled recordings and write its checkpoint."""
    import dataclasses

    from masnn import datasets, parallel, recipes
    from masnn.devices import choose_device
    from masnn.options import recipe_of
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
        folder = datasets.download(recipe.preset, folder)
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


def simulate_digit(arguments: argparse.Namespace) -> dict[str, Any]:
    """Simulate a recording of a handwritten digit in the manner of N-MNIST."""
    from masnn import simulate

    events = simulate.simulate_digit(arguments.digit, arguments.seed)
    return _written(events, arguments, {"digit": arguments.digit})


def simulate_gesture(arguments: argparse.Namespace) -> dict[str, Any]:
    """Simulate a recording of a gesture in the manner of DVS128 Gesture."""
    from masnn import simulate

    events = simulate.simulate_gesture(
        arguments.gesture, arguments.seed, duration_s=arguments.seconds
    )
    return _written(events, arguments, {"gesture": arguments.gesture})


def simulate_dataset(arguments: argparse.Namespace) -> dict[str, Any]:
    """Simulate a data set of gestures, or what is missing of it."""
    from masnn.progress import Progress
    from masnn.simulate import GestureSet, simulate_gesture_set

    what = GestureSet(
        arguments.seed, arguments.training_subjects, arguments.test_subjects, arguments.seconds
    )
    with Progress(arguments.json) as bar:
        simulate_gesture_set(
            arguments.folder,
            what,
            workers=arguments.workers,
            progress=lambda done, of: bar.count("simulating", done, of),
        )
    return {"folder": str(arguments.folder), "recordings": len(what), "seed": what.seed}


def _written(events: Any, arguments: argparse.Namespace, what: dict[str, Any]) -> dict[str, Any]:
    from masnn.writers import write_events

    write_events(events, arguments.output)
    return {
        "file": str(arguments.output),
        **what,
        "seed": arguments.seed,
        "simulated": True,
        "events": len(events),
        "on_events": events.n_on,
        "duration_us": events.duration_us,
    }
