"""Commands about one recording or picture: what it holds, what networks make of it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from masnn.errors import EventFileError

if TYPE_CHECKING:
    from masnn.edits import Edits


def inspect(arguments: argparse.Namespace) -> dict[str, Any]:
    """Say what a recording holds."""
    from dataclasses import asdict

    from masnn.doctor import examine
    from masnn.readers import read_recording

    recording = read_recording(arguments.file, window_us=window_us(arguments))
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
        "time_unit": recording.time_unit,
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
    from masnn.whole_files import written
    from masnn.writers import encoded

    target = arguments.output
    if target.exists() and not arguments.overwrite:
        raise EventFileError(f"{target}: is there already; name another file, or --overwrite it.")
    recording = edited(
        read_recording(arguments.file, window_us=window_us(arguments)), edits_of(arguments)
    )
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
        with written(target) as beside:  # it may be the file that was read
            beside.write_bytes(content)
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


def compare(arguments: argparse.Namespace) -> dict[str, Any]:
    """Run two networks on one recording."""
    from masnn.devices import choose_device
    from masnn.edits import edited
    from masnn.readers import read_recording
    from masnn.report.numbers import numbers
    from masnn.report.recorded import Recorded
    from masnn.report.subject import subject_of

    recording = edited(
        read_recording(arguments.file, window_us=window_us(arguments)), edits_of(arguments)
    )
    _, sentence = choose_device(arguments.device)
    scene = Recorded(recording, arguments.start_ms)
    subject = subject_of(scene, arguments.a, arguments.b, device=arguments.device)
    return {**numbers(subject), "notes": [sentence, *scene.notes]}


def classify(arguments: argparse.Namespace) -> dict[str, Any]:
    """Show a picture to one or two networks of still images."""
    from masnn import checkpoints, energy, sight
    from masnn.devices import choose_device
    from masnn.images import MAX_OWN_PIXELS, read_picture

    picture = read_picture(arguments.image, max_pixels=MAX_OWN_PIXELS)
    device, sentence = choose_device(arguments.device)
    result: dict[str, Any] = {"file": picture.name, "sha256": picture.sha256}
    notes, ledgers = [*picture.warnings], {}
    for which in ("a", "b"):
        name = getattr(arguments, which)
        if name is None:
            continue
        network, card = checkpoints.load(name)
        pixels, told = sight.prepared(picture, sight.transform_for(card))
        seen = sight.look(card, network.folded().to(device), pixels, told)
        result[which], ledgers[which] = seen.numbers(), seen.ledger(arguments.prices)
        notes += told
    result["energy"] = energy.as_comparison(ledgers)
    return {**result, "notes": [*dict.fromkeys(notes), sentence]}


def window_us(arguments: argparse.Namespace) -> tuple[int, int] | None:
    """Return the part of the file that is asked for, in us after its first event."""
    if arguments.from_ms is None and arguments.to_ms is None:
        return None
    start = round((arguments.from_ms or 0.0) * 1000)
    stop = 1 << 60 if arguments.to_ms is None else round(arguments.to_ms * 1000)
    if stop <= start:
        raise EventFileError(f"--to-ms must be later than --from-ms, {start / 1000:g} ms.")
    return start, stop


def edits_of(arguments: argparse.Namespace) -> Edits:
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
