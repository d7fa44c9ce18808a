"""Figures of responses over a data set, as the paper's Fig. 7 and 8 show them, and their files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from masnn import asrv_files
from masnn.asrv import NEAR_ONE, Asrv, channels, shown_inputs
from masnn.energy import Costs
from masnn.report import style
from masnn.report.panel import saved, table
from masnn.report.what import across, sheet
from masnn.surveys import Survey, state_file
from masnn.whole_files import written


def write(found: Survey, folder: Path, costs: Costs, formats: Collection[str]) -> list[str]:
    """Write a survey into a folder, drop the unfinished runs there, and return the files' names.

    Args:
        found: The survey.
        folder: Where; it is made.
        costs: Prices of operations.
        formats: Kinds of figure files, of `panel.FORMATS`.
    """
    responses, layer = found.responses, found.layer
    tables: dict[str, Callable[[], asrv_files.Rows]] = {
        "layers": lambda: asrv_files.layer_rows(responses),
        "channels": lambda: asrv_files.channel_rows(responses),
        "classes": lambda: asrv_files.class_rows(responses, costs),
        "samples": lambda: asrv_files.sample_rows(responses, found.recordings, costs),
    }
    drawings: dict[str, Callable[[], Figure]] = {
        f"tiles_{layer}": lambda: tiles(responses, layer),
        "nasfr": lambda: distribution(responses),
        "layers": lambda: layers(responses),
    }
    # What took hours to gather is safe before anything is drawn of it.
    _put(folder, "asrv.npz", asrv_files.encode(responses))
    for who in responses:
        if (state := state_file(folder, who)) is not None:
            state.unlink(missing_ok=True)
    names = ["asrv.npz"]
    for name, rows in tables.items():
        names.append(f"{name}.csv")
        _put(folder, names[-1], table(rows()).encode())
    for name, draw in drawings.items():
        for kind in formats:
            names.append(f"figures/{name}.{kind}")
            _put(folder, names[-1], saved(draw, kind))
    return names


def _put(folder: Path, name: str, content: bytes) -> None:
    with written(folder / name) as beside:
        beside.write_bytes(content)


def title(who: str, response: Asrv) -> str:
    """Return what a network is called in a figure."""
    return f"{who.upper()}  {response.about.title}"


def tiles(responses: Mapping[str, Asrv], layer: str, steps: Sequence[int] | None = None) -> Figure:
    """Draw every channel of a layer at a few steps, the networks side by side on one scale.

    Above them stands the mean of what was shown at these steps, where it is known: pixels of still
    images, or events of both polarities on one scale.

    Args:
        responses: By "a" and "b"; those without the layer's channels are left out.
        layer: The layer.
        steps: Which steps of every network, from 0; None for those that lie where the paper's do,
            in each network's own steps.

    Raises:
        ValueError: If no network has channels in the layer.
    """
    shown = {who: r for who, r in responses.items() if layer in r.maps}
    if not shown:
        raise ValueError(f"no network has channels in {layer!r}")
    first = next(iter(shown.values()))
    moments = {who: list(r.moments() if steps is None else steps) for who, r in shown.items()}
    rates = {who: response.rates(layer, moments[who]) for who, response in shown.items()}
    top = max(float(values.max()) for values in rates.values()) or 1.0
    _, _, height, width = next(iter(rates.values())).shape
    n_channels = max(response.counts[layer].shape[1] for response in shown.values())
    rows = max(map(len, moments.values()))
    # Half as wide again as a square sheet: three of them fit on a page, one above the other.
    columns = min(n_channels, -(-3 * across((n_channels, height, width)) // 2))
    down = -(-n_channels // columns)
    tall = (down * (height + 1)) / (columns * (width + 1))
    height_mm = 12 + rows * (6 + 150 / len(shown) * tall)
    above = shown_inputs(shown, moments)
    drawn = style.figure(2, height_mm=height_mm + (_INPUT_MM if above else 0))
    if above:
        heights = [_INPUT_MM, height_mm]
        strip, below = drawn.subfigures(2, 1, squeeze=False, height_ratios=heights)[:, 0]
        _draw_inputs(strip, above)
    else:
        below = drawn
    grid = below.subplots(rows, len(shown), squeeze=False)
    for column, (who, response) in enumerate(shown.items()):
        kinds = channels(response, layer)
        for axes in grid[len(moments[who]) :, column]:  # fewer steps than the other
            axes.set_visible(False)
        for row, t in enumerate(moments[who]):
            axes = grid[row, column]
            style.bare(axes)
            image = axes.imshow(
                sheet(rates[who][row].astype(np.float64), columns),
                vmin=0, vmax=top, cmap=style.RATE_MAP,
            )  # fmt: skip
            told = f"t = {t + 1}: {kinds.silent[t].sum()} silent, {kinds.near_one[t].sum()} near 1"
            axes.set_title(f"{title(who, response)}, {told}" if row == 0 else told)
    below.colorbar(image, ax=list(grid.ravel()), shrink=0.7, label="rate over the data set")
    about = first.about
    drawn.suptitle(
        f"{layer}: each tile a channel; {about.data}, {about.part}, n = {first.n}",
        fontsize=7.5,
    )
    return drawn


#: Height in mm of the row of what was shown.
_INPUT_MM = 32


def _draw_inputs(strip: SubFigure, inputs: Mapping[str, NDArray[np.float32]]) -> None:
    # Two channels are polarities, one or three are a picture's.
    events = all(len(mean) == 2 for mean in inputs.values())
    top = max(float(mean.sum(0).max()) for mean in inputs.values()) if events else 255.0
    grid = strip.subplots(1, len(inputs), squeeze=False)[0]
    for axes, (name, mean) in zip(grid, inputs.items(), strict=True):
        style.bare(axes)
        axes.set_title(name)
        if len(mean) == 3:
            axes.imshow(np.clip(mean.transpose(1, 2, 0) / 255, 0, 1))
        else:
            colours = "Greys" if events else "gray"
            image = axes.imshow(mean.sum(0), vmin=0, vmax=top or 1.0, cmap=colours)
    if events:
        strip.colorbar(image, ax=list(grid), shrink=0.9, label="events, mean")


def distribution(responses: Mapping[str, Asrv]) -> Figure:
    """Draw how NASFR is distributed over recordings: a response to the instance, or to none."""
    drawn = style.figure(1, height_mm=58)
    axes = drawn.subplots()
    edges = np.histogram_bin_edges(np.concatenate([r.nasfr for r in responses.values()]), 40)
    for who, response in responses.items():
        mean, spread = response.nasfr.mean(), response.nasfr_sd
        axes.hist(
            response.nasfr, edges.tolist(), color=style.COLOURS[who.upper()], alpha=0.7,
            label=f"{title(who, response)}: {mean:.4f} \u00b1 {spread:.4f}",
        )  # fmt: skip
    axes.set_xlabel("NASFR of a recording (spikes per neuron and step)")
    axes.set_ylabel("recordings")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 0.98))
    return drawn


#: The layers of a page, one below the other.
_MOST_LAYERS = 8


def layers(responses: Mapping[str, Asrv]) -> Figure:
    """Draw each layer's rate over the steps, and its silent and near-one channels.

    Of a deep network, whose layers have no room one below the other, over the layers.
    """
    names = list(dict.fromkeys(name for r in responses.values() for name in r.counts))
    if len(names) > _MOST_LAYERS:
        return _over_layers(responses, names)
    drawn = style.figure(2, height_mm=16 + 24 * len(names))
    grid = drawn.subplots(len(names), 3, sharex=True, squeeze=False)
    grid[0, 0].set_title("rate (spikes per neuron)")
    grid[0, 1].set_title("silent channels")
    grid[0, 2].set_title(f"channels with a mean rate above {NEAR_ONE:g}")
    for row, name in zip(grid, names, strict=True):
        row[0].set_ylabel(name)
        for who, response in responses.items():
            if name in response.counts:
                _draw_layer(row, who, response, name)
        for axes in row:
            axes.set_ylim(bottom=0)
        for axes in row[1:]:
            if axes.lines:
                axes.yaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
                axes.set_ylim(0, max(1.0, axes.get_ylim()[1]))
            else:
                axes.set_visible(False)
    handles, labels = grid[0, 0].get_legend_handles_labels()
    drawn.legend(handles, labels, loc="outside upper right", ncols=len(handles))
    for axes in grid[-1]:
        axes.set_xlabel("step")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return drawn


def _draw_layer(row: Sequence[Axes], who: str, response: Asrv, name: str) -> None:
    steps = np.arange(1, response.T + 1)
    look = {"color": style.COLOURS[who.upper()], "marker": "os"[who == "b"], "markersize": 2.5}
    row[0].plot(steps, response.layer_rates(name), label=title(who, response), **look)  # type: ignore[arg-type]
    if name in response.maps:
        kinds = channels(response, name)
        row[1].plot(steps, kinds.silent.sum(1), **look)  # type: ignore[arg-type]
        row[2].plot(steps, kinds.near_one.sum(1), **look)  # type: ignore[arg-type]


def _over_layers(responses: Mapping[str, Asrv], names: Sequence[str]) -> Figure:
    """Draw rates and kinds of channels over the layers: their mean over the steps, and its range.

    Args:
        responses: By "a" and "b".
        names: All layers, from the input on.
    """
    drawn = style.figure(2, height_mm=130)
    grid = drawn.subplots(3, sharex=True)
    for who, response in responses.items():
        kinds = {name: channels(response, name) for name in response.maps}
        measured = (
            {name: response.layer_rates(name) for name in response.counts},
            {name: found.silent.mean(1) for name, found in kinds.items()},
            {name: found.near_one.mean(1) for name, found in kinds.items()},
        )
        colour = style.COLOURS[who.upper()]
        for axes, values in zip(grid, measured, strict=True):
            there = [name for name in names if name in values]
            places = [names.index(name) for name in there]
            axes.fill_between(
                places,
                [values[name].min() for name in there],
                [values[name].max() for name in there],
                color=colour, alpha=0.2, linewidth=0,
            )  # fmt: skip
            axes.plot(
                places, [values[name].mean() for name in there], color=colour,
                marker="os"[who == "b"], markersize=2.5, label=title(who, response),
            )  # fmt: skip
    for axes, told in zip(
        grid,
        (
            "rate (spikes\nper neuron)",
            "share of channels\nthat are silent",
            f"share of channels\nabove {NEAR_ONE:g}",
        ),
        strict=True,
    ):
        axes.set_ylim(bottom=0)
        axes.set_ylabel(told)
    grid[1].set_ylim(0, 1)
    grid[2].set_ylim(0, 1)
    grid[2].set_xlim(-1, len(names))
    style.name_layers(grid[2], names, 2)
    grid[0].set_title("mean of the steps, and from the least to the most of a step")
    drawn.legend(*grid[0].get_legend_handles_labels(), loc="outside upper right", ncols=2)
    return drawn
