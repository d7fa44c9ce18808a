"""A real browser on the running app: the numbers it shows are those of the command line."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
PATIENCE_MS = 90_000

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None, reason="needs Chromium (Debian: apt-get install chromium)"
    ),
]


@pytest.fixture(scope="module")
def url():
    """Start the app as a user does and return its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app/main.py", "--server.port", str(port)]
    server = subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=dict(os.environ),
    )
    address = f"http://127.0.0.1:{port}"
    for _ in range(240):
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):
                break
        except OSError:
            assert server.poll() is None, "the server ended before it was ready"
            time.sleep(0.25)
    yield address
    server.terminate()
    server.wait(10)


@pytest.fixture(scope="module")
def browser():
    """Start Debian's Chromium."""
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


def finished(page):
    """Wait until the page has drawn everything: its last element stands and nothing runs."""
    page.get_by_text("Same numbers from the command line").wait_for(timeout=PATIENCE_MS)
    page.wait_for_function(
        "!document.querySelector('[data-testid=stStatusWidget], [data-stale=true]')",
        timeout=PATIENCE_MS,
    )


def shown(page):
    """Return the metrics of the cards A and B as they stand on the page."""
    values = {}
    for metric in page.locator('[data-testid="stMetric"]').all():
        label = metric.locator('[data-testid="stMetricLabel"]').inner_text().split("\n")[0]
        value = metric.locator('[data-testid="stMetricValue"]').inner_text()
        values.setdefault(label, []).append(value)
    return values


def compared(path, data="gesture"):
    """Return what the command line says of the same file and the networks of a data set."""
    command = [sys.executable, "-m", "masnn", "compare", str(path), "--json"]
    networks = ["--a", f"{data}-vanilla", "--b", f"{data}-tcsa"]
    done = subprocess.run(command + networks, cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def assert_page_equals(page, result):
    values = shown(page)
    sides = (result["a"], result["b"])
    predictions = [s["prediction"].replace("_", " ") for s in sides]
    # A word stands as a heading: a metric would cut it off.
    headings = page.locator('[data-testid="stMain"] h4').all_inner_texts()
    assert values.get("prediction", headings[:2]) == predictions
    assert values["its vote"] == [f"{s['votes'][s['prediction']]:.2f}" for s in sides]
    assert values["spikes"] == [f"{s['spikes']:,}" for s in sides]
    assert values["NASFR"] == [f"{s['nasfr']:.4f}" for s in sides]
    assert values["spikes, relative"] == [f"{result['difference']['spikes_relative']:+.1%}"]


def test_the_first_look_is_compared_without_a_click(page):
    finished(page)
    assert_page_equals(page, compared(ROOT / "app" / "examples" / "simulated_right_hand_wave.npz"))
    assert page.locator(".js-plotly-plot").count() >= 14


def test_a_click_in_the_gallery_chooses_the_recording(page):
    finished(page)
    gallery = page.get_by_role("group", name="Recordings")
    images = gallery.locator("img")
    images.nth(10).wait_for(timeout=PATIENCE_MS)  # it may be drawn after the page's last element
    assert images.count() == 11
    drawn = images.evaluate_all(
        "all => Promise.all(all.map(i => i.decode().then(() => i.naturalWidth)))"
    )
    assert drawn == [64] * 11
    gallery.get_by_role("button", name="air guitar").click()
    page.get_by_text("simulated_air_guitar.npz").first.wait_for(timeout=PATIENCE_MS)
    finished(page)
    assert_page_equals(page, compared(ROOT / "app" / "examples" / "simulated_air_guitar.npz"))
    assert gallery.locator('[aria-pressed="true"]').inner_text() == "air guitar"
    assert "gestures=air+guitar" in page.url
    page.get_by_text("Digits", exact=True).first.click()
    page.get_by_text("simulated_digit_7.bin").first.wait_for(timeout=PATIENCE_MS)
    finished(page)
    digit = ROOT / "app" / "examples" / "simulated_digit_7.bin"
    assert_page_equals(page, compared(digit, "nmnist"))


def test_an_uploaded_recording_shows_the_numbers_of_the_command_line(page, shared_dir):
    finished(page)
    path = shared_dir / "fixtures" / "dvs128_hand_wave.aedat4"
    page.get_by_text("Upload", exact=True).first.click()
    page.locator('input[type="file"]').set_input_files(str(path))
    page.get_by_text("296,957 events").first.wait_for(timeout=PATIENCE_MS)
    finished(page)
    assert_page_equals(page, compared(path))


def test_a_bad_upload_is_explained_and_the_page_stays_usable(page, tmp_path):
    finished(page)
    bad = tmp_path / "broken.npz"
    bad.write_bytes(b"PK\x03\x04 not an archive")
    page.get_by_text("Upload", exact=True).first.click()
    page.locator('input[type="file"]').set_input_files(str(bad))
    page.get_by_text("broken.npz: NumPy .npz").first.wait_for(timeout=PATIENCE_MS)
    page.get_by_text("Digits", exact=True).first.click()
    finished(page)
    assert len(shown(page)["its vote"]) == 2


def test_a_file_of_a_foreign_kind_is_named_whatever_its_ending(page, tmp_path):
    finished(page)
    foreign = tmp_path / "recording.raw"
    foreign.write_bytes(b"% evt 3.0\n" + bytes(90))
    page.get_by_text("Upload", exact=True).first.click()
    page.locator('input[type="file"]').set_input_files(str(foreign))
    page.get_by_text("recording.raw: this is a Prophesee file").wait_for(timeout=PATIENCE_MS)


def test_a_narrow_screen_needs_no_sideways_scrolling(browser, url):
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(url)
    finished(page)
    main = page.locator('[data-testid="stMain"]')
    assert main.evaluate("e => e.scrollWidth - e.clientWidth") <= 1
    context.close()
