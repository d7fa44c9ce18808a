"""The options of the command line, and what they say of a training."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from masnn import __version__, commands
from masnn.checkpoints import FOLDER
from masnn.errors import DataError
from masnn.kinds import is_residual
from masnn.option_kinds import Parser, device, finite, name, natural, positive

#: Kinds of figure files of a report, as `report.panel.FORMATS`.
FORMATS = ("svg", "pdf", "png")

#: What a user may say of an imported network that its file does not hold, as `importers.Told`.
STATED = (
    *("T", "dt_ms", "input_size", "pools", "votes", "decay", "v_threshold"),
    *("tau", "v_reset", "decay_input", "transform"),
)

#: Prices of operations, as `energy.PRESETS`.
PRICES = ("fp32", "fp16", "int8", "int8_sum32")

#: Names of gestures and presets, which must be known without loading what computes with them.
GESTURES = (
    "hand_clapping, right_hand_wave, left_hand_wave, right_arm_clockwise, "
    "right_arm_counter_clockwise, left_arm_clockwise, left_arm_counter_clockwise, arm_roll, "
    "air_drums, air_guitar or other_gestures"
)

#: Residual designs, as `isometry_designs.DESIGNS`.
DESIGNS = ("vanilla", "ms", "att-1", "att-2", "att-1-code")


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; each sets `command` to its function."""
    top = Parser(prog="python -m masnn")
    top.add_argument("--version", action="version", version=f"masnn {__version__}")
    of_top = top.add_subparsers(required=True, metavar="COMMAND")

    sub = _command(of_top, commands.inspect)
    sub.add_argument("file", type=Path, metavar="FILE")
    _add_window(sub)

    sub = _command(of_top, commands.convert)
    sub.add_argument("file", type=Path, metavar="IN")
    sub.add_argument(
        "output", type=Path, metavar="OUT", help="ends in .npz, .csv, .aedat4, .h5, .bin"
    )
    sub.add_argument("--overwrite", action="store_true", help="replace OUT where it is there")
    _add_window(sub)
    _add_edits(sub)

    sub = _command(of_top, commands.models)
    sub.add_argument("--folder", type=Path, help="folder of checkpoints (the shipped ones)")

    sub = _command(of_top, commands.compare)
    sub.add_argument("file", type=Path, metavar="FILE")
    sub.add_argument("--a", required=True, metavar="NAME", help="checkpoint A")
    sub.add_argument("--b", required=True, metavar="NAME", help="checkpoint B")
    sub.add_argument(
        "--start-ms",
        type=finite,
        default=0.0,
        metavar="N",
        help="start of the networks' window in ms after the first event (0)",
    )
    _add_window(sub)
    _add_edits(sub)
    _add_device(sub)

    sub = _command(of_top, commands.classify)
    sub.add_argument("image", type=Path, metavar="IMAGE", help="PNG or JPEG")
    sub.add_argument("--a", required=True, metavar="NAME", help="checkpoint A")
    sub.add_argument("--b", metavar="NAME", help="checkpoint B")
    sub.add_argument("--prices", choices=PRICES, default=PRICES[0], help="costs of operations")
    _add_device(sub)

    sub = _command(of_top, commands.report)
    sub.add_argument("file", type=Path, metavar="FILE", help="a recording, or a PNG or JPEG")
    sub.add_argument("--a", metavar="NAME", help="checkpoint A")
    sub.add_argument("--b", metavar="NAME", help="checkpoint B")
    sub.add_argument("--start-ms", type=finite, metavar="N", help="as in compare (0)")
    sub.add_argument(
        "--recipe", type=Path, metavar="JSON", help="recipe.json of a report, to make it again"
    )
    sub.add_argument("--layer", metavar="NAME", help="whose channels are shown (as the page opens)")
    sub.add_argument("--neuron-layer", metavar="NAME", help="fully connected layer of the neuron")
    sub.add_argument(
        "--neuron",
        type=natural,
        nargs="+",
        metavar="N",
        help="channel, y and x, or a number (the one that fires most)",
    )
    sub.add_argument(
        "--step", type=positive, metavar="N", help="the player's step that is written out (1)"
    )
    sub.add_argument("--prices", metavar="NAME", help="costs of operations (fp32)")
    sub.add_argument("-o", "--output", type=Path, required=True, metavar="DIR")
    sub.add_argument("--formats", nargs="+", choices=FORMATS, default=FORMATS, help="(all)")
    sub.add_argument(
        "--columns", nargs="+", type=int, choices=(1, 2), default=(1, 2), help="widths (both)"
    )
    sub.add_argument("--overwrite", action="store_true", help="write into a folder in use")
    _add_window(sub)
    _add_edits(sub)
    _add_device(sub)

    sub = _command(of_top, commands.evaluate)
    sub.add_argument("name", metavar="NAME", help="a checkpoint")
    sub.add_argument("--data", type=Path, required=True, metavar="DIR")
    _add_part(sub)
    sub.add_argument(
        "--clips",
        type=positive,
        default=1,
        metavar="N",
        help="windows of each recording, spread evenly; their mean decides (1: from its start)",
    )
    _add_cache(sub)
    _add_device(sub)

    sub = _command(of_top, commands.asrv)
    sub.add_argument("name", metavar="NAME", help="a checkpoint")
    sub.add_argument("--b", metavar="NAME", help="another, beside it and compared with it")
    sub.add_argument("--data", type=Path, required=True, metavar="DIR")
    _add_part(sub)
    sub.add_argument("-o", "--output", type=Path, required=True, metavar="DIR")
    sub.add_argument("--layer", metavar="NAME", help="whose channels are drawn (the first)")
    sub.add_argument("--formats", nargs="+", choices=FORMATS, default=("svg", "png"))
    sub.add_argument("--prices", choices=PRICES, default=PRICES[0], help="costs of operations")
    sub.add_argument("--batch", type=positive, default=32, metavar="N", help="at once (32)")
    sub.add_argument("--overwrite", action="store_true", help="replace what DIR holds")
    _add_device(sub)

    sub = _command(of_top, commands.train)
    _add_train(sub)
    _add_device(sub)

    sub = _command(of_top, commands.import_, "import")
    _add_import(sub)

    sub = _command(of_top, commands.zoo)
    sub.add_argument("--nmnist", type=Path, metavar="DIR", help="N-MNIST")
    sub.add_argument("--gestures", type=Path, metavar="DIR", help="simulated gestures, seed 0")
    sub.add_argument("--digits", type=Path, metavar="DIR", help="what the command digits wrote")
    sub.add_argument("--only", default="", metavar="TEXT", help="entries whose name holds TEXT")
    sub.add_argument("--seeds", type=natural, nargs="+", default=[0, 1, 2], metavar="N")
    sub.add_argument("--out", type=Path, default=FOLDER, metavar="DIR")
    sub.add_argument("--runs", type=Path, default=Path("runs"), metavar="DIR")
    sub.add_argument("--table", type=Path, metavar="FILE", help="write the tables, train nothing")
    _add_cache(sub)
    _add_device(sub)

    sub = _command(of_top, commands.isometry)
    _add_isometry(sub)
    sub = _command(of_top, commands.digits)
    sub.add_argument("folder", type=Path, metavar="DIR")
    sub.add_argument("--seed", type=natural, default=0, help="of the split (0)")

    simulate = of_top.add_parser("simulate", help="Simulate recordings")
    scenes = simulate.add_subparsers(required=True, metavar="SCENE")
    sub = _command(scenes, commands.simulate_digit, "digit")
    sub.add_argument("digit", type=int, choices=range(10), metavar="DIGIT")
    _add_output(sub)
    sub = _command(scenes, commands.simulate_gesture, "gesture")
    sub.add_argument("gesture", metavar="GESTURE", help=GESTURES)
    sub.add_argument("--seconds", type=finite, default=6.0)
    _add_output(sub)
    sub = _command(scenes, commands.simulate_dataset, "dataset")
    sub.add_argument("what", choices=("gestures",))
    sub.add_argument("folder", type=Path, metavar="DIR")
    sub.add_argument("--seed", type=natural, default=0)
    sub.add_argument("--training-subjects", type=positive, default=48, metavar="N")
    sub.add_argument("--test-subjects", type=positive, default=12, metavar="N")
    sub.add_argument("--seconds", type=finite, default=6.0)
    sub.add_argument("--workers", type=positive, metavar="N", help="processes (one a processor)")
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
    residual = is_residual(PRESETS[arguments.preset].network)
    other = ("channels", "hidden") if residual else ("blocks", "width")
    if misplaced := [OPTIONS[key] for key in other if key in changes]:
        kind = "residual" if residual else "convolutional"
        raise DataError(
            f"{', '.join(misplaced)}: the preset {arguments.preset} is of a {kind} network, which "
            "has no such setting."
        )
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


def import_words(arguments: argparse.Namespace) -> str:
    """Return the command that converts a file again, with the name of the file alone."""
    words = ["python", "-m", "masnn", "import", arguments.file.name]
    for key in ("name", "classes", "data_name", "licence", *STATED):
        value = getattr(arguments, key)
        option = f"--{key.replace('_', '-')}"
        if value is False:
            words.append(f"--no-{key.replace('_', '-')}")
        elif value is True:
            words.append(option)
        elif value is not None:
            values = value if isinstance(value, list) else [value]
            words += [option, *(Path(v).name if key == "classes" else str(v) for v in values)]
    return shlex.join(words)


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
    sub.add_argument("--seed", type=natural, default=0)
    sub.add_argument("-o", "--output", type=Path, required=True, metavar="FILE")


def _add_window(sub: argparse.ArgumentParser) -> None:
    """Add the part of a file that is opened."""
    sub.add_argument(
        "--from-ms",
        type=finite,
        metavar="N",
        help="open what lies N ms after the file's first event and later, and no more",
    )
    sub.add_argument("--to-ms", type=finite, metavar="N", help="open what lies before that")


def _add_edits(sub: argparse.ArgumentParser) -> None:
    """Add what `edits.Edits` can change, in the order of doing."""
    size: dict[str, Any] = {"type": int, "metavar": "PX"}
    sub.add_argument(
        "--sensor", nargs=2, help="width and height, where the file's are wrong", **size
    )
    sub.add_argument(
        "--time-unit", choices=("ns", "us", "ms", "s"),
        help="what the file counts time in, in place of what it says or was guessed to",
    )  # fmt: skip
    sub.add_argument("--no-hot-pixels", action="store_true", help="leave out hot pixels' events")
    sub.add_argument(
        "--no-background", type=finite, metavar="MS",
        help="leave out events without another beside them within MS ms before",
    )  # fmt: skip
    sub.add_argument("--crop", nargs=4, help="x0 y0 x1 y1: keep x0 <= x < x1, y0 <= y < y1", **size)
    sub.add_argument(
        "--rotate", type=int, choices=(0, 90, 180, 270), default=0, help="counter-clockwise"
    )
    sub.add_argument("--flip-x", action="store_true", help="swap left and right")
    sub.add_argument("--flip-y", action="store_true", help="swap top and bottom")


def _add_part(sub: argparse.ArgumentParser) -> None:
    parts, what = ("all", "training", "validation"), "part of the checkpoint's own data set (all)"
    sub.add_argument("--part", choices=parts, default=parts[0], help=what)


def _add_device(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--device", type=device, default="auto", help="auto, cpu, cuda or cuda:N")


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
    sub.add_argument("--steps", dest="T", type=positive, metavar="N", help="time steps")
    sub.add_argument("--dt-ms", type=finite, metavar="N", help="duration of a step")
    sub.add_argument("--channels", type=positive, nargs="+", metavar="N")
    sub.add_argument("--hidden", type=positive, nargs="+", metavar="N")
    sub.add_argument("--decay", type=finite, metavar="N")
    sub.add_argument("--channel-reduction", type=positive, metavar="N")
    sub.add_argument("--blocks", type=positive, nargs="+", metavar="N", help="of each stage")
    sub.add_argument("--width", type=positive, metavar="N", help="channels of the first stage")
    sub.add_argument("--epochs", type=positive)
    sub.add_argument("--batch", type=positive)
    sub.add_argument("--learning-rate", type=finite)
    sub.add_argument("--seed", type=natural, default=0)
    sub.add_argument(
        "--precision",
        choices=("auto", "float32", "bfloat16"),
        default="auto",
        help="bfloat16 is mixed precision; auto takes it on CUDA",
    )
    sub.add_argument("--first", type=positive, metavar="N", help="use the first N recordings")
    sub.add_argument("--validation", type=positive, metavar="N", help="recordings kept back")
    sub.add_argument("--split-seed", type=natural, default=0)
    sub.add_argument("--half", action="store_true", help="store weights in half precision")
    sub.add_argument("--name", type=name, help="name of the checkpoint (PRESET-ATTENTION)")
    sub.add_argument(
        "--out",
        type=Path,
        default=Path("runs"),
        metavar="DIR",
        help="where the checkpoint goes (runs); the app shows those of checkpoints/",
    )
    sub.add_argument("--runs", type=Path, default=Path("runs"), metavar="DIR")
    sub.add_argument("--overwrite", action="store_true")
    _add_cache(sub)


def _add_import(sub: argparse.ArgumentParser) -> None:
    """Add the options of `import`; what is not given is the layout's own, and reported."""
    sub.add_argument("file", type=Path, metavar="FILE", help="a file of torch.save (.t7, .pth)")
    sub.add_argument("--name", type=name, help="name of the checkpoint (the file's)")
    sub.add_argument("--out", type=Path, default=FOLDER, metavar="DIR")
    sub.add_argument("--overwrite", action="store_true", help="replace a checkpoint of this name")
    sub.add_argument(
        "--classes",
        nargs="+",
        metavar="NAME",
        help="in order of the outputs; or a file, one a line",
    )
    sub.add_argument("--data-name", metavar="TEXT", help="what it was trained on")
    sub.add_argument("--licence", metavar="TEXT", help="licence of the weights")
    sub.add_argument("--T", type=positive, metavar="N", help="time steps")
    sub.add_argument("--dt-ms", type=finite, metavar="N", help="duration of a step")
    sub.add_argument("--input-size", type=positive, nargs=2, metavar=("H", "W"), help="in px")
    sub.add_argument(
        "--pools",
        type=positive,
        nargs="+",
        metavar="N",
        help="average pooling, 1 for none",
    )
    sub.add_argument("--votes", type=positive, metavar="N", help="output neurons of a class")
    sub.add_argument("--decay", type=finite, metavar="N", help="share of the potential kept")
    sub.add_argument("--v-threshold", type=finite, metavar="N")
    sub.add_argument("--tau", type=finite, metavar="N", help="SpikingJelly's time constant")
    sub.add_argument("--v-reset", type=float, metavar="N", help="SpikingJelly's")
    sub.add_argument("--decay-input", action=argparse.BooleanOptionalAction, help="SpikingJelly's")
    sub.add_argument("--transform", metavar="NAME", help="imagenet, published, unit or none")


def _add_isometry(sub: argparse.ArgumentParser) -> None:
    """Add the options of `isometry`; what is not given is the sweep's own."""
    number: dict[str, Any] = {"type": positive, "metavar": "N"}
    sub.add_argument(
        "--designs",
        nargs="*",
        choices=DESIGNS,
        metavar="DESIGN",
        help=f"untrained networks: {', '.join(DESIGNS)} (all; none where a --network is named)",
    )
    sub.add_argument("--blocks", nargs="+", help="their depths (18 50 100 200)", **number)
    sub.add_argument("--probes", help="at each input (4)", **number)
    sub.add_argument("--seeds", help="networks of each kind (3)", **number)
    sub.add_argument("--inputs", help="images of noise (8)", **number)
    sub.add_argument("--width", help="channels (16)", **number)
    sub.add_argument("--side", help="of the maps, in px (8)", **number)
    sub.add_argument("--steps", help="time steps (1)", **number)
    sub.add_argument(
        "--gain",
        type=finite,
        metavar="N",
        help="scale of each branch's last norm (0.1)",
    )
    sub.add_argument("--network", metavar="NAME", help="a residual checkpoint, as it was trained")
    sub.add_argument(
        "--frames", type=Path, metavar="NPY", help="images (N, C, H, W) instead of noise"
    )
    sub.add_argument("-o", "--output", type=Path, metavar="DIR", help="write tables and figure")
