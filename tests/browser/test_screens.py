"""Every screen in three widths and both themes: whole, readable, and as approved.

Pictures are approved by

    python -m pytest tests/browser/test_screens.py --approve

after a look at what changed: `git diff` names them, and a test that fails says where both pictures
and their difference lie.
"""

import faults
import pictures
import pytest
import screens
from driving import needs_chromium, settled
from screens import HEIGHTS, SCREENS, THEMES

pytestmark = needs_chromium

SIZES = [(width, theme) for width in HEIGHTS for theme in THEMES]
SIGHTS = [(*size, name) for size in SIZES for name in SCREENS]


@pytest.fixture(scope="module")
def desk(browser):
    """Open one page for all screens; a second load of the app costs a third of the first."""
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert not errors


@pytest.fixture(scope="module", params=SIGHTS, ids=lambda sight: "-".join(map(str, sight)))
def sight(request, desk, url):
    """Look at a screen, once for all tests; the app is opened anew for a width and a theme."""
    width, theme, name = request.param
    if name == SCREENS[0]:
        open_app(desk, url, width, theme)
    screens.turn(desk, url, name)
    return screens.look(desk, name), (width, theme)


def open_app(page, url, width, theme):
    page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
    page.emulate_media(color_scheme=theme)
    page.goto(url)
    settled(page)


def differs(screen, size, folder=None):
    """Return how far a screen is from its approved picture, and draw both where it is too far."""
    kept = pictures.load(screens.approved(screen.name, *size))
    worst, difference = pictures.apart(kept, screen.picture())
    if folder is not None and worst > pictures.TOLERANCE:
        pictures.side_by_side(kept, screen.picture(), difference).save(folder / "apart.png")
    return worst


def none(found):
    assert not found, "\n".join(found)


def test_nothing_is_cut_off_overlaps_or_needs_sideways_scrolling(sight):
    none(faults.layout(sight[0]))


def test_every_chart_is_drawn_and_its_words_apart(sight):
    none(faults.drawing(sight[0]))


def test_text_has_the_contrast_of_aa(sight):
    none(faults.contrast(sight[0]))


def test_what_says_or_does_something_has_a_name(sight):
    none(faults.names(sight[0]))


def test_it_looks_as_approved(sight, request, tmp_path):
    screen, size = sight
    path = screens.approved(screen.name, *size)
    if request.config.getoption("approve", False):
        pictures.save(screen.picture(), path)
        return
    assert path.is_file(), f"no approved picture {path.name}: see this file's docstring"
    worst = differs(screen, size, tmp_path)
    assert worst <= pictures.TOLERANCE, f"see {tmp_path}/apart.png"


def test_approved_pictures_are_small_and_none_is_left_over():
    names = {screens.approved(name, *size).name for name in SCREENS for size in SIZES}
    files = list(screens.APPROVED.iterdir())
    assert {file.name for file in files} == names
    assert sum(file.stat().st_size for file in files) < 1_500_000
