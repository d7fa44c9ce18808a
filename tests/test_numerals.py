"""Numbers as people read them."""

import pytest

from app.figures.style import typeset
from masnn import numerals


def test_a_number_has_a_true_minus():
    assert numerals.typeset(-0.72, "+.1%") == "\u221272.0%"
    assert numerals.typeset(-1234567, "+,") == "\u22121,234,567"
    assert numerals.typeset(0.5, "+.2f") == "+0.50"


@pytest.mark.parametrize("value", [-0.0004, -0.0, 0.0, 0, 0.0004])
def test_zero_has_no_sign(value):
    assert numerals.typeset(value, "+.1%") == "0.0%"
    assert numerals.typeset(value, "+.2f") == typeset(value, "+.2f") == "0.00"
    assert numerals.typeset(round(value), "+,") == "0"


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (-0.0005001, "+.1%", "\u22120.1%"),
        (0.0006, "+.1%", "+0.1%"),
        (-10.0, "+.0f", "\u221210"),
        (-1e-20, ".6g", "\u22121e\u221220"),
        (float("-inf"), "+.1%", "\u2212inf%"),
    ],
)
def test_what_is_not_zero_keeps_its_sign(value, form, text):
    assert numerals.typeset(value, form) == typeset(value, form) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-0.2104, "\u22120.210"),
        (0.02, "+0.020"),
        (0.0, "0"),
        (-0.00026, "\u22120.0003"),  # three places would say that there is none
        (0.000031, "+0.00003"),
        (-12.5, "\u221212.500"),
    ],
)
def test_a_difference_never_reads_as_none(value, text):
    assert numerals.signed(value) == text


@pytest.mark.parametrize(
    ("n", "of", "text"),
    [
        (0, 7, "0%"),
        (7, 7, "100%"),
        (1, 1024, "less than 1%"),
        (1023, 1024, "more than 99%"),
        (1, 200, "less than 1%"),  # half a percent would be rounded to the even number
        (199, 200, "more than 99%"),
        (1, 100, "1%"),
        (92, 100, "92%"),
    ],
)
def test_a_part_reads_as_all_or_nothing_only_where_it_is(n, of, text):
    assert numerals.part(n, of) == text
