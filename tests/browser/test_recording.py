"""The Recording page in a real browser: it plays, and the window that is dragged is Compare's."""

import re

import pytest
from driving import PATIENCE_MS, finished, needs_chromium, settled

pytestmark = needs_chromium


@pytest.fixture
def recording(page, url):
    page.goto(f"{url}/recording")
    player = page.get_by_role("group", name=re.compile("^Recording:"))
    player.locator(".readout").wait_for(timeout=PATIENCE_MS)
    settled(page)
    return player


def seen_ms(recording):
    return float(recording.locator(".readout").inner_text().split(" ms")[0])


def test_it_plays_steps_and_scrubs_by_keys_and_pointer(page, recording):
    assert seen_ms(recording) == 33
    recording.focus()
    page.keyboard.press("ArrowRight")
    assert seen_ms(recording) == 66
    page.keyboard.press("Space")
    page.wait_for_function(
        "root => parseFloat(root.querySelector('.readout').textContent) > 70",
        arg=recording.element_handle(),
    )
    page.keyboard.press("Space")
    halted = seen_ms(recording)
    page.wait_for_timeout(300)
    assert seen_ms(recording) == halted
    page.keyboard.press("End")
    assert seen_ms(recording) == 2000
    recording.locator(".strip").scroll_into_view_if_needed()
    box = recording.locator(".strip").bounding_box()
    page.mouse.click(box["x"] + 0.75 * box["width"], box["y"] + 60)
    assert seen_ms(recording) == pytest.approx(1500, abs=10)
    # A longer gathering shows more events of the same moment.
    counted = [int(re.search(r": ([\d,]+) events", t)[1].replace(",", "")) for t in (
        recording.locator(".readout").inner_text(),
        recording.get_by_label("gather").select_option("300")
        and recording.locator(".readout").inner_text(),
    )]  # fmt: skip
    assert counted[1] > counted[0] > 0


def test_the_window_that_is_dragged_is_where_the_networks_look(page, recording):
    recording.locator(".strip").scroll_into_view_if_needed()
    box = recording.locator(".strip").bounding_box()
    y = box["y"] + 60
    page.mouse.move(box["x"] + 0.1 * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.2 * box["width"], y, steps=3)
    page.mouse.move(box["x"] + 0.35 * box["width"], y, steps=3)
    page.mouse.up()
    page.wait_for_url(re.compile(r"start=\d+"), timeout=PATIENCE_MS)
    start = float(re.search(r"start=(\d+)", page.url)[1])
    assert start == pytest.approx(0.25 * 2000, abs=12)
    settled(page)
    page.get_by_role("link", name="Compare").click()
    finished(page)
    assert f"from {start:g} ms" in page.get_by_test_id("stMain").inner_text()
    assert f"start={start:g}" in page.url
