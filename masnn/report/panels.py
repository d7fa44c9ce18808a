"""All panels of a report, in the order in which the page shows them."""

from __future__ import annotations

from masnn.report import gates, how_much, neuron, step, what, what_gates, when, where
from masnn.report.panel import Panel

PANELS: tuple[Panel, ...] = (
    *(*step.PANELS, *where.PANELS, *what.PANELS, *what_gates.PANELS, *when.PANELS),
    *(*how_much.PANELS, *gates.PANELS, *neuron.PANELS),
)

#: Panels by name.
BY_NAME = {panel.name: panel for panel in PANELS}
