"""The digits of scikit-learn as a folder, and drawings made like them."""

import time

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from masnn import digits
from masnn.datasets import open_dataset
from masnn.errors import DataError, ImageFileError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "digits"
    assert digits.write_digits(folder, 0) == {"train": 1438, "val": 359}
    return folder


def test_every_image_of_the_set_is_in_one_part_unchanged(folder):
    known = load_digits()
    data = open_dataset(folder)
    assert data.classes == tuple("0123456789") and (len(data.samples), len(data.test)) == (
        1438,
        359,
    )
    seen = set()
    for sample in (*data.samples, *data.test):
        i = int(sample.path.stem)
        seen.add(i)
        assert sample.label == known.target[i]
        if i % 100 == 0:
            image = np.asarray(Image.open(sample.path))
            assert np.array_equal(np.rint(image / 255 * 16), known.images[i])
    assert seen == set(range(1797))
    for label in range(10):
        share = sum(s.label == label for s in data.test) / (known.target == label).sum()
        assert abs(share - 0.2) < 0.005


def test_another_split_is_not_written_over(folder, tmp_path):
    digits.write_digits(folder, 0)
    with pytest.raises(DataError, match="another split"):
        digits.write_digits(folder, 1)
    (tmp_path / "train").mkdir()
    with pytest.raises(DataError, match="name a new folder"):
        digits.write_digits(tmp_path)


def test_a_drawing_fills_the_height_and_gets_its_share_of_ink():
    for strokes in (
        [[(0, 0), (60, 0), (20, 100)]],
        [[(10, 0), (10, 100)]],
        [[(0, 0), (300, 10)], [(150, 0), (150, 900)]],
    ):
        made = digits.as_digit(digits.rendered(strokes))
        assert made.shape == (8, 8) and made.dtype == np.uint8
        assert abs(made.mean() / 255 - digits.INK) < 0.02  # equal distances come together
        assert made[0].any() and made[-1].any()


def test_size_and_place_of_a_drawing_do_not_matter():
    seven = np.array([(0, 0), (60, 0), (20, 100)])
    small, large = ([(seven * scale + 5 * scale).tolist()] for scale in (0.3, 8))
    made = [digits.as_digit(digits.rendered(strokes)).astype(int) for strokes in (small, large)]
    assert np.abs(made[0] - made[1]).max() <= 16


def test_ink_is_what_differs_from_the_border():
    page = np.full((40, 40), 230, np.uint8)
    page[5:35, 18:22] = 20
    for pixels, word in ((page, "darker"), (255 - page, "lighter")):
        ink, how = digits.ink_of(pixels)
        assert word in how and ink[20, 20] == 1 and ink[0, 0] == 0
        assert np.array_equal(digits.as_digit(ink), digits.as_digit(digits.ink_of(page)[0]))


def test_nothing_drawn_is_said_so():
    for call in (
        lambda: digits.rendered([]),
        lambda: digits.as_digit(np.zeros((5, 5))),
        lambda: digits.ink_of(np.full((5, 5), 9, np.uint8)),
    ):
        with pytest.raises(ImageFileError):
            call()


def test_distances_are_those_to_the_nearest_pixel():
    rng = np.random.default_rng(0)
    mask = rng.random((13, 17)) < 0.1
    y, x, scale = rng.uniform(-3, 16, 9), rng.uniform(-3, 20, 11), np.array([0.5, 2.0])
    expected = [
        [
            min(
                np.hypot(
                    scale[0] * max(i - here_y, here_y - i - 1, 0),
                    scale[1] * max(j - here_x, here_x - j - 1, 0),
                )
                for i, j in zip(*np.nonzero(mask), strict=True)
            )
            for here_x in x
        ]
        for here_y in y
    ]
    assert np.allclose(digits._distance(mask, y, x, scale), expected)


def test_a_large_picture_is_no_long_work():
    ink = np.kron(np.random.default_rng(0).random((96, 96)) < 0.5, np.ones((4, 4)))
    start = time.process_time()
    digits.as_digit(ink)
    assert time.process_time() - start < 1
