"""Formats that native code decodes: AEDAT4 and Event Stream (faery), HDF5 (h5py).

That code has been seen to abort its process on damaged files, so this runs in the sandbox's child
alone (`_child`).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masnn.readers import _hdf5
from masnn.readers._raw import MAX_EVENTS, Malformed, Raw


def aedat4(content: bytes) -> Raw:
    """Decode the event track of an AEDAT4 file; frames, IMU samples and triggers are left out.

    Specification: iniVation, "AEDAT 4.0" (docs.inivation.com, Software, File formats): a flatbuffer
    header, then packets packed with LZ4, Zstd or not at all.
    """
    return _from_file(content, ".aedat4", _aedat4)


def event_stream(content: bytes) -> Raw:
    """Decode an Event Stream file of polarity events (neuromorphic-paris/event_stream)."""
    return _from_file(content, ".es", _event_stream)


def hdf5(content: bytes) -> Raw:
    """Decode the one stream of events in an HDF5 file; `_hdf5` names the layouts."""
    return _from_file(content, ".h5", _hdf5.decode)


def _from_file(content: bytes, suffix: str, decode: Callable[[Path], Raw]) -> Raw:
    """Decode with what takes no bytes but a path; its panics are BaseExceptions."""
    with tempfile.TemporaryDirectory(prefix="masnn-") as folder:
        path = Path(folder, f"recording{suffix}")
        path.write_bytes(content)
        try:
            return decode(path)
        except Malformed:
            raise
        except BaseException as error:
            raise Malformed(str(error) or type(error).__name__) from error


def _aedat4(source: Path) -> Raw:
    import faery

    decoder = faery.aedat.Decoder(source)
    tracks = [track for track in decoder.tracks() if track.data_type == "events"]
    if len(tracks) != 1:
        raise Malformed(f"expected one track of events, found {len(tracks)}")
    packets = []
    n_events = 0
    for track, packet in decoder:
        if track.id == tracks[0].id:
            packets.append(packet)
            n_events += len(packet)
            if n_events > MAX_EVENTS:
                raise Malformed(f"more than the {MAX_EVENTS:,} events accepted; cut it")
    width, height = tracks[0].dimensions
    x, y, t, p = _columns(packets)
    return Raw(x, y, t, p, width, height)


def _event_stream(source: Path) -> Raw:
    import faery

    decoder = faery.es.Decoder(source, 0)
    if decoder.event_type != "dvs" or decoder.dimensions is None:
        raise Malformed(f"holds events of type {decoder.event_type}, not change detection")
    width, height = decoder.dimensions
    packets = []
    n_events = 0
    for packet in decoder:
        packets.append(packet)
        n_events += len(packet)
        if n_events > MAX_EVENTS:
            raise Malformed(f"more than the {MAX_EVENTS:,} events accepted; cut it")
    # The format's rows count from the bottom.
    x, y, t, p = _columns(packets)
    if len(y) and int(y.max()) >= height:
        raise Malformed(f"an event in row {int(y.max())} of {height}")
    return Raw(x, (height - 1 - y.astype(np.int32)).astype(np.uint16), t, p, width, height)


def _columns(packets: list[Any]) -> list[NDArray[Any]]:
    """Return faery's events as columns x, y, t and p."""
    fields = {"x": np.uint16, "y": np.uint16, "t": np.int64, "on": np.uint8}
    return [
        np.concatenate([packet[name].astype(dtype) for packet in packets] or [np.empty(0, dtype)])
        for name, dtype in fields.items()
    ]
