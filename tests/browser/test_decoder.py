"""One visitor's decoder is killed in the middle: a line for them, nothing for the others."""

import contextlib
import os
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest
from driving import PATIENCE_MS, ROOT, finished, needs_chromium, shown

pytestmark = [
    *needs_chromium,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc"),
]


def upload(page, path):
    page.get_by_text("Upload", exact=True).first.click()
    page.locator('input[type="file"]').set_input_files(str(path))


def decoders(port):
    """Yield the processes that decode, or wait to decode, for the server at a port."""
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if "masnn.readers._child" not in (place / "cmdline").read_bytes().decode():
                continue
            parent = (place / "stat").read_text().rsplit(") ", 1)[1].split()[1]
            served = Path("/proc", parent, "cmdline").read_bytes().decode().split("\0")
        except OSError:  # it ended while it was looked at
            continue
        if port in served:
            yield int(place.name)


def kill_at_work(port):
    """Kill the decoder that was given a recording, however fast it would have been.

    Every decoder is halted where it stands, most of them before they are given anything.
    """
    halted = set()
    end = time.monotonic() + PATIENCE_MS / 1000
    try:
        while time.monotonic() < end:
            for process in decoders(port):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGSTOP)
                    halted.add(process)
                    if Path("/proc", str(process), "cwd", "recording").exists():
                        os.kill(process, signal.SIGKILL)
                        return
            time.sleep(0.005)
        pytest.fail("no decoder was seen at work")
    finally:
        for process in halted:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)


def test_a_killed_decoder_is_one_line_for_its_visitor_and_nothing_for_the_other(
    browser, url, tmp_path
):
    long = tmp_path / "long.csv"
    long.write_bytes(b"t,x,y,p\n" + b"1,1,1,1\n" * 3_000_000)
    wave = tmp_path / "wave.npz"
    shutil.copyfile(ROOT / "app" / "examples" / "simulated_arm_roll.npz", wave)
    contexts = [browser.new_context(viewport={"width": 1440, "height": 900}) for _ in range(2)]
    try:
        one, other = (context.new_page() for context in contexts)
        errors = []
        for page in (one, other):
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.goto(url)
        for page in (one, other):
            finished(page)
        before = shown(other)
        upload(one, long)
        kill_at_work(url.rsplit(":", 1)[1])
        told = one.get_by_text("long.csv: the decoder gave up (SIGKILL)").first
        told.wait_for(timeout=PATIENCE_MS)
        assert "\n" not in told.inner_text()
        # The other sees nothing of it, and goes on; and so does the one.
        assert other.get_by_test_id("stAlert").count() == 0 and shown(other) == before
        for page in (other, one):
            if page is one:
                page.locator('input[type="file"]').set_input_files(str(wave))
            else:
                upload(page, wave)
            page.get_by_test_id("stMain").get_by_text(wave.name).first.wait_for(timeout=PATIENCE_MS)
            finished(page)
            assert page.get_by_test_id("stAlert").get_by_text("gave up").count() == 0
        assert shown(one) == shown(other) != {}
        assert not errors
    finally:
        for context in contexts:
            context.close()
