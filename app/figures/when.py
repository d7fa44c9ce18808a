"""When: curves and bars over time steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from app.figures.style import (
    COLOUR_A,
    COLOUR_GATE,
    COLOUR_OFF,
    COLOUR_ON,
    RATE_SCALE,
    colour_b,
    laid_out,
    scale_bar,
)

#: Longest class name, in letters, that fits under a standing bar.
_STANDING = 5

#: Of more classes than this the curves of the highest at the end are drawn.
_MOST_CURVES = 20

#: How the classes of most votes are drawn, the first one first.
_DASHES = ("solid", "dash", "dot")

#: Heights in px of a network's curves of votes, of a line of their legend, and of the axis below.
_CURVES_PX, _LEGEND_PX, _AXIS_PX = 130, 20, 48


def _axis(in_steps: bool) -> dict[str, Any]:
    """Return what stands at an axis of time: ms, or the steps of a picture, which last nothing."""
    if in_steps:
        return {"title_text": "step", "dtick": 1}
    return {"title_text": "time after the first event (ms)"}


def _at(in_steps: bool) -> str:
    """Return where on that axis a pointer is."""
    return "step %{x:.0f}" if in_steps else "%{x:.0f} ms"


class Steps(NamedTuple):
    """Hold what one network saw and did at each of its T steps.

    Args:
        edges_ms: Borders of the steps in ms after the recording's first event, (T + 1,).
        on: ON events of each step, (T,).
        off: OFF events of each step, (T,).
        rates: Spikes per neuron at each step, NSFR(t), (T,).
    """

    edges_ms: NDArray[np.floating]
    on: NDArray[np.integer]
    off: NDArray[np.integer]
    rates: NDArray[np.floating]

    @property
    def centre_ms(self) -> NDArray[np.floating]:
        """Return the middle of each step, (T,)."""
        return (self.edges_ms[1:] + self.edges_ms[:-1]) / 2

    def sees_what(self, other: Steps) -> bool:
        """Return whether both saw the same events in the same steps."""
        return all(np.array_equal(x, y) for x, y in zip(self[:3], other[:3], strict=True))


def activity(a: Steps, b: Steps, *, names: Sequence[str], dark: bool) -> go.Figure:
    """Draw the input's events and both networks' firing rates, NSFR(t), on one time axis.

    Steps may differ: each curve stands at its own network's steps, and the events are drawn for
    each network where they are not binned alike.

    Args:
        a: A's steps.
        b: B's steps.
        names: Titles of A and B.
        dark: Whether the page is dark.
    """
    inputs = {"events": a} if a.sees_what(b) else {"events, A": a, "events, B": b}
    last = len(inputs) + 1
    figure = make_subplots(
        rows=last,
        shared_xaxes=True,
        vertical_spacing=0.08,
        row_heights=[0.4 if len(inputs) == 1 else 0.28] * len(inputs) + [0.6],
    )
    for row, (title, steps) in enumerate(inputs.items(), start=1):
        for name, counts, colour in (("ON", steps.on, COLOUR_ON), ("OFF", steps.off, COLOUR_OFF)):
            figure.add_trace(
                go.Bar(
                    x=steps.centre_ms,
                    y=counts,
                    name=name,
                    legendgroup=name,
                    showlegend=row == 1,
                    marker_color=colour,
                    width=np.diff(steps.edges_ms),
                    hovertemplate="%{x:.0f} ms: %{y:,} " + name + " events<extra></extra>",
                ),
                row=row,
                col=1,
            )
        figure.update_yaxes(title_text=title, row=row, col=1)
    for name, steps, colour in (
        (f"A {names[0]}", a, COLOUR_A),
        (f"B {names[1]}", b, colour_b(dark)),
    ):
        figure.add_trace(
            go.Scatter(
                x=steps.centre_ms,
                y=steps.rates,
                name=name,
                mode="lines+markers",
                line={"color": colour, "width": 2.5},
                marker={"size": 5},
                hovertemplate=f"{name}, %{{x:.0f}} ms: %{{y:.4f}}<extra></extra>",
            ),
            row=last,
            col=1,
        )
    figure.update_yaxes(title_text="NSFR(t)", rangemode="tozero", row=last, col=1)
    figure.update_xaxes(title_text="time after the first event (ms)", row=last, col=1)
    return laid_out(figure, dark=dark, height=240 + 100 * len(inputs), barmode="stack", bargap=0.06)


def layer_rates(
    sides: Sequence[tuple[NDArray[np.floating], Mapping[str, NDArray[np.floating]]]],
    *,
    names: Sequence[str],
    dark: bool,
    in_steps: bool = False,
) -> go.Figure:
    """Draw the rate of every layer at every step, A above B on one colour scale.

    Args:
        sides: Of A, and of B where there is one: borders of the steps in ms, (T + 1,), and each
            layer's rates, (T,), from the input on.
        names: Titles of A and B.
        dark: Whether the page is dark.
        in_steps: Whether borders are in steps instead of ms.
    """
    titles = [f"{who}  {name}" for who, name in zip("AB", names, strict=False)]
    most = max(len(layers) for _, layers in sides)
    figure = make_subplots(
        rows=len(sides),
        shared_xaxes=True,
        vertical_spacing=0.14,
        row_heights=[len(layers) for _, layers in sides],
        subplot_titles=titles,
    )
    for row, (edges_ms, layers) in enumerate(sides, start=1):
        figure.add_trace(
            go.Heatmap(
                x=edges_ms,
                y=list(layers),
                z=np.stack(list(layers.values())),
                coloraxis="coloraxis",
                ygap=2,
                hovertemplate=f"%{{y}}, {_at(in_steps)}: %{{z:.4f}} spikes per neuron"
                "<extra></extra>",
            ),
            row=row,
            col=1,
        )
    figure.update_yaxes(autorange="reversed", type="category")
    figure.update_xaxes(**_axis(in_steps), row=len(sides), col=1)
    top = max(float(rates.max()) for _, layers in sides for rates in layers.values()) or 1.0
    return laid_out(
        figure,
        dark=dark,
        # Rows of a deep network are thin rather than many screens high.
        height=(65 + max(6, min(22, 700 // most)) * most) * len(sides),
        coloraxis={
            "colorscale": RATE_SCALE,
            "cmin": 0,
            "cmax": top,
            "colorbar": scale_bar("spikes per neuron", nticks=4),
        },
    )


def vote_curves(
    sides: Sequence[tuple[NDArray[np.floating], NDArray[np.floating], Sequence[str], int | None]],
    *,
    names: Sequence[str],
    dark: bool,
    shares: Sequence[bool] = (False, False),
    in_steps: bool = False,
) -> go.Figure:
    """Draw the mean of the votes so far, class by class, A above B, and when the decision settles.

    Of many classes those that are highest at the end are drawn, on an axis of their reach.

    Args:
        sides: Of A and of B: borders of the steps in ms, (T + 1,); mean votes so far,
            (T, n_classes); class names; the step from which the leading class stays, or None.
        names: Titles of A and B.
        dark: Whether the page is dark.
        shares: Whether A's and B's votes are shares of all classes instead of rates.
        in_steps: Whether borders are in steps instead of ms.
    """
    figure = make_subplots(rows=2, shared_xaxes=True)
    ink = "#c9cfda" if dark else "#4d535e"
    # Borders lie between two steps: which one is meant does not follow from where they are.
    at = "step %{customdata}" if in_steps else _at(in_steps)
    heads = []  # heights in px of what stands above each network's curves
    for row, (edges_ms, means, classes, settled) in enumerate(sides, start=1):
        colour = COLOUR_A if row == 1 else colour_b(dark)
        unit = "" if shares[row - 1] else " per step"
        legend = "legend" if row == 1 else "legend2"
        top = 1.0 if len(classes) <= _MOST_CURVES else float(means.max()) or 1.0
        # The few highest at the end are told apart; drawn last, they lie above the others.
        order = np.argsort(-means[-1], kind="stable")
        n_named = 0
        for place, i in reversed(list(enumerate(order[:_MOST_CURVES]))):
            named = place < len(_DASHES) and bool(means[:, i].any())
            n_named += named
            name = classes[i].replace("_", " ")
            figure.add_trace(
                go.Scatter(
                    x=edges_ms,
                    y=np.append(means[:, i], means[-1, i]),
                    customdata=np.minimum(np.arange(1, len(means) + 2), len(means)),
                    name=name,
                    mode="lines",
                    legend=legend,
                    showlegend=named,
                    legendrank=place,
                    line={
                        "shape": "hv",
                        "width": 2.2 if named else 1,
                        "color": colour if named else "rgba(128,128,128,0.45)",
                        "dash": _DASHES[place] if named else "solid",
                    },
                    hovertemplate=f"{name}, {at}: %{{y:.3f}}{unit}<extra></extra>",
                ),
                row=row,
                col=1,
            )
        if settled is not None:
            figure.add_trace(
                go.Scatter(
                    x=[edges_ms[settled + 1]] * 2,
                    y=[0, 1.05 * top],
                    name="settled",
                    mode="lines",
                    legend=legend,
                    legendrank=len(_DASHES),
                    line={"color": ink, "dash": "dashdot", "width": 1},
                    customdata=[settled + 1] * 2,
                    hovertemplate=f"settled after {at}<extra></extra>",
                ),
                row=row,
                col=1,
            )
        heads.append(_LEGEND_PX * (1 + n_named + (settled is not None)) + 14)
        title = "share of votes so far" if shares[row - 1] else "vote so far (per step)"
        figure.update_yaxes(range=[-0.02 * top, 1.08 * top], title_text=title, row=row, col=1)
    figure.update_xaxes(**_axis(in_steps), row=2, col=1)
    area = 2 * _CURVES_PX + heads[1]
    figure = laid_out(figure, dark=dark, height=area + heads[0] + _AXIS_PX)
    figure.update_layout(
        margin={"t": heads[0], "b": _AXIS_PX},
        yaxis_domain=[1 - _CURVES_PX / area, 1],
        yaxis2_domain=[0, _CURVES_PX / area],
    )
    # Names stand above the curves, in lines: beside each other they would find no room on a phone.
    for who, title, legend, y in (
        ("A", names[0], "legend", 1),
        ("B", names[1], "legend2", _CURVES_PX / area),
    ):
        placed = {"x": 0, "xanchor": "left", "y": y, "yanchor": "bottom", "orientation": "v"}
        still = {"itemclick": False, "itemdoubleclick": False, "bgcolor": "rgba(0,0,0,0)"}
        figure.update_layout({legend: {**placed, **still, "title": {"text": f"{who}  {title}"}}})
    return figure


def votes(
    a: Mapping[str, float],
    b: Mapping[str, float],
    *,
    names: Sequence[str],
    dark: bool,
    shares: Sequence[bool] = (False, False),
) -> go.Figure:
    """Draw each class's mean vote in A and B: side by side, or A above B.

    Args:
        a: A's votes by class, in the order of its outputs: rates of spikes, or shares.
        b: The same of B; where its classes or its kind of vote are not A's, it has an axis of its
            own.
        names: Titles of A and B.
        dark: Whether the page is dark.
        shares: Whether A's and B's votes are shares of all classes instead of rates.
    """
    shared = list(a) == list(b) and shares[0] == shares[1]
    # Words are read on lying bars; under standing ones they would take the bars' place.
    lying = max(map(len, (*a, *b))) > _STANDING
    figure = make_subplots(
        rows=1 if shared else 2,
        vertical_spacing=0.12 if lying else 0.3,
        row_heights=None if shared else [len(a), len(b)] if lying else [1, 1],
    )
    units = ["share of votes" if share else "vote (per step)" for share in shares]
    for side, row, title, rates, colour in (
        ("A", 1, names[0], a, COLOUR_A),
        ("B", 1 if shared else 2, names[1], b, colour_b(dark)),
    ):
        classes = [name.replace("_", " ") for name in rates]
        values = list(rates.values())
        figure.add_trace(
            go.Bar(
                x=values if lying else classes,
                y=classes if lying else values,
                orientation="h" if lying else "v",
                name=f"{side} {title}",
                marker_color=colour,
                hovertemplate=f"{side} {title}, class "
                + ("%{y}: %{x:.3f}" if lying else "%{x}: %{y:.3f}")
                + ("" if shares["AB".index(side)] else " per step")
                + "<extra></extra>",
            ),
            row=row,
            col=1,
        )
        votes_axis = figure.update_xaxes if lying else figure.update_yaxes
        # Lying bars of one kind have their title below the lower axis alone.
        told = units["AB".index(side)]
        is_upper = lying and not shared and side == "A" and units[0] == units[1]
        votes_axis(range=[0, 1], title_text="" if is_upper else told, row=row, col=1)
        if not lying:  # words need no title, and would meet it
            title = "class" if shared else f"class of {side}"
            figure.update_xaxes(title_text=title, type="category", row=row, col=1)
    if lying:
        figure.update_yaxes(type="category", autorange="reversed", ticklabelstandoff=6)
    height = 260 if shared else 440
    if lying:
        height = 100 + (26 * len(a) if shared else 60 + 18 * (len(a) + len(b)))
    return laid_out(figure, dark=dark, height=height, barmode="group", bargap=0.25)


def temporal_gates(
    gates: dict[str, NDArray[np.floating]],
    edges_ms: NDArray[np.floating],
    events: NDArray[np.integer] | None,
    *,
    dark: bool,
) -> go.Figure:
    """Draw each layer's temporal gate as bars over time, and the input's events over them.

    Args:
        gates: Weights by layer, each (T,).
        edges_ms: Borders of the steps in ms, (T + 1,).
        events: Events of each step, (T,); drawn as shares of the busiest step's. None of a
            picture, whose borders are in steps.
        dark: Whether the page is dark.
    """
    figure = make_subplots(
        rows=len(gates), shared_xaxes=True, vertical_spacing=0.08, subplot_titles=list(gates)
    )
    centre = (edges_ms[1:] + edges_ms[:-1]) / 2
    in_steps = events is None
    for row, (layer, weights) in enumerate(gates.items(), start=1):
        figure.add_trace(
            go.Bar(
                x=centre,
                y=weights,
                name="gate",
                marker_color=COLOUR_GATE,
                showlegend=row == 1,
                hovertemplate=f"{layer}, {_at(in_steps)}: gate %{{y:.3f}}<extra></extra>",
            ),
            row=row,
            col=1,
        )
        if events is None:
            continue
        shares = events / max(int(events.max()), 1)
        figure.add_trace(
            go.Scatter(
                # To both borders of the first and the last step.
                x=np.concatenate((edges_ms[:1], centre, edges_ms[-1:])),
                y=np.concatenate((shares[:1], shares, shares[-1:])),
                customdata=np.concatenate((events[:1], events, events[-1:])),
                name="events / most",
                mode="lines",
                line={"color": "#9aa0aa" if dark else "#555b66", "width": 1.5, "shape": "hvh"},
                showlegend=row == 1,
                hovertemplate="%{x:.0f} ms: %{customdata:,} events<extra></extra>",
            ),
            row=row,
            col=1,
        )
    figure.update_yaxes(range=[0, 1.02], tickvals=[0, 0.5, 1])
    figure.update_xaxes(**_axis(in_steps), row=len(gates), col=1)
    # On a narrow page a title in the middle would meet the legend.
    figure.update_annotations(x=0, xanchor="left")
    return laid_out(figure, dark=dark, height=110 + 110 * len(gates), bargap=0.1)
