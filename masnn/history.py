"""The course of a training: a table to keep and a plot to look at."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Sequence
from pathlib import Path

from masnn.training import Epoch


def write_history(history: Sequence[Epoch], title: str, path: Path) -> None:
    """Write PATH.csv, one row for each epoch, and PATH.svg, its plot.

    Args:
        history: What `training.train` returns.
        title: The plot's title.
        path: Where, without an ending; its folder is made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with Path(f"{path}.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, [field.name for field in dataclasses.fields(Epoch)])
        table.writeheader()
        table.writerows(dataclasses.asdict(epoch) for epoch in history)
    _plot(history, title, Path(f"{path}.svg"))


def _plot(history: Sequence[Epoch], title: str, path: Path) -> None:
    # Figure without pyplot: no display, no state shared between threads.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 2.6), layout="constrained")
    figure.suptitle(title, fontsize=10)
    loss, accuracy, rate = figure.subplots(1, 3)
    epochs = [epoch.epoch for epoch in history]
    loss.plot(epochs, [epoch.loss for epoch in history], color="#333333")
    loss.set_yscale("log")
    loss.set_title("loss, training", fontsize=9)
    for values, name, style in (
        ([epoch.training_accuracy for epoch in history], "training", "--"),
        ([epoch.validation_accuracy for epoch in history], "validation", "-"),
    ):
        accuracy.plot(epochs, [100 * value for value in values], style, color="#333333", label=name)
    accuracy.legend(fontsize=8, frameon=False)
    accuracy.set_title("accuracy, %", fontsize=9)
    rate.plot(epochs, [epoch.nasfr for epoch in history], color="#333333")
    rate.set_ylim(bottom=0)
    rate.set_title("NASFR, validation", fontsize=9)
    for axes in (loss, accuracy, rate):
        axes.set_xlabel("epoch", fontsize=8)
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)
