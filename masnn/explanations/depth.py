"""The page Depth: a signal on its way back, phi and varphi of each block, the sweep over depth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from masnn.explanations import formulas
from masnn.explanations.writing import Explanation, enough, line, words
from masnn.isometry_designs import DESIGNS
from masnn.isometry_sweep import Course


def returning(courses: Mapping[str, Course]) -> Explanation:
    """Explain the norm of a signal on its way back, with what is left of it."""
    return Explanation.of(
        "Training sends an error signal back from the last block to the first. Here it starts as "
        "white noise at the output, g, and every block multiplies it by its transposed Jacobian. "
        "What is drawn is the norm before each block, relative to the output: 0 keeps it, "
        "\u22122 leaves a hundredth. Neurons have the surrogate derivative of training.",
        [formulas.JACOBIAN, formulas.RETURNING],
        [
            rf"{_name(design)} &: \log_{{10}} |g_1| / |g_{{L+1}}| = {_short(norm)}"
            for design, one in courses.items()
            for norm in [float(one.passages[0].log10_norms[0])]
        ],
        "Before the first block:",
    )


def signals() -> Explanation:
    """Explain the pictures of the signal."""
    return Explanation.of(
        "The same signal as a picture: at each place the root of the mean square over channels. "
        "All pictures share one scale, from nothing (dark) to the strongest (bright).",
        [formulas.RETURNING],
        [],
    )


def phi(courses: Mapping[str, Course]) -> Explanation:
    """Explain phi, with that of each design's first block."""
    return Explanation.of(
        "How much a block changes the squared norm of a signal on its way back, averaged over "
        "directions: 1 keeps it. It is the mean of the n eigenvalues of J J\u1d40, estimated by "
        "probes v of random signs, which need no Jacobian written out. Bars are standard errors "
        "over inputs and probes.",
        [formulas.JACOBIAN, formulas.PHI],
        [
            rf"{_name(design)} &: \phi_1 = {m.phi:.3f} \pm {m.phi_error:.3f}"
            for design, one in courses.items()
            for m in [one.passages[0].moments[0]]
        ],
        "Of each design\u2019s first block:",
    )


def varphi(courses: Mapping[str, Course]) -> Explanation:
    """Explain varphi, with that of each design's first block."""
    return Explanation.of(
        "How unequal the directions are: the variance of the same eigenvalues. 0 means that every "
        "direction is kept as well as any other. A block is isometric where $\\phi$ is about 1 and "
        "$\\varphi$ about 0.",
        [formulas.VARPHI],
        [
            rf"{_name(design)} &: \varphi_1 = {m.varphi:.3f} \pm {m.varphi_error:.3f}"
            for design, one in courses.items()
            for m in [one.passages[0].moments[0]]
        ],
        "Of each design\u2019s first block:",
    )


def active(courses: Mapping[str, Course]) -> Explanation:
    """Explain the share of neurons that fire, with that before each design's last block."""
    return Explanation.of(
        "How many of the neurons before each block fire. Where none fires or all do, a block "
        "passes nothing on, however well a signal comes back through its shortcut.",
        [formulas.ACTIVE],
        [
            rf"{_name(design)} &: {100 * float(one.passages[0].active[-1]):.1f}\,\%"
            for design, one in courses.items()
        ],
        "Before the last block:",
    )


def sweep(rows: Sequence[Mapping[str, Any]]) -> Explanation:
    """Explain the sweep over depth, with the product of each design's phi at the deepest."""
    depths = [row["blocks"] for row in rows]
    fewest, deepest = min(depths), max(depths)
    networks = sorted({row["networks"] for row in rows})
    values = []
    for row in rows:
        if row["blocks"] == deepest and row["log10_product"] is not None:
            n, product = row["blocks"], row["log10_product"]
            (mean,) = enough({"mean": 2 * product / n}, lambda mean, n=n: n * mean / 2, 2)
            values.append(
                line(_name(row["name"]), rf"\frac{{{n} \cdot ({mean})}}{{2}}", f"{product:.2f}")
            )
    return Explanation.of(
        f"What is left of a signal before the first block of networks of {fewest} to {deepest} "
        "blocks, never trained. Marks: measured, mean of "
        f"{' or '.join(map(str, networks))} networks, bars their standard error. Short bars: what "
        " multiplying the blocks\u2019 \u03c6 predicts; that holds where the directions of one "
        "block have nothing to do with those of the next.",
        [formulas.RETURNING, formulas.PRODUCT],
        values,
        f"{deepest} blocks times the mean of log\u2081\u2080 \u03c6, halved:",
    )


def trained(rows: Sequence[Mapping[str, Any]]) -> Explanation:
    """Explain accuracy over depth, with the deepest networks' correct answers."""
    deepest = max(row["blocks"] for row in rows)
    values = []
    for name in dict.fromkeys(row["name"] for row in rows):
        of = [row for row in rows if row["name"] == name and row["blocks"] == deepest]
        right = sum(round(row["training_accuracy"] * row["n_training"]) for row in of)
        seen = sum(row["n_training"] for row in of)
        share = rf"{100 * right / seen:.1f}\,\%"
        values.append(line(_name(name), rf"\frac{{{right}}}{{{seen}}}", share))
    return Explanation.of(
        "The same designs, each trained from scratch by one recipe. A deep network that does "
        "worse *in training* than a shallow one of its kind does not overfit: it cannot be "
        "trained. That is spiking degradation (paper, Sec. 7.1). Both accuracies are of images "
        "as they are, in evaluation; the signal is sent back through the trained network.",
        [formulas.ACCURACY, formulas.RETURNING],
        values,
        f"Training images that networks of {deepest} blocks name rightly, all seeds together:",
    )


def _name(design: str) -> str:
    return words(DESIGNS[design].short if design in DESIGNS else design)


def _short(value: float) -> str:
    return f"{value:.2f}" if np.isfinite(value) else r"-\infty"
