"""The report's page in a real browser: its figures can be read in either theme, its tables open."""

import numpy as np
import pictures
import pytest
from driving import ROOT, needs_chromium

from masnn.readers import read_recording
from masnn.report import write
from masnn.report.panels import BY_NAME
from masnn.report.recorded import Recorded
from masnn.report.subject import subject_of

pytestmark = needs_chromium

#: One of lines and letters alone, one of bars.
NAMES = ("when_votes", "how_much_layers")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    recording = read_recording(ROOT / "app" / "examples" / "simulated_right_hand_wave.npz")
    subject = subject_of(Recorded(recording), "gesture-vanilla", "gesture-tcsa", device="cpu")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(write, "PANELS", tuple(BY_NAME[name] for name in NAMES))
        made = dict(write.files(subject, formats=(), columns=()))
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_bytes(made["report.html"])
    return path


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_figures_are_of_the_pages_ground_and_tables_open(browser, file, theme, width):
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
    page = context.new_page()
    page.goto(file.as_uri())
    images = page.locator("figure img[src^='data:image/svg']")
    assert images.count() == len(NAMES)
    for image in images.all():
        grey = pictures.grey(image.screenshot())
        ground, ink = np.median(grey), np.percentile(grey, [0.5, 99.5])
        assert (ground > 230) if theme == "light" else (ground < 50)
        assert np.abs(ink - ground).max() > 100, "letters and lines stand out"
    page.locator("summary").first.click()
    assert page.locator("details[open] table").first.is_visible()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 1
    context.close()
