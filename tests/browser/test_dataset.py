"""The page Data set in a real browser: its tiles tell what was counted, step by step."""

import numpy as np
import pytest
from driving import (
    PATIENCE_MS,
    ROOT,
    fixed,
    needs_chromium,
    pointed,
    settled,
    tells,
)

from masnn import asrv, asrv_files

pytestmark = needs_chromium


def test_the_tiles_tell_the_counted_numbers_at_every_step(page, url):
    expect = pytest.importorskip("playwright.sync_api").expect
    pair = asrv_files.decode((ROOT / "app" / "examples" / "asrv_nmnist.npz").read_bytes())
    page.goto(f"{url}/dataset")
    settled(page)
    page.get_by_role("radio", name="conv2", exact=True).check(force=True)
    page.get_by_text("Channels of conv2", exact=True).wait_for(timeout=PATIENCE_MS)
    settled(page)
    panel = page.get_by_role("group", name="Responses over the data set")
    slider = panel.get_by_label("Step")
    expect(panel.locator("output")).to_have_text("step 12 of 15, 231 to 252 ms")
    kinds = {who: asrv.channels(r, "conv2") for who, r in pair.items()}
    slider.press("Home")
    for t in (0, 1, 2):
        for which, who in enumerate("ab"):
            silent, near = (x[t].sum() for x in (kinds[who].silent, kinds[who].near_one))
            told = f"{silent} silent, {near} near 1 of 48"
            expect(panel.locator("figcaption span").nth(which)).to_have_text(told)
        if t == 1:
            _point_at_the_busiest(page, panel, pair, t, kinds)
        slider.press("ArrowRight")
    panel.get_by_label("Play").click()
    expect(panel.locator("output")).not_to_contain_text("step 4 of 15")
    panel.get_by_label("Pause").click()
    stands = panel.locator("output").inner_text()
    page.wait_for_timeout(1000)
    assert panel.locator("output").inner_text() == stands


def _point_at_the_busiest(page, panel, pair, t, kinds):
    counts = pair["b"].counts["conv2"][t]
    channel, y, x = (int(i) for i in np.unravel_index(int(counts.argmax()), counts.shape))
    columns, size = 7, counts.shape[1]  # of 48 square tiles
    tiles = panel.locator(".tiles canvas").nth(1)
    side = tiles.bounding_box()["width"] / (columns * (size + 1) - 1)
    pointed(
        page,
        tiles,
        (channel % columns * (size + 1) + x + 0.5) * side,
        (channel // columns * (size + 1) + y + 0.5) * side,
    )
    n = int(counts[channel, y, x])
    rate = fixed(kinds["b"].mean[t, channel], 4)
    tells(
        panel.locator(".readout"),
        f"B's channel {channel} \u00b7 mean {rate} \u00b7 at x {x}, y {y}: {n} of 200 = "
        f"{fixed(n / 200, 3)}",
    )
    # Trained apart: each network's tiles stand in an order of its own.
    panel.get_by_label("sort by").select_option("rate")
    for which, who in enumerate("ab"):
        pointed(page, panel.locator(".tiles canvas").nth(which), 4, 4)
        mean = kinds[who].mean[t]
        first = np.argsort(-mean, kind="stable")[0]
        tells(
            panel.locator(".readout"),
            f"{'AB'[which]}'s channel {first} \u00b7 mean {fixed(mean[first], 4)}",
        )
    panel.get_by_label("sort by").select_option("number")


def test_an_upload_shows_its_own_numbers_and_a_bad_one_says_why(page, url, tmp_path):
    content = (ROOT / "app" / "examples" / "asrv_nmnist.npz").read_bytes()
    alone = tmp_path / "alone.npz"
    alone.write_bytes(asrv_files.encode({"a": asrv_files.decode(content)["b"]}))
    bad = tmp_path / "bad.npz"
    bad.write_bytes(content[: len(content) // 2])
    page.goto(f"{url}/dataset")
    settled(page)
    page.get_by_role("radio", name="Upload", exact=True).last.check(force=True)
    page.get_by_text("The command writes").wait_for(timeout=PATIENCE_MS)
    chooser = page.locator('[data-testid="stMain"] input[type="file"]')
    chooser.set_input_files(alone)
    page.get_by_text("There is one network here.").wait_for(timeout=PATIENCE_MS)
    settled(page)
    chooser.set_input_files(bad)
    page.get_by_text("bad.npz: a damaged .npz archive").wait_for(timeout=PATIENCE_MS)
