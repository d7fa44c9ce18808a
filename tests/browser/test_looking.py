"""Looking at screens can fail, and does not where only fonts or numbers differ."""

import faults
import numpy as np
import pictures
import pytest
import screens
from driving import needs_chromium, settled
from screens import HEIGHTS

pytestmark = needs_chromium

WIDTH, THEME = 1440, "light"
#: A view with charts, tables and components.
LOOKED = "How much"

CHART = "[data-testid=stPlotlyChart]"
COLUMN = "[data-testid=stColumn]"
CARDS = f":nth-child(1 of [data-testid=stHorizontalBlock]:has([data-testid=stMetric])) > {COLUMN}"


@pytest.fixture(scope="module")
def desk(browser, url):
    """Open the app as it was approved."""
    context = browser.new_context(
        viewport={"width": WIDTH, "height": HEIGHTS[WIDTH]}, color_scheme=THEME
    )
    page = context.new_page()
    page.goto(f"{url}/?view=How+much")
    settled(page)
    yield page
    context.close()


@pytest.fixture
def broken(desk):
    """Break the page with styles, look, and repair it."""

    def look(css):
        desk.evaluate(
            "css => document.head.append(Object.assign(document.createElement('style'),"
            " { id: 'broken', textContent: css }))",
            css,
        )
        settled(desk)
        return screens.look(desk, LOOKED)

    yield look
    desk.evaluate("document.querySelector('#broken')?.remove()")
    desk.emulate_media(color_scheme=THEME)
    settled(desk)


def apart(one, other):
    return pictures.apart(one.picture(), other.picture())[0]


@pytest.fixture(scope="module")
def whole(desk):
    return screens.look(desk, LOOKED)


def test_the_same_screen_is_not_apart_from_itself(desk, whole):
    assert apart(whole, screens.look(desk, LOOKED)) == 0


@pytest.mark.parametrize(
    "css",
    [
        f":nth-child(1 of {CHART}) {{ visibility: hidden }}",
        f"div:has(> {CHART}) {{ display: none }}",
        "[data-testid=stDataFrame] { display: none }",
        "[data-testid=stBidiComponentIsolated] { visibility: hidden }",
        f"{COLUMN}:first-child {{ flex: 0 0 90px !important; min-width: 0; width: 90px }}",
        f"{CARDS} {{ flex: 1 1 100% !important; min-width: 100% }}",
        "[data-testid=stMainBlockContainer] { padding-left: 16rem }",
        "[data-testid=stVerticalBlock] { gap: 2.5rem }",
        "html { filter: invert(1) }",
    ],
)
def test_what_is_hidden_squeezed_or_moved_is_seen_in_the_picture(broken, whole, css):
    assert apart(whole, broken(css)) > pictures.TOLERANCE


def test_another_theme_is_seen_in_the_picture(desk, broken, whole):
    desk.emulate_media(color_scheme="dark")
    assert apart(whole, broken("")) > pictures.TOLERANCE


@pytest.mark.parametrize(
    "css",
    [
        "[data-testid=stMainBlockContainer] { width: 1600px; max-width: none }",
        "[data-testid=stCaptionContainer] { height: 8px; overflow: hidden }",
        f"{CHART} {{ margin-top: -60px }}",
        "h3, h4 { letter-spacing: 9rem; white-space: nowrap }",
        "[data-testid=stPopoverButton] { min-height: 0; height: 12px; padding: 0 }",
    ],
)
def test_a_broken_layout_is_found(broken, whole, css):
    assert set(faults.layout(broken(css))) - set(faults.layout(whole))


@pytest.mark.parametrize(
    "css",
    [
        f"{CHART} svg {{ visibility: hidden }}",
        f"{CHART} .main-svg > * {{ display: none }}",
        f"{CHART} text {{ font-size: 44px !important }}",
        f"{CHART}, {CHART} .js-plotly-plot {{ width: 90px !important }}",
    ],
)
def test_an_empty_or_cramped_chart_is_found(broken, whole, css):
    assert set(faults.drawing(broken(css))) - set(faults.drawing(whole))


@pytest.mark.parametrize(
    "css",
    [
        "[data-testid=stMetricLabel] { opacity: 0.5 }",
        "h3, h4 { color: #aaa !important }",
        f"{CHART} text {{ fill: #e6e8ec !important }}",  # a chart of the other theme
        "[data-testid=stMain] { background: #555 }",
    ],
)
def test_pale_text_is_found(broken, whole, css):
    assert set(faults.contrast(broken(css))) - set(faults.contrast(whole))


@pytest.mark.parametrize("family", ["DejaVu Serif", "monospace"])
def test_another_font_is_no_difference(broken, whole, family):
    letters = ":not([data-testid=stIconMaterial], .katex *, svg *)"
    assert apart(whole, broken(f"{letters} {{ font-family: {family} !important }}")) <= (
        pictures.TOLERANCE
    )


@pytest.mark.parametrize("name", ["Where", "When"])
def test_other_numbers_are_no_difference(desk, url, name):
    desk.goto(f"{url}/?gestures=air+guitar&view={name.replace(' ', '+')}")
    settled(desk)
    kept = pictures.load(screens.approved(name, WIDTH, THEME))
    worst, _ = pictures.apart(kept, screens.look(desk, name).picture())
    assert worst <= pictures.TOLERANCE


def test_rows_are_aligned_around_what_one_picture_has_more():
    one = np.full((60, 40), 255, np.uint8)
    one[10:20] = 90
    one[30:50, 5:30] = pictures.FLAT
    other = np.insert(one, [25] * 6, 255, axis=0)
    assert pictures.apart(one, other)[0] == 0
    other[24:26] = 200  # a line of text more
    assert 0 < pictures.apart(one, other)[0] <= pictures.TOLERANCE
    other[36:56, 5:30] = 255
    assert pictures.apart(one, other)[0] > pictures.TOLERANCE
