"""A real browser on the running app: the numbers it shows are those of the command line."""

import re
import shutil

import numpy as np
import pytest
import torch
from driving import (
    PATIENCE_MS,
    ROOT,
    assert_page_equals,
    compared,
    finished,
    fixed,
    has_value,
    needs_chromium,
    pointed,
    settled,
    shown,
    tells,
)

from app.components import lif as toy_of
from masnn import checkpoints, comparison, rates
from masnn.neurons import LIF, lif
from masnn.readers import read_events
from masnn.response import record

pytestmark = needs_chromium


def test_the_first_look_is_compared_without_a_click(page):
    finished(page)
    assert_page_equals(page, compared(ROOT / "app" / "examples" / "simulated_right_hand_wave.npz"))
    assert page.locator(".js-plotly-plot").count() == 0, "its code alone is half of what loads"
    assert page.locator(".maps canvas").count() == 3 * 3 + 2 + 4  # with the player's four
    assert page.locator(".player canvas").count() >= 5
    assert page.locator(".spatial canvas").count() == 3


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


def test_the_player_tells_the_librarys_numbers_at_every_step(page, url):
    page.goto(f"{url}/?layer=conv1")
    finished(page)
    path = ROOT / "app" / "examples" / "simulated_right_hand_wave.npz"
    did = {}
    for side, name in (("A", "gesture-vanilla"), ("B", "gesture-tcsa")):
        network, card = checkpoints.load(name)
        frames = comparison.window(read_events(path), card.config)
        did[side] = record(network.folded(), frames.counts, potentials=False)
    T = did["A"].T
    nsfr = {side: rates.nsfr(response.spikes) for side, response in did.items()}
    player = page.get_by_role("group", name=re.compile("^Player"))
    readout, time_label = player.locator(".readout"), player.locator(".time")

    def says(step, layer):
        time_label.get_by_text(f"step {step + 1} of {T} ").wait_for(timeout=PATIENCE_MS)
        facts = player.locator("figcaption").all_inner_texts()
        for side, response in did.items():
            tells(readout, f"{side}: NSFR {fixed(nsfr[side][step], 4)}")
            fired = int(response.layers[layer].spikes[step].sum())
            fact = next(text for text in facts if text.startswith(f"{side} "))
            assert fact.split("\n")[-1] == f"{fired:,} spikes"
        gate = did["B"].layers[layer].gates["time"][step]
        tells(readout, f"temporal gate {fixed(gate, 3)}")

    says(0, "conv1")
    player.focus()
    page.keyboard.press("ArrowRight")
    says(1, "conv1")
    page.keyboard.press("End")
    says(T - 1, "conv1")
    page.get_by_text("conv2", exact=True).first.click()
    page.wait_for_function("location.search.includes('layer=conv2')", timeout=PATIENCE_MS)
    finished(page)
    says(T - 1, "conv2")  # another layer, the same moment
    # A place under the pointer: rates over the channels, in A and B.
    size = did["A"].layers["conv2"].shape[1]
    canvas = player.locator(".plane canvas").nth(1)
    box = canvas.bounding_box()
    x, y = size // 2, size // 4
    pointed(page, canvas, (x + 0.5) / size * box["width"], (y + 0.5) / size * box["height"])
    for side, response in did.items():
        column = response.layers["conv2"].spikes[T - 1, :, y, x]
        tells(
            readout,
            f"{side} at x {x}, y {y}: {fixed(column.mean(), 3)} "
            f"({column.sum()} of {len(column)} channels fire)",
        )
    page.mouse.move(0, 0)
    player.get_by_label("Speed").select_option("2")
    player.get_by_label(re.compile("^Play")).last.click()
    for step in (0, T // 2):
        page.wait_for_function(
            """([player, step]) =>
               player.querySelector('.time').textContent.startsWith(`step ${step + 1} `)""",
            arg=[player.element_handle(), step],
            timeout=PATIENCE_MS,
        )
    player.focus()
    page.keyboard.press("Space")
    still = time_label.inner_text()
    page.wait_for_timeout(400)
    assert time_label.inner_text() == still


def test_a_click_on_a_tile_opens_its_neuron(browser, url):
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(f"{url}/?view=What&layer=conv2")
    finished(page)
    network, card = checkpoints.load("gesture-tcsa")
    path = ROOT / "app" / "examples" / "simulated_right_hand_wave.npz"
    frames = comparison.window(read_events(path), card.config)
    layer = record(network.folded(), frames.counts, potentials=False).layers["conv2"]
    panel = page.get_by_role("group", name="Channels")
    panel.get_by_label("sort by").select_option("number")
    columns = 6  # of 32 square tiles
    size = layer.shape[1]
    busiest = layer.spikes.sum(0, dtype=int).argmax()
    channel, y, x = (int(i) for i in np.unravel_index(busiest, layer.shape))
    tiles = panel.locator(".tiles canvas").nth(1)
    numbers = panel.locator(".tiles .numbers").nth(1).locator("text")
    assert numbers.all_text_contents() == [str(c) for c in range(len(layer.spikes[0]))]
    side = tiles.bounding_box()["width"] / (columns * (size + 1) - 1)
    at = (
        (channel % columns * (size + 1) + x + 0.5) * side,
        (channel // columns * (size + 1) + y + 0.5) * side,
    )
    pointed(page, tiles, *at)
    spikes = layer.spikes
    tells(
        panel.locator(".readout"),
        f"B's channel {channel}, rank 1: {fixed(spikes[:, channel].mean(), 4)} (",
        f"at x {x}, y {y}: {fixed(spikes[:, channel, y, x].mean(), 3)}",
        f"B's gate {fixed(layer.gates['channel'][:, channel].mean(), 3)}",
    )
    tiles.click(position={"x": at[0], "y": at[1]})
    page.get_by_text("Potentials of conv2").wait_for(timeout=PATIENCE_MS)
    finished(page)
    fired = spikes[:, channel, y, x].sum()
    page.get_by_text(f"It fires {fired} of {len(spikes)} steps.").first.wait_for(
        timeout=PATIENCE_MS
    )
    for axis, value in (("channel", channel), ("y", y), ("x", x)):
        has_value(page, axis, value)
        assert f"{axis}={value}" in page.url
    # The link brings the same neuron back.
    again = context.new_page()
    again.goto(page.url)
    finished(again)
    again.get_by_text(f"It fires {fired} of {len(spikes)} steps.").first.wait_for(
        timeout=PATIENCE_MS
    )
    has_value(again, "channel", channel)
    context.close()


def test_channels_of_one_network_are_read_and_sorted_by_number(page, url):
    expect = pytest.importorskip("playwright.sync_api").expect
    page.goto(f"{url}/?view=What&layer=conv2&a=TCSA&b=TCSA")
    finished(page)
    network, card = checkpoints.load("gesture-tcsa")
    path = ROOT / "app" / "examples" / "simulated_right_hand_wave.npz"
    frames = comparison.window(read_events(path), card.config)
    spikes = record(network.folded(), frames.counts, potentials=False).layers["conv2"].spikes
    fired = spikes.sum((0, 2, 3), dtype=int)
    panel = page.get_by_role("group", name="Channels")
    sort = panel.get_by_label("sort by").locator("option")
    by = ["A's rate", "B's rate", "B \u2212 A", "B's gate", "number"]
    expect(sort).to_have_text(by)
    numbers = panel.locator(".tiles .numbers").nth(1).locator("text")
    order = np.argsort(-fired, kind="stable")
    expect(numbers).to_have_text([str(c) for c in order])
    pointed(page, panel.locator(".tiles canvas").first, 4, 4)
    rate = fixed(fired[order[0]] / spikes[:, 0].size, 4)
    tells(
        panel.locator(".readout"),
        f"channel {order[0]} \u00b7 A {rate} (",
        f"\u00b7 B {rate} (",
        "B \u2212 A 0.0000",
    )
    expect(panel.locator(".cell.dashed")).to_have_count(0)
    player = page.get_by_role("group", name=re.compile("^Player"))
    refused = player.get_by_text("channels of one number do not compare")
    player.get_by_label("Channel").select_option("3")
    expect(refused).to_have_count(0)
    # Trained apart: no order by a difference that means nothing, and each in its own.
    page.goto(f"{url}/?view=What&layer=conv2")
    finished(page)
    expect(sort).to_have_text(["its own rate", "A's rate, B's gate", "number"])
    expect(numbers).to_have_text([str(c) for c in order])
    pointed(page, panel.locator(".tiles canvas").first, 4, 4)
    tells(panel.locator(".readout"), f"B's rank 1 is channel {order[0]}: {rate} (")
    expect(panel.locator(".cell.dashed")).to_have_count(1)
    player.get_by_label("Channel").select_option("3")
    expect(refused).to_be_visible()
    player.get_by_label("Channel").select_option("-1")
    expect(refused).to_be_hidden()


def test_a_click_on_a_place_opens_its_busiest_neuron_at_the_players_step(page, url):
    page.goto(f"{url}/?layer=conv1")
    finished(page)
    path = ROOT / "app" / "examples" / "simulated_right_hand_wave.npz"
    fired = 0
    for name in ("gesture-vanilla", "gesture-tcsa"):
        network, card = checkpoints.load(name)
        frames = comparison.window(read_events(path), card.config)
        spikes = record(network.folded(), frames.counts, potentials=False).layers["conv1"].spikes
        fired = fired + spikes.sum(0, dtype=int)
    player = page.get_by_role("group", name=re.compile("^Player"))
    player.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    y, x = 11, 9
    canvas = player.locator(".plane canvas").nth(2)
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    page.mouse.click(
        box["x"] + (x + 0.5) / 32 * box["width"], box["y"] + (y + 0.5) / 32 * box["height"]
    )
    page.get_by_text("Potentials of conv1").wait_for(timeout=PATIENCE_MS)
    finished(page)
    for axis, value in (("channel", int(fired[:, y, x].argmax())), ("y", y), ("x", x)):
        has_value(page, axis, value)
    assert "step=3" in page.url


def test_the_neuron_to_play_with_fires_as_the_librarys(browser, url):
    context = browser.new_context(viewport={"width": 1440, "height": 1400})
    page = context.new_page()
    page.goto(f"{url}/method")
    toy = page.get_by_role("group", name="A neuron to play with")
    readout = toy.locator(".readout")
    readout.get_by_text("A without gates").wait_for(timeout=PATIENCE_MS)
    current, time_gate = (torch.tensor(values) for values in (toy_of.CURRENT, toy_of.TIME))

    def fired(x, decay, threshold):
        neuron = LIF(decay, threshold, 0.0, 0.25)
        return int(lif(x[None, :, None], neuron)[0].sum())

    def says(a, b):
        assert f"A without gates: {a} spikes" in readout.inner_text()
        assert f"B with gates: {b} spikes" in readout.inner_text()

    # With its channel's and place's gate open, B is A with another current.
    toy.get_by_label("channel \u00d7 spatial gate").fill("1")
    for decay, threshold in ((0.8, 0.3), (0.2, 0.3), (0.9, 0.7)):
        toy.get_by_label("leak").fill(str(decay))
        toy.get_by_label("threshold").fill(str(threshold))
        says(fired(current, decay, threshold), fired(current * time_gate, decay, threshold))
    toy.get_by_label("channel \u00d7 spatial gate").fill("0")
    says(fired(current, 0.9, 0.7), 0)
    # Bars that are dragged up make more spikes.
    toy.get_by_text("Start again").click()
    before = fired(current, 0.8, 0.3)
    box = toy.locator("canvas").bounding_box()
    step = (box["width"] - 118) / len(current)
    page.mouse.move(box["x"] + 110 + 0.5 * step, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + 110 + 5.5 * step, box["y"] + 10, steps=25)
    page.mouse.up()
    current[:6] = 1.5 - (10 - 8) / 74 * 2  # the row is 74 px for currents of -0.5 to 1.5
    assert fired(current, 0.8, 0.3) > before
    assert f"A without gates: {fired(current, 0.8, 0.3)} spikes" in readout.inner_text()
    context.close()


def test_an_uploaded_recording_shows_the_numbers_of_the_command_line(page, shared_dir):
    finished(page)
    path = shared_dir / "fixtures" / "dvs128_hand_wave.aedat4"
    page.get_by_text("Upload", exact=True).first.click()
    page.locator('input[type="file"]').set_input_files(str(path))
    page.get_by_text("296,957 events").first.wait_for(timeout=PATIENCE_MS)
    finished(page)
    assert_page_equals(page, compared(path))


@pytest.mark.parametrize("where", ["", "recording"])
def test_a_phone_opens_and_closes_a_recording_without_the_sidebar(browser, url, tmp_path, where):
    path = tmp_path / "mine.npz"
    shutil.copyfile(ROOT / "app" / "examples" / "simulated_air_drums.npz", path)
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    page.goto(f"{url}/{where}")
    page.get_by_role("button", name="Open your own").tap(timeout=PATIENCE_MS)
    page.get_by_text("Up to 200 MB:").wait_for(timeout=PATIENCE_MS)
    main = page.get_by_test_id("stMain")
    with page.expect_file_chooser() as choosing:
        main.get_by_role("button", name="Upload", exact=True).tap()
    choosing.value.set_files(path)
    main.get_by_text("mine.npz").first.wait_for(timeout=PATIENCE_MS)
    settled(page)  # a finger would not catch what moves
    main.get_by_role("button", name="Close").tap(timeout=PATIENCE_MS)
    main.get_by_role("button", name="Right hand wave").tap(timeout=PATIENCE_MS)
    main.get_by_text("right_hand_wave").first.wait_for(timeout=PATIENCE_MS)
    bar = page.locator("[data-testid=stSidebar]").bounding_box()
    assert bar["x"] + bar["width"] <= 0, "the sidebar stayed closed"
    assert "source=" not in page.url and "file=" not in page.url
    context.close()


def test_the_address_holds_the_networks_again_after_a_page_without_them(page, url):
    page.goto(f"{url}/?source=Digits&data=N-MNIST&digits=digit+3&a=TA&device=cpu")
    finished(page)
    for name in ("Images", "Models"):
        page.get_by_role("link", name=name).click()
        page.wait_for_url(f"**/{name.lower()}*")
        settled(page)
        assert page.get_by_text("Trained on", exact=True).count() == 0
    page.get_by_role("link", name="Compare").click()
    finished(page)
    for part in ("source=Digits", "data=N-MNIST", "digits=digit+3", "a=TA", "device=cpu"):
        assert part in page.url.replace("%20", "+"), page.url
    assert "simulated_digit_3.bin" in page.get_by_test_id("stMain").inner_text()


def test_a_bad_upload_is_explained_and_the_page_stays_usable(page, tmp_path):
    finished(page)
    bad = tmp_path / "broken.npz"
    bad.write_bytes(b"PK\x03\x04 not an archive")
    page.get_by_text("Upload", exact=True).first.click()
    page.locator('input[type="file"]').set_input_files(str(bad))
    page.get_by_text("broken.npz: a damaged .zip archive").first.wait_for(timeout=PATIENCE_MS)
    page.get_by_text("Digits", exact=True).first.click()
    finished(page)
    assert len(shown(page)["vote per step"]) == 2


def test_a_file_of_a_foreign_kind_is_named_whatever_its_ending(page, tmp_path):
    finished(page)
    foreign = tmp_path / "recording.raw"
    foreign.write_bytes(b"#ROSBAG V2.0\n" + bytes(90))
    page.get_by_text("Upload", exact=True).first.click()
    page.locator('input[type="file"]').set_input_files(str(foreign))
    page.get_by_text("recording.raw: this is a ROS bag").wait_for(timeout=PATIENCE_MS)


def test_a_narrow_screen_needs_no_sideways_scrolling(browser, url):
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(url)
    finished(page)
    main = page.locator('[data-testid="stMain"]')
    assert main.evaluate("e => e.scrollWidth - e.clientWidth") <= 1
    context.close()
