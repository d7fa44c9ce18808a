"""A real browser: what the address keeps, what can be taken away, and what a recipe brings back."""

import csv
import io
import json
import re
import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path

import numpy as np
import pytest
from driving import (
    PATIENCE_MS,
    ROOT,
    assert_page_equals,
    compared,
    finished,
    fixed,
    needs_chromium,
    pointed,
    still,
    tells,
)
from PIL import Image

from masnn import rates
from masnn.readers import read_recording
from masnn.report.panel import table
from masnn.report.panels import PANELS
from masnn.report.recipe import read
from masnn.report.recorded import Recorded
from masnn.report.subject import subject_of

pytestmark = needs_chromium

WAVE = ROOT / "app" / "examples" / "simulated_right_hand_wave.npz"


@pytest.fixture(scope="module")
def subject():
    recording = read_recording(WAVE)
    return subject_of(Recorded(recording), "gesture-vanilla", "gesture-tcsa", device="cpu")


def player_of(page):
    return page.get_by_role("group", name=re.compile("^Player"))


def test_the_players_cursor_stays_in_the_address_and_reaches_the_neuron(page):
    finished(page)
    player = player_of(page)
    player.focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.wait_for_url("**step=5*")
    page.get_by_text("One neuron", exact=True).first.click()
    page.get_by_text("Potentials of conv").wait_for(timeout=PATIENCE_MS)
    finished(page)
    assert page.get_by_text("Step 5 of 15", exact=True).count() == 2, "A's equations and B's"
    page.reload()
    finished(page)
    assert player_of(page).locator(".time").inner_text().startswith("step 5 of 15")


def test_what_was_looked_at_is_there_after_another_page(page, url):
    page.goto(f"{url}/?view=One+neuron&channel=3&y=4&x=5&step=7")
    finished(page)
    page.get_by_text("conv2", exact=True).first.click()
    page.wait_for_url("**layer=conv2*")
    page.get_by_text("Potentials of conv2").wait_for(timeout=PATIENCE_MS)
    for name in ("Recording", "Compare"):
        page.get_by_role("link", name=name).click()
        page.wait_for_timeout(500)
    finished(page)
    page.get_by_text("Potentials of conv2").wait_for(timeout=PATIENCE_MS)
    chosen = [page.get_by_label(axis, exact=True).input_value() for axis in ("channel", "y", "x")]
    assert chosen == ["3", "4", "5"]
    assert page.get_by_text("Step 7 of 15", exact=True).count() == 2


def test_each_page_keeps_its_own_view_and_its_address_brings_it_back(page, url):
    expect = pytest.importorskip("playwright.sync_api").expect
    page.goto(f"{url}/?view=What&layer=conv1&step=4")
    finished(page)
    page.get_by_role("link", name="Images").click()
    page.get_by_role("radio", name="Example").click()
    page.get_by_text("Step by step").wait_for(timeout=PATIENCE_MS)

    def looks(view, step):
        still(page)
        chosen = page.get_by_role("radio", name=view, exact=True)
        expect(chosen).to_be_checked(timeout=PATIENCE_MS)
        expect(player_of(page).locator(".time")).to_contain_text(f"step {step} of")

    looks("Where", 1)
    page.get_by_role("radio", name="When", exact=True).click()
    player_of(page).focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**step=2*")
    page.get_by_role("link", name="Compare").click()
    finished(page)
    looks("What", 4)
    page.wait_for_url("**view=What*")
    page.get_by_role("link", name="Images").click()
    page.get_by_text("Step by step").wait_for(timeout=PATIENCE_MS)
    looks("When", 2)
    page.wait_for_url(re.compile("image_view=When.*step=2"))
    page.reload()
    page.get_by_text("Step by step").wait_for(timeout=PATIENCE_MS)
    looks("When", 2)


def test_the_spatial_gate_is_read_at_the_players_step(page, subject):
    finished(page)
    gates = page.get_by_role("group", name="Spatial gates")
    layer = subject.b.response.layers["conv2"]
    canvas = gates.locator("canvas").nth(1)
    y, x = 6, 9

    readout = gates.locator(".readout")

    def point():
        box = canvas.bounding_box()
        across, down = box["width"] / layer.shape[2], box["height"] / layer.shape[1]
        pointed(page, canvas, (x + 0.5) * across, (y + 0.5) * down)

    point()
    tells(readout, f"gate {fixed(layer.gates['space'].mean(0)[y, x], 3)}")
    gates.get_by_label("show").select_option("step")
    player = player_of(page)
    player.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    point()
    tells(readout, "step 4", f"gate {fixed(layer.gates['space'][3, y, x], 3)}")
    events = subject.b.frames.counts[3].sum(0)[2 * y : 2 * y + 2, 2 * x : 2 * x + 2].sum()
    tells(readout, f" {events:,} {'event' if events == 1 else 'events'} there")


def taken(page, button):
    """Click a download and return its name and content."""
    with page.expect_download(timeout=PATIENCE_MS) as waiting:
        button.click()
    download = waiting.value
    return download.suggested_filename, Path(download.path()).read_bytes()


def open_expander(page):
    page.get_by_text("Take it away", exact=True).click()
    page.get_by_text("The whole comparison").wait_for(timeout=PATIENCE_MS)


def test_each_figure_of_a_view_can_be_taken_away(page, subject):
    finished(page)
    open_expander(page)
    (panel,) = (panel for panel in PANELS if panel.name == "where_response_maps")
    row = page.locator("[data-testid=stHorizontalBlock], [data-testid=stLayoutWrapper]").filter(
        has_text=panel.title
    ).last  # fmt: skip
    files = {}
    for label in ("SVG", "PDF", "PNG", "CSV", "Caption"):
        name, content = taken(page, row.get_by_role("button", name=label, exact=True))
        files[label] = content
        assert name.startswith(panel.name)
    ElementTree.fromstring(files["SVG"])
    assert files["PDF"].startswith(b"%PDF")
    assert Image.open(io.BytesIO(files["PNG"])).width == pytest.approx(181.9 / 25.4 * 300, abs=1)
    assert files["CSV"].decode() == table(panel.rows(subject))
    found = [
        float(row["rate"])
        for row in csv.DictReader(io.StringIO(files["CSV"].decode()))
        if (row["layer"], row["map"]) == ("conv1", "A")
    ]
    expected = rates.rate_map(subject.a.response.layers["conv1"].spikes)
    np.testing.assert_array_equal(np.reshape(found, expected.shape), expected)
    assert panel.caption(subject) in files["Caption"].decode()


@pytest.mark.parametrize("view", list(dict.fromkeys(panel.view for panel in PANELS)))
def test_the_data_of_every_figure_are_the_librarys(page, url, subject, view):
    shown = view if view != "Step by step" else "Where"
    page.goto(f"{url}/?view={shown.replace(' ', '+')}&layer={subject.look.layer}")
    finished(page)
    open_expander(page)
    finished(page)
    present = [panel for panel in PANELS if panel.view == view and not panel.absent(subject)]
    assert present
    for panel in present:
        button = page.locator(f".st-key-take_{panel.name}_CSV button").first
        name, content = taken(page, button)
        assert name == f"{panel.name}.csv" and content.decode() == table(panel.rows(subject))


def test_the_whole_report_and_its_recipe_bring_the_view_back(page, subject, tmp_path):
    finished(page)
    open_expander(page)
    page.get_by_text("Make the report").click()
    button = page.get_by_role("button", name="Report (ZIP)")
    button.wait_for(timeout=PATIENCE_MS)
    still(page)
    name, content = taken(page, button)
    assert name == "masnn-report.zip"
    packed = zipfile.ZipFile(io.BytesIO(content))
    assert packed.testzip() is None
    assert json.loads(packed.read("numbers.json"))["a"]["spikes"] == subject.a.summary["spikes"]
    _, film = taken(page, page.get_by_role("button", name="Film (GIF)"))
    assert film == packed.read("player.gif")
    name, recipe = taken(page, page.get_by_role("button", name="Recipe"))
    assert name == "recipe.json" and recipe == packed.read("recipe.json")
    assert read(recipe).numbers["b"]["spikes"] == subject.b.summary["spikes"]
    # Elsewhere, the recipe brings it back.
    page.goto(page.url.split("?")[0] + "?source=Upload")
    page.locator('input[type="file"]').wait_for(state="attached", timeout=PATIENCE_MS)
    path = tmp_path / "recipe.json"
    path.write_bytes(recipe)
    page.locator('input[type="file"]').set_input_files(path)
    page.get_by_text("The view of the recipe").wait_for(timeout=PATIENCE_MS)
    finished(page)
    assert_page_equals(page, compared(WAVE))
