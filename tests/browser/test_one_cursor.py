"""A real browser: one cursor for the page, maps read, enlarged and clicked together, a tour."""

import re

import numpy as np
import pytest
from driving import PATIENCE_MS, ROOT, finished, fixed, has_value, needs_chromium, settled, tells

from masnn import checkpoints, comparison
from masnn.equations import equations
from masnn.neuron_trace import trace_neuron
from masnn.readers import read_events
from masnn.response import record

pytestmark = needs_chromium

WAVE = ROOT / "app" / "examples" / "simulated_right_hand_wave.npz"
SCROLLED = "document.querySelector('[data-testid=stMain]').scrollTop"


@pytest.fixture(scope="module")
def did():
    """Return the opening pair's networks and what they did, with potentials."""
    found = {}
    for side, name in (("A", "gesture-vanilla"), ("B", "gesture-tcsa")):
        network, card = checkpoints.load(name)
        frames = comparison.window(read_events(WAVE), card.config)
        found[side] = (network, record(network.folded(), frames.counts))
    return found


def player_of(page):
    return page.get_by_role("group", name=re.compile("^Player"))


def at_step(page, step):
    """Wait until player, course, both equations and the address are at a step of 15."""
    player_of(page).locator(".time").get_by_text(f"step {step} of 15 ").wait_for()
    page.get_by_text(f"Step {step} of 15", exact=True).nth(1).wait_for()
    assert page.get_by_text(re.compile(r"^Step \d+ of 15$")).count() == 2, "A's equations and B's"
    course = page.get_by_role("slider", name="Step of the neuron")
    assert course.get_attribute("aria-valuenow") == str(step)
    page.wait_for_function(
        "step => new URL(location).searchParams.get('step') === step", arg=str(step)
    )


def test_player_equations_course_and_address_have_one_cursor(page, url, did):
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"{url}/?view=One+neuron&channel=3&y=11&x=9")
    finished(page)
    settled(page)
    player_of(page).focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    at_step(page, 5)
    page.get_by_label("channel", exact=True).fill("4")
    page.keyboard.press("Enter")
    page.wait_for_url("**channel=4*")
    finished(page)
    at_step(page, 5)
    # The equation is this neuron's at this step, in the library's numbers.
    network, response = did["B"]
    trace = trace_neuron(response, network.config, "conv1", (4, 11, 9))
    written = page.locator(".equation").all_inner_texts()
    for line in equations(trace, 4):
        result = line.plain.rsplit("= ", 1)[1].replace("-", "\u2212")
        assert any(text.replace("\n", "").endswith(result) for text in written), line.plain
    # The view moves the player too, by buttons, keys and pointer.
    page.get_by_role("button", name="Step on", exact=True).click()
    at_step(page, 6)
    course = page.get_by_role("slider", name="Step of the neuron")
    course.focus()
    page.keyboard.press("End")
    at_step(page, 15)
    box = course.bounding_box()
    course.click(position={"x": 84 + 0.5 / 15 * (box["width"] - 92), "y": 60})
    at_step(page, 1)


def test_a_click_on_a_map_opens_and_shows_its_busiest_neuron(page, did):
    page.set_default_timeout(PATIENCE_MS)
    finished(page)
    settled(page)
    fired = sum(response.layers["conv2"].spikes.sum(0, dtype=int) for _, response in did.values())
    y, x = 6, 9
    canvas = page.get_by_role("group", name="Firing rate of conv2").locator("canvas").nth(2)
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    canvas.click(position={"x": (x + 0.5) / 16 * box["width"], "y": (y + 0.5) / 16 * box["height"]})
    page.get_by_text("Potentials of conv2").wait_for()
    finished(page)
    for axis, value in (("channel", int(fired[:, y, x].argmax())), ("y", y), ("x", x)):
        has_value(page, axis, value)
    page.wait_for_function(
        "() => { const top = document.querySelector('.st-key-views').getBoundingClientRect().top;"
        " return top > 0 && top < 200; }"
    )


def test_a_click_scrolls_the_page_and_nothing_around_it(page):
    """What lies around the page hides its overflow: moved by a script, it would stay so."""
    page.set_default_timeout(PATIENCE_MS)
    finished(page)
    settled(page)
    canvas = page.get_by_role("group", name="Firing rate of conv1").locator("canvas").first
    canvas.scroll_into_view_if_needed()
    canvas.click(position={"x": 40, "y": 40})
    page.get_by_text("Potentials of conv1").wait_for()
    finished(page)
    settled(page)
    moved = page.evaluate(
        "() => { const main = document.querySelector('[data-testid=stMain]'); const found = [];"
        " for (let up = main.parentElement; up; up = up.parentElement) found.push(up.scrollTop);"
        " return found; }"
    )
    assert set(moved) == {0}


def test_a_click_on_a_spatial_gate_opens_its_neuron(page, did):
    page.set_default_timeout(PATIENCE_MS)
    finished(page)
    settled(page)
    fired = did["B"][1].layers["conv3"].spikes.sum(0, dtype=int)
    y, x = 2, 3
    canvas = page.get_by_role("group", name="Spatial gates").locator("canvas").nth(2)
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    canvas.click(position={"x": (x + 0.5) / 8 * box["width"], "y": (y + 0.5) / 8 * box["height"]})
    page.get_by_text("Potentials of conv3").wait_for()
    finished(page)
    for axis, value in (("channel", int(fired[:, y, x].argmax())), ("y", y), ("x", x)):
        has_value(page, axis, value)


def test_maps_are_read_and_enlarged_together(page, did):
    page.set_default_timeout(PATIENCE_MS)
    finished(page)
    settled(page)
    maps = page.get_by_role("group", name="Firing rate of conv1")
    mean = {side: did[side][1].layers["conv1"].spikes.mean((0, 1)) for side in "AB"}
    a, b = (mean[side].astype(np.float32) for side in "AB")  # as it travels
    planes = maps.locator("canvas")
    planes.first.scroll_into_view_if_needed()
    whole = planes.nth(1).bounding_box()

    def points(y, x, times=1.0, left=0.0, top=0.0):
        """Point at the middle of a cell of B's map; return the share of the plane it is at."""
        u, v = (((n + 0.5) / 32 - start) * times for n, start in ((x, left), (y, top)))
        page.mouse.move(whole["x"] + u * whole["width"], whole["y"] + v * whole["height"])
        change = np.float32(mean["B"][y, x] - mean["A"][y, x])
        sign = "\u2212" if change < 0 else "+"
        tells(
            maps.locator(".readout"),
            f"conv1 at x {x}, y {y}: A {fixed(a[y, x], 3)} \u00b7 B {fixed(b[y, x], 3)}",
            f"B \u2212 A {sign}{fixed(abs(change), 3)}",
        )
        return whole["x"] + u * whole["width"], whole["y"] + v * whole["height"]

    points(3, 5)
    # Draw a square from the corner of cell (8, 8) to that of cell (16, 16): four times as large.
    corners = [
        (whole["x"] + n / 32 * whole["width"], whole["y"] + n / 32 * whole["height"])
        for n in (8, 16)
    ]
    page.mouse.move(*corners[0])
    page.mouse.down()
    page.mouse.move(*corners[1], steps=4)
    page.mouse.up()
    for plane in planes.all():
        assert plane.bounding_box()["width"] == pytest.approx(4 * whole["width"], rel=0.02)
    points(12, 12, times=4, left=0.25, top=0.25)
    assert "view=" not in page.url, "no neuron was meant"
    maps.get_by_role("button", name="The whole map").click()
    for plane in planes.all():
        assert plane.bounding_box()["width"] == pytest.approx(whole["width"], rel=0.01)
    # Keys do the same.
    maps.focus()
    page.keyboard.press("+")
    page.keyboard.press("ArrowLeft")
    assert planes.first.bounding_box()["width"] == pytest.approx(2 * whole["width"], rel=0.02)
    page.keyboard.press("Enter")
    page.get_by_text("Potentials of conv1").wait_for()


def test_the_tour_is_offered_once_and_leads_to_what_it_frames(browser, url):
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(url)
    finished(page)
    page.get_by_text("New here?").wait_for()
    assert not page.get_by_role("region", name="Tour").is_visible()
    page.get_by_role("button", name="A minute\u2019s tour").click()
    tour = page.get_by_role("region", name="Tour")
    tour.get_by_text(re.compile("^1/7 .*NASFR")).wait_for()
    targets = ["verdict", "player", "where", "what", "ledger", "one_neuron", "take"]
    places = []
    for at, target in enumerate(targets, start=1):
        tour.get_by_text(re.compile(f"^{at}/7 ")).wait_for()
        page.wait_for_function(
            """([target, last]) => {
              const found = document.querySelector(`.st-key-${target}`);
              if (!found) return false;
              const box = found.getBoundingClientRect();
              return box.top >= 0 && box.top < innerHeight * (last ? 0.8 : 0.5)
                && getComputedStyle(found).outlineStyle === 'solid';
            }""",
            arg=[target, at == len(targets)],
        )
        if target == "player":  # its keys work though the focus is on "Next"
            for key, step in (("ArrowRight", 2), ("ArrowLeft", 1)):
                page.keyboard.press(key)
                page.get_by_text(re.compile(f"^step {step} of 15 ")).first.wait_for()
        places.append(tour.get_by_role("button", name=re.compile("^(Next|Done)$")).bounding_box())
        if at < len(targets):
            page.keyboard.press("Enter")  # the focus is on "Next"
    assert len({round(box["x"]) for box in places}) == 1, "Next stays under the pointer"
    for at in (6, 5, 4, 3):
        tour.get_by_role("button", name="Back").click()
        tour.get_by_text(re.compile(f"^{at}/7 ")).wait_for()
    page.get_by_text(re.compile("^16 channels of 32")).first.wait_for()
    page.keyboard.press("Escape")
    tour.wait_for(state="hidden")
    assert not page.evaluate(
        "[...document.querySelectorAll('style')].some((s) => s.textContent.includes('3px solid'))"
    )
    page.reload()
    finished(page)
    assert not page.get_by_text("New here?").is_visible(), "offered once"
    assert page.get_by_role("button", name="A minute\u2019s tour").is_visible()
    context.close()


def test_keys_of_the_page_reach_the_player_where_nothing_else_takes_them(page):
    finished(page)
    player = page.get_by_role("group", name=re.compile("^Player"))
    main = page.get_by_test_id("stMain")
    step, pause = player.locator(".time"), player.get_by_role("button", name="Pause (space)")

    def press(key, told, scrolled=False):
        before = main.evaluate("one => one.scrollTop")
        page.keyboard.press(key)
        page.wait_for_timeout(400)
        assert step.inner_text().startswith(f"step {told} of 15")
        assert (main.evaluate("one => one.scrollTop") != before) == scrolled

    main.focus()
    press("Space", 1, scrolled=True)  # as on every page, until the player was used
    assert pause.count() == 0
    player.evaluate("one => one.scrollIntoView()")
    page.evaluate("document.activeElement.blur()")
    press("ArrowRight", 2)
    press("ArrowRight", 3)
    press("ArrowLeft", 2)
    press("ArrowDown", 2)
    main.focus()
    press("ArrowDown", 2, scrolled=True)
    page.keyboard.press("Space")
    pause.wait_for()
    page.keyboard.press("Space")
    pause.wait_for(state="detached")
    at = step.inner_text().split()[1]
    # A control keeps its keys, a dialog takes them, and far away the page is only read.
    page.get_by_role("radio", name="Where", exact=True).focus()
    press("Space", at)
    page.get_by_test_id("stMainMenuButton").click()
    press("ArrowRight", at)
    page.keyboard.press("Escape")
    main.focus()
    main.evaluate("one => one.scrollTo(0, one.scrollHeight)")
    press("ArrowRight", at)


def test_a_phones_menu_closes_once_a_page_is_chosen(browser, url):
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    page.goto(f"{url}/method")
    settled(page)
    bar = page.get_by_test_id("stSidebar")
    for name in ("Models", "Method"):
        page.get_by_test_id("stExpandSidebarButton").tap()
        page.get_by_test_id("stSidebarNavLink").filter(has_text=name).tap()
        page.wait_for_url(f"**/{name.lower()}")
        settled(page)
        page.wait_for_function(
            "bar => bar.getBoundingClientRect().right <= 0", arg=bar.element_handle()
        )
    context.close()
