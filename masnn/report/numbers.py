"""Every number of a comparison under stable names: what `compare --json` and a report hold."""

from __future__ import annotations

from typing import Any

from masnn import comparison, energy, focus
from masnn.report.subject import Subject
from masnn.sides import Side


def numbers(subject: Subject) -> dict[str, Any]:
    """Return what both networks did, as plain numbers.

    Returns:
        a, b: `Side.numbers`, and "settles_at_step" (from 1; None where it never votes) and "focus"
            by convolutional layer (`focus.focus`; none where nothing says where the input is).
        difference: `comparison.difference`.
        energy: `energy.as_comparison` of both ledgers, in pJ at `subject.look.prices`.
        provenance: `Scene.provenance`.
    """
    a, b = subject.a, subject.b
    ledgers = {who: side.ledger(subject.look.prices) for who, side in (("a", a), ("b", b))}
    return {
        "a": _side(a),
        "b": _side(b),
        "difference": comparison.difference(a.summary, b.summary),
        "energy": energy.as_comparison(ledgers),
        "provenance": subject.scene.provenance(a, b, subject.device),
    }


def _side(side: Side) -> dict[str, Any]:
    settled = side.settled_at
    return side.numbers() | {
        "settles_at_step": None if settled is None else settled + 1,
        "focus": {
            name: {"share": found.share, "area": found.area, "of_events": focus.SHARE}
            for name, layer in side.response.layers.items()
            if len(layer.shape) == 3 and (found := side.focus_of(name))
        },
    }
