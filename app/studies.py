"""What stands beside the comparison: responses over a data set, depth, the gates of one network.

As in `state`, what is cached here is immutable and shared by all visitors.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from app import runs, state
from masnn import asrv_files, checkpoints
from masnn.asrv import Asrv, Paired, caveat, paired, unpaired
from masnn.errors import DataError

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from masnn.isometry_sweep import Course

#: What `python docs/isometry.py` measured.
ISOMETRY = Path(__file__).parent / "measured" / "isometry.json"

#: What `python docs/degradation.py` measured.
DEGRADATION = ISOMETRY.with_name("degradation.json")

#: What `masnn asrv` wrote of two networks of the zoo; the README has the command.
RESPONSES = state.EXAMPLES / "asrv_nmnist.npz"


@st.cache_resource(show_spinner="Reading the responses")
def shipped_responses() -> dict[str, Asrv]:
    """Return the responses over a data set that come with the app, by "a" and "b"."""
    return asrv_files.decode(RESPONSES.read_bytes(), RESPONSES.name)


def uploaded_responses(upload: UploadedFile) -> dict[str, Asrv]:
    """Return uploaded responses; they are this visitor's, one file at a time.

    Raises:
        DataError: If the file is too large, is none of `masnn asrv`, or contradicts itself.
    """
    known, found = st.session_state.get("responses", ("", {}))
    if known == upload.file_id and isinstance(found, dict):
        return found
    st.session_state.pop("responses", None)
    # The uploader's own limits are advice to the browser: the endpoint takes what it is sent.
    if upload.size > asrv_files.MAX_BYTES:
        raise DataError(f"{upload.name}: larger than {asrv_files.MAX_BYTES:,} bytes.")
    with st.spinner("Reading the responses"):
        read = asrv_files.decode(upload.getvalue(), upload.name)
    st.session_state["responses"] = (upload.file_id, read)
    return read


def paired_responses(found: Mapping[str, Asrv]) -> tuple[Paired | None, str]:
    """Return how A and B compare recording by recording, or None and why they do not."""
    if "b" not in found:
        return None, "There is one network here."
    a, b = found["a"], found["b"]
    if why := unpaired(a, b):
        return None, why
    # What it follows from, whole: a name or a hash in an upload is anybody's claim.
    arrays = [x for r in (a, b) for x in (r.labels, r.predictions, r.nasfr)]
    told = caveat(a, b).encode()
    return _paired(sha256(b"".join([told, *(x.tobytes() for x in arrays)])).hexdigest(), a, b), ""


@st.cache_data(show_spinner="Comparing", max_entries=8)
def _paired(key: str, _a: Asrv, _b: Asrv) -> Paired:
    return paired(_a, _b)


@st.cache_resource(show_spinner="Sending a signal back", max_entries=128, ttl=3600)
def course(design: str, n_blocks: int, width: int, gain: float) -> Course:
    """Return how signals come back through one untrained residual network.

    Args:
        design: A key of `isometry_designs.DESIGNS`.
        n_blocks: Its blocks.
        width: Its channels.
        gain: Scale of each branch's last norm.
    """
    from masnn.isometry_sweep import Settings
    from masnn.isometry_sweep import course as measured

    how = Settings(width=width, gain=gain, n_inputs=8, n_probes=1, n_seeds=1)
    with runs.turn():
        return measured(design, n_blocks, how)


@st.cache_data(show_spinner=False)
def isometry() -> dict[str, Any]:
    """Return what `python docs/isometry.py` measured: settings, courses and closed forms."""
    result: dict[str, Any] = json.loads(ISOMETRY.read_text(encoding="utf-8"))
    return result


@st.cache_data(show_spinner=False)
def degradation() -> list[dict[str, Any]]:
    """Return what `python docs/degradation.py` measured: rows of `degradation.measured`."""
    rows: list[dict[str, Any]] = json.loads(DEGRADATION.read_text(encoding="utf-8"))
    return rows


@st.cache_data(show_spinner=False)
def gate_weights(name: str, layer: str) -> dict[str, dict[str, list[list[float]]]]:
    """Return the weights of a layer's three gates, as `components.gates` takes them."""
    network, _ = checkpoints.load(name)
    stem = f"layers.{list(network.config.neuron_shapes()).index(layer)}.gates"
    found = {k: v.float().tolist() for k, v in network.state_dict().items() if k.startswith(stem)}
    average, maximum = found[f"{stem}.space.conv.weight"][0]
    return {
        **{
            gate: {part: found[f"{stem}.{gate}.{part}.weight"] for part in ("squeeze", "expand")}
            for gate in ("time", "channel")
        },
        "space": {"average": average, "maximum": maximum},
    }


def gated_example() -> str | None:
    """Return the first network with all three gates at the paper's site, None without one."""
    for names in state.data_sets().values():
        for name in names:
            config = state.cards()[name].config
            site = config["attention_site"]
            if config["attention"] == "TCSA" and site == "membrane":
                return name
    return None
