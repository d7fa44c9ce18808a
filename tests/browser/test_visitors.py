"""Visitors side by side: each sees their own recording; and those with keys or fingers alone."""

import hashlib
import re
import shutil

import pytest
from driving import (
    PATIENCE_MS,
    ROOT,
    assert_page_equals,
    compared,
    finished,
    needs_chromium,
    settled,
    shown,
)

pytestmark = needs_chromium

EXAMPLES = ROOT / "app" / "examples"


@pytest.fixture
def visit(browser, url):
    """Let visitors come, each with a browser's memory of their own; they fail on their errors."""
    errors, contexts = [], []

    def come(address="", **how):
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **how})
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{url}/{address}")
        return page

    yield come
    for context in contexts:
        context.close()
    assert not errors


@pytest.fixture
def recordings(tmp_path):
    """Give two recordings that no page offers by these names."""
    paths = [tmp_path / name for name in ("adas.npz", "bens.npz")]
    for path, example in zip(paths, ("arm_roll", "air_drums"), strict=True):
        shutil.copyfile(EXAMPLES / f"simulated_{example}.npz", path)
    return paths


def upload(page, path):
    page.get_by_text("Upload", exact=True).first.click()
    page.locator('input[type="file"]').set_input_files(str(path))


def opened(page, path):
    """Wait until a recording stands on the page."""
    page.get_by_test_id("stMain").get_by_text(path.name).first.wait_for(timeout=PATIENCE_MS)
    finished(page)


def traces(path):
    """Return what a page would show of a recording: its name and the beginning of its hash."""
    return path.name, hashlib.sha256(path.read_bytes()).hexdigest()[:8]


def player_of(page):
    return page.get_by_role("group", name=re.compile("^Player"))


def test_two_visitors_upload_at_once_and_each_sees_their_own(visit, recordings):
    pages = [visit(), visit()]
    for page in pages:
        finished(page)
    for page, path in zip(pages, recordings, strict=True):
        upload(page, path)  # the second comes while the first is computed
    for page, path, other in zip(pages, recordings, recordings[::-1], strict=True):
        opened(page, path)
        assert_page_equals(page, compared(path))
        content = page.content()
        assert all(trace in content for trace in traces(path))
        assert not any(trace in content for trace in traces(other))
        assert f"file={hashlib.sha256(path.read_bytes()).hexdigest()[:12]}" in page.url


def test_recordings_of_one_name_are_told_apart(visit, recordings, tmp_path):
    pages, own = [visit(), visit()], []
    for page, path in zip(pages, recordings, strict=True):
        finished(page)
        own.append(tmp_path / path.stem / "recording.npz")
        own[-1].parent.mkdir()
        shutil.copyfile(path, own[-1])
        upload(page, own[-1])
    for page, path in zip(pages, own, strict=True):
        opened(page, path)
        assert traces(path)[1] in page.get_by_test_id("stMain").inner_text()
    votes = [shown(page)["spikes"] for page in pages]
    assert votes[0] != votes[1]


def test_a_broken_upload_stays_with_who_made_it(visit, recordings, tmp_path):
    well, broken = visit(), visit()
    finished(well)
    finished(broken)
    upload(well, recordings[0])
    opened(well, recordings[0])
    before = shown(well)
    bad = tmp_path / "broken.npz"
    bad.write_bytes(b"PK\x03\x04 not an archive")
    upload(broken, bad)
    broken.get_by_text("broken.npz: a damaged .zip archive").first.wait_for(timeout=PATIENCE_MS)
    assert well.get_by_test_id("stAlert").count() == 0
    assert shown(well) == before
    well.get_by_role("radio", name="When", exact=True).click()
    well.get_by_text("Input events and firing rate").wait_for(timeout=PATIENCE_MS)
    finished(well)
    assert shown(well) == before
    assert "broken.npz" not in well.content()


def test_who_leaves_leaves_nothing_on_anothers_page(visit, recordings):
    ada, ben = visit(), visit()
    finished(ada)
    upload(ada, recordings[0])
    opened(ada, recordings[0])
    link = ada.url.split("/", 3)[3]
    finished(ben)
    upload(ben, recordings[1])
    opened(ben, recordings[1])
    ada.context.close()
    ben.get_by_role("radio", name="How much", exact=True).click()
    ben.get_by_text("Energy ledger").wait_for(timeout=PATIENCE_MS)
    finished(ben)
    assert not any(trace in ben.content() for trace in traces(recordings[0]))
    # Whoever has the link is asked for the file, and is given no number of it.
    link_only = visit(link)
    link_only.get_by_text("that you have to open again").wait_for(timeout=PATIENCE_MS)
    settled(link_only)
    assert shown(link_only) == {}
    assert recordings[0].name not in link_only.content()


def test_the_player_is_played_by_keys_alone(visit):
    page = visit("?view=When")
    finished(page)
    player = player_of(page)
    time_label = player.locator(".time")
    time_label.wait_for(timeout=PATIENCE_MS)
    for _ in range(80):
        page.keyboard.press("Tab")
        if player.evaluate("player => player.getRootNode().activeElement === player"):
            break
    else:
        pytest.fail("Tab does not lead to the player")

    def says(step):
        time_label.get_by_text(f"step {step} of ").wait_for(timeout=PATIENCE_MS)

    for key, step in (("ArrowRight", 2), ("ArrowRight", 3), ("ArrowLeft", 2), ("Home", 1)):
        page.keyboard.press(key)
        says(step)
    page.keyboard.press("Space")
    says(3)
    page.keyboard.press("Space")
    halted = time_label.inner_text()
    page.wait_for_timeout(600)
    assert time_label.inner_text() == halted
    page.keyboard.press("End")
    last = int(re.search(r"of (\d+)", halted)[1])
    says(last)
    page.keyboard.press("Tab")  # and on: its first button
    assert player.locator(":focus").get_attribute("aria-label").startswith("Step back")
    page.keyboard.press("Enter")
    says(last - 1)


def test_fingers_move_the_cursor_and_open_a_neuron(visit):
    page = visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    finished(page)
    player = player_of(page)
    strips, time_label = player.locator(".strips"), player.locator(".time")
    time_label.wait_for(timeout=PATIENCE_MS)
    last = int(re.search(r"of (\d+)", time_label.inner_text())[1])
    strips.scroll_into_view_if_needed()
    box = strips.bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] - 12, box["y"] + 30)
    time_label.get_by_text(f"step {last} of ").wait_for(timeout=PATIENCE_MS)
    plane = player.locator(".plane canvas").nth(1)
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()
    place = box["x"] + box["width"] / 4, box["y"] + box["height"] / 2
    page.touchscreen.tap(*place)
    player.locator(".readout").get_by_text("A at x 4, y 8: ").wait_for(timeout=PATIENCE_MS)
    assert "view=" not in page.url, "read, not opened"
    page.touchscreen.tap(*place)
    page.get_by_text("Potentials of conv2").wait_for(timeout=PATIENCE_MS)
    finished(page)
    assert "view=One+neuron" in page.url
    assert f"step={last}" in page.url
    main = page.get_by_test_id("stMain")
    assert main.evaluate("main => main.scrollWidth - main.clientWidth") <= 1
