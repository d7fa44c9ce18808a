"""Formats that native code decodes: AEDAT4 (faery) and HDF5 (h5py).

That code has been seen to abort its process on damaged files, so this runs in the sandbox's child
alone (`_child`).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import struct
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from masnn.readers import _hdf5
from masnn.readers._blocks import Source, columns, filled
from masnn.readers._raw import MAX_EVENTS, Malformed, Raw

#: What AEDAT4's tracks of other kinds hold.
_OTHERS = {"frame": "frames", "imus": "IMU samples", "triggers": "triggers"}
#: Headers end within it.
_MAX_HEADER = 1 << 20


def aedat4(content: bytes | Source) -> Raw:
    """Decode the event track of an AEDAT4 file; frames, IMU samples and triggers are left out.

    Specification: iniVation, "AEDAT 4.0" (docs.inivation.com, Software, File formats): a flatbuffer
    header, then packets packed with LZ4, Zstd or not at all.
    """
    return _from_file(content, ".aedat4", _aedat4)


def hdf5(content: bytes | Source) -> Raw:
    """Decode the one stream of events in an HDF5 file; `_hdf5` names the layouts."""
    return _from_file(content, ".h5", _hdf5.decode)


def _from_file(content: bytes | Source, suffix: str, decode: Callable[[Path], Raw]) -> Raw:
    """Decode with what takes no bytes but a path; its panics are BaseExceptions."""
    source = Source.of(content)
    with tempfile.TemporaryDirectory(prefix="masnn-") as folder:
        path = source.path or Path(folder, f"recording{suffix}")
        try:
            if source.path is None:
                path.write_bytes(source.read(source.size))
            return decode(path)
        except Malformed:
            raise
        except BaseException as error:
            raise Malformed(str(error) or type(error).__name__) from error


def _aedat4(path: Path) -> Raw:
    import faery

    try:
        decoder = faery.aedat.Decoder(path)
    except RuntimeError:
        # The table at the file's end may be what is cut: it tells where packets lie, and they
        # can be read in order without it.
        with path.open("rb") as file, tempfile.TemporaryDirectory(prefix="masnn-") as folder:
            table = _table(file.read(_MAX_HEADER))
            if not 0 < table < path.stat().st_size:
                raise
            shorter = Path(folder, "recording.aedat4")
            shutil.copyfile(path, shorter)
            os.truncate(shorter, table)
            return _from_decoder(faery.aedat.Decoder(shorter))
    return _from_decoder(decoder)


def _from_decoder(decoder: Any) -> Raw:
    tracks = [track for track in decoder.tracks() if track.data_type == "events"]
    if len(tracks) != 1:
        raise Malformed(f"expected one track of events, found {len(tracks)}")
    packets: list[NDArray[Any]] = []
    others: Counter[str] = Counter()
    n_events, cut = 0, ""
    try:
        for track, packet in decoder:
            if track.id != tracks[0].id:
                others[track.data_type] += 1 if track.data_type == "frame" else len(packet)
                continue
            packets.append(packet)
            n_events += len(packet)
            if n_events > MAX_EVENTS:
                raise Malformed(f"more than the {MAX_EVENTS:,} events accepted; cut it")
    except RuntimeError as error:
        if not n_events:
            raise
        cut = str(error)
    raw = _raw(packets)
    raw.width, raw.height = tracks[0].dimensions
    if cut:
        raw.warnings.append(
            f"The file is cut short or damaged after {len(packets):,} whole packets of events "
            f"({cut}); what follows was left out."
        )
    if others:
        told = ", ".join(f"{n:,} {_OTHERS.get(kind, kind)}" for kind, n in sorted(others.items()))
        raw.warnings.append(f"{told} are not events and were left out.")
    return raw


def _table(head: bytes) -> int:
    """Return where an AEDAT4 file's header says that its data table begins; 0 where it does not.

    The header is a FlatBuffer after the magic line and 4 bytes of size; the place is field 1.
    """
    with contextlib.suppress(struct.error):
        start = head.index(b"\n") + 5
        root = start + struct.unpack_from("<I", head, start)[0]
        fields = root - struct.unpack_from("<i", head, root)[0]
        (field,) = struct.unpack_from("<H", head, fields + 6)
        if field:
            return int(struct.unpack_from("<q", head, root + field)[0])
    return 0


def _raw(packets: list[NDArray[Any]]) -> Raw:
    """Return faery's packets as one."""
    n = sum(map(len, packets))
    raw = filled(columns(n), n)
    at = 0
    for packet in packets:
        to = slice(at, at + len(packet))
        raw.x[to], raw.y[to], raw.t[to], raw.p[to] = (
            packet[name] for name in ("x", "y", "t", "on")
        )
        at = to.stop
    return raw
