"""Recordings in archives: one level deep, bounded, and no path from inside is used."""

import gzip
import hashlib
import io
import time
import zipfile

import pytest
from event_bytes import AEDAT31, nmnist, npz, packet31

from masnn.errors import EventFileError
from masnn.readers import _packed, read_recording
from masnn.readers._blocks import Source

EVENTS = [(3, 5, 10, 1), (0, 0, 10, 0), (33, 30, 400, 1)]
CONTENT = AEDAT31 + packet31(EVENTS)


def zipped(**members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("packed", "how"),
    [
        (gzip.compress(CONTENT), "gzip"),
        (gzip.compress(CONTENT[:40]) + gzip.compress(CONTENT[40:]), "gzip"),
        (zipped(**{"a/b.aedat": CONTENT}), "zip"),
        (zipped(**{"a/": b"", "../../etc/passwd": CONTENT}), "zip"),
        (zipped(**{"a.aedat": CONTENT, "__MACOSX/._a.aedat": b"\0\5", ".DS_Store": b"x"}), "zip"),
        (zipped(**{"d/._a.aedat": b"\0\5", "d/a.aedat": CONTENT, "d/.DS_Store": b"x"}), "zip"),
    ],
)
def test_a_packed_recording_is_read(packed, how):
    recording = read_recording(packed, name="mine")
    assert recording.format == f"AEDAT 3.1, {how}"
    assert [*zip(recording.events.x.tolist(), recording.events.t.tolist(), strict=True)] == [
        (x, t) for x, _, t, _ in EVENTS
    ]
    assert recording.sha256 == hashlib.sha256(packed).hexdigest(), "the file's that was brought"
    assert recording.n_bytes == len(packed)


def test_an_npz_stays_one():
    columns = dict(zip("xytp", map(list, zip(*EVENTS, strict=True)), strict=True))
    assert read_recording(npz(**columns)).format == "NumPy .npz"


@pytest.mark.parametrize(
    ("packed", "told"),
    [
        (gzip.compress(CONTENT)[:-9], "cut short"),
        (gzip.compress(CONTENT)[:-8] + bytes(8), "damaged .gz"),
        (gzip.compress(gzip.compress(CONTENT)), "no event recording"),
        (gzip.compress(bytes(50 << 20)), "are not an event recording"),
        (zipped(a=bytes(50 << 20)), "are not an event recording"),
        (zipped(a=CONTENT, b=CONTENT), "of 2 files"),
        (zipped(), "found nothing"),
        (zipped(**{"__MACOSX/._a": b"x"}), "of 0 files"),
        (zipped(a=CONTENT)[:-30], "damaged .zip"),
        (zipped(a=zipped(b=CONTENT)), "expected arrays"),
        (gzip.compress(b""), "no event recording|empty"),
    ],
)
def test_what_an_archive_may_not_be_is_explained(packed, told):
    with pytest.raises(EventFileError, match=told) as caught:
        read_recording(packed, name="mine.gz")
    assert str(caught.value).startswith("mine.gz: ")


def test_an_archive_cut_anywhere_is_an_error_of_ours():
    for packed in (gzip.compress(nmnist(EVENTS)), zipped(a=nmnist(EVENTS))):
        for length in range(len(packed)):
            with pytest.raises(EventFileError):
                read_recording(packed[:length])


def test_parts_of_a_gz_take_time_in_proportion():
    parts = b"".join(gzip.compress(CONTENT[i : i + 1]) for i in range(len(CONTENT)))
    assert read_recording(parts).format == "AEDAT 3.1, gzip"
    assert _packed.unpack(Source(parts + b"rest"), 1 << 20)[0].read(1 << 20) == CONTENT, (
        "what follows is no part"
    )
    start = time.process_time()
    with pytest.raises(EventFileError):  # 2 MB; parts copied one by one took a minute
        read_recording(gzip.compress(b"") * 99_999)
    assert time.process_time() - start < 10
    with pytest.raises(EventFileError, match="more than 100,000 parts"):
        read_recording(gzip.compress(b"") * 100_001)
