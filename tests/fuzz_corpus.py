"""What the fuzzing starts from: a small recording of every format, hostile files, real recordings.

Hostile files are made when they are asked for; each says in its name what it tries. None is above
5 MB, so each must be done in 10 s and 1 GB.
"""

from __future__ import annotations

import functools
import gzip
import io
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import event_bytes as make
import numpy as np

from masnn.events import Events
from masnn.writers import encoded

#: Real recordings are cut to this size: a change in the first megabytes is worth a second's copy.
CUT_BYTES = 2_000_000

_RNG_SEED = 0


def seeds() -> dict[str, bytes]:
    """Return a small valid recording of every format, by its name."""
    rng = np.random.default_rng(_RNG_SEED)
    n = 40
    columns = {
        "t": np.cumsum(rng.integers(0, 300, n)),
        "x": rng.integers(0, 34, n),
        "y": rng.integers(0, 34, n),
        "p": rng.integers(0, 2, n),
    }
    rows = [tuple(int(columns[name][i]) for name in "xytp") for i in range(n)]
    structured = np.zeros(n, [("t", "<i8"), ("x", "<i2"), ("y", "<i2"), ("p", "?")])
    for name, values in columns.items():
        structured[name] = values
    lines = "\n".join(f"{t},{x},{y},{p}" for x, y, t, p in rows)
    text = f"t,x,y,p\n{lines}".encode()
    seconds = "\n".join(f"{t / 1e6:.6f} {x} {y} {p}" for x, y, t, p in rows).encode()
    events = Events(*(columns[name] for name in "xytp"), 34, 34)

    def dsec(file: object) -> None:
        for name, values in columns.items():
            file[f"events/{name}"] = values  # type: ignore[index]

    return {
        "nmnist": make.nmnist(rows),
        "dvs128_1": make.dvs128_1(rows),
        "dvs128": make.dvs128(rows),
        "davis240": make.davis240(rows),
        "aedat31": make.AEDAT31 + make.packet31(rows[:20]) + make.packet31(rows[20:]),
        "aedat4": encoded(events, "a.aedat4"),
        "event_stream": make.event_stream(rows, 34, 34),
        "evt2": make.evt2(rows),
        "evt21": make.evt21(rows),
        "evt3": make.evt3(rows),
        "dat": make.dat(rows),
        "npy": make.npy(structured),
        "npy_rows": make.npy(np.stack([columns[name] for name in "txyp"], 1)),
        "npz": make.npz(**columns),
        "npz_frames": make.npz(frames=rng.poisson(0.1, (4, 2, 34, 34)).astype(np.uint8)),
        "mat": make.mat("out", [(t, x, y, 2 * p - 1) for x, y, t, p in rows]),
        "text": text,
        "text_seconds": seconds,
        "text_sized": b"34 34\n" + seconds,
        "text_utf16": f"# t_ms, x, y, p\n{lines}".encode("utf-16"),
        "gzip": gzip.compress(text, mtime=0),
        "zip": make.zipped(**{"recording.bin": make.nmnist(rows)}),
        "hdf5_dsec": make.hdf5(dsec),
        "hdf5_prophesee": encoded(events, "a.h5"),
    }


def fixtures(folder: Path) -> dict[str, bytes]:
    """Return the real recordings of a folder, the long ones cut; none where there is no folder."""
    names = sorted(p for p in folder.glob("*") if p.suffix not in (".md", ".json"))
    return {path.name: path.read_bytes()[:CUT_BYTES] for path in names}


@functools.cache
def _zeros(n_bytes: int) -> tuple[bytes, int]:
    """Return so many zeros, deflated, and their CRC; whole MiB of them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block, crc, parts = bytes(1 << 20), 0, []
    for _ in range(n_bytes >> 20):
        parts.append(packer.compress(block))
        crc = zlib.crc32(block, crc)
    return b"".join([*parts, packer.flush()]), crc


def _member_zip(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def _npy_of_zeros(n: int, dtype: str = "|u1", declared: int | None = None) -> bytes:
    """Return a `.npy` file of zeros, or of fewer than its header declares."""
    stream = io.BytesIO()
    shape = (n if declared is None else declared,)
    np.lib.format.write_array_header_1_0(
        stream, {"descr": dtype, "fortran_order": False, "shape": shape}
    )
    return stream.getvalue() + bytes(n * np.dtype(dtype).itemsize)


def _npy_header(text: str) -> bytes:
    head = text.encode()
    return b"\x93NUMPY\x02\x00" + struct.pack("<I", len(head)) + head


def _noise(n: int) -> bytes:
    return np.random.default_rng(_RNG_SEED).bytes(n)


def _npz_of_zeros(n: int, padding: int) -> bytes:
    """Return an `.npz` of events that are all zero, and noise that hides how far it unpacks."""
    members = {f"{name}.npy": _npy_of_zeros(n) for name in "txyp"}
    return _member_zip(members | {"padding": _noise(padding)})


def _gzip_of_zeros(n_bytes: int) -> bytes:
    packed, crc = _zeros(n_bytes)
    head = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
    return head + packed + struct.pack("<II", crc, n_bytes & 0xFFFFFFFF)


def _hdf5(how: str) -> bytes:
    """Return an HDF5 file that declares too much, or leads out of itself."""
    import h5py

    small = {"t": [0, 1, 2], "x": [3, 0, 33], "y": [5, 0, 30], "p": [1, 0, 1]}

    def fill(file: h5py.File) -> None:
        group = file.create_group("events")
        if how == "8 TiB":
            for name in "txyp":
                group.create_dataset(name, (1 << 40,), "<i8", chunks=(1 << 16,), compression="gzip")
            return
        if how == "40 million":
            for name in "txyp":
                zeros = np.zeros(40_000_000, np.uint8)
                group.create_dataset(
                    name, data=zeros, compression="gzip", compression_opts=1, chunks=(1 << 20,)
                )
            return
        for name, values in small.items():
            if how == "external link" and name == "t":
                group[name] = h5py.ExternalLink("/etc/passwd", "/t")
            elif how == "soft link" and name == "t":
                group[name] = h5py.SoftLink("/events/t")
            elif how == "external storage" and name == "t":
                group.create_dataset(name, (3,), "<i4", external=[("/etc/passwd", 0, 12)])
            elif how == "virtual" and name == "t":
                layout = h5py.VirtualLayout((3,), "<i8")
                layout[:] = h5py.VirtualSource("/etc/passwd", "t", (3,))
                group.create_virtual_dataset(name, layout)
            else:
                group[name] = np.array(values)
        if how == "external offset":
            file.create_dataset("t_offset", (), "<i4", external=[("/etc/passwd", 0, 4)])
        if how == "many groups":
            for i in range(3000):
                file.create_group(f"g{i}")

    return make.hdf5(fill)


def _aedat4_of_zeros() -> bytes:
    """Return AEDAT4 that unpacks to two million equal events."""
    import faery
    from faery.events_stream import EVENTS_DTYPE

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "zeros.aedat4")
        stream = faery.events_stream_from_array(np.zeros(2_000_000, EVENTS_DTYPE), (34, 34))
        stream.to_file(path, compression=("zstd", 9))
        return path.read_bytes()


def _words(*parts: np.ndarray | list[int], dtype: str) -> bytes:
    return b"".join(np.asarray(part).astype(dtype).tobytes() for part in parts)


def hostile() -> dict[str, Callable[[], bytes]]:
    """Return what makes each hostile file, by what the file tries."""
    header = {"descr": "<f8", "fortran_order": False, "shape": (1 << 33,)}
    many = "(" * 100_000
    vectors = np.tile(np.array([0x3000, 0x4FFF]), 600_000)
    full = np.tile(np.array([0xFFFFFFFF, 1 << 28]), 600_000)
    return {
        "npz declares 64 GiB": lambda: _member_zip(
            {f"{name}.npy": _npy_of_zeros(8, "<f8", 1 << 33) for name in "txyp"}
        ),
        "npz unpacks 1000 times": lambda: _npz_of_zeros(60_000_000, 0),
        "npz unpacks 140 times": lambda: _npz_of_zeros(40_000_000, 1_000_000),
        "npz of names that lead out": lambda: _member_zip(
            {f"../../{name}.npy": _npy_of_zeros(4) for name in "txyp"}
        ),
        "npz of 20,000 members": lambda: _member_zip({f"{i}.npy": b"" for i in range(20_000)}),
        "npy declares 64 GiB": lambda: _npy_header(f"{header}\n") + bytes(64),
        "npy of objects": lambda: make.npy(np.array([print] * 4, object), allow_pickle=True),
        "npy of a deep header": lambda: _npy_header(f"{{'descr': {many}"),
        "npy of a negative shape": lambda: _npy_header(
            "{'descr': '<i8', 'fortran_order': False, 'shape': (-1, 4)}\n"
        ),
        "zip of 256 MiB of zeros": lambda: _zip_of_zeros(1 << 28),
        "gzip of 256 MiB of zeros": lambda: _gzip_of_zeros(1 << 28),
        "gzip in gzip": lambda: gzip.compress(gzip.compress(_gzip_of_zeros(1 << 26))),
        "gzip of 9 million lines": lambda: gzip.compress(
            b"#" + _noise(500_000).hex().encode() + b"\n" + b"1,1,1,1\n" * 9_000_000, 1
        ),
        "text of 600,000 lines": lambda: b"0,1,1,1\n" * 600_000,
        "text of one line": lambda: b"1," * 2_400_000,
        "text of a long number": lambda: b"t,x,y,p\n" + b"9" * 4_000_000 + b",1,1,1\n",
        "text of blank lines": lambda: b"\n" * 4_800_000,
        "two events far apart": lambda: b"t,x,y,p\n0,1,1,1\n1000000000000,1,1,1\n",
        "two events beyond 64 bits": lambda: b"t,x,y,p\n-9e18,1,1,1\n9e18,1,1,1\n",
        "hdf5 declares 8 TiB": lambda: _hdf5("8 TiB"),
        "hdf5 unpacks 40 million": lambda: _hdf5("40 million"),
        "hdf5 with external storage": lambda: _hdf5("external storage"),
        "hdf5 with an external offset": lambda: _hdf5("external offset"),
        "hdf5 with an external link": lambda: _hdf5("external link"),
        "hdf5 with a link to itself": lambda: _hdf5("soft link"),
        "hdf5 with a virtual dataset": lambda: _hdf5("virtual"),
        "hdf5 of many groups": lambda: _hdf5("many groups"),
        "aedat31 declares 2**31 events": lambda: make.AEDAT31 + make.packet31([], number=2**31 - 1),
        "aedat31 declares -1 events": lambda: make.AEDAT31 + make.packet31([], number=-1),
        "aedat31 of empty packets": lambda: make.AEDAT31 + make.packet31([]) * 170_000,
        "aedat2 of an endless header": lambda: b"#!AER-DAT2.0\r\n" + b"# \r\n" * 1_200_000,
        "aedat4 declares 4 GiB": lambda: b"#!AER-DAT4.0\r\n" + b"\xff" * 64,
        "aedat4 unpacks 2 million": _aedat4_of_zeros,
        "event stream of a large sensor": lambda: make.event_stream(
            [(1, 1, 1, 1)], 65535, 65535
        ),
        "event stream of overflows": lambda: make.event_stream([]) + b"\xff" * 4_500_000,
        "evt2 of clocks alone": lambda: b"% evt 2.0\n% end\n"
        + _words(8 << 28 | (np.arange(1_200_000) * 0x7FFFFFF & 0xFFFFFFF), dtype="<u4"),
        "evt21 of full vectors": lambda: b"% evt 2.1\n"
        + _words([0, 8 << 28], full, dtype="<u4"),
        "evt3 of full vectors": lambda: b"% evt 3.0\n% end\n"
        + _words([0x8000, 0x6000, 0], vectors, dtype="<u2"),
        "dat of another event size": lambda: b"% Version 2\n\x0c\xff" + bytes(4_000_000),
        "nmnist of overflows alone": lambda: b"\x00\xf0\x00\x00\x00" * 900_000,
        "noise": lambda: _noise(4_900_000),
    }  # fmt: skip


def _zip_of_zeros(n_bytes: int) -> bytes:
    """Return a `.zip` whose one member unpacks to so many zeros."""
    packed, crc = _zeros(n_bytes)
    name = b"recording.bin"
    facts = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 33, crc, len(packed), n_bytes, len(name), 0)
    local = b"PK\x03\x04" + facts + name + packed
    entry = b"PK\x01\x02\x14\x00" + facts + struct.pack("<HHHII", 0, 0, 0, 0, 0) + name
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 1, 1, len(entry), len(local), 0)
    return local + entry + end
