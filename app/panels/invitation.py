"""What stands where a recording would be: which file to open; and the way there from an example.

It stands on the page itself: a phone hides the sidebar.
"""

from __future__ import annotations

import streamlit as st

from app import links, state, uploads
from app.inert import inert, inert_code
from app.state import Selection


def show() -> None:
    """Ask for a recording: for that of the address or recipe, where one names an upload."""
    if not uploads.expected():  # what went wrong instead is told above
        return
    sha256, name = links.wanted()
    if sha256:
        if name:
            words = f"This recipe is of {inert_code(name)}, which you have to open again"
        else:
            words = "This link is of a recording that you have to open again"
        begins = inert_code(sha256[: links.HASH_DIGITS])
        st.info(f"{words}: its sha256 begins {begins}.", icon=":material/folder_open:")
    st.markdown("### Open a recording of an event camera", anchors=False)
    with st.container(key="drop"):
        st.file_uploader(
            "Drop a recording or a recipe.json here, or choose one",
            max_upload_size=uploads.MAX_UPLOAD_MB,
            key=links.UPLOADER,
            on_change=links.open_upload,
        )
    st.caption(
        f"**Up to {uploads.MAX_UPLOAD_MB} MB:** {uploads.FORMATS}. The format is found by the "
        "content, not by the name. A `recipe.json` brings its view back. Nobody else sees what "
        "you open; it is gone once you close it or leave."
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("Or try an example:", width="content")
        for kind in state.EXAMPLE_SETS:
            st.button(
                list(state.examples(kind))[state.first_example(kind)].capitalize(),
                key=f"try_{kind}",
                on_click=links.turn_to,
                args=(kind,),
            )


def offer(selection: Selection) -> None:
    """Offer to open a recording of one's own, or to close it; say where it is another's."""
    if selection.simulated:
        st.button(
            "Open your own",
            icon=":material/upload_file:",
            key="open_own",
            on_click=links.turn_to,
            args=(links.UPLOAD,),
            help="A recording of an event camera, or a recipe.json.",
        )
        return
    st.button(
        "Close the recording",
        icon=":material/close:",
        key="close_own",
        on_click=uploads.close,
    )
    if other := links.unlike_wanted(selection.original):
        st.warning(inert(other), icon=":material/difference:")
