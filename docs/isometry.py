"""Measure isometry over depth: docs/isometry.png, docs/isometry.md, app/measured/isometry.json.

    python docs/isometry.py

Takes about two minutes on two cores. The page Depth shows the last of the three.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from masnn import isometry_report
from masnn.isometry_designs import DESIGNS
from masnn.isometry_sweep import DEPTHS, Settings

DOCS = Path(__file__).parent
MEASURED = DOCS.parent / "app" / "measured" / "isometry.json"

HEAD = "design, blocks, phi, of any block, varphi, log10 of \\|g\\|, product of phi, firing".split(
    ", "
)

_HEAD = """# Block dynamical isometry, measured

`python docs/isometry.py` writes this page, its figure and what the page Depth shows;
`python -m masnn isometry -o DIR` writes the same numbers, block by block.

Untrained networks of equal blocks ({width} channels of {side_px} x {side_px}, T = {T}, zeta =
{gain:g}, {n_inputs} images of noise, {n_probes} probes at each, {n_seeds} networks of each kind).
phi and varphi: medians over blocks; |g|: norm of a signal before the first block, relative to after
the last; the product of phi is what Lemma S1 predicts of it; firing: of the neurons before the
first and before the last block. After +-: standard error over networks.
"""


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table, its first column flush left."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, rule, *rows)) + "\n"


def number(value: float | None, places: int) -> str:
    """Write a number, a dash for none."""
    return "-" if value is None else f"{value:.{places}f}"


def page(result: dict[str, Any]) -> str:
    """Return docs/isometry.md."""
    courses = [
        [
            DESIGNS[row["name"]].title,
            str(row["blocks"]),
            f"{row['phi']:.4f} \u00b1 {number(row['phi_error'], 4)}",
            f"{row['phi_least']:.3f} to {row['phi_greatest']:.3f}",
            f"{row['varphi']:.4f}",
            f"{number(row['log10_norm'], 2)} \u00b1 {number(row['log10_norm_error'], 2)}",
            number(row["log10_product"], 2),
            f"{row['active_first']:.1%}, {row['active_last']:.1%}",
        ]
        for row in result["courses"]
    ]
    forms = [
        [
            row["name"],
            row["where"],
            number(row["phi_theory"], 4),
            f"{row['phi']:.4f} \u00b1 {row['phi_error']:.4f}",
            number(row["varphi_theory"], 4),
            f"{row['varphi']:.4f}",
        ]
        for row in result["forms"]
    ]
    return "\n".join(
        [
            _HEAD.format(**result["settings"]),
            table(
                HEAD,
                courses,
            ),
            "## Closed forms (paper, Table 8 and Theorem 1) beside what is measured\n",
            table(["map", "where", "phi", "measured", "varphi", "measured"], forms),
        ]
    )


def write(result: dict[str, Any]) -> None:
    """Write all three files."""
    (DOCS / "isometry.png").write_bytes(isometry_report.figure(result, "png"))
    (DOCS / "isometry.md").write_text(page(result), encoding="utf-8")
    shown = {key: result[key] for key in ("settings", "courses", "forms")}
    MEASURED.parent.mkdir(exist_ok=True)
    MEASURED.write_text(json.dumps(shown, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write(isometry_report.measure(list(DESIGNS), DEPTHS, Settings()))
