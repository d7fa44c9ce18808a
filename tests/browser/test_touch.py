"""Fingers: a tap or a slide reads, and only what is meant opens a neuron; two fingers enlarge."""

import re

import numpy as np
import pytest
from driving import PATIENCE_MS, ROOT, finished, fixed, has_value, needs_chromium, settled, tells

from masnn import checkpoints, comparison
from masnn.readers import read_events
from masnn.response import record

pytestmark = needs_chromium

WAVE = ROOT / "app" / "examples" / "simulated_right_hand_wave.npz"


@pytest.fixture(scope="module")
def did():
    """Return what the opening pair did."""
    found = {}
    for side, name in (("A", "gesture-vanilla"), ("B", "gesture-tcsa")):
        network, card = checkpoints.load(name)
        frames = comparison.window(read_events(WAVE), card.config)
        found[side] = record(network.folded(), frames.counts, potentials=False)
    return found


@pytest.fixture
def phone(browser, url):
    """Open a view on a phone, without the sidebar over it."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)

    def open_view(query):
        page.goto(f"{url}/?{query}")
        finished(page)
        settled(page)
        return page

    yield open_view
    context.close()


class Plane:
    """Touch a canvas that shows `size` by `size` cells."""

    def __init__(self, page, canvas, size):
        self.page, self.size = page, size
        canvas.evaluate("e => e.scrollIntoView({ block: 'center' })")
        page.wait_for_timeout(300)
        self.box = canvas.bounding_box()
        self.session = page.context.new_cdp_session(page)

    def at(self, y, x):
        """Return where the middle of a cell is in the window."""
        left, top, side = (self.box[key] for key in ("x", "y", "width"))
        return left + (x + 0.5) / self.size * side, top + (y + 0.5) / self.size * side

    def tap(self, y, x):
        self.page.touchscreen.tap(*self.at(y, x))

    def touch(self, kind, *points):
        """Put fingers down, move them, or take them off."""
        told = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": told})


def read_of(did, layer, y, x):
    """Return what is read of a place, as the page writes it."""
    a, b = (np.float32(did[side].layers[layer].spikes.mean((0, 1))[y, x]) for side in "AB")
    sign = "\u2212" if b < a else "+"
    told = f"{layer} at x {x}, y {y}: A {fixed(a, 3)} \u00b7 B {fixed(b, 3)}"
    return f"{told} \u00b7 B \u2212 A {sign}{fixed(abs(np.float32(b - a)), 3)}"


def opened(page):
    return "view=One+neuron" in page.url or page.get_by_text("Potentials of").count() > 0


def test_a_tap_reads_a_place_and_a_second_one_opens_its_neuron(phone, did):
    page = phone("view=Where")
    maps = page.get_by_role("group", name="Firing rate of conv2")
    readout, button = maps.locator(".readout"), maps.get_by_role("button", name="open neuron")
    tells(readout, "Tap a place to read it")
    assert button.is_disabled()
    plane = Plane(page, maps.locator("canvas").nth(1), 16)
    plane.tap(6, 9)
    tells(readout, read_of(did, "conv2", 6, 9))
    plane.tap(4, 3)  # another cell: read, not opened
    tells(readout, read_of(did, "conv2", 4, 3))
    page.wait_for_timeout(1000)
    assert not opened(page)
    plane.tap(4, 3)
    page.get_by_text("Potentials of conv2").wait_for()
    fired = sum(did[side].layers["conv2"].spikes.sum(0, dtype=int) for side in "AB")
    for axis, value in (("channel", int(fired[:, 4, 3].argmax())), ("y", 4), ("x", 3)):
        has_value(page, axis, value)


def test_a_finger_that_slides_reads_and_the_button_opens(phone, did):
    page = phone("view=Where")
    maps = page.get_by_role("group", name="Firing rate of conv3")
    plane = Plane(page, maps.locator("canvas").first, 8)
    plane.touch("touchStart", plane.at(1, 1))
    for x in (2, 3, 4, 5):
        plane.touch("touchMove", plane.at(1, x))
    tells(maps.locator(".readout"), read_of(did, "conv3", 1, 5))
    plane.touch("touchMove", plane.at(3, 5))
    tells(maps.locator(".readout"), read_of(did, "conv3", 3, 5))
    plane.touch("touchEnd")
    page.wait_for_timeout(1000)
    assert not opened(page)
    tells(maps.locator(".readout"), read_of(did, "conv3", 3, 5))
    maps.get_by_role("button", name="open neuron").tap()
    page.get_by_text("Potentials of conv3").wait_for()
    has_value(page, "y", 3)
    has_value(page, "x", 5)


@pytest.mark.parametrize("group", ["Firing rate of conv1", "Spatial gates"])
def test_two_fingers_enlarge_all_maps_and_open_nothing(phone, group):
    page = phone("view=Where")
    maps = page.get_by_role("group", name=group)
    canvases = maps.locator("canvas")
    plane = Plane(page, canvases.first, 32)
    before = [one.bounding_box()["width"] for one in canvases.all()]
    middle, scrolled = plane.at(16, 16), "document.querySelector('[data-testid=stMain]').scrollTop"
    top = page.evaluate(scrolled)

    def fingers(apart):
        return (middle[0] - apart, middle[1] - apart), (middle[0] + apart, middle[1] + apart)

    plane.touch("touchStart", fingers(12)[0])
    plane.touch("touchStart", *fingers(12))
    for apart in (18, 24, 30, 36):
        plane.touch("touchMove", *fingers(apart))
    plane.touch("touchEnd", fingers(36)[0])
    plane.touch("touchEnd")
    for one, width in zip(canvases.all(), before, strict=True):
        assert one.bounding_box()["width"] == pytest.approx(3 * width, rel=0.05)
    page.wait_for_timeout(500)
    assert page.evaluate(scrolled) == top and not opened(page)
    maps.get_by_role("button", name="Larger").tap()
    assert canvases.first.bounding_box()["width"] == pytest.approx(6 * before[0], rel=0.05)
    maps.get_by_role("button", name="The whole map").tap()
    assert canvases.first.bounding_box()["width"] == pytest.approx(before[0], rel=0.01)


def test_a_finger_scrolls_the_page_over_a_map(phone):
    page = phone("view=Where")
    maps = page.get_by_role("group", name="Firing rate of conv2")
    plane = Plane(page, maps.locator("canvas").first, 16)
    scrolled = "document.querySelector('[data-testid=stMain]').scrollTop"
    top = page.evaluate(scrolled)
    plane.touch("touchStart", plane.at(14, 8))
    for y in range(13, 0, -1):
        plane.touch("touchMove", plane.at(y, 8))
    plane.touch("touchEnd")
    page.wait_for_function(f"top => {scrolled} > top + 50", arg=top)
    tells(maps.locator(".readout"), "Tap a place to read it")


def test_spatial_gates_are_read_and_opened_by_touch(phone, did):
    page = phone("view=Where")
    gates = page.get_by_role("group", name="Spatial gates")
    plane = Plane(page, gates.locator("canvas").nth(2), 8)
    plane.tap(2, 3)
    mean = did["B"].layers["conv3"].gates["space"].mean(0)[2, 3]
    tells(gates.locator(".readout"), "conv3 at x 3, y 2", f"gate {fixed(mean, 3)}")
    page.wait_for_timeout(1000)
    assert not opened(page)
    plane.tap(2, 3)
    page.get_by_text("Potentials of conv3").wait_for()
    has_value(page, "y", 2)


def test_the_player_is_read_by_touch_before_it_opens(phone, did):
    page = phone("view=Where&layer=conv3")
    player = page.get_by_role("group", name=re.compile("^Player"))
    plane = Plane(page, player.locator("canvas").nth(2), 8)
    plane.tap(2, 3)
    column = did["B"].layers["conv3"].spikes[0, :, 2, 3]
    tells(player.locator(".readout"), f"B at x 3, y 2: {fixed(column.mean(), 3)}")
    page.wait_for_timeout(1000)
    assert not opened(page)
    player.get_by_role("button", name="open neuron").tap()
    page.get_by_text("Potentials of conv3").wait_for()
    has_value(page, "y", 2)
    has_value(page, "x", 3)


def test_a_tile_is_read_by_touch_beside_it_before_it_opens(phone, did):
    page = phone("view=What&layer=conv3")
    panel = page.get_by_role("group", name="Channels")
    readout, columns = panel.locator(".readout"), 6  # of 32 square tiles
    plane = Plane(page, panel.locator(".tiles canvas").nth(1), columns * 9 - 1)
    # In the order of B's own rates; of equal ones the lower number first.
    fired = {who: did[who].layers["conv3"].spikes.sum((0, 2, 3), dtype=int) for who in "AB"}
    order = {who: np.argsort(-n, kind="stable") for who, n in fired.items()}
    rank = 2 * columns + 1  # from 0: in the third row the second
    channel, beside = (int(order[who][rank]) for who in "BA")
    assert channel != rank and channel != beside
    plane.tap(2 * 9 + 4, 9 + 3)
    spikes = {who: did[who].layers["conv3"].spikes for who in "AB"}
    tells(
        readout,
        f"B's channel {channel}, rank {rank + 1}: {fixed(spikes['B'][:, channel].mean(), 4)} (",
        f"at x 3, y 4: {fixed(spikes['B'][:, channel, 4, 3].mean(), 3)}",
        f"A's rank {rank + 1} is channel {beside}: {fixed(spikes['A'][:, beside].mean(), 4)} (",
    )
    # What is read stands in sight, and so do the tile and the way on.
    button = panel.get_by_role("button", name="open neuron")
    for one in (readout, button):
        box = one.bounding_box()
        assert plane.at(2 * 9 + 4, 0)[1] < box["y"] and box["y"] + box["height"] <= 844
    page.wait_for_timeout(1000)
    assert not opened(page)
    plane.tap(2 * 9 + 2, 9 + 5)  # elsewhere in the same tile
    page.get_by_text("Potentials of conv3").wait_for()
    for axis, value in (("channel", channel), ("y", 2), ("x", 5)):
        has_value(page, axis, value)


def test_what_a_finger_reads_of_a_tile_is_opened_by_the_button(phone, did):
    page = phone("view=What&layer=conv3")
    panel = page.get_by_role("group", name="Channels")
    panel.get_by_label("sort by").select_option("number")
    plane = Plane(page, panel.locator(".tiles canvas").first, 6 * 9 - 1)
    plane.tap(9 + 4, 2 * 9 + 3)  # channel 8, at x 3, y 4
    tells(panel.locator(".readout"), "A's channel 8, rank ")
    page.wait_for_timeout(1000)
    assert not opened(page)
    panel.get_by_role("button", name="open neuron").tap()
    page.get_by_text("Potentials of conv3").wait_for()
    for axis, value in (("channel", 8), ("y", 4), ("x", 3)):
        has_value(page, axis, value)
