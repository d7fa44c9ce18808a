"""Keys alone: the focus is seen wherever Tab leads, in both themes."""

import base64

import numpy as np
import pictures
import pytest
from driving import needs_chromium, settled
from screens import HEIGHTS

pytestmark = needs_chromium

#: Px around an element where its focus may show, how many of them change, and by how much of 255.
ROOM, CHANGED, BY = 8, 30, 24
MOST_STOPS = 200

_FOCUSED = """() => {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  if (!at || at === document.body) return null;
  const box = (at.closest('canvas') ?? at).getBoundingClientRect();
  const label = (at.getAttribute('aria-label') ?? at.innerText ?? '').replace(/\\s+/g, ' ').trim();
  return { x: box.left, y: box.top, w: box.width, h: box.height,
           what: `${at.localName} ${label.slice(0, 60)}` };
}"""


@pytest.fixture(scope="module")
def checked():
    """Keep what was looked at in a theme: the sidebar is the same beside every page."""
    return set()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("address", ["?view=What", "?view=One+neuron", "method"])
def test_the_focus_is_seen_wherever_tab_leads(browser, url, checked, address, theme):
    # All fits into the window, so that nothing scrolls and one picture before serves for all.
    context = browser.new_context(
        viewport={"width": 1440, "height": HEIGHTS[1440]}, color_scheme=theme
    )
    page = context.new_page()
    page.goto(f"{url}/{address}")
    settled(page)
    session = context.new_cdp_session(page)

    def shot(x, y, w, h):
        clip = {"x": x, "y": y, "width": w, "height": h, "scale": 1}
        found = session.send("Page.captureScreenshot", {"clip": clip})["data"]
        return pictures.grey(base64.b64decode(found)).astype(int)

    before = shot(0, 0, 1440, HEIGHTS[1440])
    unseen, stops = [], 0
    while stops < MOST_STOPS:
        page.keyboard.press("Tab")
        box = page.evaluate(_FOCUSED)
        if box is None:  # once around
            break
        stops += 1
        if (theme, box["what"]) in checked:
            continue
        checked.add((theme, box["what"]))
        x, y = (max(0, round(box[side]) - ROOM) for side in "xy")
        w, h = round(box["w"]) + 2 * ROOM, round(box["h"]) + 2 * ROOM
        then = before[y : y + h, x : x + w]
        for _ in range(4):
            now = shot(x, y, w, h)[: len(then), : then.shape[1]]
            if (np.abs(now - then) > BY).sum() >= CHANGED:
                break
            page.wait_for_timeout(120)  # a chart's buttons fade in
        else:
            unseen.append(box["what"])
    context.close()
    assert 25 < stops < MOST_STOPS
    assert not unseen, unseen
