"""The scale of differences: how much by lightness, who by hue, for every eye and in both themes."""

import numpy as np
import pytest

from app.figures import style
from app.figures.block import colour_table

#: Machado, Oliveira and Fernandes (2009), severity 1: what is seen without one kind of cones.
BLIND = {
    "protan": [
        *([0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216]),
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        *([0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413]),
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritan": [
        *([1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602]),
        [0.004733, 0.691367, 0.303900],
    ],
}
#: Of Streamlit's pages.
GROUND = {False: [255, 255, 255], True: [14, 17, 23]}

both_themes = pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])


def linear(rgb):
    share = np.asarray(rgb, float) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def lab(light):
    """Return CIE Lab of linear sRGB, white D65."""
    xyz = light @ np.array(
        [[0.4124, 0.2126, 0.0193], [0.3576, 0.7152, 0.1192], [0.1805, 0.0722, 0.9505]]
    )
    share = xyz / [0.9505, 1.0, 1.089]
    f = np.where(share > 216 / 24389, np.cbrt(share), (24389 / 27 * share + 16) / 116)
    return np.stack(
        [116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1
    )


def contrast(one, other):
    """Return the contrast of WCAG 2.2."""
    light = sorted(float(linear(c) @ [0.2126, 0.7152, 0.0722]) + 0.05 for c in (one, other))
    return light[1] / light[0]


def arms(dark):
    """Return the colours from no difference on, of A and of B, (128, 3) each."""
    table = colour_table(style.difference_scale(dark))
    return table[127::-1], table[128:]


@both_themes
def test_lightness_tells_how_much_and_the_middle_is_the_pages(dark):
    ground = lab(linear(GROUND[dark]))[0]
    for arm in arms(dark):
        away = (lab(linear(arm))[:, 0] - ground) * (1 if dark else -1)
        assert abs(away[0]) < 6, "no difference looks like the page"
        assert np.all(np.diff(away[::4]) > 0), "more is always further from the page"
        assert contrast(arm[-1], GROUND[dark]) > 3, "WCAG 2.2, 1.4.11"


def test_in_the_dark_both_sides_are_as_light_and_half_is_half():
    a, b = (lab(linear(arm))[:, 0] for arm in arms(True))
    assert np.abs(a - b).max() < 8
    for light in (a, b):
        assert light[-1] > 75
        assert light[63] - light[0] == pytest.approx((light[-1] - light[0]) / 2, rel=0.15)


@both_themes
@pytest.mark.parametrize("eyes", ["all", *BLIND])
def test_every_eye_tells_a_from_b(dark, eyes):
    seen = [linear(arm[24::8]) for arm in arms(dark)]
    if eyes != "all":
        seen = [np.clip(light @ np.transpose(BLIND[eyes]), 0, 1) for light in seen]
    a, b = map(lab, seen)
    assert np.linalg.norm(a - b, axis=1).min() > 12
