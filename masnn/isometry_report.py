"""What the command `isometry` measures, as plain numbers, tables and a figure."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from masnn import isometry_blocks, isometry_figure, isometry_forms
from masnn.checkpoints import load
from masnn.errors import DataError, reason
from masnn.isometry_sweep import Course, Settings, course, trained
from masnn.report.panel import saved, table
from masnn.residual import ResidualSNN, still


def measure(
    designs: Sequence[str],
    depths: Sequence[int],
    how: Settings,
    *,
    network: str | None = None,
    frames: Path | None = None,
    on_part: Callable[[int, int], None] = lambda done, of: None,
) -> dict[str, Any]:
    """Return everything as plain numbers.

    Args:
        designs: Designs of untrained networks, keys of `isometry_designs.DESIGNS`.
        depths: Their numbers of blocks.
        how: What networks, and how to look at them.
        network: A residual checkpoint to look at as well, as it was trained.
        frames: `.npy` of images (N, C, H, W) or sequences (N, T, C, H, W) to show to all of them;
            standard normal pixels where there is none.
        on_part: Called with how many courses of how many are done.

    Returns:
        "settings"; "courses", one row for each network and depth; "blocks", one for each block
        (`Course`); "forms", one for each closed form.

    Raises:
        MasnnError: If the checkpoint or the images cannot be used.
    """
    shown = _read(frames) if frames is not None else None
    if shown is not None and designs:
        _, _, channels, height, width = shown.shape
        if channels != 1 or height != width:
            raise DataError(
                f"{frames}: found {channels} channels of {height} x {width} px; the designs take "
                "one channel and squares. Name a --network alone, or give other images."
            )
        how = dataclasses.replace(how, side_px=height, n_inputs=len(shown))
    courses: list[Course] = []
    of = len(designs) * len(depths) + (network is not None)
    for design in designs:
        for n in depths:
            courses.append(course(design, n, how, None if shown is None else _at(shown, how.T)))
            on_part(len(courses), of)
    if network is not None:
        courses.append(_trained(network, how, shown))
        on_part(len(courses), of)
    return {
        "settings": dataclasses.asdict(how) | {"input": str(frames.name) if frames else "noise"},
        "courses": [one.summary() for one in courses],
        "blocks": [row for one in courses for row in one.rows()],
        "forms": forms(),
    }


def forms(n_seeds: int = 4) -> list[dict[str, Any]]:
    """Return the closed forms beside what was measured, as plain rows."""
    rows = []
    for form in (*isometry_forms.table(n_seeds), *isometry_blocks.table(n_seeds)):
        found = form.found
        theory = {"phi_theory": found.phi, "varphi_theory": found.varphi}
        words = {"name": form.name, "formula": form.formula, "where": form.where}
        rows.append(words | theory | dataclasses.asdict(found.measured))
    return rows


def write(result: dict[str, Any], folder: Path) -> list[str]:
    """Write what `measure` returned: three tables (CSV) and a figure (PNG, SVG).

    Files of these names are replaced; the folder is made.

    Returns:
        The names of the files.
    """
    contents = {
        f"isometry_{part}.csv": table(result[part]).encode()
        for part in ("courses", "blocks", "forms")
    }
    for kind in ("png", "svg"):
        contents[f"isometry.{kind}"] = figure(result, kind)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return list(contents)


def figure(result: dict[str, Any], kind: str) -> bytes:
    """Return the figure of what `measure` returned as a file of a kind of `panel.FORMATS`."""
    return saved(lambda: isometry_figure.sweep(result["courses"], result["blocks"]), kind)


def _trained(name: str, how: Settings, shown: Tensor | None) -> Course:
    """Return the course of a checkpoint."""
    network, _ = load(name)
    if not isinstance(network, ResidualSNN):
        raise DataError(f"{name}: has no residual blocks; isometry looks at residual networks.")
    config = network.config
    if shown is not None:
        shown = _at(shown, config.T)
        expected = (config.T, config.in_channels, *config.input_size)
        if tuple(shown.shape[1:]) != expected:
            raise DataError(
                f"{name}: takes frames (N, {', '.join(map(str, expected))}), found "
                f"{tuple(shown.shape)}. Give images of this size and these channels."
            )
    return trained(name, network, how, shown)


def _at(shown: Tensor, T: int) -> Tensor:
    """Return still images at T steps; a sequence of several as it is."""
    return still(shown[:, 0], T) if shown.shape[1] == 1 else shown


def _read(path: Path) -> Tensor:
    """Return the frames of a `.npy`, (N, T, C, H, W), T = 1 for images."""
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{path}: cannot be read as .npy: {reason(error)}") from error
    fits = isinstance(array, np.ndarray) and array.ndim in (4, 5) and array.dtype.kind in "fiub"
    if not fits or not array.size or not np.isfinite(array).all():
        found = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else "an archive"
        raise DataError(
            f"{path}: expected finite numbers (N, C, H, W) or (N, T, C, H, W), found {found}."
        )
    frames = torch.from_numpy(array.astype(np.float32))
    return frames if frames.ndim == 5 else frames[:, None]
