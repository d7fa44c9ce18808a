"""What browser tests share: how the app and Chromium start, when a page is done, what it says."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
PATIENCE_MS = 90_000

needs_chromium = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None, reason="needs Chromium (Debian: apt-get install chromium)"
    ),
]


@contextmanager
def serving() -> Iterator[str]:
    """Start the app as a user does and give its address."""
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
    try:
        for _ in range(240):
            try:
                with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):
                    break
            except OSError:
                assert server.poll() is None, "the server ended before it was ready"
                time.sleep(0.25)
        yield address
    finally:
        server.terminate()
        server.wait(10)


def finished(page):
    """Wait until the page has drawn everything: its last element stands and nothing runs."""
    page.get_by_text("Same numbers from the command line").wait_for(timeout=PATIENCE_MS)
    still(page)


#: Skeletons stand for elements whose code the browser has not got yet.
_STILL = """() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState
  === 'notRunning' && !document.querySelector(
    '[data-testid=stSkeleton], [data-testid=stStatusWidget], [data-stale=true]')"""


def still(page):
    """Wait until nothing runs, and nothing is of the run before or stands for what is to come."""
    page.wait_for_function(_STILL, timeout=PATIENCE_MS)


#: Streamlit draws charts and components after the run that asked for them, and fonts after those.
_SETTLED = """() => {
  const all = (css) => [...document.querySelectorAll(css)].filter((one) => one.checkVisibility());
  const app = document.querySelector('[data-testid=stApp]');
  const drawn = app?.dataset.testScriptState === 'notRunning'
    && !all('[data-testid=stSkeleton], [data-testid=stStatusWidget], [data-stale=true]').length
    && all('[data-testid=stPlotlyChart]').every((one) => one.querySelector('.main-svg'))
    && all('[data-testid=stDataFrame]').every((one) => one.querySelector('canvas'))
    && all('[data-testid=stBidiComponentIsolated]')
        .every((one) => one.shadowRoot?.querySelector('canvas, button, .equation'))
    && document.fonts.status === 'loaded';
  const main = document.querySelector('[data-testid=stMainBlockContainer]');
  const now = drawn ? `${main.offsetHeight} ${main.querySelectorAll('*').length}` : '';
  const same = drawn && now === window.masnnBefore;
  window.masnnBefore = now;
  return same;
}"""


def settled(page):
    """Wait until charts, components and fonts stand too, and nothing moves any more."""
    page.evaluate("window.masnnBefore = ''")
    page.wait_for_function(_SETTLED, polling=150, timeout=PATIENCE_MS)


def has_value(page, label, value):
    """Wait until a field has a value: Streamlit draws its default for a moment."""
    expect = pytest.importorskip("playwright.sync_api").expect
    expect(page.get_by_label(label, exact=True)).to_have_value(str(value), timeout=PATIENCE_MS)


def fixed(value, digits):
    """Format as JavaScript's toFixed: a tie goes up, where Python's goes to the even digit."""
    step = Decimal(1).scaleb(-digits)
    return str(Decimal(float(value)).quantize(step, ROUND_HALF_UP))


def pointed(page, canvas, x, y):
    """Point at a place of a canvas, in its own pixels, once nothing on the page moves any more."""
    settled(page)
    canvas.hover(position={"x": x, "y": y}, timeout=PATIENCE_MS)


def tells(readout, *parts):
    """Wait until a component's line of text holds each of these parts."""
    expect = pytest.importorskip("playwright.sync_api").expect
    for part in parts:
        expect(readout).to_contain_text(part)


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
    assert values["vote per step"] == [f"{s['votes'][s['prediction']]:.2f}" for s in sides]
    assert values["spikes"] == [f"{s['spikes']:,}" for s in sides]
    assert values["NASFR"] == [f"{s['nasfr']:.4f}" for s in sides]
    assert values["spikes, relative"] == [
        f"{result['difference']['spikes_relative']:+.1%}".replace("-", "\u2212")
    ]
