"""Command line: python -m masnn inspect | compare | evaluate | train | simulate | models."""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

from masnn import __version__
from masnn.errors import DataError, MasnnError

# Every command returns what --json prints; `report` says the same to a person. Heavy imports
# live inside the commands: `inspect` needs no torch.


def inspect(arguments: argparse.Namespace) -> dict[str, Any]:
    """Say what a recording holds."""
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
    }


def models(arguments: argparse.Namespace) -> dict[str, Any]:
    """List the checkpoints and what was measured of them."""
    import dataclasses

    from masnn import checkpoints

    cards = checkpoints.available(arguments.folder)
    return {"models": [dataclasses.asdict(card) for card in cards.values()]}


def compare(arguments: argparse.Namespace) -> dict[str, Any]:
    """Run two networks on one recording."""
    from masnn import checkpoints, comparison
    from masnn.devices import choose_device
    from masnn.readers import read_recording
    from masnn.response import record

    recording = read_recording(arguments.file)
    device, sentence = choose_device(arguments.device)
    frames, cards, summaries = {}, {}, {}
    for side in ("a", "b"):
        network, cards[side] = checkpoints.load(getattr(arguments, side))
        frames[side] = comparison.window(recording.events, cards[side].config, arguments.start_ms)
        folded = network.folded().to(device)
        response = record(folded, frames[side].counts, potentials=False)
        summaries[side] = comparison.summarise(cards[side], response)
    return {
        **summaries,
        "difference": comparison.difference(summaries["a"], summaries["b"]),
        "provenance": comparison.provenance(recording, frames, cards, str(device)),
        "notes": [sentence, *recording.warnings],
    }


def evaluate(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure a network on labelled recordings, one folder for each class."""
    from masnn import checkpoints, datasets, recipes, training
    from masnn.devices import choose_device

    network, card = checkpoints.load(arguments.name)
    data = datasets.labelled_folder(arguments.data, card.classes)
    data = recipes.part_of(data, card, arguments.part)
    with _Bar(arguments, "reading") as bar:
        frames, labels = datasets.load_frames(data, network.config, bar.reading)
    device, sentence = choose_device(arguments.device)
    measured = training.evaluate(network, frames, labels, device=device)
    return {
        "checkpoint": card.name,
        "part": arguments.part,
        **recipes.metrics(measured),
        "classes": list(card.classes),
        "notes": [sentence],
    }


def train(arguments: argparse.Namespace) -> dict[str, Any]:
    """Train a network on labelled recordings and write its checkpoint."""
    import dataclasses

    from masnn import datasets, recipes
    from masnn.devices import choose_device
    from masnn.training import TrainConfig

    name = arguments.name or f"{arguments.preset}-{_slug(arguments)}"
    changes: dict[str, Any] = {"attention": arguments.attention, "attention_site": arguments.site}
    for field, value in (("channels", arguments.channels), ("hidden", arguments.hidden)):
        if value:
            changes[field] = tuple(value)
    if arguments.relu:
        changes["relu"] = True
    folder = arguments.data
    if arguments.download:
        folder = datasets.download_nmnist(folder)
    if (arguments.out / f"{name}.json").exists() and not arguments.overwrite:
        raise DataError(
            f"{arguments.out / name}.json is already there; choose another --name, or --overwrite."
        )
    how = TrainConfig(
        epochs=arguments.epochs,
        batch=arguments.batch,
        learning_rate=arguments.learning_rate,
        seed=arguments.seed,
    )
    device, sentence = choose_device(arguments.device)
    with _Bar(arguments, "reading") as reading, _Bar(arguments, "training") as bar:
        card = recipes.run(
            name,
            folder,
            preset=arguments.preset,
            changes=changes,
            how=how,
            n_validation=arguments.validation,
            split_seed=arguments.split_seed,
            out=arguments.out,
            runs=arguments.runs,
            device=str(device),
            command=_command(arguments, how),
            on_read=reading.reading,
            on_step=bar.step,
            on_epoch=bar.epoch,
        )
    return {**dataclasses.asdict(card), "notes": [sentence]}


def simulate(arguments: argparse.Namespace) -> dict[str, Any]:
    """Simulate a recording and write it to a file."""
    from masnn.simulate import simulate_digit
    from masnn.writers import write_events

    events = simulate_digit(arguments.digit, arguments.seed)
    write_events(events, arguments.output)
    return {
        "file": str(arguments.output),
        "digit": arguments.digit,
        "seed": arguments.seed,
        "simulated": True,
        "events": len(events),
        "on_events": events.n_on,
        "duration_us": events.duration_us,
    }


def report(command: str, result: dict[str, Any]) -> str:
    """Return a command's result as text for a person."""
    from masnn import reports

    return reports.TEXT[command](result)


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; each sets `command` to its function."""
    top = argparse.ArgumentParser(prog="python -m masnn", description=__doc__)
    top.add_argument("--version", action="version", version=f"masnn {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def add(function: Any) -> argparse.ArgumentParser:
        sub = commands.add_parser(
            function.__name__, help=function.__doc__.rstrip("."), description=function.__doc__
        )
        sub.add_argument("--json", action="store_true", help="print JSON instead of text")
        sub.set_defaults(command=function)
        return sub

    sub = add(inspect)
    sub.add_argument("file", type=Path, metavar="FILE")

    sub = add(models)
    sub.add_argument("--folder", type=Path, help="folder of checkpoints (the shipped ones)")

    sub = add(compare)
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
    _add_device(sub)

    sub = add(evaluate)
    sub.add_argument("name", metavar="NAME", help="a checkpoint")
    sub.add_argument("--data", type=Path, required=True, metavar="DIR")
    sub.add_argument(
        "--part",
        choices=("all", "training", "validation"),
        default="all",
        help="the part of the checkpoint's own data set to measure on (all)",
    )
    _add_device(sub)

    sub = add(train)
    _add_train(sub)
    _add_device(sub)

    sub = add(simulate)
    sub.add_argument("scene", choices=("digit",))
    sub.add_argument("digit", type=int, choices=range(10), metavar="DIGIT")
    sub.add_argument("--seed", type=_natural, default=0)
    sub.add_argument("-o", "--output", type=Path, required=True, metavar="FILE")
    return top


def _add_device(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--device", type=_device, default="auto", help="auto, cpu, cuda or cuda:N")


def _add_train(sub: argparse.ArgumentParser) -> None:
    """Add the options of `train`; their defaults made the shipped checkpoints."""
    from masnn.checkpoints import FOLDER

    sub.add_argument("--data", type=Path, required=True, metavar="DIR", help="one folder a class")
    sub.add_argument("--download", action="store_true", help="download N-MNIST into DIR first")
    sub.add_argument("--preset", choices=("nmnist",), default="nmnist")
    sub.add_argument(
        "--attention", default="TCSA", help="none, TA, CA, SA, TCA, TSA, CSA or TCSA (TCSA)"
    )
    sub.add_argument("--site", choices=("membrane", "current"), default="membrane")
    sub.add_argument("--relu", action="store_true", help="site current: the ReLU-only control")
    sub.add_argument("--channels", type=_positive, nargs="+", metavar="N")
    sub.add_argument("--hidden", type=_positive, nargs="+", metavar="N")
    sub.add_argument("--epochs", type=_positive, default=22)
    sub.add_argument("--batch", type=_positive, default=8)
    sub.add_argument("--learning-rate", type=_finite, default=2e-3)
    sub.add_argument("--seed", type=_natural, default=0)
    sub.add_argument("--validation", type=_positive, metavar="N", help="recordings kept back")
    sub.add_argument("--split-seed", type=_natural, default=0)
    sub.add_argument("--name", type=_name, help="name of the checkpoint (PRESET-ATTENTION)")
    sub.add_argument("--out", type=Path, default=FOLDER, metavar="DIR")
    sub.add_argument("--runs", type=Path, default=Path("runs"), metavar="DIR")
    sub.add_argument("--overwrite", action="store_true")


def _slug(arguments: argparse.Namespace) -> str:
    attention = "vanilla" if arguments.attention == "none" else arguments.attention.lower()
    parts = [attention, "current" if arguments.site == "current" else ""]
    return "-".join(p for p in (*parts, "relu" if arguments.relu else "") if p)


def _command(arguments: argparse.Namespace, how: Any) -> str:
    """Return the command that repeats this training, with no path of this machine in it."""
    words = [
        "python -m masnn train --data DIR",
        f"--preset {arguments.preset} --attention {arguments.attention} --site {arguments.site}",
        f"--epochs {how.epochs} --batch {how.batch} --learning-rate {how.learning_rate}",
        f"--seed {how.seed} --split-seed {arguments.split_seed}",
    ]
    for option in ("channels", "hidden"):
        if getattr(arguments, option):
            words.append(f"--{option} {' '.join(map(str, getattr(arguments, option)))}")
    if arguments.validation:
        words.append(f"--validation {arguments.validation}")
    return " ".join(words + (["--relu"] if arguments.relu else []))


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


class _Bar:
    """A progress bar on standard error; silent with --json."""

    def __init__(self, arguments: argparse.Namespace, title: str) -> None:
        self._silent = arguments.json
        self._title = title
        self._bar: Any = None
        self._nasfr = ""

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def reading(self, done: int, of: int) -> None:
        """Show how many recordings were read."""
        if self._bar is None or done == 1:
            from tqdm import tqdm

            self._bar = tqdm(total=of, desc=self._title, disable=self._silent)
        self._bar.update(1)
        if done == of:
            self._bar.close()

    def step(self, done: int, of: int, loss: float, accuracy: float) -> None:
        """Show a training step; a resumed run begins in the middle."""
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(total=of, desc=self._title, disable=self._silent, initial=done - 1)
        self._bar.set_postfix_str(
            f"loss {loss:.4f}, accuracy {accuracy:.1%}{self._nasfr}", refresh=False
        )
        self._bar.update(1)

    def epoch(self, epoch: Any) -> None:
        """Write what an epoch reached above the bar."""
        self._nasfr = f", NASFR {epoch.nasfr:.4f}"
        if not self._silent:
            self._bar.write(
                f"epoch {epoch.epoch}: loss {epoch.loss:.4f}, training "
                f"{epoch.training_accuracy:.1%}, validation {epoch.validation_accuracy:.1%}"
                f"{self._nasfr}",
                file=sys.stderr,
            )


def main(words: list[str] | None = None) -> int:
    """Run one command; return 0, or 2 with one line on standard error for what a user can mend."""
    arguments = parser().parse_args(words)
    try:
        result = arguments.command(arguments)
        if arguments.json:
            print(json.dumps(result, indent=1))
        else:
            print(report(arguments.command.__name__, result))
        sys.stdout.flush()
    except MasnnError as error:
        print(f"masnn: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of our output had enough
        sys.stderr.close()
        return 0
    except (ValueError, OSError, MemoryError) as error:
        # Options that describe no network, or a file that cannot be opened or written.
        print(f"masnn: {error or 'not enough memory'}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("masnn: interrupted; train goes on from its last epoch.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
