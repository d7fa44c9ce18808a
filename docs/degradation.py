"""Train residual networks of growing depth: docs/degradation.png and .md, and what Depth shows.

    python docs/degradation.py [--seeds 2] [--runs runs/degradation]

Needs no data but scikit-learn's digits. About twenty minutes a seed on one core; what is in
`--runs` already is not trained again, so that it can be stopped, and run by several processes.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import torch

from masnn import degradation, isometry_figure
from masnn.datasets import open_dataset
from masnn.digits import write_digits
from masnn.imagesets import ImageSet
from masnn.isometry_designs import DESIGNS
from masnn.isometry_sweep import Settings
from masnn.presets import PRESETS
from masnn.recipes import Recipe, load_parts
from masnn.report.panel import saved

DOCS = Path(__file__).parent
MEASURED = DOCS.parent / "app" / "measured" / "degradation.json"

#: Several images, each sent back several times.
HOW = Settings(n_inputs=8, n_probes=4, n_seeds=1)


def parts() -> tuple[Any, Any]:
    """Return the digits to learn from and those to measure on, as the preset has them."""
    recipe = Recipe("digits", PRESETS["digits"].training, attention="none", site="branch")
    with tempfile.TemporaryDirectory() as folder:
        write_digits(Path(folder))
        found = load_parts(recipe, open_dataset(Path(folder)))
    # Small sets are held decoded: their files are not needed any more.
    assert all(isinstance(part, ImageSet) and part.held is not None for part in found)
    return found


def table(rows: list[dict[str, Any]]) -> str:
    """Return a Markdown table, a line for each design and depth: means over seeds (and ranges)."""
    head = (
        *("design", "blocks", "networks", "training, %", "test, %", "NASFR"),
        *("log10 of \\|g\\|, untrained", "trained", "phi, untrained", "trained"),
    )
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    for name, blocks in dict.fromkeys((row["name"], row["blocks"]) for row in rows):
        found = [row for row in rows if (row["name"], row["blocks"]) == (name, blocks)]
        cells = [
            *(DESIGNS[name].title, str(blocks), str(len(found))),
            *(spread(found, f"{part}_accuracy", 1, 100) for part in ("training", "test")),
            spread(found, "nasfr", 3),
            *(spread(found, f"{when}_log10_norm", 2) for when in ("before", "after")),
            *(spread(found, f"{when}_phi", 3) for when in ("before", "after")),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def spread(rows: list[dict[str, Any]], key: str, places: int, scale: float = 1) -> str:
    """Write a column's mean and range; "none" for each value that is not finite."""
    values = [scale * row[key] for row in rows if row[key] is not None]
    missing = [f"and {len(rows) - len(values)} none"] if len(values) < len(rows) else []
    if not values:
        return "none"
    mean, *ends = (f"{v:.{places}f}" for v in (sum(values) / len(values), min(values), max(values)))
    return " ".join([mean, *([f"({' to '.join(ends)})"] if len(values) > 1 else []), *missing])


HEAD = """# Spiking degradation, measured

`python docs/degradation.py` writes this page, its figure and what the page Depth shows.

Networks of equal blocks ({width} channels of 8 x 8 px, T = 1) of each design, trained on
scikit-learn's handwritten digits ({n_training:,} images; tested on {n_test}) by the recipe of the
preset `digits`, {epochs} epochs each, the last one reported. Both accuracies are taken in
evaluation, of images as they are. |g|: norm of a signal before the first block, relative to
after the last; phi: median over blocks; both on the same {n_inputs} test images.

Means over seeds, and in brackets ranges; "none": nothing of the signal arrives.
"""


def write(rows: list[dict[str, Any]]) -> None:
    """Write all three files."""
    drawn = saved(lambda: isometry_figure.degradation(rows), "png")
    (DOCS / "degradation.png").write_bytes(drawn)
    head = HEAD.format(**rows[0], n_inputs=HOW.n_inputs)
    (DOCS / "degradation.md").write_text(f"{head}\n{table(rows)}", encoding="utf-8")
    MEASURED.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Train what is missing, and write the files if no design was left out."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--runs", type=Path, default=DOCS.parent / "runs" / "degradation")
    parser.add_argument("--designs", nargs="+", choices=list(DESIGNS), default=list(DESIGNS))
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # the networks are too narrow for more
    trials = [
        degradation.Trial(design, blocks, seed)
        for seed in range(arguments.seeds)
        for blocks in degradation.DEPTHS
        for design in arguments.designs
    ]
    rows = degradation.each(trials, *parts(), HOW, arguments.runs, on_done=told)
    if arguments.designs == list(DESIGNS):
        order = list(DESIGNS)
        rows.sort(key=lambda row: (order.index(row["name"]), row["blocks"], row["seed"]))
        write(rows)


def told(row: dict[str, Any]) -> None:
    """Print what came out of one network."""
    print(
        f"{row['name']}, {row['blocks']} blocks, seed {row['seed']}: "
        f"training {row['training_accuracy']:.1%}, test {row['test_accuracy']:.1%}",
        flush=True,
    )


if __name__ == "__main__":
    main()
