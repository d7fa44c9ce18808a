"""The printed player at a step: on the page's scales, with a key to every colour."""

from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest
from report_pairs import PAIRS

from masnn.report import step, style
from masnn.report.panels import BY_NAME
from masnn.report.recorded import Recorded
from masnn.sides import joined, no_difference

PANEL = BY_NAME["step_maps"]


def at(subject, t):
    """Return the subject with another step looked at."""
    return replace(subject, look=replace(subject.look, step=t))


def on_page(subject):
    """Return the ends of the player's scales, tick by tick as its script finds them."""
    pair = joined(subject.a, subject.b)[subject.look.layer]
    top = max(
        n / layer.shape[0]
        for layer in pair
        if layer is not None
        for n in layer.spikes.sum(1).ravel().tolist()
    )
    reach = 0.0
    if not no_difference(subject.a, subject.b, *pair):
        edges = [side.edges_ms for side in (subject.a, subject.b)]
        for start, end in pairwise(sorted({*edges[0], *edges[1]})):
            maps = [
                layer.spikes[t].mean(0)
                for layer, own in zip(pair, edges, strict=True)
                for t in range(layer.T)
                if own[t] <= start and end <= own[t + 1]
            ]
            if len(maps) == 2:
                reach = max(reach, float(np.abs(maps[1] - maps[0]).max()))
    return top or 1.0, reach or 1.0


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_scales_are_those_of_the_player(subjects, pair):
    assert step.scales(subjects[pair]) == pytest.approx(on_page(subjects[pair]))


@pytest.mark.parametrize("columns", [1, 2])
def test_every_step_is_drawn_on_the_same_scale_with_a_key(subjects, columns):
    subject = subjects["vanilla", "attention"]
    top, reach = on_page(subject)
    said = set()
    with matplotlib.rc_context(style.RC):
        for t in (0, 3):
            figure = PANEL.draw(at(subject, t), columns)
            images = [image for axes in figure.axes for image in axes.get_images()]
            ends = [image.get_clim() for image in images if image.get_array().ndim == 2]
            assert np.array(ends) == pytest.approx(np.array([(0, top), (0, top), (-reach, reach)]))
            legends = [axes.get_legend() for axes in figure.axes if axes.get_legend()]
            keys = [text.get_text() for legend in legends for text in legend.get_texts()]
            assert keys == ["ON", "OFF", "both"]
            said.add(figure.get_suptitle())
    assert said == {"conv2, step 1 of 6 (0 to 50 ms)", "conv2, step 4 of 6 (150 to 200 ms)"}


def test_the_caption_names_layer_and_step_of_both(subjects):
    assert "of conv2 at one step, step 4 of 6 (150 to 200 ms)." in PANEL.caption(
        at(subjects["vanilla", "attention"], 3)
    )
    # Steps of 50 ms beside steps of 21 ms: a tick begins at 0, 21, 42, 50 and 63 ms.
    for tick, said in (
        (2, "A: step 1 of 6 (0 to 50 ms), B: step 3 of 15 (42 to 63 ms)."),
        (3, "A: step 2 of 6 (50 to 100 ms), B: step 3 of 15 (42 to 63 ms)."),
        (4, "A: step 2 of 6 (50 to 100 ms), B: step 4 of 15 (63 to 84 ms)."),
    ):
        assert said in PANEL.caption(at(subjects["attention", "twin"], tick))


def test_pixels_have_the_colour_of_what_they_saw():
    counts = np.array([[[0, 2], [0, 1]], [[3, 0], [0, 5]]])  # OFF, ON
    side = SimpleNamespace(recorded=SimpleNamespace(counts=counts[None]))
    drawn = Recorded(None).image(side, 0)
    colours = {
        (0, 0): style.COLOUR_ON,
        (0, 1): style.COLOUR_OFF,
        (1, 0): "#ffffff",
        (1, 1): style.COLOUR_GATE,
    }
    for place, colour in colours.items():
        assert drawn[place].tolist() == list(matplotlib.colors.to_rgb(colour))
