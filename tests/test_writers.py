"""Written files hold exactly the events, in bytes that do not depend on when they are made."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import masnn.archives
from masnn.errors import EventFileError
from masnn.events import Events
from masnn.readers import read_recording
from masnn.simulate import simulate_digit
from masnn.writers import encoded, write_events


def make(x, y, t, p, width=34, height=34) -> Events:
    return Events(np.array(x), np.array(y), np.array(t), np.array(p), width, height)


@pytest.fixture
def events() -> Events:
    rng = np.random.default_rng(0)
    n = 500
    t = np.sort(rng.integers(0, 1 << 23, n))
    t[0], t[-1] = 0, (1 << 23) - 1
    x, y = rng.integers(0, 34, n), rng.integers(0, 30, n)
    return make(x, y, t, rng.integers(0, 2, n), 34, 30)


def assert_equal(table: dict[str, np.ndarray], events: Events) -> None:
    for name in "txyp":
        np.testing.assert_array_equal(table[name], getattr(events, name))


def test_bin_is_the_layout_of_nmnist(tmp_path):
    write_events(
        make([33, 255], [1, 239], [0x7A0B0C, 0x7FFFFF], [1, 0], 256, 256), tmp_path / "a.bin"
    )
    expected = bytes([33, 1, 0x80 | 0x7A, 0x0B, 0x0C, 255, 239, 0x7F, 0xFF, 0xFF])
    assert (tmp_path / "a.bin").read_bytes() == expected


def test_bin_holds_the_events(events, tmp_path):
    write_events(events, tmp_path / "a.bin")
    raw = np.fromfile(tmp_path / "a.bin", dtype=np.uint8).reshape(-1, 5).astype(np.int64)
    t = ((raw[:, 2] & 0x7F) << 16) | (raw[:, 3] << 8) | raw[:, 4]
    assert_equal({"t": t, "x": raw[:, 0], "y": raw[:, 1], "p": raw[:, 2] >> 7}, events)


def test_npz_holds_the_events_and_the_sensor(events, tmp_path):
    write_events(events, tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz", allow_pickle=False) as archive:
        assert_equal(dict(archive), events)
        assert archive["t"].dtype == np.int64
        assert (int(archive["width"]), int(archive["height"])) == (34, 30)


def test_csv_holds_the_events(events, tmp_path):
    write_events(events, tmp_path / "a.csv")
    lines = (tmp_path / "a.csv").read_bytes().split(b"\n")
    assert lines[0] == b"t_us,x,y,p" and lines[-1] == b""
    t, x, y, p = np.array([line.split(b",") for line in lines[1:-1]], dtype=np.int64).T
    assert_equal({"t": t, "x": x, "y": y, "p": p}, events)


EXTENSIONS = [".npz", ".csv", ".aedat4", ".h5", ".bin"]


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_bytes_are_those_of_any_other_time(events, tmp_path, monkeypatch, extension):
    write_events(events, tmp_path / f"a{extension}")
    monkeypatch.setattr(masnn.archives.zipfile.time, "time", lambda: 2e9)
    write_events(events, tmp_path / f"b{extension.upper()}")
    first, second = (tmp_path / f"a{extension}", tmp_path / f"b{extension.upper()}")
    assert first.read_bytes() == second.read_bytes()


def test_recordings_without_events_can_be_written(tmp_path):
    empty = make(*[np.zeros(0, np.int64)] * 4)
    for name in ("a.bin", "a.npz", "a.csv", "a.aedat4", "a.h5"):
        write_events(empty, tmp_path / name)
    for name in ("a.npz", "a.aedat4", "a.h5"):
        found = read_recording(tmp_path / name).events
        assert (len(found), found.width, found.height) == (0, 34, 34)
    assert (tmp_path / "a.bin").read_bytes() == b""
    assert (tmp_path / "a.csv").read_bytes() == b"t_us,x,y,p\n"
    with np.load(tmp_path / "a.npz") as archive:
        assert archive["t"].shape == (0,) and int(archive["width"]) == 34


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ((256, 0, 0), "x goes to 256"),
        ((0, 300, 0), "y goes to 300"),
        ((0, 240, 0), "y = 240"),
        ((0, 0, 1 << 23), "times go from"),
        ((0, 0, -1), "times go from"),
    ],
)
def test_bin_refuses_what_it_cannot_hold(tmp_path, event, reason):
    x, y, t = event
    with pytest.raises(EventFileError, match=reason) as caught:
        write_events(make([x], [y], [t], [1], 640, 480), tmp_path / "a.bin")
    assert str(caught.value).startswith("a.bin: ")
    assert not (tmp_path / "a.bin").exists()


@pytest.mark.parametrize("name", ["a.raw", "a.txt", "a", "bin"])
def test_other_extensions_are_refused(events, tmp_path, name):
    with pytest.raises(EventFileError, match=r"\.npz, \.csv, \.aedat4, \.h5, \.bin"):
        write_events(events, tmp_path / name)


def test_a_folder_that_is_missing_is_told(events, tmp_path):
    with pytest.raises(EventFileError, match="cannot be written"):
        write_events(events, tmp_path / "no" / "a.bin")


@pytest.mark.parametrize("extension", [".bin", ".npz", ".csv"])
def test_written_files_are_read_back(tmp_path, extension):
    simulated = simulate_digit(4, 0)
    write_events(simulated, tmp_path / f"a{extension}")
    read = read_recording(tmp_path / f"a{extension}").events
    assert_equal({name: getattr(read, name) for name in "txyp"}, simulated)


@pytest.mark.parametrize("extension", EXTENSIONS)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_what_is_written_is_read_back(extension, data):
    """Any recording: every event, its order, and the sensor where the format holds it."""
    width, height = (data.draw(st.integers(1, 250 if extension == ".bin" else 2000)) for _ in "xy")
    height = min(height, 240)
    last = (1 << 23) - 1 if extension == ".bin" else 1 << 45
    n = data.draw(st.integers(0 if extension in (".npz", ".aedat4", ".h5") else 1, 40))
    columns = [
        data.draw(st.lists(st.integers(0, top), min_size=n, max_size=n))
        for top in (width - 1, height - 1, last, 1)
    ]
    x, y, t, p = (np.array(column, np.int64) for column in columns)
    events = make(x, y, np.sort(t), p, width, height)
    name = f"any{extension}"
    found = read_recording(encoded(events, name), name=name).events
    assert_equal({name: getattr(found, name) for name in "txyp"}, events)
    if extension in (".npz", ".aedat4", ".h5"):
        assert (found.width, found.height) == (width, height)


def test_times_before_the_first_are_kept_or_refused():
    events = make([1, 2], [3, 4], [-5, 7], [0, 1])
    for extension in (".npz", ".csv", ".h5"):
        found = read_recording(encoded(events, f"a{extension}")).events
        assert found.t.tolist() == [-5, 7]
    for extension in (".aedat4", ".bin"):
        with pytest.raises(EventFileError, match="-5"):
            encoded(events, f"a{extension}")
