"""Numbers as people read them: with a true minus, and no digit where a sum says nothing.

What people read has U+2212, as long as a plus; what programs read (CSV, JSON) keeps ASCII's hyphen.
"""

from __future__ import annotations

import math

#: U+2212, which no reader takes for a hyphen or for a range.
MINUS = "\u2212"


def typeset(value: float, form: str) -> str:
    """Write a number with a true minus, and without a sign where its digits say nothing but zero.

    Args:
        value: The number.
        form: As `format` takes it, such as "+.1%" or ",".
    """
    text = format(value, form)
    if "0" in text and not any(digit in text for digit in "123456789"):
        text = text.lstrip("+-")  # of what is written as nothing, a sign would say that it is not
    return text.replace("-", MINUS)


def signed(value: float, digits: int = 3) -> str:
    """Write a difference with its sign, and more digits where it would else read as none.

    Args:
        value: The difference.
        digits: Places at least.
    """
    if value and math.isfinite(value):
        digits = max(digits, -math.floor(math.log10(abs(value))))
    return typeset(value, f"+.{digits}f") if value else "0"


def part(n: int, of: int) -> str:
    """Write a part of a whole in percent, which reads as all or nothing only where it is.

    Args:
        n: The part, 0 to `of`.
        of: The whole, 1 or more.
    """
    if 0 < n < of:
        if n * 200 <= of:
            return "less than 1%"
        if (of - n) * 200 <= of:
            return "more than 99%"
    return f"{n / of:.0%}"


def share(value: float) -> str:
    """Write a share in percent, a small one in hundredths of a percent."""
    return f"{value:.0%}" if value >= 0.1 else f"{value:.2%}"
