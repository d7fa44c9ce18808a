"""Write recordings to files: `.npz`, `.csv`, `.aedat4`, `.h5` or `.bin`, chosen by the extension.

Equal events give equal bytes, so that files made again are identical. Nothing is clipped to make it
fit: what a format cannot hold is refused.
"""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path

import numpy as np

from masnn import archives
from masnn.errors import EventFileError
from masnn.events import Events

#: Times in N-MNIST's layout have 23 bits.
_BIN_T_LIMIT_US = 1 << 23
#: N-MNIST's own reader takes events of this row for overflow marks of the clock.
_BIN_OVERFLOW_Y = 240


def write_events(events: Events, path: str | os.PathLike[str]) -> None:
    """Write a recording in the format that the extension of `path` names.

    - `.bin`: 5 bytes per event, as N-MNIST's files: x, y, then one bit of polarity and 23 bits of
      time in us, big endian. Holds no sensor size.
    - `.npz`: arrays t (int64, us), x, y, p, and the integers width, height (px); compressed.
    - `.csv`: a header `t_us,x,y,p`, then one line per event. Holds no sensor size.
    - `.aedat4`: iniVation's AEDAT 4.0 as faery writes it, packed with LZ4.
    - `.h5`: HDF5 in Prophesee's layout, but packed with gzip: CD/events of x, y, p, t, and the
      sensor's size in the attribute "geometry".

    Raises:
        EventFileError: If the extension is another, the format cannot hold the recording, or the
            file cannot be written.
    """
    target = Path(path)
    content = encoded(events, target.name)
    try:
        target.write_bytes(content)
    except OSError as error:
        raise EventFileError(f"{target}: cannot be written: {error.strerror}") from error


def encoded(events: Events, name: str) -> bytes:
    """Return the bytes of the file that `write_events` would write under a name."""
    encoders = {
        ".npz": _npz_bytes,
        ".csv": _csv_bytes,
        ".aedat4": _aedat4_bytes,
        ".h5": _hdf5_bytes,
        ".bin": _bin_bytes,
    }
    suffix = Path(name).suffix
    encode = encoders.get(suffix.lower())
    if encode is None:
        raise EventFileError(
            f"{name}: cannot write {suffix or 'a file without extension'}; "
            f"end the name in {', '.join(encoders)}"
        )
    try:
        return encode(events)
    except EventFileError as error:
        raise EventFileError(f"{name}: {error}") from None


def _bin_bytes(events: Events) -> bytes:
    """Return N-MNIST's layout (Orchard et al. 2015, file format of the data set's page)."""
    if not len(events):
        return b""
    reasons = []
    for axis, values in (("x", events.x), ("y", events.y)):
        if values.max() > 255:
            reasons.append(f"{axis} goes to {values.max()} px, the format ends at 255")
    if np.any(events.y == _BIN_OVERFLOW_Y):
        reasons.append(
            f"row y = {_BIN_OVERFLOW_Y} holds events, the format uses it for clock overflows"
        )
    if events.t[0] < 0 or events.t[-1] >= _BIN_T_LIMIT_US:
        reasons.append(
            f"times go from {events.t[0]} to {events.t[-1]} us, the format holds 0 to "
            f"{_BIN_T_LIMIT_US - 1}"
        )
    if reasons:
        raise EventFileError(
            f"N-MNIST's .bin cannot hold this recording: {'; '.join(reasons)}. Write .npz instead"
        )
    records = np.empty((len(events), 5), dtype=np.uint8)
    records[:, 0] = events.x
    records[:, 1] = events.y
    records[:, 2] = (events.p << 7) | (events.t >> 16).astype(np.uint8)
    records[:, 3] = (events.t >> 8) & 0xFF
    records[:, 4] = events.t & 0xFF
    return records.tobytes()


def _npz_bytes(events: Events) -> bytes:
    """Return a compressed archive as `numpy.load` reads it, without the time of writing."""
    arrays = {
        "t": events.t,
        "x": events.x,
        "y": events.y,
        "p": events.p,
        "width": np.int64(events.width),
        "height": np.int64(events.height),
    }
    # Level 1: a third of the time for a tenth more bytes.
    return archives.pack(arrays, level=1)


def _csv_bytes(events: Events) -> bytes:
    """Return one line per event, ended by a single newline on every system."""
    buffer = io.StringIO(newline="")
    buffer.write("t_us,x,y,p\n")
    columns = np.column_stack([events.t, events.x, events.y, events.p])
    np.savetxt(buffer, columns, fmt="%d", delimiter=",", newline="\n")
    return buffer.getvalue().encode("ascii")


def _aedat4_bytes(events: Events) -> bytes:
    """Return an AEDAT 4.0 file with one track of events."""
    import faery
    from faery.events_stream import EVENTS_DTYPE

    if len(events) and events.t[0] < 0:
        raise EventFileError(
            f"AEDAT4 holds no times before 0, and the first is {events.t[0]} us. Write .npz instead"
        )
    rows = np.empty(len(events), EVENTS_DTYPE)
    for field, values in (("t", events.t), ("x", events.x), ("y", events.y), ("on", events.p)):
        rows[field] = values
    with tempfile.TemporaryDirectory(prefix="masnn-") as folder:
        target = Path(folder, "events.aedat4")
        size = (events.width, events.height)
        faery.events_stream_from_array(rows, size).to_file(target)
        return target.read_bytes()


def _hdf5_bytes(events: Events) -> bytes:
    """Return an HDF5 file, without the time of writing."""
    import h5py

    rows = np.empty(len(events), [("x", "<u2"), ("y", "<u2"), ("p", "<i2"), ("t", "<i8")])
    for field in "xypt":
        rows[field] = getattr(events, field)
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.attrs["geometry"] = f"{events.width}x{events.height}"
        file.create_dataset(
            "CD/events", data=rows, chunks=True, compression="gzip", compression_opts=1,
            shuffle=True,
        )  # fmt: skip
    return buffer.getvalue()
