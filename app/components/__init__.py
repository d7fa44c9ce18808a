"""Parts of the page that draw in the browser: a little JavaScript behind a thin Python door."""

from pathlib import Path


def source(*names: str) -> str:
    """Return the files of this folder, one after the other: one module, as Streamlit takes it."""
    return "\n".join((Path(__file__).parent / name).read_text("utf-8") for name in names)
