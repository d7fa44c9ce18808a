"""Where and when B fires less than A, on spikes that can be counted by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

from masnn import contrast, rates
from masnn.frames import Frames
from masnn.receptive_field import Borders
from masnn.response import LayerResponse, Response
from masnn.sides import Side, joined, no_difference
from masnn.stills import Stills


def layer(name, spikes, gates=None):
    """Return a layer's response from its spikes, 0 or 1, (T, ...)."""
    spikes = np.asarray(spikes, np.uint8)
    return LayerResponse(name, spikes.shape[1:], len(spikes), np.packbits(spikes), gates or {})


def frames(T=2, dt_ms=10, events=((0, 0),), size=(2, 2), first_ms=0):
    """Return frames with one ON event at each of these places in the first step."""
    counts = np.zeros((T, 2, *size), np.int32)
    for y, x in events:
        counts[0, 1, y, x] += 1
    edges = (np.arange(T + 1) * dt_ms + first_ms) * 1000
    return Frames(counts, edges, 1, (0, 0), len(events), 0, 0, 0)


class EqualParts(Side):
    """A side whose maps' places stand for parts of the input as large as each other."""

    def borders(self, layer):
        sizes = zip(self.frames.shown.shape[2:], self.response.layers[layer].shape[1:], strict=True)
        return Borders(*(np.linspace(0, pixels, places + 1) for pixels, places in sizes))


def side(layers, votes=None, seen=None, dt_ms=10, site="membrane"):
    """Return a network's side with these layers, spikes by name."""
    found = {n: x if isinstance(x, LayerResponse) else layer(n, x) for n, x in layers.items()}
    T = next(iter(found.values())).T
    votes = np.zeros((T, 2), np.float32) if votes is None else np.asarray(votes, np.float32)
    card = SimpleNamespace(config={"dt_ms": dt_ms, "attention_site": site})
    return EqualParts(card, seen or frames(T, dt_ms), Response(found, votes), {})


def at(*places, T=2, size=(2, 2), channels=1):
    """Return spikes (T, C, H, W) with one at each (t, c, y, x)."""
    spikes = np.zeros((T, channels, *size), np.uint8)
    for place in places:
        spikes[place] = 1
    return spikes


def where(*those):
    """Return the sentence with common blanks; the others keep "y 3" in one line."""
    told = contrast.where(*those)
    return told.replace("\u00a0", " ")


ALL = [(t, 0, y, x) for t in (0, 1) for y in (0, 1) for x in (0, 1)]


def test_places_are_counted_and_the_highest_difference_is_found():
    # A fires at both steps everywhere; B loses one spike at (0, 1) and both at (1, 0).
    a, b = side({"conv1": at(*ALL)}), side({"conv1": at((0, 0, 0, 0), (1, 0, 0, 0), (0, 0, 0, 1),
                                                        (0, 0, 1, 1), (1, 0, 1, 1))})  # fmt: skip
    found = contrast.over_places(a, b, "conv1")
    assert found.change.tolist() == [[0, -0.5], [-1, 0]]
    assert (found.less, found.more, found.lowest) == (2, 0, (1, 0))
    # One event at (0, 0) holds 80% of all: there lie 2 of A's 8 spikes, and 2 of B's 5.
    assert where(a, b, "conv1") == (
        "In conv1 (2 \u00d7 2 places), B fires less than A at 50% of places, most at y 1, x 0 "
        "(lower left quarter, \u22121.000 spikes per neuron and step); as often at 50%. Where 80% "
        "of the input\u2019s events lie (25% of places), there are 25% of A\u2019s spikes and 40% "
        "of B\u2019s spikes."
    )
    assert "B fires more than A at 50% of places, most at y 1, x 0 (lower left quarter, +1.000" in (
        where(b, a, "conv1")
    )


def test_where_b_fires_less_at_every_place_the_weakest_is_named():
    a = side({"conv1": at(*ALL)})
    b = side({"conv1": at((0, 0, 0, 1))})
    told = where(a, b, "conv1")
    assert (
        "B fires less than A at every place, most at y 0, x 0 (upper left quarter, \u22121.000 "
        "spikes per neuron and step), least at y 0, x 1 (upper right quarter, \u22120.500)."
    ) in told


def test_where_b_fires_less_by_as_much_everywhere_no_place_stands_out():
    a = side({"conv1": at(*ALL)})
    b = side({"conv1": at(*(place for place in ALL if place[0] == 0))})
    told = where(a, b, "conv1")
    assert (
        "B fires less than A at every place, by as much at each (\u22120.500 spikes per neuron and "
        "step)."
    ) in told


def test_a_small_part_of_the_places_does_not_read_as_none():
    a = side({"conv1": np.ones((1, 1, 40, 40))}, seen=frames(1, size=(40, 40)))
    assert where(a, a, "conv1").endswith(
        "Where 80% of the input\u2019s events lie (less than 1% of places), there are less than 1% "
        "of A\u2019s spikes and less than 1% of B\u2019s spikes."
    )


def test_a_network_of_one_step_has_no_step_to_look_ahead_to():
    gated = layer("conv1", at((0, 0, 0, 0), T=1), {"time": np.ones(1, np.float32)})
    a, b = side({"conv1": gated}, [[1, 0]]), side({"conv1": at((0, 0, 0, 0))}, [[1, 0], [1, 0]])
    told = contrast.deciding(a, b)
    assert "A settles at step 1 of 1 (10 ms); B settles" in told


def test_both_ways_are_told_the_commoner_first():
    a = side({"conv1": at((0, 0, 0, 0), (0, 0, 0, 1))})
    b = side({"conv1": at((0, 0, 1, 0), (1, 0, 1, 1), (0, 0, 1, 1), (0, 0, 0, 1), (1, 0, 0, 1))})
    told = where(a, b, "conv1")
    assert "B fires more than A at 75% of places, most at y 1, x 1" in told
    assert "; less at 25%, most at y 0, x 0 (upper left quarter, \u22120.500)" in told
    assert "as often" not in told


def test_rates_of_other_numbers_of_steps_and_channels_compare():
    # 1 of 2 steps and 3 of 6 steps times channels are the same rate: exactly.
    a = side({"conv1": at((0, 0, 0, 0))})
    b = side(
        {"conv1": at((0, 0, 0, 0), (1, 1, 0, 0), (2, 0, 0, 0), T=3, channels=2)}, seen=frames(3)
    )
    assert contrast.over_places(a, b, "conv1").change.tolist() == [[0, 0], [0, 0]]
    assert "B fires as often as A at every place." in where(a, b, "conv1")


def test_silent_networks():
    fires, silent = side({"conv1": at((0, 0, 1, 1))}), side({"conv1": at()})
    assert where(silent, silent, "conv1") == ("In conv1 (2 \u00d7 2 places), A and B are silent.")
    one = where(fires, silent, "conv1")
    assert (
        "B is silent. A fires most at y 1, x 1 (lower right quarter, 0.500 spikes per neuron and "
        "step). Where 80% of the input\u2019s events lie (25% of places), there are 0% of A\u2019s "
        "spikes."
    ) in one
    assert contrast.when(silent, silent) == (
        "A and B are silent. Decision: A never votes; B never votes."
    )
    assert contrast.firing(silent, fires) == (
        "A is silent. B fires most at step 1 (0.250 spikes per neuron)."
    )


def test_layers_that_one_lacks_or_that_differ_in_size():
    a = side({"conv1": at((0, 0, 0, 0)), "conv2": at((0, 0, 1, 1))})
    b = side({"conv1": at((0, 0, 2, 2), size=(3, 3))}, seen=frames(size=(3, 3)))
    told = where(a, b, "conv1", ["conv1", "conv2"])
    assert told.startswith(
        f"conv1: {no_difference(a, b, *joined(a, b)['conv1'])} A fires most at y 0, x 0 (upper "
        "left quarter, 0.500 spikes per neuron and step). B fires most at y 2, x 2 (lower right"
    )
    assert "100% of A\u2019s spikes (25% of its places) and 0% of B\u2019s spikes (11% of" in told
    assert where(a, b, "conv2").startswith("conv2: Only A has this layer. A fires most at y 1, x 1")
    assert "B fires less" not in told  # conv2 is not in B


def test_other_layers_are_named_with_the_share_of_their_places():
    a = side({n: at(*ALL) for n in ("conv1", "conv2", "conv3", "conv4")})
    quiet = at((0, 0, 0, 0))
    b = side({"conv1": at(*ALL), "conv2": quiet, "conv3": quiet, "conv4": at(*ALL[1:])})
    told = where(a, b, "conv1", list(a.response.layers))
    assert told.endswith(
        "B fires less at every place of conv2 and conv3, at 25% of the places of conv4."
    )
    assert where(b, a, "conv4", ["conv1", "conv2"]).endswith(
        "B fires more at no place of conv1, at every place of conv2."
    )
    many = {f"conv{i}": at(*ALL) for i in range(1, 8)}
    told = where(side(many), side(many | {"conv7": quiet}), "conv1", list(many))
    assert told.endswith("In the 6 other layers shown, B fires less at 0% to 100% of places.")


@pytest.mark.parametrize(
    ("place", "size", "words"),
    [
        ((0, 0), (2, 2), "upper left quarter"),
        ((1, 0), (2, 4), "lower left quarter"),
        ((0, 2), (2, 4), "upper right quarter"),
        ((1, 1), (3, 3), "the middle"),
        ((1, 2), (3, 3), "middle right"),
        ((2, 1), (3, 3), "lower middle"),
        ((4, 2), (9, 5), "the middle"),
    ],
)
def test_a_place_is_named_by_the_quarter_it_lies_in(place, size, words):
    a = side({"conv1": at(size=size)}, seen=frames(size=size))
    b = side({"conv1": at((0, 0, *place), size=size)}, seen=frames(size=size))
    assert f"B fires most at y {place[0]}, x {place[1]} ({words}, " in where(a, b, "conv1")


def test_a_line_does_not_end_within_a_place():
    a, b = side({"conv1": at(*ALL)}), side({"conv1": at((0, 0, 0, 0))})
    assert "y\u00a00, x\u00a01" in contrast.where(a, b, "conv1")


def test_steps_are_counted_over_all_layers():
    # Of 4 + 2 neurons A fires 6 then 3; B 3 then 3.
    a = side({"conv1": at(*ALL[:4], *ALL[4:6]), "fc1": [[1, 1], [1, 0]]})
    b = side({"conv1": at(*ALL[:2], *ALL[4:6]), "fc1": [[1, 0], [1, 0]]})
    assert contrast.over_steps(a, b).change.tolist() == [-0.5, 0]
    assert contrast.firing(a, b) == (
        "Over all layers (NSFR), B fires less than A at 1 of 2 steps, most at step 1 (\u22120.500 "
        "spikes per neuron); as often at 1 of 2. Of single layers conv1 differs most, at step 1: "
        "1.000 in A, 0.500 in B."
    )


def test_where_b_fires_less_at_every_step_the_weakest_is_named():
    a, b = side({"conv1": at(*ALL)}), side({"conv1": at(*ALL[:1], *ALL[4:7])})
    assert contrast.firing(a, b) == (
        "Over all layers (NSFR), B fires less than A at every step, most at step 1 (\u22120.750 "
        "spikes per neuron), least at step 2 (\u22120.250)."
    )
    assert contrast.firing(a, a) == "Over all layers (NSFR), B fires as often as A at every step."


@pytest.mark.parametrize("other", [{"T": 3}, {"dt_ms": 20}, {"first_ms": 5}])
def test_steps_that_are_not_the_same_are_not_compared(other):
    T = other.get("T", 2)
    a = side({"conv1": at(*ALL)})
    b = side({"conv1": at((1, 0, 0, 0), T=T)}, seen=frames(**{"T": T} | other))
    assert contrast.over_steps(a, b) is None
    assert contrast.firing(a, b) == (
        "A and B have other steps, so rates are not compared step by step. A fires most at step 1 "
        "(1.000 spikes per neuron). B fires most at step 2 (0.250 spikes per neuron)."
    )


def test_the_decision_settles_and_gates_that_look_ahead_are_told():
    votes = [[0, 1], [1, 0], [1, 0]]  # so far 0:1, 1:1, 2:1
    spikes = at((0, 0, 0, 0), T=3)
    a = side({"conv1": spikes}, votes, frames(3, 20), dt_ms=20)
    assert contrast.deciding(a, a) == (
        "Decision: A settles at step 3 of 3 (60 ms); B settles at step 3 of 3 (60 ms)."
    )
    ahead = ", though its gates see the whole window first."
    for gates in (
        {"time": np.ones(3)},
        {"channel": np.ones((1, 1))},
        {"space": np.ones((1, 2, 2))},
    ):
        b = side({"conv1": layer("conv1", spikes, gates)}, votes, frames(3, 20), dt_ms=20)
        assert contrast.deciding(a, b).endswith(f"B settles at step 3 of 3 (60 ms){ahead}")
    b = side({"conv1": layer("conv1", spikes, {"space": np.ones((3, 2, 2))})}, votes, frames(3))
    assert ahead not in contrast.deciding(a, b)  # its weights are of their step alone


def still(spikes, ink=True):
    spikes = np.asarray(spikes, np.uint8)
    pixels = np.array([[200, 0], [0, 50]], np.uint8)
    seen = Stills(pixels[None].astype(np.float32), pixels, len(spikes), ink)
    votes = np.tile(np.array([1.0, 0.0]), (len(spikes), 1))
    return side({"stem": spikes}, votes, seen, dt_ms=1)


def test_a_picture_has_ink_and_no_clock():
    a, b = still(at(*ALL)), still(at(*ALL[:4]))
    told = where(a, b, "stem")
    assert "Where 80% of the input\u2019s ink lies (25% of places), there are 25% of A" in told
    assert contrast.when(a, b).endswith(
        "Decision: A settles at step 1 of 2; B settles at step 1 of 2."
    )
    assert "Where 80%" not in where(still(at(*ALL), False), still(at(*ALL), False), "stem")


def test_one_step_and_one_place():
    a, b = still(at(*ALL)[:1]), still(at((0, 0, 0, 0))[:1])
    assert contrast.when(a, b) == (
        "Over all layers (NSFR), B fires less than A at the only step (\u22120.750 spikes per "
        "neuron)."
    )
    one, two = (
        side({"c": at(*p, size=(1, 1))}) for p in ([(0, 0, 0, 0)], [(0, 0, 0, 0), (1, 0, 0, 0)])
    )
    assert where(one, two, "c") == (
        "In c, B fires more than A at the only place (+0.500 spikes per neuron and step)."
    )


def test_the_numbers_are_those_of_the_rates():
    rng = np.random.default_rng(0)
    a, b = (
        side({"conv1": rng.random((5, 3, 4, 6)) < p, "fc1": rng.random((5, 7)) < p},
             seen=frames(5, size=(4, 6)))
        for p in (0.6, 0.3)
    )  # fmt: skip
    one, other = (rates.rate_map(x.response.layers["conv1"].spikes) for x in (a, b))
    found = contrast.over_places(a, b, "conv1")
    assert (found.less, found.more) == ((other < one).sum(), (other > one).sum())
    assert found.change[found.lowest] == (other - one).min()
    assert found.change[found.highest] == (other - one).max()
    steps = contrast.over_steps(a, b).change
    fired = [
        sum(int(x.spikes[t].sum()) for x in s.response.layers.values()) / (72 + 7)
        for s in (a, b)
        for t in range(5)
    ]
    assert steps == pytest.approx(np.array(fired[5:]) - fired[:5])
