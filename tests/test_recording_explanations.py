"""What the page Recording says of its numbers is what they are."""

import numpy as np

from masnn.doctor import examine
from masnn.events import Events
from masnn.explanations import recording as told
from masnn.overview import rate_curve, waits_us

T = np.array([0, 1_000, 1_500, 4_000, 250_000])
EVENTS = Events(np.array([3, 3, 4, 3, 9]), np.full(5, 2), T, np.array([1, 0, 1, 1, 0]), 12, 8)
NONE = Events(*(np.array([], np.int64),) * 4, 12, 8)


def test_facts_hold_this_recording_s_numbers():
    facts = told.facts(EVENTS)
    assert facts["events"].values == ("n &= 3 + 2 = 5",)
    assert facts["duration"].values == (r"d &= 250{,}000 - 0 = 250{,}000\,\mathrm{us}",)
    assert facts["rate"].values == (r"r &= \frac{5}{0.250000\,\mathrm{s}} = 20",)
    assert facts["ON"].values == (r"p_{\mathrm{ON}} &= \frac{3}{5} = 60.0\,\%",)
    assert facts["sensor"].values == (r"P &= 12 \cdot 8 = 96",)


def test_an_empty_recording_has_facts_without_quotients():
    facts = told.facts(NONE)
    assert facts["events"].values == ("n &= 0 + 0 = 0",)
    assert not (facts["duration"].values or facts["rate"].values or facts["ON"].values)


def test_pictures_name_their_extremes():
    edges_ms, counts = rate_curve(EVENTS, 5)
    assert told.curve(edges_ms, counts).values[0].startswith("r_{1} &= \\frac{4}{50.000")
    assert told.waits(waits_us(EVENTS)).values == (
        r"\min w &= 1{,}000\,\mathrm{us}",
        r"\max w &= 3{,}000\,\mathrm{us}",
    )
    assert told.waits(waits_us(NONE)).values == ()
    assert told.cloud(5, 3).values == (r"k &= \min(5, 3) = 3",)
    assert told.pixels(93).values == ("s &= 93",)


def test_the_doctor_counts_hot_pixels():
    assert told.doctor(examine(EVENTS)).values == (r"|\text{hot}| &= 0",)
    hot = np.full(40, 5)
    beside = Events(hot, hot, np.arange(40) * 1000, hot % 2, 12, 8)
    assert told.doctor(examine(beside)).values == (r"|\text{hot}| &= 1",)
