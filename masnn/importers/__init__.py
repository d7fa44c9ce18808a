"""Foreign checkpoints: a file of torch.save becomes a checkpoint of this package, or is refused.

`import_checkpoint` is the door. A limited child process takes the weights out of the file
(`_opening`), a layout recognises their names and plans where each goes (one module each), and
`_plan.fitted` holds every shape against that plan before a network is built. What a state dict does
not say, such as the neurons' constants, is told by the user or assumed and reported.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from masnn import checkpoints
from masnn.cards import Card
from masnn.errors import CheckpointError
from masnn.importers import authors_conv, authors_residual, ms_resnet, spikingjelly
from masnn.importers._opening import Stored, opened
from masnn.importers._plan import Plan, Told, fitted

__all__ = ["Told", "Writing", "import_checkpoint"]

_LAYOUTS = (authors_conv, authors_residual, ms_resnet, spikingjelly)

_UNKNOWN_DATA = "unknown data (imported)"
_UNKNOWN_LICENCE = "Licence unknown: ask who trained it"


@dataclass(frozen=True)
class Writing:
    """What is written on the card of an imported network.

    Args:
        name: Name of the checkpoint; None for one made of the file's.
        classes: Class names in the order of the outputs; None for numbers.
        data: What the network was trained on; None where nobody knows.
        licence: Licence of the weights; None where nobody knows.
        command: The command that makes the checkpoint.
        overwrite: Whether a checkpoint of this name may be replaced.
    """

    name: str | None = None
    classes: tuple[str, ...] | None = None
    data: str | None = None
    licence: str | None = None
    command: str = "python -m masnn import"
    overwrite: bool = False


def import_checkpoint(
    path: Path, out: Path, told: Told | None = None, writing: Writing | None = None
) -> tuple[Card, dict[str, Any]]:
    """Convert a foreign file of weights and write it as a checkpoint.

    Args:
        path: A file of torch.save: a state dict, alone or under a usual key.
        out: Folder of the checkpoint.
        told: What the file does not say.
        writing: What the card says.

    Returns:
        card: The card; its `training["imported"]` is the report.
        report: What was recognised, assumed and left out, and what differs from the paper.

    Raises:
        CheckpointError: If the file is hostile, damaged, or of a network that cannot be converted;
            the message says why. Nothing is written then.
    """
    writing = writing or Writing()
    stored = opened(path)
    plan = _plan(stored, told or Told())
    network = fitted(plan, stored)
    name = writing.name or _name(path)
    if (out / f"{name}.json").exists() and not writing.overwrite:
        raise CheckpointError(f"{name}: is there already; choose another --name, or --overwrite.")
    n_classes = plan.config.n_classes
    classes = writing.classes or tuple(f"class {i}" for i in range(n_classes))
    report = _report(stored, plan)
    if writing.classes is None:
        report["assumed"].append(f"--classes: the {n_classes} classes go by their numbers")
    card = checkpoints.save(
        network,
        out,
        name=name,
        classes=list(classes),
        data={
            "name": writing.data or _UNKNOWN_DATA,
            "attribution": f"Imported from {path.name}.",
            **({} if plan.transform is None else {"transform": plan.transform}),
        },
        training={"imported": report},
        metrics={},
        command=writing.command,
        licence=writing.licence or _UNKNOWN_LICENCE,
    )
    return card, report


def _plan(stored: Stored, told: Told) -> Plan:
    for layout in _LAYOUTS:
        if layout.recognised(stored):
            try:
                return layout.plan(stored, told)
            except (ValueError, IndexError, ZeroDivisionError) as error:  # sizes of 0, no axes
                raise CheckpointError(
                    f"{stored.file}: taken for {layout.LAYOUT}, but it describes no network: "
                    f"{error}."
                ) from error
    known = "; ".join(layout.LAYOUT for layout in _LAYOUTS)
    first = ", ".join(list(stored.weights)[:3])
    raise CheckpointError(
        f"{stored.file}: its {len(stored.weights)} tensors ({first}, ...) are of no layout that is "
        f"known: {known}."
    )


def _report(stored: Stored, plan: Plan) -> dict[str, Any]:
    """Return what the conversion did, plain enough for a card."""
    dropped = [f"{name}, beside the weights" for name in stored.left_out]
    if stored.prefix:
        dropped.append(f'"{stored.prefix}" before every name')
    return {
        "file": stored.file,
        "sha256": stored.sha256,
        "layout": plan.layout,
        "tensors": len(stored.weights),
        "parameters": sum(
            value.numel()
            for name, value in stored.weights.items()
            if not name.endswith(("running_mean", "running_var", "num_batches_tracked"))
        ),
        "found_under": stored.container,
        "widened_from_16_bits": stored.widened,
        "steps": plan.config.T,
        "sees": _sees(plan),
        "neuron": plan.neuron,
        "relu": plan.relu,
        "batch_norm": plan.norm,
        "assumed": list(plan.assumed),
        "dropped": dropped,
        "filled": len(plan.fills),
        "differs_from_the_paper": list(plan.differs),
        "the_file_says": dict(stored.says),
    }


def _sees(plan: Plan) -> str:
    """Return what the network is shown, in words."""
    height, width = plan.config.input_size
    size = f"{height} x {width} px"
    if plan.transform is None:
        channels = plan.config.in_channels
        others = "" if channels == 2 else f"; of {channels} channels, so none that can be read here"
        return f"recordings, {size}{others}"
    resize, mean, std = (plan.transform[key] for key in ("resize", "mean", "std"))
    scaled = "scaled to it" if resize is None else f"cut out of a picture of {resize} px"
    return f"pictures, {size}, {scaled}; (value - mean) / std, mean {mean}, std {std}"


def _name(path: Path) -> str:
    """Return a checkpoint's name made of a file's."""
    name = re.sub(r"[^A-Za-z0-9._]+", "-", path.stem).strip("-._")[:100]
    return name or "imported"
