"""A visitor's own recording: asked for while none is open, read once, kept until it is closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from app import links
from masnn.errors import EventFileError, ReportError
from masnn.readers import Recording, read_recording, sandbox

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

#: Larger uploads are refused; keep equal to server.maxUploadSize in .streamlit/config.toml.
MAX_UPLOAD_MB = 200

#: What is read, in words; by its content, whatever its name.
FORMATS = (
    "N-MNIST .bin, AEDAT 1.0, 2.0, 3.1 and 4, Prophesee RAW (EVT 2.0, 2.1, 3.0) and DAT, Event "
    "Stream .es, HDF5 (DSEC, Prophesee, MVSEC, v2e), .npy or .npz with t, x, y, p or frames, "
    "MATLAB .mat (CIFAR10-DVS) and text tables; packed as .gz or alone in a .zip too"
)


def expected() -> bool:
    """Return whether the visitor wants to see a recording of their own."""
    return st.session_state.get("source") == links.UPLOAD


def recording() -> Recording | None:
    """Return this visitor's recording, one at a time; None while none is open.

    It is read in the run that its upload causes, and the upload is then let go: no uploader is
    drawn beside an open recording.

    Raises:
        EventFileError: If it is too large or cannot be read.
        ReportError: If it is a recipe that cannot be followed.
    """
    sandbox.keep_warm()
    upload = st.session_state.get(links.UPLOADER)
    if upload is None:
        kept = st.session_state.get("uploaded")
        return kept if isinstance(kept, Recording) else None
    if links.is_recipe(upload):
        if links.refusal():
            raise ReportError(links.refusal())
        return None
    read = _read(upload)
    st.session_state["uploaded"] = read
    return read


def _read(upload: UploadedFile) -> Recording:
    # The uploader's own limits are advice to the browser: the endpoint takes what it is sent.
    if upload.size > MAX_UPLOAD_MB * 1_000_000:
        raise EventFileError(
            f"{upload.name}: larger than {MAX_UPLOAD_MB} MB. Cut the recording shorter."
        )
    with st.spinner("Reading the recording"):
        return read_recording(upload.getvalue(), name=upload.name, untrusted=True)


def close() -> None:
    """Let the visitor's recording go; the page asks for another one."""
    kept = st.session_state.pop("uploaded", None)
    if isinstance(kept, Recording):
        links.closed(kept)
