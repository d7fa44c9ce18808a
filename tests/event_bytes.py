"""Event files built byte by byte from their formats' specifications, for the readers' tests."""

import io
import struct
import zipfile

import numpy as np

AEDAT2 = b"#!AER-DAT2.0\r\n# made for a test\r\n"
DAVIS = b"#!AER-DAT2.0\r\n# AEChip: eu.seebetter.ini.chips.davis.DAVIS240C\r\n"
AEDAT31 = b"#!AER-DAT3.1\r\n#Source 1: DVS128\r\n#!END-HEADER\r\n"


def nmnist(events):
    """Return N-MNIST bytes of (x, y, t, p): x, y, then p and 23 bits of t, big endian."""
    return b"".join(bytes((x, y, p << 7 | t >> 16, t >> 8 & 255, t & 255)) for x, y, t, p in events)


def dvs128(events, header=AEDAT2):
    """Return AEDAT 2.0 of a DVS128: x from the right, y from the bottom, 0 = ON."""
    words = ((127 - y) << 8 | (127 - x) << 1 | 1 - p for x, y, _, p in events)
    return header + b"".join(
        struct.pack(">II", a, e[2] & 0xFFFFFFFF) for a, e in zip(words, events, strict=True)
    )


def davis240(events, header=DAVIS):
    """Return AEDAT 2.0 of a DAVIS240: y in bits 22-30, x in 12-21, polarity in 11."""
    words = ((179 - y) << 22 | (239 - x) << 12 | p << 11 for x, y, _, p in events)
    return header + b"".join(
        struct.pack(">II", a, e[2]) for a, e in zip(words, events, strict=True)
    )


def packet31(events, *, kind=1, overflow=0, invalid=(), number=None):
    """Return an AEDAT 3.1 packet; `number` overrides the count that its header declares."""
    n = len(events) if number is None else number
    head = struct.pack("<hhiiiiii", kind, 1, 8, 4, overflow, n, n, n - len(invalid))
    body = b"".join(
        struct.pack("<II", x << 17 | y << 2 | p << 1 | (i not in invalid), t)
        for i, (x, y, t, p) in enumerate(events)
    )
    return head + body


def npy(array, **kwargs):
    """Return a `.npy` file."""
    stream = io.BytesIO()
    np.save(stream, array, **kwargs)
    return stream.getvalue()


def npz(**arrays):
    """Return an `.npz` file."""
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def zipped(**members):
    """Return a zip archive of raw bytes by member name."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()
