"""A digit is drawn on the page Images, by mouse and by finger, and recognised."""

import itertools
import json
import zipfile

import pytest
from driving import PATIENCE_MS, needs_chromium

from masnn.__main__ import main

pytestmark = needs_chromium

#: Corners of a 7 in shares of the paper.
SEVEN = ((0.25, 0.2), (0.7, 0.2), (0.4, 0.85))


def paper(page, url):
    """Open the page and return the paper and its box."""
    page.goto(f"{url}/images")
    found = page.get_by_role("img", name="Paper to draw")
    found.wait_for(timeout=PATIENCE_MS)
    found.scroll_into_view_if_needed()
    return found, found.bounding_box()


def predictions(page):
    """Return what the cards say, once all four are there."""
    cards = page.get_by_test_id("stMetric").filter(has_text="prediction")
    playwright = pytest.importorskip("playwright.sync_api")
    playwright.expect(cards).to_have_count(4, timeout=PATIENCE_MS)
    page.get_by_text("Where the blocks fire").wait_for(timeout=PATIENCE_MS)
    return [card.get_by_test_id("stMetricValue").inner_text() for card in cards.all()]


def draw(page, box):
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in SEVEN]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=12)
    page.mouse.up()


def test_a_drawn_seven_is_recognised_and_cleared_by_keyboard(page, url):
    _, box = paper(page, url)
    draw(page, box)
    assert predictions(page) == ["7"] * 4
    page.get_by_role("button", name="Clear").focus()
    page.keyboard.press("Enter")
    page.get_by_text("Draw a digit, 0 to 9.").wait_for(timeout=PATIENCE_MS)
    # What was there of the run before is taken away last.
    expect = pytest.importorskip("playwright.sync_api").expect
    expect(page.get_by_test_id("stMetric")).to_have_count(0, timeout=PATIENCE_MS)


def test_the_address_brings_the_same_drawing_to_another_browser(page, browser, url):
    _, box = paper(page, url)
    draw(page, box)
    assert predictions(page) == ["7"] * 4
    metrics = page.get_by_test_id("stMetricValue").all_inner_texts()
    page.wait_for_url("**drawing=*", timeout=PATIENCE_MS)
    other = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    other.goto(page.url)
    assert predictions(other) == ["7"] * 4
    assert other.get_by_test_id("stMetricValue").all_inner_texts() == metrics
    other.context.close()


def test_a_finger_draws_and_does_not_scroll(browser, url):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    found, box = paper(page, url)
    assert found.evaluate("e => getComputedStyle(e).touchAction") == "none"
    top = page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop")
    session = context.new_cdp_session(page)

    def touch(kind, *places):
        points = [{"x": x, "y": y} for x, y in places]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    ends = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in SEVEN]
    touch("touchStart", ends[0])
    for (x0, y0), (x1, y1) in itertools.pairwise(ends):
        for i in range(1, 11):
            touch("touchMove", (x0 + (x1 - x0) * i / 10, y0 + (y1 - y0) * i / 10))
    touch("touchEnd")
    assert predictions(page) == ["7"] * 4
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") == top
    context.close()


def test_the_report_of_a_drawing_is_enough_to_make_it_again(page, url, tmp_path, capsys):
    _, box = paper(page, url)
    draw(page, box)
    assert predictions(page) == ["7"] * 4
    page.get_by_text("Take it away", exact=True).click()
    page.get_by_role("button", name="Make the report").click()
    packed = page.get_by_role("button", name="Report (ZIP)")
    packed.wait_for(timeout=4 * PATIENCE_MS)  # some twenty figures
    with page.expect_download(timeout=PATIENCE_MS) as waiting:
        packed.click()
    report = tmp_path / "report"
    with zipfile.ZipFile(waiting.value.path()) as archive:
        assert archive.testzip() is None
        archive.extractall(report)
    again = tmp_path / "again"
    words = ["report", str(report / "picture.png"), "--recipe", str(report / "recipe.json")]
    small = ["--formats", "png", "--columns", "1", "--device", "cpu", "-o", str(again)]
    assert main([*words, *small]) == 0
    assert "Every number is the recipe's." in capsys.readouterr().out
    told = [json.loads((folder / "numbers.json").read_text()) for folder in (report, again)]
    assert told[0]["a"] == told[1]["a"] and told[0]["b"] == told[1]["b"]
    name = "data/where_response_maps.csv"
    assert (report / name).read_bytes() == (again / name).read_bytes()
