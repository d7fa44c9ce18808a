"""Time the server's work for each view, what a browser shows, and weigh what travels.

    python -m benchmarks.page

Server times are medians of script runs with everything cached but the view itself, and stand
beside the time that running both networks takes in the same process: the ratio is what to quote.
Sizes are those of the player's and the tiles' blocks, beside the same spikes as 32-bit floats.

Where Chromium and Playwright are, a browser opens the app on a warm server as a new visitor does:
medians of the time until verdict and player stand, until a change of network B is answered by its
numbers, and of drawing one step of the player. The load stands beside them, with others' work.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from streamlit.testing.v1 import AppTest

from app.figures import player
from benchmarks.timing import median_ms
from masnn import checkpoints, comparison, energy, rates
from masnn.networks import ConvSNN, three_layer
from masnn.readers import read_events
from masnn.response import Response, record
from masnn.sides import Side

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "app" / "examples" / "simulated_right_hand_wave.npz"
VIEWS = ("Where", "What", "When", "How much", "Gate by gate", "One neuron")


def inference_ms(runs: int) -> float:
    """Return the time that the two networks of the opening comparison take."""
    pairs = []
    for name in ("gesture-vanilla", "gesture-tcsa"):
        network, card = checkpoints.load(name)
        frames = comparison.window(read_events(EXAMPLE), card.config)
        pairs.append((network.folded(), frames.counts))
    return median_ms(lambda: [record(n, c, potentials=False) for n, c in pairs], runs)


def ledger_ms(runs: int) -> tuple[float, float]:
    """Return the time that both energy ledgers take to count, and to be had again."""
    sides = []
    for name in ("gesture-vanilla", "gesture-tcsa"):
        network, card = checkpoints.load(name)
        frames = comparison.window(read_events(EXAMPLE), card.config)
        done = record(network.folded(), frames.counts, potentials=False)
        sides.append(Side.of(card, frames, done))
    counted = median_ms(
        lambda: [energy.ledger(s.card.config, s.frames.shown, s.response) for s in sides], runs
    )
    return counted, median_ms(lambda: [side.ledger("fp32") for side in sides], runs)


def block_bytes(response: Response, layer: str) -> tuple[int, int]:
    """Return the size of a player's block of a network's layer, and of its spikes as floats."""
    found = response.layers[layer]
    edges = np.arange(response.T + 1) * 15.0
    spikes = found.spikes
    track = player.Track(
        "net", np.arange(response.T), rates.nsfr(response.spikes),
        rates.running_mean(response.votes),
        [str(i) for i in range(response.votes.shape[1])], 0, None, None,
        player.Fired(
            found.shape, found.packed, spikes.sum(1, dtype=np.uint16),
            *(np.linspace(0, 1, n + 1) for n in found.shape[1:]),
        ),
    )  # fmt: skip
    none = np.zeros(0, int)
    seen = player.input_bits(none, none, none, none, response.T, (0, 0, 128, 128))
    alone = track._replace(fired=None)
    how: dict[str, Any] = {"no_difference": "one network", "same_field": True, "dark": False}
    return len(player.content(layer, seen, edges, [track, alone], **how)), spikes.size * 4


@contextmanager
def _serving() -> Iterator[str]:
    """Start the app and give its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app/main.py", "--server.port", str(port)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen(command, cwd=ROOT, **quiet)
    try:
        while not _answers(f"http://127.0.0.1:{port}/_stcore/health"):
            if server.poll() is not None:
                raise RuntimeError("the server ended before it was ready")
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2):
            return True
    except OSError:
        return False


def browser_ms(runs: int) -> dict[str, float] | None:
    """Return what a browser measures in ms, or None where there is no browser to ask.

    "verdict" and "player" count from the call of the address to when they stand, with an empty
    cache; "change of B" from the new address's answer in a page that stands; "step" is what the
    browser takes to draw a step of the player.
    """
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None or importlib.util.find_spec("playwright") is None:
        return None
    from playwright.sync_api import sync_playwright

    times: dict[str, list[float]] = {}

    def took(what: str, since: float) -> None:
        times.setdefault(what, []).append((time.perf_counter() - since) * 1000)

    with _serving() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        for run in range(runs + 1):
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            page = context.new_page()
            page.set_default_timeout(120_000)
            start = time.perf_counter()
            page.goto(url, wait_until="commit")
            page.get_by_test_id("stMetricValue").first.wait_for()
            verdict = time.perf_counter()
            page.locator(".player canvas").first.wait_for()
            if run:  # the first warms the server
                times.setdefault("verdict", []).append((verdict - start) * 1000)
                took("player", start)
            page.get_by_text("Same numbers from the command line").wait_for()
            page.wait_for_function(_IDLE)
            for name in ("TA", "TCSA"):  # the first time, the network runs
                before = page.get_by_test_id("stMetricValue").nth(3).inner_text()
                box = page.get_by_role("combobox", name="Network B")
                box.click()
                option = page.get_by_role("option", name=name, exact=True)
                option.wait_for()
                start = time.perf_counter()
                option.click()
                page.wait_for_function(_ANOTHER, arg=before)
                if run:
                    took("change of B", start)
                page.wait_for_function(_IDLE)
            if run:
                times.setdefault("step", []).append(page.evaluate(_STEP_MS))
            context.close()
        browser.close()
    return {what: statistics.median(found) for what, found in times.items()}


_IDLE = "document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'"
_ANOTHER = "was => document.querySelectorAll('[data-testid=stMetricValue]')[3].innerText !== was"
_STEP_MS = """() => {
  const host = [...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')]
    .find((one) => one.shadowRoot?.querySelector('.player'));
  const { player } = host.shadowRoot.querySelector('.player');
  const start = performance.now();
  for (let i = 0; i < 60; i += 1) player.go(i % player.ticks);
  return (performance.now() - start) / 60;
}"""


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    networks = inference_ms(runs)
    print(f"both networks once: {networks:.0f} ms\n")
    print("view            server ms   of the networks' time")
    page = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=300).run()
    for view in VIEWS:
        page.segmented_control(key="view").set_value(view)
        taken = median_ms(page.run, runs)
        print(f"{view:14} {taken:10.0f} {taken / networks:12.1f}x")
    counted, again = ledger_ms(runs)
    print(f"\nboth ledgers: counted in {counted:.1f} ms, priced again in {again:.3f} ms")
    network = ConvSNN(three_layer(attention="TCSA")).eval().folded()
    counts = np.random.default_rng(0).poisson(0.1, (60, 2, 32, 32))
    response = record(network, counts, potentials=False)
    print("\nlayer of the paper's network, T = 60   block kB   as floats kB   ratio")
    for layer in ("conv1", "conv2", "conv3"):
        block, floats = block_bytes(response, layer)
        print(f"{layer:36} {block / 1e3:10.0f} {floats / 1e3:14.0f} {floats / block:7.1f}x")
    print("\nin a browser                     ms")
    found = browser_ms(runs)
    for what, taken in (found or {}).items():
        print(f"{what:24} {taken:10.1f}")
    load = os.getloadavg()[0]
    print(f"load {load:.1f} on {os.cpu_count()} cores" if found else "no Chromium here")


if __name__ == "__main__":
    main()
