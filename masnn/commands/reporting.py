"""The command that writes a comparison's figures, data and page."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from masnn.errors import ReportError

if TYPE_CHECKING:
    from masnn.report.recipe import Recipe
    from masnn.report.scene import Scene


def report(arguments: argparse.Namespace) -> dict[str, Any]:
    """Write the figures, data and page of a comparison, or make those of a recipe again."""
    from functools import partial

    from masnn.progress import Progress
    from masnn.report import recipe as recipes
    from masnn.report.subject import checked, first_look, subject_of
    from masnn.report.write import write

    recipe = None
    if arguments.recipe is not None:
        recipe = recipes.open_file(arguments.recipe)
    asked = {
        "layer": arguments.layer,
        "neuron_layer": arguments.neuron_layer,
        "neuron": arguments.neuron and tuple(arguments.neuron),
        "step": arguments.step and arguments.step - 1,
        "prices": arguments.prices,
    }
    asked = {key: value for key, value in asked.items() if value is not None}
    look = partial(first_look, **asked)
    names = {which: getattr(arguments, which) for which in ("a", "b")}
    scene = _scene(arguments, recipe)
    if recipe is not None:
        if asked or _asks_for_events(arguments):
            raise ReportError("The recipe says what to look at, and when: give no other options.")
        names = {w: names[w] or recipe.networks[w]["checkpoint"] for w in names}
        look = partial(checked, recipe.look)
    if None in names.values():
        raise ReportError("Name two checkpoints with --a and --b, or a --recipe.")
    subject = subject_of(scene, names["a"], names["b"], device=arguments.device, look=look)
    notes = [*scene.notes]
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


def _scene(arguments: argparse.Namespace, recipe: Recipe | None) -> Scene:
    """Return what networks are to look at: the file's content says what it is.

    Raises:
        MasnnError: If the file cannot be read, is not the recipe's, or has no events to ask for.
    """
    from masnn.commands.recordings import edits_of, window_us
    from masnn.edits import edited, from_plain
    from masnn.images import MAX_OWN_PIXELS, is_picture, read_picture
    from masnn.readers import read_recording
    from masnn.report.pictured import Pictured
    from masnn.report.recipe import expect_scene
    from masnn.report.recorded import Recorded

    if is_picture(arguments.file):
        seen = Pictured(read_picture(arguments.file, max_pixels=MAX_OWN_PIXELS))
        if recipe is not None:
            expect_scene(recipe, seen)
        elif _asks_for_events(arguments):
            raise ReportError(
                f"{arguments.file.name}: a picture has no time and no events; give none of the "
                "options of a recording."
            )
        return seen
    window = window_us(arguments) if recipe is None else recipe.window_us
    recording = read_recording(arguments.file, window_us=window)
    if recipe is None:
        return Recorded(edited(recording, edits_of(arguments)), arguments.start_ms or 0.0)
    expect_scene(recipe, Recorded(recording))
    return Recorded(edited(recording, from_plain(recipe.edits)), recipe.start_ms)


def _asks_for_events(arguments: argparse.Namespace) -> bool:
    """Return whether an option of a recording's window or edits is given."""
    from masnn.commands.recordings import edits_of
    from masnn.edits import Edits

    given = (arguments.start_ms, arguments.from_ms, arguments.to_ms)
    return given != (None, None, None) or edits_of(arguments) != Edits()
