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


def dvs128_1(events, header=b"#!AER-DAT1.0\r\n# made for a test\r\n"):
    """Return AEDAT 1.0 of a DVS128: as 2.0, but an address of 16 bits."""
    words = ((127 - y) << 8 | (127 - x) << 1 | 1 - p for x, y, _, p in events)
    return header + b"".join(
        struct.pack(">HI", a, e[2] & 0xFFFFFFFF) for a, e in zip(words, events, strict=True)
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


def evt2(events, header=b"% evt 2.0\n% end\n"):
    """Return EVT 2.0: a word of the clock's upper 28 bits, then one of 6 bits, x and y."""
    parts = []
    for x, y, t, p in events:
        parts += [8 << 28 | t >> 6, p << 28 | (t & 63) << 22 | x << 11 | y]
    return header + struct.pack(f"<{len(parts)}I", *parts)


def evt21(events, header=b"% evt 2.1\n", legacy=False):
    """Return EVT 2.1: as 2.0 in the upper half of 64 bits, one bit of 32 pixels in the lower."""
    order = "<II"
    parts = []
    for x, y, t, p in events:
        first = x // 32 * 32
        parts.append((8 << 28 | t >> 6, 0))
        parts.append((p << 28 | (t & 63) << 22 | first << 11 | y, 1 << x - first))
    return header + b"".join(
        struct.pack(order, *(pair if legacy else pair[::-1])) for pair in parts
    )


def evt3(events, header=b"% format EVT3;height=720;width=1280\n"):
    """Return EVT 3.0: words of the clock's two halves, the row, the column and polarity."""
    parts = []
    for x, y, t, p in events:
        parts += [8 << 12 | t >> 12 & 0xFFF, 6 << 12 | t & 0xFFF, y, 2 << 12 | p << 11 | x]
    return header + struct.pack(f"<{len(parts)}H", *parts)


def dat(
    events, header=b"% Data file containing CD events.\n% Version 2\n% Width 304\n% Height 240\n"
):
    """Return DAT CD of version 2: type 12, 8 bytes; time, then x, y and p in 14, 14 and 4 bits."""
    return (
        header
        + b"\x0c\x08"
        + b"".join(struct.pack("<II", t, x | y << 14 | p << 28) for x, y, t, p in events)
    )


def event_stream(events, width=640, height=480):
    """Return Event Stream 2: a byte of time step and polarity, x and y; rows from the bottom."""
    parts, now = [b"Event Stream\x02\x00\x00\x01", struct.pack("<HH", width, height)], 0
    for x, y, t, p in events:
        idle, step = divmod(t - now, 127)
        parts += [b"\xff" * idle, struct.pack("<BHH", step << 1 | p, x, height - 1 - y)]
        now = t
    return b"".join(parts)


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


def mat(name, rows, dims=None, head=b"MATLAB 5.0 MAT-file, made for a test", order="<"):
    """Return a MATLAB file of level 5 with one matrix of doubles, not packed.

    By "MAT-File Format": a header of 128 bytes, then elements of a type, a size and data in eights:
    miMATRIX (14) of array flags (miUINT32, 6), dimensions (miINT32, 5), name (miINT8, 1) and the
    values column by column (miDOUBLE, 9).
    """
    dims = (len(rows), len(rows[0])) if dims is None else dims

    def element(kind, data):
        return struct.pack(order + "II", kind, len(data)) + data + bytes(-len(data) % 8)

    values = [row[i] for i in range(len(rows[0])) for row in rows]
    matrix = (
        element(6, struct.pack(order + "II", 6, 0))
        + element(5, struct.pack(f"{order}{len(dims)}i", *dims))
        + element(1, name.encode())
        + element(9, struct.pack(f"{order}{len(values)}d", *values))
    )
    return (
        head.ljust(124)
        + struct.pack(order + "H", 0x0100)
        + (b"IM" if order == "<" else b"MI")
        + element(14, matrix)
    )


def hdf5(fill):
    """Return an HDF5 file that `fill` wrote into."""
    import h5py

    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        fill(file)
    return stream.getvalue()


def zipped(**members):
    """Return a zip archive of raw bytes by member name."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()
