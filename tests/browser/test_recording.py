"""The Recording page in a real browser: it plays, and the window that is dragged is Compare's."""

import re
from pathlib import Path

import pytest
from driving import PATIENCE_MS, ROOT, finished, needs_chromium, settled

from masnn.readers import read_recording
from masnn.report.overview import PICTURES

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
    assert seen_ms(recording) == start + 33, "it shows the first moments of the window"
    page.get_by_role("link", name="Compare").click()
    finished(page)
    assert f"from {start:g} ms" in page.get_by_test_id("stMain").inner_text()
    assert f"start={start:g}" in page.url


def test_the_player_follows_the_window_however_it_is_moved(page, recording):
    recording.focus()
    page.keyboard.press("Shift+ArrowRight")
    assert seen_ms(recording) == 40 + 33
    page.wait_for_url(re.compile("start=40"), timeout=PATIENCE_MS)
    settled(page)
    slider = page.get_by_role("slider")
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_url(re.compile(r"start=4[1-9]"), timeout=PATIENCE_MS)
    settled(page)
    assert seen_ms(recording) == float(re.search(r"start=(\d+)", page.url)[1]) + 33
    # What is scrubbed to stays where the window does.
    recording.focus()
    page.keyboard.press("End")
    assert seen_ms(recording) == 2000


def test_each_figure_of_a_recording_can_be_taken_away(page, recording):
    of = read_recording(ROOT / "app" / "examples" / "simulated_right_hand_wave.npz")
    page.get_by_text("Take it away").click()
    for picture in PICTURES:
        made = {
            "SVG": picture.render(of, "svg", 2),
            "CSV": picture.data(of).encode(),
            "Caption": picture.caption(of).encode(),
        }
        for label, content in made.items():
            button = page.locator(f".st-key-take_{picture.name}_{label} button").first
            with page.expect_download(timeout=PATIENCE_MS) as waiting:
                button.click()
            assert Path(waiting.value.path()).read_bytes() == content
