"""What a file says of itself is shown, and formats nothing."""

import re

import pytest

from app.inert import inert, inert_code


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("HDF5 (/davis/left/events)", "HDF5 (/davis/left/events)"),
        ("![a](http://evil.example/p.png)", "!\\[a\\](http:\u2060//evil.example/p.png)"),
        ("<img src=x> **bold** _it_ `c`", "\\<img src=x\\> \\*\\*bold\\*\\* \\_it\\_ \\`c\\`"),
        (":red[alarm] $x^2$ ~~no~~", ":red\\[alarm\\] \\$x^2\\$ \\~\\~no\\~\\~"),
        ("www.evil.example me@evil.example", "www\u2060.evil.example me@\u2060evil.example"),
        ("start_ms of _a_ and __b__", "start_ms of \\_a\\_ and \\_\\_b\\_\\_"),
        ("a\n\n# head\r\n- item", "a # head - item"),
        ("a \\[b](c)", "a \\\\\\[b\\](c)"),
    ],
)  # fmt: skip
def test_marks_of_markdown_are_shown_as_they_are(text, shown):
    assert inert(text) == shown


@pytest.mark.parametrize("name", ["a`b`.bin", "```", "", "a\nb", "![x](y)"])
def test_a_name_stays_inside_its_backticks(name):
    assert re.fullmatch(r"`[^`\n]+`", inert_code(name))
