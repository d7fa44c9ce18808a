"""HDF5 in the layouts that people use, and what must not be followed or believed."""

import h5py
import numpy as np
import pytest
from event_bytes import hdf5

from masnn.errors import EventFileError
from masnn.readers import _hdf5, read_recording

EVENTS = [(3, 5, 10, 1), (0, 0, 10, 0), (33, 30, 400, 1), (7, 1, 70000, 0)]
X, Y, T, P = (np.array(column) for column in zip(*EVENTS, strict=True))
COMPOUND = np.array(
    [(x, y, p, t) for x, y, t, p in EVENTS],
    dtype=[("x", "<u2"), ("y", "<u2"), ("p", "<i2"), ("t", "<i8")],
)


def rows(events):
    columns = (events.x, events.y, events.t, events.p)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def dsec(file):
    group = file.create_group("events")
    for name, values, kind in (("x", X, "u2"), ("y", Y, "u2"), ("t", T - 10, "u4"), ("p", P, "u1")):
        group.create_dataset(name, data=values.astype(kind), compression="gzip", chunks=(2,))
    file["t_offset"] = np.int64(10)
    file["ms_to_idx"] = np.arange(3)


def dsec_with_an_axis(file):
    dsec(file)
    del file["t_offset"]
    file["t_offset"] = np.array([10], np.int64)


def prophesee(file):
    file["CD/events"] = COMPOUND
    file["CD/indexes"] = np.zeros(3, [("id", "<u8"), ("ts", "<i8")])
    file["EXT_TRIGGER/events"] = np.zeros(1, [("p", "<i2"), ("t", "<i8"), ("id", "<i2")])
    file.attrs["geometry"] = "640x480"


def mvsec(file):
    seconds = T / 1e6
    file["davis/left/events"] = np.stack([X, Y, seconds, 2.0 * P - 1], axis=1)
    file["davis/right/events"] = np.stack([X + 1, Y, seconds, 2.0 * P - 1], axis=1)
    file["davis/left/image_raw"] = np.zeros((2, 4, 4), np.uint8)


def v2e(file):
    file["events"] = np.stack([T, X, Y, P], axis=1).astype(np.uint32)


def flat(file):
    for name, values in (("ts", T), ("xs", X), ("ys", Y), ("ps", P)):
        file[name] = values


@pytest.mark.parametrize(
    ("layout", "where", "sensor"),
    [
        (dsec, "/events", (34, 34)),
        (dsec_with_an_axis, "/events", (34, 34)),
        (prophesee, "/CD/events", (640, 480)),
        (mvsec, "/davis/left/events", (34, 34)),
        (v2e, "/events", (34, 34)),
        (flat, "/", (34, 34)),
    ],
)
def test_each_layout_is_read(layout, where, sensor):
    recording = read_recording(hdf5(layout), name="a.h5")
    assert rows(recording.events) == EVENTS
    assert recording.format == f"HDF5 ({where})"
    assert (recording.events.width, recording.events.height) == sensor
    told = " ".join(recording.warnings)
    assert ("left out" in told) == (layout in (mvsec, prophesee))
    assert ("seconds" in told) == (layout is mvsec)


def v2e_floats(file):
    file["events"] = np.stack([T / 1000 + 0.25, X, Y, P], axis=1)


def mono(file):
    file["events"] = np.stack([X, Y, 1506117901.5 + T / 1e6, 2.0 * P - 1], axis=1)


def named(file):
    rows = [(t, x, y, bool(p)) for x, y, t, p in EVENTS]
    kind = [("timestamp_us", "<i8"), ("x", "<u2"), ("y", "<u2"), ("polarity", "?")]
    file["recording/log"] = np.array(rows, kind)


@pytest.mark.parametrize(
    ("layout", "t_us", "unit", "told"),
    [
        (dsec, T, "us", []),
        (prophesee, T, "us", []),
        (v2e, T, "us", ["taken as t, x, y, p"]),
        (flat, T, "us", ["whole numbers, so they were taken as us"]),
        (named, T, "us", []),
        (v2e_floats, T * 1000 + 250_000, "s", ["taken as t, x, y, p", "as seconds"]),
        (mono, 1506117901500000 + T, "s", ["taken as x, y, t, p", "as seconds"]),
    ],
)
def test_what_times_count_and_which_column_is_which_is_said(layout, t_us, unit, told):
    recording = read_recording(hdf5(layout), name="a.h5")
    events = recording.events
    assert np.abs(events.t - t_us).max() <= 1  # seconds of 2017 in a double
    assert (events.x.tolist(), events.y.tolist()) == (X.tolist(), Y.tolist())
    assert events.p.tolist() == P.tolist()
    assert recording.time_unit == unit
    found = " ".join(recording.warnings)
    assert all(part in found for part in told)
    guessed = any("seconds" in part or "as us" in part for part in told)
    assert ("does not say what its times count" in found) == guessed


def ecf(file):
    """Write Prophesee's layout as packed with ECF; its chunk says that the filter was left out."""
    how = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    how.set_chunk((len(COMPOUND),))
    how.set_filter(_hdf5._ECF, h5py.h5z.FLAG_OPTIONAL, (0,))
    group = file.create_group("CD")
    kind = h5py.h5t.py_create(COMPOUND.dtype)
    space = h5py.h5s.create_simple(COMPOUND.shape)
    data = h5py.h5d.create(group.id, b"events", kind, space, how)
    data.write_direct_chunk((0,), COMPOUND.tobytes(), filter_mask=1)


def test_ecf_is_read_where_hdf5_has_it_and_explained_where_not(tmp_path, monkeypatch):
    path = tmp_path / "a.h5"
    path.write_bytes(hdf5(ecf))
    if not h5py.h5z.filter_avail(_hdf5._ECF):
        with pytest.raises(EventFileError, match=r"ECF filter.*HDF5_PLUGIN_PATH.*convert .* RAW"):
            read_recording(path)
    asked = []
    monkeypatch.setattr(_hdf5, "_is_there", lambda number: asked.append(number) or True)
    raw = _hdf5.decode(path)
    assert asked == [36559] and raw.t.tolist() == T.tolist() and raw.x.tolist() == X.tolist()


def external_link(file):
    file["events"] = h5py.ExternalLink("/etc/hostname", "/events")


def soft_link(file):
    file["events"] = h5py.SoftLink("/elsewhere")


def external_data(file):
    group = file.create_group("events")
    for name in "xyp":
        group[name] = X
    group.create_dataset("t", (4,), "i8", external=[("/etc/hostname", 0, 32)])


def virtual(file):
    layout = h5py.VirtualLayout((4,), "i8")
    layout[:] = h5py.VirtualSource("/etc/hostname", "t", (4,))
    group = file.create_group("events")
    for name in "xyp":
        group[name] = X
    group.create_virtual_dataset("t", layout)


def bomb(file):
    group = file.create_group("events")
    for name in "txyp":
        group.create_dataset(name, (1 << 27,), "i8", compression="gzip", chunks=(1 << 20,))


def many(file):
    group = file.create_group("events")
    for name in "txyp":
        group.create_dataset(name, (100_000_001,), "u1", compression="gzip", chunks=(1 << 20,))


def round_and_round(file):
    group = file.create_group("a")
    group["again"] = file["/"]


def uneven(file):
    group = file.create_group("events")
    for name, n in zip("txyp", (4, 4, 4, 3), strict=True):
        group[name] = np.arange(n)


def words(file):
    group = file.create_group("events")
    for name in "txyp":
        group[name] = ["one", "two"]


def offset_elsewhere(how):
    """Return what writes DSEC's layout with an offset that lies in another file, or not here."""

    def fill(file):
        for name, values in zip("txyp", (T, X, Y, P), strict=True):
            file[f"events/{name}"] = values
        if how == "external link":
            file["t_offset"] = h5py.ExternalLink("/etc/hostname", "/v")
        elif how == "soft link":
            file["deep/offset"] = np.int64(5)
            file["t_offset"] = h5py.SoftLink("/deep/offset")
        elif how == "virtual":
            layout = h5py.VirtualLayout((1,), "i8")
            layout[:] = h5py.VirtualSource("/etc/hostname", "v", (1,))
            file.create_virtual_dataset("t_offset", layout)
        elif how == "virtual, no axes":
            layout = h5py.VirtualLayout((), "i8")
            layout[()] = h5py.VirtualSource("/etc/hostname", "v", ())[()]
            file.create_virtual_dataset("t_offset", layout)
        else:
            file["t_offset"] = how

    return fill


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("external link", "a link, which is not followed"),
        ("soft link", "a link, which is not followed"),
        ("virtual", "another file"),
        ("virtual, no axes", "another file"),
        (np.int64(1 << 62), "is no time"),
        (np.uint64((1 << 64) - 1), "is no time"),
        (np.int64(-(1 << 63)), "is no time"),
        (np.float64(1), "one whole number"),
    ],
    ids=str,
)
def test_an_offset_is_read_from_this_file_alone(how, told):
    with pytest.raises(EventFileError, match=told):
        read_recording(hdf5(offset_elsewhere(how)), name="a.h5", untrusted=True)


def test_no_link_storage_or_virtual_data_hand_over_bytes_of_a_neighbour(tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(b"SECRET!!" * 8)

    def fill(file):
        for name, values in zip("txyp", (T, X, Y, P), strict=True):
            file[f"events/{name}"] = values
        where = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        where.set_external(str(secret).encode(), 0, 8)
        where.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        scalar = h5py.h5s.create(h5py.h5s.SCALAR)
        h5py.h5d.create(file.id, b"t_offset", h5py.h5t.STD_I64LE, scalar, where)

    with pytest.raises(EventFileError, match="another file"):
        read_recording(hdf5(fill), name="a.h5", untrusted=True)
    assert secret.read_bytes() == b"SECRET!!" * 8


@pytest.mark.parametrize(
    ("fill", "told"),
    [
        (lambda file: None, "found nothing"),
        (lambda file: file.create_dataset("frames", (3, 4), "u1"), "found frames"),
        (external_link, "found events"),
        (soft_link, "found events"),
        (external_data, "another file"),
        (virtual, "another file"),
        (bomb, "are not an event recording"),
        (many, "not an event recording|more than the 100,000,000"),
        (round_and_round, "found a"),
        (uneven, "of one length"),
        (words, "objects, not numbers"),
    ],
)
def test_what_is_elsewhere_or_untrue_is_refused(fill, told):
    with pytest.raises(EventFileError, match=told):
        read_recording(hdf5(fill), name="a.h5")


def test_a_damaged_file_is_one_line():
    content = hdf5(dsec)
    for cut in (20, 200, 1000, len(content) - 100):
        with pytest.raises(EventFileError, match=r"a\.h5: HDF5"):
            read_recording(content[:cut], name="a.h5")
    rng = np.random.default_rng(0)
    for _ in range(12):
        changed = bytearray(content)
        for at in rng.integers(8, len(content), 30):
            changed[at] = rng.integers(256)
        try:
            read_recording(bytes(changed), name="a.h5")
        except EventFileError as error:
            assert "\n" not in str(error)


def test_triggers_beside_the_events_are_counted():
    def many(file):
        prophesee(file)
        del file["EXT_TRIGGER/events"]
        file["EXT_TRIGGER/events"] = np.zeros(7, [("p", "<i2"), ("t", "<i8"), ("id", "<i2")])

    found = read_recording(hdf5(many))
    assert "7 external triggers are not events" in " ".join(found.warnings)
    assert rows(found.events) == sorted(EVENTS, key=lambda event: event[2])
