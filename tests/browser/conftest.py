"""What browser tests share: one running app for all, a browser a file, a page a test."""

import pytest
from driving import CHROMIUM, FLAGS, serving


def pytest_addoption(parser):
    parser.addoption(
        "--approve", action="store_true", help="keep today's screens as the approved pictures"
    )


@pytest.fixture(scope="session")
def url():
    """Start the app as a user does and return its address."""
    with serving() as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    """Start Debian's Chromium; its event loop must end with the file, other tests have theirs."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def page(browser, url):
    """Open the app in a fresh context and fail on JavaScript errors."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(url)
    yield page
    context.close()
    assert not errors
