"""What the page Recording shows before any network sees the recording."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from masnn.doctor import GAP_US, HOT_EVENTS, HOT_TIMES, Finding
from masnn.events import Events
from masnn.explanations.writing import Explanation, Formula, line, percent, quotient, whole

_OURS = "ours"

COUNT = Formula("events", "n", r"n_{\mathrm{ON}} + n_{\mathrm{OFF}}", _OURS)
DURATION = Formula("duration", "d", r"t_{\text{last}} - t_{\text{first}}", _OURS)
RATE = Formula("event rate", "r", r"\frac{n}{d}", _OURS)
ON_SHARE = Formula("share of ON", r"p_{\mathrm{ON}}", r"\frac{n_{\mathrm{ON}}}{n}", _OURS)
SENSOR = Formula("pixels", "P", r"\text{columns} \cdot \text{rows}", _OURS)
PART_RATE = Formula(
    "rate of a part", "r_i", r"\frac{\text{events of part } i}{\text{its length}}", _OURS
)
SHOWN = Formula("shown", "k", r"\min(n, \text{most})", _OURS)
SILENT = Formula("silent pixels", "s", r"|\{(x, y) : n(x, y) = 0\}|", _OURS)
WAIT = Formula("wait", r"w_k", r"t_k(x, y) - t_{k-1}(x, y)", _OURS)
HOT = Formula(
    "hot pixel",
    r"\text{hot}",
    rf"n(x, y) \ge \max({HOT_EVENTS},\ {HOT_TIMES} \cdot n_2)",
    f"{_OURS}; n_2: events of its second busiest neighbour",
)


def facts(events: Events) -> dict[str, Explanation]:
    """Explain the numbers at the top: "events", "duration", "rate", "ON" and "sensor"."""
    n, on, d = len(events), events.n_on, events.duration_us
    seconds = f"{d / 1e6:.6f}"
    over = rf"\frac{{{whole(n)}}}{{{seconds}\,\mathrm{{s}}}}"
    rate = [line("r", over, f"{n / d * 1e6:,.0f}")] if d else []
    return {
        "events": Explanation.of(
            "All events that the reader kept; what it left out stands under File doctor.",
            [COUNT],
            [line("n", f"{whole(on)} + {whole(n - on)}", whole(n))],
        ),
        "duration": Explanation.of(
            "From the first event to the last.",
            [DURATION],
            [
                line("d", f"{whole(int(events.t[-1]))} - {whole(int(events.t[0]))}", whole(d))
                + r"\,\mathrm{us}"
            ]
            if n
            else [],
        ),
        "rate": Explanation.of("Events over the duration.", [RATE], rate),
        "ON": Explanation.of(
            "Share of ON events (brighter).",
            [ON_SHARE],
            [line(r"p_{\mathrm{ON}}", quotient(on, n), percent(on / n, 1))] if n else [],
        ),
        "sensor": Explanation.of(
            "Columns and rows in px.",
            [SENSOR],
            [
                line(
                    "P",
                    rf"{events.width} \cdot {events.height}",
                    whole(events.width * events.height),
                )
            ],
        ),
    }


def doctor(findings: Sequence[Finding]) -> Explanation:
    """Explain what the file doctor looks for, with this recording's hot pixels."""
    n_hot = sum(finding.count for finding in findings if finding.name == "hot pixels")
    return Explanation.of(
        "What the reader left out, assumed or changed (the spanner), and what is odd about the "
        "events, which is left as it is (the glass): times before 0, events that equal an earlier "
        f"one, {GAP_US / 1000:g} ms or more without any event, hot pixels, a single polarity.",
        [HOT],
        [rf"|\text{{hot}}| &= {whole(n_hot)}"],
    )


def curve(edges_ms: NDArray[np.float64], counts: NDArray[np.int64]) -> Explanation:
    """Explain the event rate under the player, as `overview.rate_curve` has it."""
    total = counts.sum(1)
    i, length_ms = int(total.argmax()), float(edges_ms[1] - edges_ms[0])
    value = rf"\frac{{{whole(int(total[i]))}}}{{{length_ms:.3f}\,\mathrm{{ms}}}}"
    return Explanation.of(
        f"Events of {len(total)} equal parts of the recording, ON and OFF. The frame is what the "
        "networks look at.",
        [PART_RATE],
        [line(f"r_{{{i + 1}}}", value, rf"{total[i] / length_ms:,.1f}\,/\mathrm{{ms}}")],
        "The part of the most events:",
    )


def cloud(n: int, most: int) -> Explanation:
    """Explain the cloud of `n` events: how many of all are shown."""
    return Explanation.of(
        "Each dot is an event, by time, column and row: what moves leaves a sheet, a hot pixel a "
        "line. Of more events than fit, every so-manieth is shown.",
        [SHOWN],
        [line("k", rf"\min({whole(n)}, {whole(most)})", whole(min(n, most)))],
    )


def pixels(silent: int) -> Explanation:
    """Explain the histogram of pixels by their events, with those that saw none."""
    return Explanation.of(
        "How many pixels saw how many ON and OFF events.",
        [SILENT],
        [rf"s &= {whole(silent)}"],
        "Pixels that saw none:",
    )


def waits(found: NDArray[np.int64]) -> Explanation:
    """Explain the histogram of waits, as `overview.waits_us` has them, with the shortest and the
    longest.
    """
    ends = (("min", np.min), ("max", np.max)) if len(found) else ()
    return Explanation.of(
        "The time between each event and the one before it at the same pixel. A refractory pixel "
        "has no short ones; flicker of lamps shows at half its period.",
        [WAIT],
        [rf"\{name} w &= {whole(int(end(found)))}\,\mathrm{{us}}" for name, end in ends],
    )
