"""What stands where a recording would be: which file to open."""

from __future__ import annotations

import streamlit as st

from app import links


def show() -> None:
    """Ask for a recording: for that of the address or recipe, where one names an upload."""
    sha256, name = links.wanted()
    if sha256:
        st.info(
            f"This view is of `{name}` (sha {sha256[:8]}), which stayed with its owner. Open the "
            "file again, in the sidebar, to see it.",
            icon=":material/folder_open:",
        )
    else:
        st.info(
            "Upload an event-camera recording in the sidebar, or choose an example.",
            icon=":material/upload_file:",
        )
