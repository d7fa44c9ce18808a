"""The screens that are looked at: how to come to one, and what is found on it."""

import base64
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pictures
from driving import PATIENCE_MS, settled

VIEWS = ("Where", "What", "When", "How much", "Gate by gate", "One neuron")
PAGES = ("Recording", "Dataset", "Images", "Depth", "Models", "Method")
#: What stands behind a page's name in its address.
QUERIES = {"Images": "?image_source=Example"}
#: Every screen; the sidebar is the same beside all of them.
SCREENS = (*VIEWS, *PAGES, "Sidebar")

#: Widths in px, and heights in which every screen has room without scrolling.
HEIGHTS = {390: 9200, 1440: 6000, 2560: 6800}
THEMES = ("light", "dark")

#: What is painted flat in a picture: what says numbers.
FLAT = ("canvas", "plot", "image", "table", "metric")

APPROVED = Path(__file__).parent / "approved"
_MEASURE = (Path(__file__).parent / "measure.js").read_text()
_SCALE = 0.5

_MAIN, _SIDEBAR = "[data-testid=stMain]", "[data-testid=stSidebar]"


@dataclass
class Screen:
    """Hold what was found on a screen.

    Args:
        name: One of `SCREENS`.
        boxes: What stands on it, as measure.js tells it.
        charts: The charts' words and axes.
        sideways: How many px wider it is than the window.
        lightness: A screenshot, of half the size.
        origin: Left and top of the screenshot in the window.
    """

    name: str
    boxes: list[dict]
    charts: list[dict]
    sideways: float
    lightness: np.ndarray = field(repr=False)
    origin: tuple[float, float]

    def picture(self) -> np.ndarray:
        """Return it as it is compared."""
        x, y = self.origin
        flats = [
            (box["x"] - x, box["y"] - y, box["w"], box["h"])
            for box in self.boxes
            if box["kind"] in FLAT
        ]
        return pictures.reduced(self.lightness, _SCALE, flats)

    def ink(self, box: dict) -> float:
        """Return how much the lightness varies within a box: nothing where nothing is drawn."""
        x, y = box["x"] - self.origin[0], box["y"] - self.origin[1]
        rows = slice(round(y * _SCALE), round((y + box["h"]) * _SCALE))
        columns = slice(round(x * _SCALE), round((x + box["w"]) * _SCALE))
        return float(self.lightness[rows, columns].std())


def approved(name: str, width: int, theme: str) -> Path:
    """Return where a screen's approved picture lies."""
    return APPROVED / f"{name.lower().replace(' ', '_')}_{width}_{theme}.png"


def turn(page, url: str, name: str) -> None:
    """Come to a screen from any other of the app."""
    # Where the window is narrow, the sidebar covers the page.
    covers = page.viewport_size["width"] < 768
    if covers:
        _slide(page, name == "Sidebar")
    if name == "Sidebar":
        pass
    elif name in PAGES:
        page.goto(f"{url}/{name.lower()}{QUERIES.get(name, '')}")
    else:
        page.get_by_role("radio", name=name, exact=True).check(force=True)
        page.locator(f".st-key-{name.lower().replace(' ', '_')}").wait_for(
            state="attached", timeout=PATIENCE_MS
        )
    settled(page)


def _slide(page, out: bool) -> None:
    """Open or close the sidebar, and wait until it stands."""
    bar = page.locator(_SIDEBAR)
    if (bar.bounding_box()["x"] >= 0) == out:
        return
    if out:
        page.get_by_test_id("stExpandSidebarButton").click()
    else:
        bar.hover()
        page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
    page.wait_for_function(
        "([css, out]) => {"
        " const box = document.querySelector(css).getBoundingClientRect();"
        " return out ? box.left >= 0 : box.right <= 0; }",
        arg=[_SIDEBAR, out],
        timeout=PATIENCE_MS,
    )


def look(page, name: str) -> Screen:
    """Measure the screen on which the page stands, and take its picture."""
    page.mouse.move(0, 0)
    found = page.evaluate(_MEASURE, _SIDEBAR if name == "Sidebar" else _MAIN)
    assert found["below"] <= 1, f"{name} needs a higher window: {found['below']} px do not fit"
    area = found["area"]
    bottoms = [box["y"] + box["h"] for box in found["boxes"]]
    clip = {
        "x": area["x"],
        "y": area["y"],
        "width": area["w"],
        "height": min(max([*bottoms, 100]) + 24, area["h"]),
        "scale": _SCALE,
    }
    session = page.context.new_cdp_session(page)
    shot = session.send("Page.captureScreenshot", {"clip": clip})["data"]
    session.detach()
    return Screen(
        name,
        found["boxes"],
        found["charts"],
        found["sideways"],
        pictures.grey(base64.b64decode(shot)),
        (clip["x"], clip["y"]),
    )
