"""Text tables: which column is which, what times count, and what a line may look like."""

import contextlib
import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from masnn.edits import Edits, edited
from masnn.errors import EventFileError
from masnn.readers import _text, _text_loops, _text_rows, read_recording
from masnn.readers._blocks import Source
from masnn.readers._text_rows import columns


def read(text, name="a.csv"):
    return read_recording(text.encode() if isinstance(text, str) else text, name=name)


def rows(recording):
    columns = (getattr(recording.events, name).tolist() for name in "xytp")
    return list(zip(*columns, strict=True))


def told(recording):
    return " ".join(recording.warnings)


@pytest.mark.parametrize(
    ("header", "cell", "t_us", "unit"),
    [
        *(
            (f"{name},x,y,p", "20", 20, "us")
            for name in ("t_us", "time us", "t (us)", "time[\u00b5s]")
        ),
        *((f"{name},x,y,p", "20", 20_000, "ms") for name in ("t_ms", "time [ms]", "Timestamp(ms)")),
        *((f"{name},x,y,p", "20", 20_000_000, "s") for name in ("time_s", "t [sec]", "t_seconds")),
        *((f"{name},x,y,p", "20999", 20, "ns") for name in ("timestamp_ns", "ts (ns)")),
        ("t_ms,x,y,p", "0.25", 250, "ms"),
        ("t_us,x,y,p", "2.6", 3, "us"),
        ("time_s,x,y,p", "0.0000019", 2, "s"),
        ("t_ns,x,y,p", "2600.5", 3, "ns"),
    ],
)
def test_the_name_of_the_column_says_what_times_count(header, cell, t_us, unit):
    recording = read(f"{header}\n{cell},3,5,1\n")
    assert rows(recording) == [(3, 5, t_us, 1)]
    assert recording.time_unit == unit
    assert "does not say what its times count" not in told(recording)
    assert (f"Times count {unit}" in told(recording)) == (unit != "us")


@pytest.mark.parametrize(
    ("text", "t_us", "unit", "why"),
    [
        (
            "t,x,y,p\n10,3,5,1\n20,3,5,1\n",
            [10, 20],
            "us",
            "whole numbers, so they were taken as us",
        ),
        (
            "0.000000 3 5 1\n1.000000 3 5 0\n2.000000 33 30 1\n",
            [0, 10**6, 2 * 10**6],
            "s",
            "decimal",
        ),
        (
            "1468940293.0 3 5 1\n1468940294.0 3 5 0\n",
            [1468940293 * 10**6, 1468940294 * 10**6],
            "s",
            "decimal point and the coordinates none, and span 1, so they were taken as seconds",
        ),
        ("1.0 3 5 1\n20001.0 3 5 0\n", [1000, 20_001_000], "ms", "decimal point"),
        ("1.5 3 5 1\n20001.5 3 5 0\n", [1500, 20_001_500], "ms", "decimal point"),
        # Every column has a point: a spreadsheet's habit, which tells nothing.
        ("t,x,y,p\n10.0,3.0,5.0,1.0\n20.0,3.0,5.0,1.0\n", [10, 20], "us", "whole numbers"),
        (
            "t,x,y,p\n1.5,3.0,5,1\n9000.25,3.0,5,1\n",
            [1_500_000, 9_000_250_000],
            "s",
            "span 8998.75",
        ),
        ("t,x,y,p\n1.5,3.0,5,1\n20000.25,3.0,5,1\n", [1500, 20_000_250], "ms", "span 19998.8"),
        ("t,x,y,p\n1.5,3.0,5,1\n20000000.25,3.0,5,1\n", [2, 20_000_000], "us", "span 2e+07"),
        (
            "t,x,y,p\n1600000000000000000,3,5,1\n1600000000000010240,3,5,1\n",
            [1600000000000000, 1600000000000010],
            "ns",
            "whole numbers beyond 1e+17",
        ),
    ],
)
def test_what_times_count_is_guessed_aloud(text, t_us, unit, why):
    recording = read(text)
    assert recording.events.t.tolist() == t_us
    assert recording.time_unit == unit
    assert why in told(recording) and "correct the time unit" in told(recording)


def test_a_corrected_unit_replaces_the_guess():
    recording = read("0.500000 3 5 1\n2.250000 3 5 0\n")
    assert recording.time_unit == "s" and recording.events.t.tolist() == [500_000, 2_250_000]
    as_ms = edited(recording, Edits(time_unit="ms"))
    assert as_ms.events.t.tolist() == [500, 2250]
    assert as_ms.changes == ("Times read as ms instead of s.",)
    assert edited(recording, Edits(time_unit="s")) is recording
    whole = read("t,x,y,p\n10,3,5,1\n")
    assert edited(whole, Edits(time_unit="s")).events.t.tolist() == [10_000_000]
    named = read("t_ms,x,y,p\n10,3,5,1\n")
    assert edited(named, Edits(time_unit="us")).events.t.tolist() == [10]


@pytest.mark.parametrize(
    "text",
    [
        "# x y t p\n3 5 10 1\n4 5 20 0\n",
        "# made by a camera, 2019\n#x,y,t,p\n3,5,10,1\n4,5,20,0\n",
        "# t x y p\nx y t p\n3 5 10 1\n4 5 20 0\n",
        "x [px],y [px],t [us],polarity\n3,5,10,1\n4,5,20,0\n",
        "x [px] y [px] t [us] p\n3 5 10 1\n4 5 20 0\n",
        "x_px;y_px;t;p\n3;5;10;1\n4;5;20;0\n",
        "x_coordinate\ty_coordinate\ttimestamp\tpol\n3\t5\t10\t1\n4\t5\t20\t0\n",
        '"x","y","t","p"\n"3","5","10","1"\n"4","5","20","0"\n',
        "x,y,t,p,\n3,5,10,1,\n4,5,20,0,\n",
        "x,y,t,p\n3,5,10,1,\n4,5,20,0,\n",
        "x,y,t,p\n3,5,10,True\n4,5,20,False\n",
        "x,y,t,on\n3,5,10,ON\n4,5,20,off\n",
        "id,x,y,t,p\n7,3,5,10,1\n8,4,5,20,-1\n",
        "x,y,t,p\r\n3,5,10,1\r\n4,5,20,0\r\n",
    ],
)
def test_the_header_says_which_column_is_which(text):
    for content in (text.encode(), text.encode("utf-8-sig"), text.encode("utf-16")):
        recording = read(content)
        assert rows(recording) == [(3, 5, 10, 1), (4, 5, 20, 0)]
        assert "no names" not in told(recording)


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("10 3 5 1\n20 4 5 0\n15000 4 9 0\n", "t, x, y, p"),
        ("3 5 10 1\n4 5 20 0\n4 9 15000 0\n", "x, y, t, p"),
        ("3,5,1,10\n4,5,0,20\n4,9,0,15000\n", "x, y, p, t"),
        ("3,5,True,10\n4,5,False,20\n4,9,False,15000\n", "x, y, p, t"),
    ],
)
def test_columns_without_names_are_told_apart_by_their_values(text, order):
    recording = read(text)
    assert rows(recording) == [(3, 5, 10, 1), (4, 5, 20, 0), (4, 9, 15000, 0)]
    assert f"taken as {order}." in told(recording)


def test_a_first_line_of_two_numbers_is_the_sensor():
    recording = read("240 180\n0.000010 3 5 1\n0.000020 4 5 0\n", "a.txt")
    assert (recording.events.width, recording.events.height) == (240, 180)
    assert rows(recording) == [(3, 5, 10, 1), (4, 5, 20, 0)]
    assert "sensor" not in told(recording)
    with pytest.raises(EventFileError, match=r"x = 300, outside the sensor's 0\.\.239"):
        read("240 180\n0.000010 300 5 1\n")


@pytest.mark.parametrize("end", ["30,4", "30", "30,4,", "30,4,4,", "30,4,4,-"])
def test_a_line_that_is_cut_off_is_left_out_aloud(end):
    recording = read("t,x,y,p\n10,3,5,1\n20,4,5,0\n" + end)
    assert rows(recording) == [(3, 5, 10, 1), (4, 5, 20, 0)]
    assert f"The last line is cut off ('{end}')" in told(recording)
    # With its end, the line is whole, and wrong.
    with pytest.raises(EventFileError, match="no row of 4 numbers"):
        read("t,x,y,p\n10,3,5,1\n20,4,5,0\n" + end + "\n")


def test_a_last_line_may_end_without_a_line_break():
    recording = read("t,x,y,p\n10,3,5,1\n20,4,5,0")
    assert len(recording.events) == 2 and "cut off" not in told(recording)


@pytest.mark.parametrize("text", ["t,x,y,p\n", "t,x,y,p", "# t x y p\n", "t,x,y,p,\n"])
def test_a_header_alone_is_a_recording_without_events(text):
    recording = read(text)
    assert len(recording.events) == 0 and "does not say what" not in told(recording)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("# x y t p\n3 5 10\n", "the header names 4 columns, the rows have 3"),
        ("# t x y p\n# nothing\n\n10;3;5\n", "the header names 4 columns, the rows have 3"),
        ("# a comment\n", "no line of data"),
        ("t,t_ms,x,y,p\n1,1,1,1,1\n", "one column t"),
        ("t,x,y,p_us\n1,1,1,1\n", "expected columns"),
        ("t_px,x,y,p\n1,1,1,1\n", "expected columns"),
        ("t,x,y,p\n10,3,5,True\n20,4,5,maybe\n", "no row of 4 numbers"),
        ("240 180\n", "four columns"),
        (b"\xff\xfet\x00,\x00x\x00\n", "UTF-16|utf-16"),
        ("time_s,x,y,p\n1e13,1,1,1\n", "reach 1e\\+13 s, which no clock shows"),
        ("t_ms,x,y,p\n-2000000000000000,1,1,1\n", "no clock shows"),
        ("t,x,y,p\nnan,1,1,1\n", "finite"),
        ("t,x,y,p\n-inf,1,1,1\n", "finite"),
        ("t,x,y,p\n9007199254740992,1,1,1\n", "skip beyond 2.53"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(content, message):
    with pytest.raises(EventFileError, match=message) as caught:
        read(content)
    assert "\n" not in str(caught.value)


def test_a_guess_of_times_uses_every_line():
    n = 5000
    t = np.arange(n) / 7
    lines = "\n".join(f"{v:.4f} {i % 30} {i % 20} {i % 2}" for i, v in enumerate(t))
    recording = read(lines + "\n")
    assert recording.time_unit == "s"
    assert recording.events.t[-1] == round(float(f"{t[-1]:.4f}") * 1e6)


@pytest.mark.parametrize(
    "content",
    [
        "t" + " " * 2_000_000 + ",x,y,p\n1,1,1,1\n",
        "t" + " " * 2_000_000 + "[s x y p\n1 1 1 1\n",
        "t_" * 1_000_000 + ",x,y,p\n1,1,1,1\n",
        "# " + "t " * 1_000_000 + "\n1 1 1 1\n",
        ",".join(["t", "x", "y", "p", *("a" * 500_000)]) + "\n",
        "#\n" * 1_000_000 + "1 2 3 1\n",
        '"1,2,3,1\n' + "1,2,3,1\n" * 300_000,
        "1,2,3,true\n" * 150_000 + '1,2,3,"\n',
    ],
)
def test_no_text_takes_long(content):
    start = time.process_time()
    with contextlib.suppress(EventFileError):
        read(content)
    assert time.process_time() - start < 5


PLAIN = "t_us,x,y,p\n" + "".join(f"{10 * i},{i % 34},{i % 7},{i % 2}\n" for i in range(400))
SECONDS = "".join(f"{i / 1000:.6f} {i % 34} {i % 7} {i % 2}\n" for i in range(400))
SIGNED = "# x y p t\n" + "".join(
    f"{i % 9} {i % 5} {2 * (i % 2) - 1} {i - 50}\n" for i in range(200)
)


def both_ways(text):
    """Return what the quick way reads, if it does, and what the other one reads."""
    source = Source(text.encode())
    table = _text.opening(source)
    quick = _text._quick(source, table)
    return quick and _text._events(table, quick), _text._events(table, columns(source, table))


@pytest.mark.parametrize(
    "text",
    [
        *(PLAIN, SECONDS, SIGNED, "34 34\n" + SECONDS, PLAIN.replace("\n", "\r\n"), PLAIN[:-1]),
        *("\ufeff" + PLAIN, PLAIN.replace(",", " , "), PLAIN.replace(",", "\t"), "\n\n" + SECONDS),
        *(SECONDS.replace(" ", "   "), SECONDS.replace("\n", "\n\n"), PLAIN[:-3], SECONDS + "1 2"),
        *("# \u03bcs\n" + PLAIN, PLAIN[:-1] + "\r", SECONDS + "5 1 1 -"),
        "note,t,x,y,p\n" + "".join(f"{i}.5,{i},3,4,1\n" for i in range(50)),
    ],
)
@pytest.mark.parametrize("piece_bytes", [64, 1 << 18])
def test_the_quick_way_reads_what_the_other_one_reads(text, piece_bytes, monkeypatch):
    monkeypatch.setattr(_text_loops, "_PIECE_BYTES", piece_bytes)
    monkeypatch.setattr(_text_rows, "_CELLS", piece_bytes)
    quick, slow = both_ways(text)
    assert quick is not None
    for name in "xytp":
        np.testing.assert_array_equal(getattr(quick, name), getattr(slow, name))
    assert len(quick.t) >= 50
    assert quick.warnings == slow.warnings
    assert (quick.width, quick.height) == (slow.width, slow.height)
    assert quick.time_unit == slow.time_unit


@pytest.mark.parametrize(
    "text",
    [
        *(PLAIN + "# note\n" + "5,1,1,1\n", PLAIN.replace("\n", ",\n"), PLAIN + "# no end"),
        *(PLAIN.replace("10,", "1e1,"), PLAIN.replace("10,", "nan,"), PLAIN + "1,2,3\n"),
        *(PLAIN + "1,2,3,4,5\n", PLAIN + '"1",2,3,1\n', "t x y p\n" + SECONDS + "--1 2 3 1\n"),
        *(
            PLAIN + f"{1 << 60},1,1,1\n",
            "t x y p\n" + SECONDS + "1.2.3 1 1 1\n",
            PLAIN + "5,1.0,1,1\n",
        ),
        *(PLAIN + "5,65536,1,1\n", PLAIN + "5,-1,1,1\n", PLAIN + "5,1,1,2\n", PLAIN + "5,1,1,-2"),
        PLAIN + "5" * 70_000,
    ],
)
def test_what_is_not_plain_is_left_to_the_other_way(text):
    source = Source(text.encode())
    assert _text._quick(source, _text.opening(source)) is None


def test_events_outside_the_sensor_are_told_of_a_large_table_too(monkeypatch):
    monkeypatch.setattr(_text, "_SMALL_BYTES", 100)
    recording = read(PLAIN + "5000,70000,1,1\n6000,-1,1,1\n")
    assert len(recording.events) == 400
    assert "2 events outside the sensor were left out; event 401 has x = 70000" in told(recording)


def test_a_wrong_line_is_named_by_its_number(monkeypatch):
    monkeypatch.setattr(_text_rows, "_CELLS", 40)
    with pytest.raises(EventFileError, match=r"line 203 is no row of 4 numbers: '5,maybe,1,1'"):
        read("\n".join([*PLAIN.splitlines()[:202], "5,maybe,1,1", "1,2,3,1\n"]))


@given(st.floats(0, 1e6, allow_nan=False), st.integers(0, 12))
def test_a_number_with_a_point_is_what_float_makes_of_it(value, places):
    shown = f"{value:.{places}f}"
    source = Source(f"t x y p\n{shown} 1 2 1\n0.5 1 2 0\n".encode())
    found = _text_loops.columns(source, _text.opening(source), pointed=True)
    if int(shown.replace(".", "")) < 1 << 53:  # of more digits, rounding once is not enough
        assert found is not None and found.t[0] == float(shown)
    else:
        assert found is None


def test_a_large_table_takes_the_quick_way(monkeypatch):
    monkeypatch.setattr(_text, "_SMALL_BYTES", 100)
    monkeypatch.setattr(_text.rows_of, "columns", lambda *_: pytest.fail("was read line by line"))
    assert len(_text.decode(PLAIN.encode()).t) == 400


@pytest.mark.parametrize("true", ["1", "True"])
def test_a_long_table_takes_little_more_memory_than_its_events(tmp_path, true):
    n = 200_000
    path = tmp_path / "long.csv"
    path.write_text("t,x,y,p\n" + "".join(f"{9 * i},303,239,{true}\n" for i in range(n)))
    read_recording(path)  # compiled and loaded
    tracemalloc.start()
    events = read_recording(path).events
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(events) == n
    # Room that is never written to is counted here, and is no memory: 1.8 times the lines.
    assert peak < 3 * 13 * n + 20e6 * (true == "True")


def test_a_window_of_a_table_is_what_lies_in_it(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(PLAIN)
    recording = read_recording(path, window_us=(100, 200))
    assert recording.events.t.tolist() == list(range(100, 200, 10))
    with pytest.raises(EventFileError, match=r"no event lies 10 to 11 ms after .* 3.99 ms long"):
        read_recording(path, window_us=(10_000, 11_000))


def test_a_table_named_bin_is_a_table(tmp_path):
    assert len(read_recording(PLAIN.encode(), name="a.bin").events) == 400
