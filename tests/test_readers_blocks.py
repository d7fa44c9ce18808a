"""What walks over words: windows, cut tails, clocks that wrap, and peers that decode the same."""

import hashlib
import struct

import numpy as np
import pytest
from event_bytes import (
    AEDAT31,
    dat,
    davis240,
    dvs128,
    dvs128_1,
    event_stream,
    evt2,
    evt3,
    evt21,
    nmnist,
    npz,
    packet31,
)

from masnn.errors import EventFileError
from masnn.readers import _blocks, read_events, read_recording

RNG = np.random.default_rng(0)
N = 400
MANY = list(
    zip(
        RNG.integers(0, 34, N).tolist(),
        RNG.integers(0, 34, N).tolist(),
        np.cumsum(RNG.integers(0, 300, N)).tolist(),
        RNG.integers(0, 2, N).tolist(),
        strict=True,
    )
)

#: Name: bytes of events, the bytes of one at the end.
FORMATS = {
    "N-MNIST .bin": (nmnist, 5),
    "AEDAT 1.0": (dvs128_1, 6),
    "AEDAT 2.0": (dvs128, 8),
    "AEDAT 2.0 (DAVIS)": (davis240, 8),
    "AEDAT 3.1": (lambda events: AEDAT31 + packet31(events[:-9]) + packet31(events[-9:]), 8),
    "EVT 2.0": (evt2, 4),
    "EVT 2.1": (evt21, 8),
    "EVT 3.0": (evt3, 2),
    "DAT": (dat, 8),
    "Event Stream": (event_stream, 5),
}


def rows(events):
    columns = (events.x, events.y, events.t, events.p)
    return list(zip(*(column.tolist() for column in columns), strict=True))


@pytest.fixture
def small_blocks(monkeypatch):
    """Let a block be a few records, so that small files have many and state crosses them all."""
    monkeypatch.setattr(_blocks, "_BLOCK_BYTES", 24)


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_of_many_blocks_is_read_as_one(name, small_blocks, tmp_path):
    content = FORMATS[name][0](MANY)
    path = tmp_path / "recording"
    path.write_bytes(content)
    for source in (content, path):
        recording = read_recording(source)
        assert rows(recording.events) == MANY
        assert recording.sha256 == hashlib.sha256(content).hexdigest()
        assert recording.n_bytes == len(content)


@pytest.mark.parametrize("name", FORMATS)
def test_a_cut_tail_is_left_out_and_said(name):
    make, size = FORMATS[name]
    content = make(MANY)
    for cut in range(1, size):
        recording = read_recording(content[:-cut])
        assert rows(recording.events) == MANY[:-1]
        left = size - cut
        told = f"The last {'byte is' if left == 1 else f'{left} bytes are'} no whole event"
        assert [w for w in recording.warnings if told in w and "cut short" in w]
    whole = read_recording(content)
    assert not [w for w in whole.warnings if "cut short" in w]


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_without_a_whole_event_is_refused(name):
    make, size = FORMATS[name]
    for cut in range(1, size):
        try:
            events = read_events(make(MANY[:1])[:-cut])
        except EventFileError:
            continue
        pytest.fail(f"{len(events)} events of nothing")


def test_a_packet_header_that_is_cut_is_said():
    content = AEDAT31 + packet31(MANY) + packet31(MANY)[:20]
    recording = read_recording(content)
    assert rows(recording.events) == MANY
    assert any("last 20 bytes" in w for w in recording.warnings)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("window", [(0, 1), (0, 10**9), (1000, 20_000), (31_234, 31_934)])
def test_a_window_is_what_lies_in_it(name, window, small_blocks, tmp_path):
    path = tmp_path / "recording"
    path.write_bytes(FORMATS[name][0](MANY))
    whole = read_recording(path)
    first = MANY[0][2]
    part = read_recording(path, window_us=window)
    assert rows(part.events) == [e for e in MANY if first + window[0] <= e[2] < first + window[1]]
    assert part.sha256 == whole.sha256 and part.identity != whole.identity
    assert any("after the first event was opened" in w for w in part.warnings)


def test_a_window_of_a_strangers_file():
    content, window = evt3(MANY), (1000, 20_000)
    own, strangers = (
        read_recording(content, window_us=window, untrusted=untrusted)
        for untrusted in (False, True)
    )
    assert rows(own.events) == rows(strangers.events) and own.warnings == strangers.warnings


def test_a_window_of_unsorted_events_counts_from_the_earliest(small_blocks):
    shuffled = [MANY[i] for i in np.random.default_rng(1).permutation(N)]
    content = dvs128(shuffled)
    whole, part = read_events(content), read_recording(content, window_us=(500, 9000)).events
    expected = whole.between(int(whole.t[0]) + 500, int(whole.t[0]) + 9000)
    assert rows(part) == rows(expected)


def test_a_window_across_a_wrap_of_the_clock(small_blocks):
    start = (1 << 24) - 40_000
    late = [(x, y, t + start, p) for x, y, t, p in MANY]
    recording = read_recording(evt3(late), window_us=(39_000, 41_000))
    first = late[0][2]
    assert rows(recording.events) == [e for e in late if 39_000 <= e[2] - first < 41_000]


def test_a_window_without_an_event_is_explained():
    for content in (dat(MANY), npz(**dict(zip("xytp", np.transpose(MANY), strict=True)))):
        with pytest.raises(EventFileError, match="no event lies 1,000 to 2,000 ms after"):
            read_recording(content, window_us=(10**6, 2 * 10**6))
    assert len(read_recording(b"% evt 2.0\n% end\n", window_us=(0, 5)).events) == 0


def test_a_file_read_by_blocks_may_be_larger_than_what_is_read_whole(monkeypatch, tmp_path):
    from masnn import readers
    from masnn.readers import _formats

    monkeypatch.setattr(_formats, "MAX_BYTES", 100)
    monkeypatch.setattr(readers, "MAX_BYTES", 100)
    path = tmp_path / "recording"
    path.write_bytes(dat(MANY))
    assert len(read_recording(path).events) == N
    for refused in (path.read_bytes(), npz(t=np.arange(99))):
        with pytest.raises(EventFileError, match="more than the 100 accepted"):
            read_recording(refused, untrusted=True)


def test_too_many_events_are_refused_before_they_take_memory(monkeypatch):
    monkeypatch.setattr(_blocks, "MAX_EVENTS", 300)
    for name, (make, _) in FORMATS.items():
        with pytest.raises(EventFileError, match="more than the 300 events accepted"):
            read_recording(make(MANY), name=name)


def test_a_file_that_shrinks_while_it_is_read_is_an_error(tmp_path):
    path = tmp_path / "recording"
    path.write_bytes(dat(MANY))
    source = _blocks.Source(path)
    path.write_bytes(dat(MANY[:10]))
    with pytest.raises(_blocks.Malformed, match="shorter while it was read"):
        list(source.blocks(0, 8))


def dat_of(times):
    header = b"% Data file containing CD events.\n% Version 2\n% Width 304\n% Height 240\n\x0c\x08"
    return header + b"".join(struct.pack("<II", t & 0xFFFFFFFF, 1 << 28) for t in times)


@pytest.mark.parametrize("n", [1, 600])  # alone, and within runs that are looked at together
def test_times_that_jitter_about_a_wrap_stay_where_they_are(n):
    before = [-5 - n + i for i in range(n)]
    after = [11 + i for i in range(n)]
    recording = read_recording(dat_of([*before, -5, 3, -2, 10, *after]))
    expected = sorted([*before, -5, 3, -2, 10, *after])
    assert recording.events.t.tolist() == [t + 2**32 for t in expected]
    assert any("wrapped 1 times" in w for w in recording.warnings)
    assert any("backwards 1 times" in w and "by 5 us at most" in w for w in recording.warnings)


def test_a_time_that_is_damaged_moves_no_other():
    times = [*range(1000, 1300), 3_000_000_000, *range(1300, 1600)]
    events = read_events(dat_of(times))
    assert np.setdiff1d(events.t, np.arange(1000, 1600)).tolist() == [3_000_000_000 - 2**32]


def test_evt3_clock_jitters_about_a_wrap():
    words = [0]
    for high in (0xFFF, 0x000, 0xFFF, 0x001):
        words += [0x8000 | high, 0x6000, 0x2001]
    recording = read_recording(b"% evt 3.0\n" + struct.pack(f"<{len(words)}H", *words))
    wrap = 1 << 24
    assert recording.events.t.tolist() == [wrap - 4096, wrap - 4096, wrap, wrap + 4096]
    assert any("wrapped 1 times" in w for w in recording.warnings)


def test_evt3_vectors_do_not_come_round_again():
    words = [0x8000, 0x6000, 0, 0x3000] + [0x4FFF] * 6000  # to column 72,000: beyond 16 bits
    with pytest.raises(EventFileError, match="outside the sensor"):
        read_events(b"% evt 3.0\n" + struct.pack(f"<{len(words)}H", *words))


def test_few_events_outside_the_sensor_are_left_out_and_counted():
    bad = [(310, 5, MANY[-1][2], 1), (3, 250, MANY[-1][2], 1)]
    recording = read_recording(dat(MANY + bad))
    assert rows(recording.events) == MANY
    assert any(
        "2 events outside the sensor were left out; event 401 has x = 310" in w
        for w in recording.warnings
    )
    with pytest.raises(EventFileError, match=r"outside the sensor's 0..303 \(5 such events\)"):
        read_events(dat(MANY + bad[:1] * 5))


def test_a_duration_of_years_is_a_damaged_time():
    content = npz(x=[1, 1], y=[1, 1], t=[0, 86_400_000_000 * 1001], p=[0, 1])
    with pytest.raises(EventFileError, match="span 1,001 days"):
        read_events(content)
    hours_in_ns = npz(x=[1, 1], y=[1, 1], t=[0, 86_400_000_000 * 900], p=[0, 1])
    assert len(read_events(hours_in_ns)) == 2


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"Event Stream\x02\x00\x00\x04" + bytes(9), "type color, not change detection"),
        (b"Event Stream\x01\x00\x00\x01" + bytes(9), "version 1.0.0"),
        (b"Event Stream\x02\x00", "within its header"),
        (b"Event Stream\x02\x00\x00\x01\x04\x00\x04\x00\x01\x09\x00\x01\x00", "x = 9, outside"),
        (b"Event Stream\x02\x00\x00\x01\x04\x00\x04\x00\x01\x01\x00\x09\x00", "outside the"),
    ],
)
def test_what_is_wrong_with_an_event_stream_is_said(content, told):
    with pytest.raises(EventFileError, match=told):
        read_events(content)


def test_event_stream_by_its_specification():
    body = b"\xff\xfe\x07\x02\x00\x01\x00" + b"\x00\x03\x00\x00\x00"
    events = read_events(b"Event Stream\x02\x01\x00\x01\x04\x00\x03\x00" + body)
    assert rows(events) == [(2, 1, 127 + 3, 1), (3, 2, 130, 0)]


def test_a_short_file_with_odd_bytes_is_no_nmnist():
    with pytest.raises(EventFileError, match="no event recording"):
        read_events(b"\x00\x01\x02\x00\x01" * 3 + b"\x00")
    with pytest.raises(EventFileError, match="no event recording"):
        read_events(bytes(1003))


def same(events, theirs, *, t_us=0):
    for name in "xyp":
        np.testing.assert_array_equal(getattr(events, name), theirs[name])
    assert np.abs(events.t - theirs["t"].astype(np.int64)).max() <= t_us


def test_expelliarmus_decodes_the_same(shared_dir):
    wizard = pytest.importorskip("expelliarmus").Wizard
    for name, encoding in (("ncars_cd_v2.dat", "dat"), ("prophesee_evt2_sparklers.raw", "evt2")):
        path = shared_dir / "fixtures" / name
        same(read_events(path), wizard(encoding=encoding).read(path))


def test_faery_decodes_the_same(shared_dir, tmp_path):
    faery = pytest.importorskip("faery")
    fixtures = shared_dir / "fixtures"
    stream = np.concatenate(list(faery.es.Decoder(fixtures / "dvs.es", 0)))
    stream["y"] = 239 - stream["y"]
    same(read_events(fixtures / "dvs.es"), stream)
    for name, t_us in (("prophesee_evt2_sparklers.raw", 0), ("prophesee_evt3.raw", 20)):
        packets = faery.evt.Decoder(fixtures / name, (1280, 720), None)
        theirs = np.concatenate([packet["events"] for packet in packets])
        same(read_events(fixtures / name), theirs, t_us=t_us)
    path = tmp_path / "made.dat"
    path.write_bytes(dat(MANY))
    theirs = np.concatenate(list(faery.dat.Decoder(path, None, None)))
    theirs.dtype.names = ("t", "x", "y", "p")
    same(read_events(path), theirs)


def test_aedat4_cut_short_keeps_its_whole_packets(shared_dir):
    content = (shared_dir / "fixtures" / "dvs128_hand_wave.aedat4").read_bytes()
    whole = read_recording(content)
    assert not whole.warnings
    for share in (0.3, 2 / 3, 0.9):
        recording = read_recording(content[: int(len(content) * share)])
        n = len(recording.events)
        assert 0.9 * share < n / len(whole.events) < min(1.1 * share, 1)
        np.testing.assert_array_equal(recording.events.t, whole.events.t[:n])
        assert any("whole packets" in w for w in recording.warnings)
    recording = read_recording(content[:-50])  # of the table at the end
    assert len(recording.events) == len(whole.events)


def test_what_else_aedat4_holds_is_counted(shared_dir):
    path = shared_dir / "fixtures" / "davis346_events_frames_imu.aedat4"
    told = " ".join(read_recording(path).warnings)
    assert "3 frames, 130 IMU samples, 15 triggers are not events and were left out" in told
