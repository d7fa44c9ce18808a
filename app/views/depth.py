"""Page: how deep a residual spiking network can be, and why: signals on their way back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st

from app import state, studies
from app.figures import depth
from app.figures.depth import Line
from app.panels.chart import chart
from app.panels.explain import heading
from masnn.explanations import depth as told
from masnn.isometry_designs import DESIGNS, GAIN
from masnn.isometry_sweep import Course

#: What can be chosen; the whole of it is measured within seconds.
BLOCKS, WIDTHS, GAINS = (8, 18, 34, 50, 100), (8, 16, 32), (0.03, GAIN, 0.3, 0.5, 1.0, 2.0, 3.0)
FIRST = ("vanilla", "att-1", "att-2")

#: Pictures of the signal, from the output to the first block.
N_PLACES = 6

_STYLE = """<style>
[data-testid="stMarkdownContainer"] td:is(:first-child, :last-child) { min-width: 9rem; }
[data-testid="stMarkdownContainer"] td:not(:first-child, :last-child) { white-space: nowrap; }
</style>"""


def show() -> None:
    """Draw the page."""
    st.html(_STYLE)
    st.markdown("## How deep can it be?")
    st.markdown(
        "A network learns from an error signal that travels back through its blocks. Blocks that "
        "halve it leave a thousandth after ten of them; blocks that double it make it explode. "
        "Where every block keeps its size, in all directions alike, depth does no harm: **block "
        "dynamical isometry** (paper, Sec. 7). The authors prove it for their designs and show no "
        "measurement. Here it is measured, in networks that are not trained yet."
    )
    st.markdown(
        "\n".join(
            # Braces keep a formula on one line.
            f"- **{design.short}**: {design.title.partition(', ')[2]}, ${{{design.form}}}$"
            for design in DESIGNS.values()
        )
    )
    st.caption(
        "$s$ are a layer\u2019s spikes, $x$ the potentials that make them, $f$ is convolution and "
        "norm, twice, with neurons between them, $g$ weighs channels, then places (CSA)."
    )
    _live()
    _sweep()
    _trained()
    _forms()
    _plainly()


@st.fragment
def _live() -> None:
    """Send a signal back through the networks that the visitor asks for."""
    st.markdown("### 1 \u00b7 A signal on its way back")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.pills(
            "Designs",
            list(DESIGNS),
            selection_mode="multi",
            default=FIRST,
            format_func=lambda name: DESIGNS[name].short,
            key="depth_designs",
        )
        n_blocks = st.segmented_control(
            "Blocks", BLOCKS, default=34, required=True, key="depth_blocks"
        )
        width = st.segmented_control(
            "Channels", WIDTHS, default=16, required=True, key="depth_width"
        )
        gain = st.select_slider(
            "Gain of the branch, \u03b6",
            GAINS,
            GAIN,
            key="depth_gain",
            width=220,
            help="Scale of each branch\u2019s last batch norm; 0.1 is the authors\u2019 own start.",
        )
    if not chosen:
        st.info("Choose a design.", icon=":material/stacks:")
        return
    courses = {
        name: studies.course(name, n_blocks, width, gain) for name in DESIGNS if name in chosen
    }
    dark = state.is_dark()
    left, right = st.columns(2)
    with left:
        heading("#### What is left of it", told.returning(courses))
        drawn = {
            name: Line(
                DESIGNS[name].short,
                range(1, n_blocks + 2),
                _drawable(one.passages[0].log10_norms),
            )
            for name, one in courses.items()
        }
        chart(
            depth.lines(drawn, x="before block", y="log\u2081\u2080 of its norm", dark=dark),
            "depth_norms",
            "Norm of a signal before each block, relative to the output",
        )
        st.caption(
            f"It starts on the right, after block {n_blocks}, and travels to the left. "
            + " ".join(_left_over(name, one) for name, one in courses.items())
        )
    with right:
        heading("#### The signal itself", told.signals())
        places = np.unique(np.linspace(0, n_blocks, N_PLACES).round().astype(int))[::-1]
        pictures = {
            DESIGNS[name].short: [one.passages[0].pictures[at] for at in places]
            for name, one in courses.items()
        }
        titles = ["output", *(f"block {at + 1}" for at in places[1:])]
        chart(
            depth.signals(pictures, titles, dark=dark),
            "depth_signals",
            "One signal at the output and before blocks on its way back",
        )
    st.markdown("### 2 \u00b7 What each block does to it")
    _blocks(courses, dark)


def _blocks(courses: Mapping[str, Course], dark: bool) -> None:
    """Draw phi, varphi and firing of each block."""
    first, second, third = st.columns(3)
    moments = {name: one.passages[0].moments for name, one in courses.items()}
    for column, title, what, explanation, word in (
        (first, "Size, $\\phi$", "phi", told.phi(courses), "\u03c6 of the block"),
        (
            second,
            "Unevenness, $\\varphi$",
            "varphi",
            told.varphi(courses),
            "variance over directions",
        ),
    ):
        with column:
            heading(f"#### {title}", explanation)
            drawn = {
                name: Line(
                    DESIGNS[name].short,
                    range(1, len(found) + 1),
                    np.array([getattr(m, what) for m in found]),
                    np.array([getattr(m, f"{what}_error") for m in found]),
                )
                for name, found in moments.items()
            }
            chart(
                depth.lines(drawn, x="block", y=word, dark=dark, log=what == "phi"),
                f"depth_{what}",
                f"{what} of each block with its standard error",
            )
    with third:
        heading("#### Who fires", told.active(courses))
        drawn = {
            name: Line(
                DESIGNS[name].short, range(1, one.n_blocks + 1), 100 * one.passages[0].active
            )
            for name, one in courses.items()
        }
        chart(
            depth.lines(drawn, x="before block", y="firing neurons, %", dark=dark),
            "depth_active",
            "Share of the neurons before each block that fire",
        )


def _sweep() -> None:
    """Draw what was measured once, over depth."""
    result, dark = studies.isometry(), state.is_dark()
    rows, how = result["courses"], result["settings"]
    heading("### 3 \u00b7 From 18 to 200 blocks", told.sweep(rows))

    def line(name: str, key: str, error: str = "", scale: float = 1.0) -> Line:
        of_name = [row for row in rows if row["name"] == name]
        values = np.array([row[key] for row in of_name], dtype=float) * scale
        errors = np.array([row[error] for row in of_name], dtype=float) if error else None
        return Line(DESIGNS[name].short, [row["blocks"] for row in of_name], values, errors)

    left, right = st.columns(2)
    with left:
        chart(
            depth.lines(
                {name: line(name, "log10_norm", "log10_norm_error") for name in DESIGNS},
                x="blocks",
                y="log\u2081\u2080 of the norm left",
                dark=dark,
                beside={name: line(name, "log10_product") for name in DESIGNS},
                marks=True,
            ),
            "depth_sweep",
            "What is left of a signal before the first block, by depth of the network",
        )
    with right:
        chart(
            depth.lines(
                {name: line(name, "active_last", scale=100) for name in DESIGNS},
                x="blocks",
                y="firing before the last, %",
                dark=dark,
                marks=True,
            ),
            "depth_sweep_active",
            "Share of the neurons before the last block that fire, by depth of the network",
        )
    st.caption(
        f"{how['n_seeds']} networks of each kind, {how['width']} channels of {how['side_px']} "
        f"\u00d7 {how['side_px']}, T = {how['T']}, \u03b6 = {how['gain']:g}, before training. "
        "Measured again by:"
    )
    st.code("python docs/isometry.py", language="bash", wrap_lines=True)


def _trained() -> None:
    """Draw what training makes of it: accuracy, signals and firing over depth."""
    rows, dark = studies.degradation(), state.is_dark()
    heading("### 4 \u00b7 Trained", told.trained(rows))
    panels = (
        ("training_accuracy", 100, "accuracy in training, %"),
        ("test_accuracy", 100, "accuracy in the test, %"),
        ("after_log10_norm", 1, "log\u2081\u2080 of the norm left, trained"),
    )
    for column, (key, scale, title) in zip(st.columns(len(panels)), panels, strict=True):
        with column:
            drawn = {name: _over_depth(rows, name, key, scale) for name in DESIGNS}
            chart(
                depth.lines(drawn, x="blocks", y=title, dark=dark, marks=True),
                f"depth_{key}",
                f"{key.replace('_', ' ')} by depth of the network",
            )
    first, n = rows[0], len({row["seed"] for row in rows})
    st.caption(
        f"{n} networks of each design and depth, {first['width']} channels of 8 \u00d7 8, T = 1, "
        f"trained alike on {first['n_training']:,} handwritten digits for {first['epochs']} "
        f"epochs, tested on {first['n_test']} others. Bars: standard error. Where there is no "
        "mark, nothing of the signal arrives. Measured again by:"
    )
    st.code("python docs/degradation.py", language="bash", wrap_lines=True)


def _over_depth(rows: list[dict[str, Any]], name: str, key: str, scale: float) -> Line:
    """Return a design's means over networks, and their standard errors, at each depth."""
    depths = sorted({row["blocks"] for row in rows})
    found = [
        np.array([row[key] for row in rows if (row["name"], row["blocks"]) == (name, n)], float)
        for n in depths
    ]
    means = np.array([values.mean() for values in found])  # not a number if one is not
    errors = np.array([values.std(ddof=1) / np.sqrt(len(values)) for values in found])
    return Line(DESIGNS[name].short, depths, scale * means, scale * errors)


def _forms() -> None:
    """Show the closed forms beside what is measured of them."""
    st.markdown("### 5 \u00b7 Theory beside measurement")
    st.markdown(
        "Closed forms of the paper\u2019s Table 8 and Theorem 1, and the same maps under probes. "
        "\u00b1 is the standard error over four drawings of weights."
    )
    phi, varphi = r"$\phi$", r"$\varphi$"
    head = ("map", f"{phi} in theory", "", f"{phi} measured", f"{varphi} in theory", "measured")
    lines = ["| " + " | ".join(head) + " | measured where |", "|---" * 7 + "|"]
    for row in studies.isometry()["forms"]:
        theory = "" if row["varphi_theory"] is None else f"{row['varphi_theory']:.3f}"
        cells = (
            row["name"],
            f"${row['formula']}$".replace("|", r"\vert "),
            f"{row['phi_theory']:.3f}",
            f"{row['phi']:.3f} \u00b1 {row['phi_error']:.3f}",
            theory,
            f"{abs(row['varphi']):.3f}",
            row["where"],
        )
        lines.append("| " + " | ".join(cells) + " |")
    st.markdown("\n".join(lines))


def _plainly() -> None:
    """Say where the theory holds and where it does not, from the sweep's own numbers."""
    deepest = max(row["blocks"] for row in studies.isometry()["courses"])
    of = {row["name"]: row for row in studies.isometry()["courses"] if row["blocks"] == deepest}
    least, most = (
        10 ** f(of[name]["log10_norm"] for name in ("ms", "att-1", "att-1-code"))
        for f in (min, max)
    )
    rows = studies.degradation()
    shallow, deep = (f(row["blocks"] for row in rows) for f in (min, max))
    learned = {
        name: " to ".join(f"{_learned(rows, name, n):.1f} %" for n in (shallow, deep))
        for name in DESIGNS
    }
    st.markdown("### 6 \u00b7 Where it holds and where not")
    phi, varphi = r"$\phi$", r"$\varphi$"
    st.markdown(
        f"""
- **It holds for potentials in the shortcut** (MS, Att-1, with or without the ReLU): a middle
  block\u2019s {phi} lies between {of["att-1-code"]["phi"]:.3f} and {of["ms"]["phi"]:.3f}, and
  through {deepest} blocks a signal comes back {least:.1f} to {most:.1f} times as large. The gates
  make it better: they quarter the branch, so that {varphi} falls from {of["ms"]["varphi"]:.3f} to
  {of["att-1"]["varphi"]:.3f}.
- **It does not hold for Att-2 as networks begin.** Theorem 1 covers it if its gains are \u201cset
  appropriately\u201d. Untrained gates are near \u00bd each, and here they multiply the shortcut
  too: {phi} is about 1/16 in nearly every block, potentials sink below the threshold, and soon
  no neuron fires. With \u03b6 near 2, twenty times the usual, signals no longer vanish, but
  {varphi} is far from 0: try it above.
- **It does not hold for spikes in the shortcut.** The surrogate is flat outside its window of
  half width $a$, so a layer of neurons has
  ${{\\phi = P(|U - u_{{\\mathrm{{th}}}}| < a) / (2a)^2}}$, about one half here.
  Multiplying {phi} is still too kind to it: through {deepest} blocks
  $10^{{{of["vanilla"]["log10_norm"]:.1f}}}$ of a signal is left, not
  $10^{{{of["vanilla"]["log10_product"]:.1f}}}$, for the blocks are not independent.
- **Isometry is not all.** With the published ReLU branches only add: before block {deepest},
  {of["att-1-code"]["active_last"]:.1%} of the neurons fire, whatever the image. Signals come back
  untouched because the blocks do next to nothing.
- **Trained, it shows.** From {shallow} to {deep} blocks the digits that a network learns go
  {learned["ms"]} with MS and {learned["att-1"]} with Att-1; with spikes in the shortcut
  {learned["vanilla"]}: degradation, milder than the theory makes one fear. Att-2 learns nothing
  at any depth ({learned["att-2"]}): one class of ten. These are small pictures and one recipe,
  not tuned for any design.
- **What is left out:** batch norm counts as the fixed map of its statistics.
  `python -m masnn isometry --network NAME` looks at any trained network.
"""
    )


def _learned(rows: list[dict[str, Any]], name: str, blocks: int) -> float:
    """Return a design's mean training accuracy at a depth in %."""
    found = [r["training_accuracy"] for r in rows if (r["name"], r["blocks"]) == (name, blocks)]
    return float(100 * np.mean(found))


def _left_over(name: str, one: Course) -> str:
    """Say in one sentence what is left of a signal."""
    norm = float(one.passages[0].log10_norms[0])
    if norm == -np.inf:
        return f"{DESIGNS[name].short}: nothing is left."
    left = f"{10**norm:.2f}" if abs(norm) < 2 else f"$10^{{{norm:.1f}}}$"
    return f"{DESIGNS[name].short}: {left} of it is left."


def _drawable(values: np.ndarray) -> np.ndarray:
    """Return values with no number in place of minus infinity, which has no place in a chart."""
    return np.where(np.isfinite(values), values, np.nan)


show()
