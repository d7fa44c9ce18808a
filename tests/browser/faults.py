"""What is wrong on a screen: cut off, overlapping, too small, undrawn, nameless, hard to read.

A rule returns sentences, one a fault. Those that are known are named in `KNOWN`, with the reason.
"""

import re
from collections.abc import Iterator
from itertools import combinations

from screens import Screen

#: WCAG 2.2, 1.4.3: text, and text that is large.
AA, AA_LARGE = 4.5, 3.0
#: WCAG 2.2, 2.5.8: sides of what is tapped, in px.
TARGET = 24
#: Sides that a chart, a canvas and the space between a chart's axes need at least, in px.
CHART, CANVAS, AXIS = (150, 60), (60, 60), 32
#: Lightness varies at least so much, of 255, where something is drawn.
INK = 3.0
#: What Streamlit would have drawn, and a screen reader reads out.
MARKUP = re.compile(r"\*\*|:[a-z]+\[|:material/|</?\w+>")
#: Boxes may share so many px: a line's box is taller than its letters.
SHARED = 3

#: Faults that stay, or wait for their repair: what they say, and why.
KNOWN = {
    r"Help.* px: too small to tap": "Streamlit's own button, beside every label with a help text",
}


def known(fault: str) -> bool:
    """Return whether a fault is one of those with a reason."""
    return any(re.search(pattern, fault) for pattern in KNOWN)


def layout(screen: Screen) -> list[str]:
    """Return what is cut off, overlaps or makes the page scroll sideways."""
    return _new(_layout(screen))


def drawing(screen: Screen) -> list[str]:
    """Return which charts are empty, too small or have words that cannot be read."""
    return _new(_drawing(screen))


def contrast(screen: Screen) -> list[str]:
    """Return which texts are too pale."""
    return _new(_contrast(screen))


def names(screen: Screen) -> list[str]:
    """Return what has no name, shows a name's markup, or obeys pointers alone."""
    return _new(_names(screen))


def _new(found: Iterator[str]) -> list[str]:
    return [fault for fault in dict.fromkeys(found) if not known(fault)]


def _layout(screen: Screen) -> Iterator[str]:
    if screen.sideways > 1:
        yield f"the page is {screen.sideways:.0f} px wider than the window"
    for box in screen.boxes:
        if box["cut"] > 2:
            yield f"{_name(box)}: {box['cut']:.0f} px are cut off"
        if box["kind"] == "control" and min(box["w"], box["h"]) < TARGET:
            yield f"{_name(box)}: {box['w']:.0f} x {box['h']:.0f} px: too small to tap"
    for (i, one), (j, other) in combinations(enumerate(screen.boxes), 2):
        if i in other["up"] or j in one["up"] or _lines_of_one_text(one, other):
            continue
        if _shared(one, other):
            yield f"{_name(one)} overlaps {_name(other)}"


def _drawing(screen: Screen) -> Iterator[str]:
    # A plane of the player may be silent, but not all of them.
    planes = []
    for box in screen.boxes:
        if box["kind"] not in ("canvas", "plot"):
            continue
        low = CHART if box["kind"] == "plot" else CANVAS
        if box["w"] < low[0] or box["h"] < low[1]:
            yield f"{_name(box)}: {box['w']:.0f} x {box['h']:.0f} px: too small to read"
        if "div.plane" in box["path"]:
            planes.append(screen.ink(box))
        elif screen.ink(box) < INK:
            yield f"{_name(box)}: nothing is drawn"
    if planes and max(planes) < INK:
        yield "the player draws nothing"
    for chart in screen.charts:
        for axis, length in chart["axes"]:
            if length < AXIS:
                yield f"chart {chart['name']!r}: {axis} has {length:.0f} px"
        for word in chart["words"]:
            if word["cut"] > 2:
                told = f"{word['name']!r} is cut off by {word['cut']:.0f} px"
                yield f"chart {chart['name']!r}: {told}"
        for one, other in combinations(chart["words"], 2):
            # Boxes of turned letters say little of where the letters are.
            if not (one["turned"] or other["turned"]) and _shared(one, other):
                yield f"chart {chart['name']!r}: {one['name']!r} overlaps {other['name']!r}"


def _contrast(screen: Screen) -> Iterator[str]:
    for box in screen.boxes:
        if box["kind"] != "text" or box["contrast"] is None or box["disabled"]:
            continue
        if box["contrast"] < (AA_LARGE if box["large"] else AA):
            yield f"{_name(box)}: contrast {box['contrast']:.2f}"
    for chart in screen.charts:
        for word in chart["words"]:
            if word["contrast"] is not None and word["contrast"] < AA:
                yield f"chart {chart['name']!r}: {word['name']!r}: contrast {word['contrast']:.2f}"


def _names(screen: Screen) -> Iterator[str]:
    for box in screen.boxes:
        if box.get("called", None) is not None:
            if not box["called"]:
                yield f"{_name(box)}: has no name"
            elif MARKUP.search(box["called"]):
                yield f"{_name(box)}: is called {box['called']!r}"
        if box.get("lost"):
            yield f"{_name(box)}: can be clicked, and no key comes to it"


def _name(box: dict) -> str:
    return f"{box['kind']} {box['name']!r} ({box['path']})"


def _lines_of_one_text(one: dict, other: dict) -> bool:
    return (one["kind"], one["name"], one["path"]) == (other["kind"], other["name"], other["path"])


def _shared(one: dict, other: dict) -> bool:
    wide = min(one["x"] + one["w"], other["x"] + other["w"]) - max(one["x"], other["x"])
    high = min(one["y"] + one["h"], other["y"] + other["h"]) - max(one["y"], other["y"])
    return wide > SHARED and high > SHARED
