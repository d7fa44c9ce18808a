"""The player's block of bytes holds what the networks did, in the order that it is drawn in."""

import numpy as np
import pytest

from app.figures import channels, player, style
from app.figures.block import unpack
from masnn import clock

RNG = np.random.default_rng(3)


def track(T, shape=(3, 4, 5), classes=("one_thing", "other")):
    spikes = RNG.random((T, *shape)) < 0.3
    borders = (np.linspace(0, 1, n + 1) for n in shape[1:])
    fired = player.Fired(shape, np.packbits(spikes), spikes.sum(1, dtype=np.uint16), *borders)
    votes = RNG.random((T, len(classes)))
    made = player.Track(
        "net", np.arange(T), RNG.random(T), votes, classes, 1, 2, RNG.random(T), fired
    )
    return made, spikes


def seen(ticks):
    events = [RNG.integers(0, n, 200) for n in (8, 6, 2, ticks)]
    return player.input_bits(*events, ticks, (0, 0, 8, 6))


def block(a, b, ticks=None, **changed):
    ticks = 10.0 * np.arange(len(a.steps) + 1) if ticks is None else ticks
    how = {"no_difference": "", "same_field": True, "dark": False} | changed
    return player.content("conv1", seen(len(ticks) - 1), ticks, [a, b], **how)


def test_the_block_holds_what_went_in():
    (a, spikes_a), (b, spikes_b) = track(7), track(7)
    made = unpack(block(a, b))
    assert made["layer"] == "conv1" and made["clock"] == [10.0 * i for i in range(8)]
    for side, given, spikes in zip(made["sides"], (a, b), (spikes_a, spikes_b), strict=True):
        assert side["shape"] == [3, 4, 5] and side["T"] == 7
        bits = np.unpackbits(side["spikes"], count=spikes.size).reshape(spikes.shape)
        np.testing.assert_array_equal(bits, spikes)
        np.testing.assert_array_equal(side["steps"], range(7))
        np.testing.assert_allclose(side["rows"], [0, 0.25, 0.5, 0.75, 1])
        np.testing.assert_allclose(side["columns"], [0, 0.2, 0.4, 0.6, 0.8, 1], rtol=1e-6)
        np.testing.assert_allclose(side["nsfr"], given.nsfr, rtol=1e-6)
        np.testing.assert_allclose(side["gate"], given.gate, rtol=1e-6)
        np.testing.assert_allclose(side["votes"].reshape(7, 2), given.votes, rtol=1e-6)
        assert side["classes"] == ["one thing", "other"]
        assert (side["prediction"], side["settled"]) == (1, 2)
    assert [s["colour"] for s in made["sides"]] == [style.COLOUR_A, style.COLOUR_B]
    tables = [made["scales"][name].reshape(256, 3) for name in ("rate", "difference")]
    assert tables[0][0].tolist() == [0, 0, 4] and tables[0][-1].tolist() == [252, 255, 164]
    for place, colour in ((0, style.COLOUR_A), (-1, style.COLOUR_B)):
        assert "#" + bytes(tables[1][place]).hex().upper() == colour


def test_equal_contents_are_known_by_their_name_and_others_are_not():
    (a, _), (b, _) = track(7), track(7)
    ticks, events = 10.0 * np.arange(8), seen(7)
    how = {"no_difference": "", "same_field": True, "dark": False}
    made = [
        player.content("conv1", events, ticks, pair, **how) for pair in ([a, b], [a, b], [b, a])
    ]
    assert made[0] == made[1]
    assert unpack(made[0])["id"] != unpack(made[2])["id"]


def test_unlike_steps_share_one_clock():
    edges = 10.0 * np.arange(5), 5 + 15.0 * np.arange(3)
    ticks = clock.ticks(*edges)
    a, b = (track(len(own) - 1)[0]._replace(steps=clock.own_steps(own, ticks)) for own in edges)
    made = unpack(block(a, b, ticks, no_difference="of other size"))
    assert made["clock"] == [0, 5, 10, 20, 30, 35, 40]
    np.testing.assert_array_equal(made["sides"][0]["steps"], [0, 0, 1, 2, 3, 3])
    np.testing.assert_array_equal(made["sides"][1]["steps"], [-1, 0, 0, 1, 1, -1])
    assert not made["difference"] and made["no_difference"] == "of other size"


def test_the_input_is_every_pixel_that_saw_an_event_and_nothing_else():
    n, ticks = 500, 5
    x, y, p = RNG.integers(0, 12, n), RNG.integers(0, 9, n), RNG.integers(0, 2, n)
    tick = RNG.integers(-1, ticks + 1, n)
    field = (2, -1, 8, 8)
    small = (x.astype(np.uint16), y.astype(np.uint16), p.astype(np.uint8))  # as events are
    made = player.input_bits(*small, tick, ticks, field)
    assert (made.width, made.height) == (8, 8)
    drawn = np.unpackbits(made.bits, count=ticks * 2 * 64).reshape(ticks, 2, 8, 8)
    expected, events = np.zeros_like(drawn), [0] * ticks
    for i in range(n):
        column, row = x[i] - 2, y[i] + 1
        if 0 <= tick[i] < ticks and 0 <= column < 8 and 0 <= row < 8:
            expected[tick[i], p[i], row, column] = 1
            events[tick[i]] += 1
    np.testing.assert_array_equal(drawn, expected)
    assert made.events.tolist() == events


def test_large_sensors_and_layers_stay_small():
    few = np.array([0, 1279]), np.array([0, 719]), np.array([0, 1]), np.array([0, 59])
    made = player.input_bits(*few, 60, (0, 0, 1280, 720))
    assert made.bits.nbytes <= player.MAX_INPUT_BYTES
    drawn = np.unpackbits(made.bits, count=60 * 2 * made.width * made.height)
    assert drawn.sum() == 2 and drawn[0] == drawn[-1] == 1
    shape, T = (64, 100, 100), 60
    spikes = RNG.random((T, *shape)) < 0.1
    large = player.Fired(shape, np.packbits(spikes), spikes.sum(1), *[np.linspace(0, 1, 101)] * 2)
    a = track(T)[0]._replace(fired=large)
    side = unpack(block(a, a))["sides"][0]
    assert side["spikes"] is None
    np.testing.assert_array_equal(side["counts"].reshape(T, 100, 100), spikes.sum(1))


def test_a_large_picture_travels_in_part():
    pixels = RNG.integers(0, 256, (1000, 700, 3), dtype=np.uint8)
    made = player.picture(pixels)
    assert made.bits.nbytes <= player.MAX_INPUT_BYTES
    shown = made.bits.reshape(made.height, made.width, 3)
    np.testing.assert_array_equal(shown, pixels[::3, ::3])
    small = player.picture(pixels[:50, :50])
    assert (small.height, small.width) == (50, 50)


def test_a_layer_of_the_papers_network_takes_less_than_a_megabyte():
    a, _ = track(60, shape=(64, 32, 32))
    alone = a._replace(fired=None)
    assert len(block(a, alone)) < 1_000_000


@pytest.mark.parametrize("dark", [False, True])
def test_a_network_without_the_layer_has_no_picture(dark):
    a, _ = track(3)
    b = a._replace(fired=None, gate=None, settled=None)
    made = unpack(block(a, b, no_difference="Only A has this layer.", dark=dark))
    assert made["sides"][1]["shape"] is None and "spikes" not in made["sides"][1]
    assert made["sides"][1]["gate"] is None and made["sides"][1]["settled"] is None
    assert made["sides"][1]["colour"] == style.colour_b(dark)


def test_the_tiles_hold_every_channels_rates_kinds_and_gate():
    spikes = RNG.random((6, 3, 4, 5)) < 0.3
    gate = RNG.random((6, 3)).astype(np.float32)
    fired = spikes.sum((0, 2, 3))
    layer = channels.Layer(
        *("net", (3, 4, 5), np.packbits(spikes), spikes.mean(0), fired, ["silent"] * 3),
        *(np.arange(6), gate),
    )
    made = unpack(channels.content([layer, None], [6, 9], by_number=False, dark=True))
    side, other = made["sides"]
    np.testing.assert_allclose(side["rates"].reshape(3, 4, 5), spikes.mean(0), rtol=1e-6)
    np.testing.assert_array_equal(side["gate"].reshape(6, 3), gate)
    np.testing.assert_array_equal(side["fired"], fired)
    assert made["byNumber"] is False
    bits = np.unpackbits(side["spikes"], count=spikes.size)
    np.testing.assert_array_equal(bits, spikes.ravel())
    assert side["kinds"] == ["silent"] * 3 and side["shape"] == [3, 4, 5] and side["T"] == 6
    assert other["shape"] is None and other["gate"] is None and other["T"] == 9
    assert made["top"] == pytest.approx(spikes.mean(0).max())
    still = layer._replace(rates=np.zeros((3, 4, 5)), gate=None)
    made = unpack(channels.content([still, still], [6, 6], by_number=True, dark=False))
    assert made["top"] == 1 and made["byNumber"] is True
