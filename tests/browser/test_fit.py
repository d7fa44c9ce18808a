"""What is wider than it should be at a desk: tables that scroll sideways, choices out of sight."""

import pytest
from driving import finished, needs_chromium, settled

pytestmark = needs_chromium

#: How many px of a table cannot be seen without scrolling it sideways.
_HIDDEN = "all => all.map((one) => one.scrollWidth - one.clientWidth)"


@pytest.mark.parametrize(("view", "least"), [("How+much", 4), ("Gate+by+gate", 2)])
def test_every_column_of_a_table_is_seen_at_1440_px(page, url, view, least):
    page.goto(f"{url}/?view={view}")
    finished(page)
    if view == "How+much":
        page.get_by_text("Every line of the ledger").click()
    settled(page)
    tables = page.locator("[data-testid=stDataFrame] .dvn-scroller")
    hidden = tables.evaluate_all(_HIDDEN)
    assert len(hidden) >= least
    assert max(hidden) <= 1, hidden


@pytest.mark.parametrize("width", [1440, 390])
def test_all_ten_digits_can_be_chosen(page, url, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{url}/images?image_source=Example")
    settled(page)
    choice = page.locator(".st-key-image_example")
    column = choice.bounding_box()
    boxes = [one.bounding_box() for one in choice.get_by_role("radio").all()]
    if not boxes or not all(boxes):
        boxes = [one.bounding_box() for one in choice.get_by_role("button").all()]
    assert len(boxes) == 10
    assert all(
        column["x"] <= box["x"] and box["x"] + box["width"] <= column["x"] + column["width"] + 1
        for box in boxes
    )
