"""Readers: bytes from the specifications, real recordings, and everything that can be wrong."""

import json
import struct

import numpy as np
import pytest
from event_bytes import (
    AEDAT2,
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
    npy,
    npz,
    packet31,
    zipped,
)

from masnn.errors import EventFileError
from masnn.readers import read_events, read_recording

EVENTS = [(3, 5, 10, 1), (0, 0, 10, 0), (33, 30, 400, 1), (7, 1, 70000, 0)]
COLUMNS = {name: np.array(c) for name, c in zip("xytp", zip(*EVENTS, strict=True), strict=True)}
STRUCTURED = np.array(
    [(t, x, y, p) for x, y, t, p in EVENTS],
    dtype=[("timestamp", "<i8"), ("x", "<i2"), ("y", "<i2"), ("polarity", "?")],
)
TABLE = "t,x,y,p\n" + "\n".join(f"{t},{x},{y},{p}" for x, y, t, p in EVENTS)

WHOLE = {
    "N-MNIST .bin": nmnist(EVENTS),
    "AEDAT 1.0 (DVS128)": dvs128_1(EVENTS),
    "AEDAT 2.0 (DVS128)": dvs128(EVENTS),
    "AEDAT 2.0 (DAVIS240)": davis240(EVENTS),
    "AEDAT 3.1": AEDAT31 + packet31(EVENTS[:2]) + packet31(EVENTS[2:]),
    "EVT 2.0": evt2(EVENTS),
    "EVT 2.1": evt21(EVENTS),
    "EVT 3.0": evt3(EVENTS),
    "DAT CD": dat(EVENTS),
    "Event Stream": event_stream(EVENTS),
    "NumPy .npy": npy(STRUCTURED),
    "NumPy .npz": npz(**COLUMNS),
    "text table": TABLE.encode(),
}


def rows(events):
    return list(
        zip(events.x.tolist(), events.y.tolist(), events.t.tolist(), events.p.tolist(), strict=True)
    )


@pytest.mark.parametrize("name", WHOLE)
def test_events_are_read_as_they_were_written(name):
    recording = read_recording(WHOLE[name], name="misleading.jpg")
    assert recording.format == name
    assert rows(recording.events) == EVENTS


@pytest.mark.parametrize("name", WHOLE)
def test_one_event_is_a_recording(name):
    one = {
        "N-MNIST .bin": nmnist(EVENTS[:1]),
        "AEDAT 1.0 (DVS128)": dvs128_1(EVENTS[:1]),
        "AEDAT 2.0 (DVS128)": dvs128(EVENTS[:1]),
        "AEDAT 2.0 (DAVIS240)": davis240(EVENTS[:1]),
        "AEDAT 3.1": AEDAT31 + packet31(EVENTS[:1]),
        "EVT 2.0": evt2(EVENTS[:1]),
        "EVT 2.1": evt21(EVENTS[:1]),
        "EVT 3.0": evt3(EVENTS[:1]),
        "DAT CD": dat(EVENTS[:1]),
        "Event Stream": event_stream(EVENTS[:1]),
        "NumPy .npy": npy(STRUCTURED[:1]),
        "NumPy .npz": npz(**{k: v[:1] for k, v in COLUMNS.items()}),
        "text table": TABLE.split("\n3")[0].encode()[: len("t,x,y,p\n10,3,5,1")],
    }[name]
    # Five bytes are N-MNIST's where the name says so; the others say it themselves.
    assert rows(read_recording(one, name="one.bin").events) == EVENTS[:1]


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_cut_anywhere_gives_fewer_events_or_a_plain_error(name):
    content = WHOLE[name]
    for length in range(len(content)):
        try:
            events = read_events(content[:length])
        except EventFileError as error:
            assert str(error).endswith(".") and "\n" not in str(error)
        else:
            assert len(events) <= len(EVENTS)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (bytes(1000), "no event recording"),
        (b"\x07" * 5 * 40, "no event recording"),
        (nmnist([(7, 7, t, 1) for t in range(0, 4000, 100)]), "no event recording"),
        (nmnist([(t % 9, 7, 4000 - t, 1) for t in range(0, 400, 100)]), "no event recording"),
        (b"SQLite format 3\0" + bytes(84), r"SQLite.*\.db3.*extract its event topic"),
        (b"\x89MCAP0\r\n" + bytes(92), "MCAP.*extract its event topic"),
        (b"\xd4\xc3\xb2\xa1" + bytes(96), "network capture"),
        (b"\x0a\x0d\x0d\x0a" + bytes(96), "network capture"),
    ],
)
def test_bytes_in_fives_are_no_events_unless_they_look_or_are_called_so(content, told):
    for untrusted in (False, True):
        with pytest.raises(EventFileError, match=told):
            read_recording(content, name="a.dat", untrusted=untrusted)


@pytest.mark.parametrize("name", ["a.bin", "A.BIN", "a.bin.gz"])
def test_a_name_breaks_the_tie_that_bytes_leave(name):
    content = nmnist([(7, 7, t, 1) for t in (0, 200, 100, *range(300, 8000, 100))])
    for untrusted in (False, True):
        recording = read_recording(content, name=name, untrusted=untrusted)
        assert recording.format == "N-MNIST .bin" and len(recording.events) == 80
        assert "backwards 1 times" in " ".join(recording.warnings)
        with pytest.raises(EventFileError, match="no event recording"):
            read_recording(content, name="a.gz", untrusted=untrusted)
    # N-Caltech101 has a column 37 and a row 32, and so a file that begins like Prophesee's.
    first = nmnist([(37, 32, 10, 1), (5, 9, 20, 0), (6, 9, 30, 0)])
    assert first.startswith(b"% ")
    assert len(read_recording(first, name=name).events) == 3


def test_a_magic_number_counts_more_than_a_name():
    with pytest.raises(EventFileError, match="SQLite"):
        read_recording(b"SQLite format 3\0" + bytes(84), name="a.bin")
    assert read_recording(dvs128(EVENTS), name="a.bin").format == "AEDAT 2.0 (DVS128)"
    assert read_recording(bytes(60), name="a.bin").format == "N-MNIST .bin"


def test_nmnist_overflow_marks_are_added_to_the_times_and_left_out():
    recording = read_recording(nmnist([(1, 2, 100, 1), (0, 240, 0, 0), (3, 4, 50, 0)]))
    assert recording.events.t.tolist() == [100, 50 + 8192]
    assert any("1 clock overflow" in w for w in recording.warnings)


def evt3_words(*parts, header=b"% evt 3.0\n"):
    return header + struct.pack(f"<{len(parts)}H", *parts)


def test_evt3_vectors_begin_where_the_one_before_ended():
    content = evt3_words(
        *(0x8001, 0x6005, 7),  # clock, row
        *(0x3000 | 1 << 11 | 100, 0x4000 | 0b1000_0000_0001, 0x5000 | 0b1000_0010),  # ON from 100
        *(0x3000 | 40, 0x4000 | 1),  # OFF from 40
        *(0x2000 | 9, 0x5001),  # one pixel, and the second part of the vector from 40
    )
    t = 4096 + 5
    expected = [(100, 1), (111, 1), (113, 1), (119, 1), (40, 0), (9, 0), (52, 0)]
    assert rows(read_events(content)) == [(x, 7, t, p) for x, p in expected]


def test_evt3_times_wrap_and_an_old_lower_part_is_not_joined_to_a_new_upper_one():
    event = (0, 0x2001)
    content = evt3_words(
        *(0x8FFF, 0x6FFF, *event),  # the clock's last time
        *(0x8000, *event),  # it wrapped; the lower part is not there yet
        *(0x6003, *event),
        *(0x8000, *event),  # the same upper part again changes nothing
    )
    recording = read_recording(content)
    last = (1 << 24) - 1
    assert recording.events.t.tolist() == [last, last + 1, last + 4, last + 4]
    assert any("wrapped 1 times" in w for w in recording.warnings)


def test_evt2_times_wrap():
    content = b"% evt 2.0\n" + struct.pack("<4I", 0x8FFFFFFF, 63 << 22, 0x80000000, 1 << 28)
    assert read_events(content).t.tolist() == [(1 << 34) - 1, 1 << 34]


def test_legacy_evt21_has_its_halves_swapped():
    header = b"% format EVT21;endianness=legacy;width=640;height=480\n"
    recording = read_recording(evt21(EVENTS, header, legacy=True))
    assert rows(recording.events) == EVENTS
    assert (recording.events.width, recording.events.height) == (640, 480)


def test_evt21_marks_many_pixels_at_once():
    words = struct.pack("<IIII", 0, 8 << 28, 0b1011, 1 << 28 | 64 << 11 | 5)
    events = read_events(b"% evt 2.1\n" + words)
    assert rows(events) == [(64, 5, 0, 1), (65, 5, 0, 1), (67, 5, 0, 1)]


def test_prophesee_words_that_are_no_events_are_counted():
    early = struct.pack("<I", 1 << 28)  # an event before the clock
    trigger = struct.pack("<I", 0xA0000000)
    recording = read_recording(b"% evt 2.0\n" + early + trigger + evt2(EVENTS, b""))
    assert rows(recording.events) == EVENTS
    assert any("1 events before the first word" in w for w in recording.warnings)
    assert any("1 other words" in w for w in recording.warnings)
    recording = read_recording(evt3_words(0x2001, 0xA001, 0x8000, 0x2002, 5, 0x2003, 0x4001))
    assert rows(recording.events) == [(3, 5, 0, 0)]
    assert any("3 events before" in w for w in recording.warnings)


def test_dat_of_version_1_has_other_bits_and_its_clock_wraps():
    header = b"% Data file containing CD events.\n% Version 1\n\x00\x08"
    words = struct.pack("<4I", 0xFFFFFFFF, 3 | 4 << 9 | 1 << 17, 1, 300 | 200 << 9)
    recording = read_recording(header + words)
    assert rows(recording.events) == [(3, 4, (1 << 32) - 1, 1), (300, 200, (1 << 32) + 1, 0)]
    assert recording.format == "DAT CD"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"% evt 2.0\nabc", "cut short"),
        (b"% evt 4.0\n\x00\xff\x01\x02", "neither RAW"),
        (b"% Data file containing EM events.\n\x0e\x08", "type 14"),
        (dat(EVENTS[:1])[:-1], "cut short"),
        (dat([(400, 3, 5, 1)]), "outside the sensor"),
    ],
)
def test_a_broken_prophesee_file_is_explained(content, told):
    with pytest.raises(EventFileError, match=told):
        read_recording(content)


@pytest.mark.parametrize("head", [b"% evt 2.0\n% end\n", b"% evt 3.0\n"])
def test_a_prophesee_file_may_hold_nothing(head):
    assert len(read_events(head)) == 0


def test_times_that_go_back_are_sorted_and_counted():
    recording = read_recording(dvs128([EVENTS[2], EVENTS[0], EVENTS[3]]))
    assert recording.events.t.tolist() == [10, 400, 70000]
    assert any(
        "backwards 1 times, first at event 2 (t = 10 us), by 390 us at most" in w
        for w in recording.warnings
    )


def test_aedat2_clock_wraps_are_continued():
    recording = read_recording(dvs128([(1, 1, 2**32 - 5, 1), (2, 2, 2**32 + 3, 0)]))
    assert recording.events.t.tolist() == [2**32 - 5, 2**32 + 3]
    assert any("overflowed 1 times" in w for w in recording.warnings)


def test_davis_frame_samples_between_events_are_left_out_and_counted():
    extra = struct.pack(">II", 1 << 31 | 5, 20)
    recording = read_recording(davis240(EVENTS[:1]) + extra + davis240(EVENTS[1:], b""))
    assert rows(recording.events) == EVENTS
    assert any("1 frame samples" in w for w in recording.warnings)


def test_a_first_event_that_begins_like_a_header_line_is_an_event():
    # Rows 140 to 143 of a DAVIS346 put the byte # first; a later byte may well be a line's end.
    def event(y, t):
        return struct.pack(">II", y << 22 | 5 << 12 | 1 << 11, t)

    content = b"#!AER-DAT2.0\r\n# AEChip: eu.DAVIS346\r\n" + event(141, 1)
    content += b"".join(event(50, t) for t in range(2, 40))
    assert read_events(content).t.tolist() == list(range(1, 40))


def test_aedat2_of_an_unknown_davis_is_refused():
    with pytest.raises(EventFileError, match="32-bit addresses"):
        read_events(davis240(EVENTS, AEDAT2))


def test_aedat31_invalid_events_and_other_packets_are_left_out_and_counted():
    other = packet31([(0, 0, 0, 0)], kind=0)
    recording = read_recording(AEDAT31 + other + packet31(EVENTS, invalid={1}))
    assert rows(recording.events) == [EVENTS[0], *EVENTS[2:]]
    assert any("1 events are marked invalid" in w for w in recording.warnings)
    assert any("1 packets of other kinds" in w for w in recording.warnings)


def test_aedat31_overflow_continues_the_clock():
    recording = read_recording(AEDAT31 + packet31(EVENTS[:1]) + packet31(EVENTS[1:2], overflow=2))
    assert recording.events.t.tolist() == [10, 10 + 2 * 2**31]
    assert any("overflowed 2 times" in w for w in recording.warnings)


def test_aedat31_huge_declared_counts_allocate_nothing():
    recording = read_recording(AEDAT31 + packet31(EVENTS, number=2**31 - 1))
    assert rows(recording.events) == EVENTS
    assert any("announces more events" in w for w in recording.warnings)
    with pytest.raises(EventFileError, match="holds no whole event"):
        read_events(AEDAT31 + packet31([], number=2**31 - 1))


def test_npz_carries_its_sensor_and_other_spellings():
    recording = read_recording(
        npz(
            ts=COLUMNS["t"],
            x=COLUMNS["x"],
            y=COLUMNS["y"],
            pol=COLUMNS["p"] * 2 - 1,
            width=np.int64(40),
            height=np.int64(50),
        )
    )
    assert (recording.events.width, recording.events.height) == (40, 50)
    assert rows(recording.events) == EVENTS and not recording.warnings


def test_seconds_become_microseconds_and_that_is_said():
    recording = read_recording(b"0.000010 3 5 1\n0.070000 7 1 0\n")
    assert recording.events.t.tolist() == [10, 70000]
    assert any("seconds" in w for w in recording.warnings)


def test_a_header_decides_the_columns():
    recording = read_recording(b"polarity;x;y;timestamp\n1;3;5;10\n0;7;1;70000\n")
    assert rows(recording.events) == [EVENTS[0], EVENTS[3]]


def test_a_sensor_that_the_file_does_not_name_is_assumed_aloud():
    recording = read_recording(npz(**{**COLUMNS, "x": COLUMNS["x"] + 200}))
    assert (recording.events.width, recording.events.height) == (240, 180)
    assert any("240 x 180" in w for w in recording.warnings)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty file"),
        (b"\x00\x01\x02\x03\x04\x05\x06", "no event recording"),
        (b"\x89HDF\r\n\x1a\n" + bytes(92), "HDF5"),
        (b"#ROSBAG V2.0\n" + bytes(90), "ROS bag"),
        (b"% camera\n\x00\x01" + bytes(90), "Prophesee"),
        (b"Event Stream\x02" + bytes(92), "Event Stream"),
        (b"\x1f\x8b\x08" + bytes(92), "damaged .gz"),
        (b"\x89PNG\r\n" + bytes(94), "PNG"),
        (b"#!AER-DAT3.0\r\n" + bytes(96), "AEDAT file of a version"),
        (b"a,b,c,d\n1,2,3,4\n", "expected columns t, x, y, p, found a, b, c, d"),
        (b"1,2,3,4\na,b,c,d\n", "no row of 4 numbers"),
        (b"t,x,y\n1,2,3\n", "expected columns t, x, y, p"),
        (b"1,2,3\n", "four columns"),
        (b"1,2,3,4\n1,2\n", "no row of 4 numbers"),
        (b"1,2.5,3,1\n", "whole numbers"),
        (b"1,2,3,7\n", "polarities"),
        (b"1,-2,3,1\n", "x = -2, outside"),
        (npy(np.zeros((3, 3))), "shape \\(N, 4\\)"),
        (npy(np.array([{}]), allow_pickle=True), "pickled objects are never read"),
        (npy(np.zeros((4, 4)))[:-8], "declares 128 bytes, 120 follow"),
        (npz(t=COLUMNS["t"], x=COLUMNS["x"], y=COLUMNS["y"]), "one column p"),
        (npz(**{**COLUMNS, "t": np.arange(3)}), "one length"),
        (npz(**{**COLUMNS, "x": np.array([np.nan] * 4)}), "whole numbers"),
        (npz(**{**COLUMNS, "width": np.int64(4), "height": np.int64(4)}), "outside the sensor"),
        (zipped(**{"a.txt": b"hello"}), "text table"),
        (zipped(**{"t.npy": bytes(50 << 20)}), "not an event recording"),
        (b"PK\x03\x04" + bytes(60), "damaged .zip"),
        (b"t,x,y,p,p\n1,1,1,1,1\n", "named twice"),
        (b"1 2 3 #x\n", "no row of 4 numbers"),
        (AEDAT31 + packet31([]) * 3 + packet31(EVENTS[:1])[:-1], "packet is cut short"),
        (AEDAT31 + b"\x01\x00\x00\x00\xff\xff\xff\xff" + bytes(20), "header at byte .* damaged"),
        (npz(**{**COLUMNS, "width": np.int64(-5), "height": np.int64(9)}), "sensor side of -5"),
        (npz(**{**COLUMNS, "width": np.int64(9), "height": np.int64(10**9)}), "sensor side of 10"),
        (npz(**{**COLUMNS, "t": np.array([0, 1, 2, 2**63 - 1])}), "is no time"),
        (b"time_s,x,y,p\n1e13,1,1,1\n", "which no clock shows"),
        (npy(STRUCTURED).replace(b"}", b"("), "damaged NumPy header"),
    ],
)
def test_what_is_wrong_is_said(content, message):
    with pytest.raises(EventFileError, match=message) as caught:
        read_recording(content, name="mine.dat")
    assert str(caught.value).startswith("mine.dat: ")


def test_an_npy_header_that_declares_64_gib_allocates_nothing():
    head = (
        npy(np.zeros(1, "<i8"))[:-8].replace(b"(1,)", b"(8589934592,)").replace(b" " * 10, b"", 1)
    )
    head = head[:8] + struct.pack("<H", len(head) - 10) + head[10:]
    with pytest.raises(EventFileError, match=r"declares 68,719,476,736 bytes"):
        read_recording(zipped(**{f"{n}.npy": head + bytes(8) for n in "txyp"}))


def test_paths_that_cannot_be_read_are_explained(tmp_path):
    with pytest.raises(EventFileError, match="cannot be opened"):
        read_recording(tmp_path / "none.bin")
    with pytest.raises(EventFileError, match="folder"):
        read_recording(tmp_path)
    with pytest.raises(EventFileError, match="device or a pipe"):
        read_recording("/dev/zero")
    with pytest.raises(EventFileError, match="cannot be opened"):
        read_recording("a\0b")


def test_real_recordings_match_their_expected_numbers_exactly(shared_dir):
    expected = json.loads((shared_dir / "fixtures" / "expected.json").read_text())
    assert len(expected) == 10
    for name, facts in expected.items():
        facts["format"] = {"EVT2": "EVT 2.0", "EVT3": "EVT 3.0"}.get(
            facts["format"], facts["format"]
        )
        recording = read_recording(shared_dir / "fixtures" / name)
        events = recording.events
        found = {
            "format": recording.format,
            "events": len(events),
            "first_t_us": int(events.t[0]),
            "last_t_us": int(events.t[-1]),
            "duration_us": events.duration_us,
            "on_events": events.n_on,
            "x_range": [int(events.x.min()), int(events.x.max())],
            "y_range": [int(events.y.min()), int(events.y.max())],
            "x_sum": int(events.x.sum(dtype=np.int64)),
            "y_sum": int(events.y.sum(dtype=np.int64)),
            "width": events.width,
            "height": events.height,
        }
        assert found == {k: v if facts[k] is None else facts[k] for k, v in found.items()}, name


def test_files_without_plain_events_are_refused_by_name(shared_dir):
    for name in ("not_dvs_color.es", "not_dvs_generic.es", "unsupported_ros1.bag", "README.md"):
        with pytest.raises(EventFileError, match=name):
            read_recording(shared_dir / "fixtures" / name)


def test_nmnist_equals_tonic(shared_dir):
    io = pytest.importorskip("tonic.io")
    path = shared_dir / "fixtures" / "nmnist.bin"
    theirs = io.read_mnist_file(str(path), np.dtype([(n, "<i8") for n in "xytp"]))
    events = read_events(path)
    for name in "xytp":
        np.testing.assert_array_equal(getattr(events, name), theirs[name])


def test_changed_bytes_give_events_or_a_plain_error_and_nothing_else():
    rng = np.random.default_rng(0)
    refused = 0
    for trial in range(800):
        changed = bytearray(list(WHOLE.values())[trial % len(WHOLE)])
        for place in rng.integers(0, len(changed), rng.choice([1, 3, 9])):
            changed[place] = int(rng.integers(256))
        try:
            read_recording(bytes(changed))
        except EventFileError as error:
            refused += 1
            assert "\n" not in str(error)
        except DeprecationWarning:  # NumPy's, of a type name that a changed byte happened to spell
            pass
    assert refused > 100
