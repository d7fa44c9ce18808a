"""Text of a stranger's file, fit to stand in Markdown: it formats nothing, links to nothing."""

from __future__ import annotations

import re

#: What opens emphasis, code, links, images, HTML, formulas and Streamlit's directives; a line
#: between letters opens nothing.
_MARKS = re.compile(r"([\\`*\[\]<>$~]|(?<![^\W_])_|_(?![^\W_]))")
#: What becomes a link without any mark; a word joiner, which shows nothing, keeps it from that.
_ADDRESS = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?<=@)", re.IGNORECASE)


def inert(text: str) -> str:
    """Return a text on one line that Markdown shows as it is."""
    return _MARKS.sub(r"\\\1", _ADDRESS.sub("\u2060", " ".join(text.split())))


def inert_code(text: str) -> str:
    """Return a text on one line as code, such as a file's name; its backticks become quotes."""
    return f"`{' '.join(text.split()).replace('`', chr(39)) or ' '}`"
