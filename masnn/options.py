"""The options of the command line, and what they say of a training."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from masnn import __version__, commands
from masnn.checkpoints import FOLDER

#: Kinds of figure files of a report, as `report.panel.FORMATS`.
FORMATS = ("svg", "pdf", "png")

#: Names of gestures and presets, which must be known without loading what computes with them.
GESTURES = (
    "hand_clapping, right_hand_wave, left_hand_wave, right_arm_clockwise, "
    "right_arm_counter_clockwise, left_arm_clockwise, left_arm_counter_clockwise, arm_roll, "
    "air_drums, air_guitar or other_gestures"
)


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; each sets `command` to its function."""
    top = argparse.ArgumentParser(prog="python -m masnn")
    top.add_argument("--version", action="version", version=f"masnn {__version__}")
    of_top = top.add_subparsers(required=True, metavar="COMMAND")

    sub = _command(of_top, commands.inspect)
    sub.add_argument("file", type=Path, metavar="FILE")

    sub = _command(of_top, commands.convert)
    sub.add_argument("file", type=Path, metavar="IN")
    sub.add_argument(
        "output", type=Path, metavar="OUT", help="ends in .npz, .csv, .aedat4, .h5, .bin"
    )
    sub.add_argument("--overwrite", action="store_true", help="replace OUT where it is there")
    _add_edits(sub)

    sub = _command(of_top, commands.models)
    sub.add_argument("--folder", type=Path, help="folder of checkpoints (the shipped ones)")

    sub = _command(of_top, commands.compare)
    sub.add_argument("file", type=Path, metavar="FILE")
    sub.add_argument("--a", required=True, metavar="NAME", help="checkpoint A")
    sub.add_argument("--b", required=True, metavar="NAME", help="checkpoint B")
    sub.add_argument(
        "--start-ms",
        type=_finite,
        default=0.0,
        metavar="N",
        help="start of the window in ms after the first event (0)",
    )
    _add_edits(sub)
    _add_device(sub)

    sub = _command(of_top, commands.classify)
    sub.add_argument("image", type=Path, metavar="IMAGE", help="PNG or JPEG")
    sub.add_argument("--a", required=True, metavar="NAME", help="checkpoint A")
    sub.add_argument("--b", metavar="NAME", help="checkpoint B")
    _add_device(sub)

    sub = _command(of_top, commands.report)
    sub.add_argument("file", type=Path, metavar="FILE")
    sub.add_argument("--a", metavar="NAME", help="checkpoint A")
    sub.add_argument("--b", metavar="NAME", help="checkpoint B")
    sub.add_argument("--start-ms", type=_finite, metavar="N", help="as in compare (0)")
    sub.add_argument(
        "--recipe", type=Path, metavar="JSON", help="recipe.json of a report, to make it again"
    )
    sub.add_argument("--layer", metavar="NAME", help="whose channels are shown (the first)")
    sub.add_argument("--neuron-layer", metavar="NAME", help="fully connected layer of the neuron")
    sub.add_argument(
        "--neuron",
        type=_natural,
        nargs="+",
        metavar="N",
        help="channel, y and x, or a number (the one that fires most)",
    )
    sub.add_argument("--step", type=_positive, metavar="N", help="step that is written out (1)")
    sub.add_argument("--prices", metavar="NAME", help="costs of operations (fp32)")
    sub.add_argument("-o", "--output", type=Path, required=True, metavar="DIR")
    sub.add_argument("--formats", nargs="+", choices=FORMATS, default=FORMATS, help="(all)")
    sub.add_argument(
        "--columns", nargs="+", type=int, choices=(1, 2), default=(1, 2), help="widths (both)"
    )
    sub.add_argument("--overwrite", action="store_true", help="write into a folder in use")
    _add_edits(sub)
    _add_device(sub)

    sub = _command(of_top, commands.evaluate)
    sub.add_argument("name", metavar="NAME", help="a checkpoint")
    sub.add_argument("--data", type=Path, required=True, metavar="DIR")
    sub.add_argument(
        "--part",
        choices=("all", "training", "validation"),
        default="all",
        help="the part of the checkpoint's own data set to measure on (all)",
    )
    sub.add_argument(
        "--clips",
        type=_positive,
        default=1,
        metavar="N",
        help="windows of each recording, spread evenly; their mean decides (1: from its start)",
    )
    _add_cache(sub)
    _add_device(sub)

    sub = _command(of_top, commands.train)
    _add_train(sub)
    _add_device(sub)

    sub = _command(of_top, commands.zoo)
    sub.add_argument("--nmnist", type=Path, metavar="DIR", help="N-MNIST")
    sub.add_argument("--gestures", type=Path, metavar="DIR", help="simulated gestures, seed 0")
    sub.add_argument("--digits", type=Path, metavar="DIR", help="what the command digits wrote")
    sub.add_argument("--only", default="", metavar="TEXT", help="entries whose name holds TEXT")
    sub.add_argument("--seeds", type=_natural, nargs="+", default=[0, 1, 2], metavar="N")
    sub.add_argument("--out", type=Path, default=FOLDER, metavar="DIR")
    sub.add_argument("--runs", type=Path, default=Path("runs"), metavar="DIR")
    sub.add_argument("--table", type=Path, metavar="FILE", help="write the tables, train nothing")
    _add_cache(sub)
    _add_device(sub)

    sub = _command(of_top, commands.digits)
    sub.add_argument("folder", type=Path, metavar="DIR")
    sub.add_argument("--seed", type=_natural, default=0, help="of the split (0)")

    simulate = of_top.add_parser("simulate", help="Simulate recordings")
    scenes = simulate.add_subparsers(required=True, metavar="SCENE")
    sub = _command(scenes, commands.simulate_digit, "digit")
    sub.add_argument("digit", type=int, choices=range(10), metavar="DIGIT")
    _add_output(sub)
    sub = _command(scenes, commands.simulate_gesture, "gesture")
    sub.add_argument("gesture", metavar="GESTURE", help=GESTURES)
    sub.add_argument("--seconds", type=_finite, default=6.0)
    _add_output(sub)
    sub = _command(scenes, commands.simulate_dataset, "dataset")
    sub.add_argument("what", choices=("gestures",))
    sub.add_argument("folder", type=Path, metavar="DIR")
    sub.add_argument("--seed", type=_natural, default=0)
    sub.add_argument("--training-subjects", type=_positive, default=48, metavar="N")
    sub.add_argument("--test-subjects", type=_positive, default=12, metavar="N")
    sub.add_argument("--seconds", type=_finite, default=6.0)
    sub.add_argument("--workers", type=_positive, metavar="N", help="processes (one a processor)")
    return top


def recipe_of(arguments: argparse.Namespace, device: str) -> Any:
    """Return the recipe that the options of `train` describe.

    Args:
        arguments: The options.
        device: Kind of device, which decides the precision where none was asked for.
    """
    from masnn.presets import PRESETS
    from masnn.recipes import OPTIONS, Recipe

    changes = {}
    for key in OPTIONS:
        value = getattr(arguments, key)
        if value is not None:
            changes[key] = tuple(value) if isinstance(value, list) else value
    asked = {
        field: getattr(arguments, field)
        for field in ("epochs", "batch", "learning_rate", "seed")
        if getattr(arguments, field) is not None
    }
    precision = arguments.precision
    if precision == "auto":
        precision = "bfloat16" if device == "cuda" else "float32"
    how = replace(PRESETS[arguments.preset].training, **asked, precision=precision)
    return Recipe(
        arguments.preset,
        how,
        attention=arguments.attention,
        site=arguments.site or PRESETS[arguments.preset].site,
        relu=arguments.relu,
        changes=changes,
        first=arguments.first,
        n_validation=arguments.validation,
        split_seed=arguments.split_seed,
        half=arguments.half,
    )


def _command(
    commands_: Any, function: Callable[[argparse.Namespace], dict[str, Any]], name: str = ""
) -> argparse.ArgumentParser:
    text = (function.__doc__ or "").strip()
    sub: argparse.ArgumentParser = commands_.add_parser(
        name or function.__name__, help=text.rstrip("."), description=text
    )
    sub.add_argument("--json", action="store_true", help="print JSON instead of text")
    sub.set_defaults(command=function)
    return sub


def _add_output(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--seed", type=_natural, default=0)
    sub.add_argument("-o", "--output", type=Path, required=True, metavar="FILE")


def _add_edits(sub: argparse.ArgumentParser) -> None:
    """Add what `edits.Edits` can change, in the order of doing."""
    size: dict[str, Any] = {"type": int, "metavar": "PX"}
    sub.add_argument(
        "--sensor", nargs=2, help="width and height, where the file's are wrong", **size
    )
    sub.add_argument(
        "--time-unit", choices=("ns", "us", "ms", "s"), default="us",
        help="what the file counts time in, where it was read as us",
    )  # fmt: skip
    sub.add_argument("--no-hot-pixels", action="store_true", help="leave out hot pixels' events")
    sub.add_argument(
        "--no-background", type=_finite, metavar="MS",
        help="leave out events without another beside them within MS ms before",
    )  # fmt: skip
    sub.add_argument("--crop", nargs=4, help="x0 y0 x1 y1: keep x0 <= x < x1, y0 <= y < y1", **size)
    sub.add_argument(
        "--rotate", type=int, choices=(0, 90, 180, 270), default=0, help="counter-clockwise"
    )
    sub.add_argument("--flip-x", action="store_true", help="swap left and right")
    sub.add_argument("--flip-y", action="store_true", help="swap top and bottom")


def _add_device(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--device", type=_device, default="auto", help="auto, cpu, cuda or cuda:N")


def _add_cache(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--cache", type=Path, metavar="DIR", help="keep the binned frames here")


def _add_train(sub: argparse.ArgumentParser) -> None:
    """Add the options of `train`; what is not given is the preset's."""
    sub.add_argument("--data", type=Path, required=True, metavar="DIR")
    sub.add_argument("--download", action="store_true", help="download the data into DIR first")
    sub.add_argument(
        "--preset",
        choices=(
            *("nmnist", "gesture", "gesture-long", "gait", "cifar10dvs", "digits", "imagenet"),
        ),
        default="nmnist",
    )
    sub.add_argument(
        "--attention", default="TCSA", help="none, TA, CA, SA, TCA, TSA, CSA or TCSA (TCSA)"
    )
    sub.add_argument(
        "--site",
        choices=("membrane", "current", "branch", "sum"),
        help="where gates act: membrane (the paper) or current; in residual networks on the branch "
        "(the paper) or after the sum",
    )
    sub.add_argument("--relu", action="store_true", help="site current: the ReLU-only control")
    sub.add_argument("--steps", dest="T", type=_positive, metavar="N", help="time steps")
    sub.add_argument("--dt-ms", type=_finite, metavar="N", help="duration of a step")
    sub.add_argument("--channels", type=_positive, nargs="+", metavar="N")
    sub.add_argument("--hidden", type=_positive, nargs="+", metavar="N")
    sub.add_argument("--decay", type=_finite, metavar="N")
    sub.add_argument("--channel-reduction", type=_positive, metavar="N")
    sub.add_argument("--blocks", type=_positive, nargs="+", metavar="N", help="of each stage")
    sub.add_argument("--width", type=_positive, metavar="N", help="channels of the first stage")
    sub.add_argument("--epochs", type=_positive)
    sub.add_argument("--batch", type=_positive)
    sub.add_argument("--learning-rate", type=_finite)
    sub.add_argument("--seed", type=_natural, default=0)
    sub.add_argument(
        "--precision",
        choices=("auto", "float32", "bfloat16"),
        default="auto",
        help="bfloat16 is mixed precision; auto takes it on CUDA",
    )
    sub.add_argument("--first", type=_positive, metavar="N", help="use the first N recordings")
    sub.add_argument("--validation", type=_positive, metavar="N", help="recordings kept back")
    sub.add_argument("--split-seed", type=_natural, default=0)
    sub.add_argument("--half", action="store_true", help="store weights in half precision")
    sub.add_argument("--name", type=_name, help="name of the checkpoint (PRESET-ATTENTION)")
    sub.add_argument("--out", type=Path, default=FOLDER, metavar="DIR")
    sub.add_argument("--runs", type=Path, default=Path("runs"), metavar="DIR")
    sub.add_argument("--overwrite", action="store_true")
    _add_cache(sub)


def _positive(text: str) -> int:
    if (value := int(text)) < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def _natural(text: str) -> int:
    if (value := int(text)) < 0:
        raise argparse.ArgumentTypeError("must be at least 0")
    return value


def _finite(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1e12:
        raise argparse.ArgumentTypeError("must be a number of at least 0")
    return value


def _name(text: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", text):
        return text
    raise argparse.ArgumentTypeError("must be letters, digits, dots, dashes and underscores")


def _device(text: str) -> str:
    kind, _, index = text.partition(":")
    if text in {"auto", "cpu", "cuda"} or (kind == "cuda" and index.isascii() and index.isdigit()):
        return text
    raise argparse.ArgumentTypeError("must be auto, cpu, cuda or cuda:N")
