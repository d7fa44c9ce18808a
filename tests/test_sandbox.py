"""The child process that decodes strangers' files: whatever happens to it, here it is one line."""

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from app.state import EXAMPLES
from masnn.errors import EventFileError
from masnn.readers import _child, read_events, read_recording, sandbox
from masnn.readers._child import Limits, limits_of

DIGIT = EXAMPLES / "simulated_digit_7.bin"
NATIVE = b"#!AER-DAT4.0\r\n" + bytes(100)

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch):
    """Start from no child at the ready, whatever the app's tests have left in this process."""
    monkeypatch.setattr(sandbox, "_ready", [])
    monkeypatch.setattr(sandbox, "_warm", False)


@pytest.fixture
def child():
    """Start a child, and end it whatever the test did."""
    made = sandbox.Child()
    yield made
    made.end()


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("simulated_*")), ids=lambda p: p.name)
def test_a_strangers_file_is_read_as_ones_own(path):
    own, strangers = read_recording(path), read_recording(path, untrusted=True)
    for column in "txyp":
        np.testing.assert_array_equal(
            getattr(own.events, column), getattr(strangers.events, column)
        )
    for fact in ("format", "name", "sha256", "n_bytes", "warnings"):
        assert getattr(own, fact) == getattr(strangers, fact)
    assert (own.events.width, own.events.height) == (
        strangers.events.width,
        strangers.events.height,
    )


def test_a_strangers_file_is_refused_in_the_same_words(tmp_path):
    for content in (b"PK\x03\x04 not an archive", b"\x93NUMPY\x01", b"t,x\n1,2\n", b"\x89PNG"):
        said = []
        for untrusted in (False, True):
            with pytest.raises(EventFileError) as error:
                read_recording(content, name="a.npz", untrusted=untrusted)
            said.append(str(error.value))
        assert said[0] == said[1]


def test_corrupt_aedat4_ends_the_child_and_not_this_process(shared_dir):
    content = (shared_dir / "fixtures" / "davis346_events_frames_imu.aedat4").read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for trial in range(8):
        changed = bytearray(content[:200_000])
        for place in rng.integers(14, 600 if trial % 2 else 200_000, 40):
            changed[place] = int(rng.integers(256))
        try:
            read_events(bytes(changed))
        except EventFileError as error:
            refused += "AEDAT4" in str(error)
    assert refused


def test_a_child_that_hangs_is_ended_and_explained(monkeypatch):
    monkeypatch.setattr(sandbox, "START_S", 0)
    monkeypatch.setattr(sandbox, "limits_of", lambda n: Limits(1 << 30, 1, 0))
    with pytest.raises(EventFileError, match="took more than 0 s and was ended"):
        read_events(NATIVE)


@linux
def test_a_child_that_is_killed_is_explained_and_the_next_file_is_read(monkeypatch):
    class Killed(sandbox.Child):
        def decode(self, content, *rest):
            self._process.kill()
            self._process.wait()  # before it could be told anything
            return super().decode(content, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(sandbox, "Child", Killed)
        with pytest.raises(EventFileError, match=r"the decoder gave up \(SIGKILL\)"):
            read_recording(DIGIT, untrusted=True)
    assert len(read_recording(DIGIT, untrusted=True).events)


@linux
def test_the_child_inherits_no_secret(monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "x")
    made = sandbox.Child()
    try:
        place = Path(f"/proc/{made._process.pid}/environ")
        for _ in range(100):  # the system fills it in a moment after the start
            if environment := place.read_bytes():
                break
            time.sleep(0.02)
    finally:
        made.end()
    assert b"PYTHONPATH" in environment and b"SECRET_TOKEN" not in environment


def in_a_child(monkeypatch, code):
    """Let children run this in place of decoding, and return what a visitor is told."""
    hook = f"import os, sys, time, subprocess\nfrom masnn.readers import _child, _formats\n{code}\n"
    hook += "_formats.opened = opened\nstatus = _child.main()\nsys.stdout.flush()\nos._exit(status)"
    popen = subprocess.Popen

    def started(command, **how):
        return popen([command[0], "-c", hook, *command[3:]], **how)

    with monkeypatch.context() as patch:
        patch.setattr(sandbox.subprocess, "Popen", started)
        with pytest.raises(EventFileError) as error:
            read_recording(DIGIT, untrusted=True)
    assert "\n" not in str(error.value)
    return str(error.value)


@linux
@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("def opened(*_): bytearray(2 << 30)", "too large: it unpacks to more than the memory"),
        ("def opened(*_): raise OSError(27, 'File too large')", r"too large: .* .File too large."),
        ("def opened(*_): os.abort()", "the decoder gave up .SIGABRT.; the file is damaged, or"),
        (
            "def opened(*_): os.kill(os.getpid(), 24)",
            "took more than 10 s and was ended",
        ),  # SIGXCPU
        ("def opened(*_): 1 / 0", "the decoder gave up .status 1."),
    ],
)
def test_a_child_that_cannot_go_on_is_explained(monkeypatch, code, told):
    assert re.search(told, in_a_child(monkeypatch, code))


@linux
def test_what_a_child_started_ends_with_it(monkeypatch, tmp_path):
    code = (
        "def opened(*_):\n"
        "    grandchild = subprocess.Popen(['sleep', '60'])\n"
        f"    open({str(tmp_path / 'pid')!r}, 'w').write(str(grandchild.pid))\n"
        "    1 / 0"
    )
    in_a_child(monkeypatch, code)
    pid = (tmp_path / "pid").read_text()
    for _ in range(100):  # a process that has ended stays as a zombie until somebody looks
        stat = Path(f"/proc/{pid}/stat")
        if not stat.exists() or stat.read_text().rsplit(") ", 1)[1][0] == "Z":
            return
        time.sleep(0.05)
    pytest.fail("it lives on")


@linux
def test_what_a_child_may_take_is_set_for_its_file():
    code = (
        "import resource, sys\n"
        "from masnn import confined\nfrom masnn.readers import _child\n"
        "before = confined._address_space_bytes()\n"
        "_child.limit(int(sys.argv[1]))\n"
        "print(before, *(resource.getrlimit(what)[0] for what in"
        " (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_CORE)))\n"
    )
    for n_bytes, memory, cpu_s in ((1000, 800 << 20, 10), (10_000_000, 1600 << 20, 20)):
        command = [sys.executable, "-c", code, str(n_bytes)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        before, space, seconds, core = map(int, done.stdout.split())
        assert space == pytest.approx(before + memory, abs=1 << 24)
        assert cpu_s < seconds <= cpu_s + 4 and core == 0


@pytest.mark.parametrize("sample", _child._SAMPLES)
def test_what_a_waiting_child_tries_is_a_recording(sample):
    assert len(read_events(sample)) <= 2


def test_a_child_that_did_not_wait_has_the_loops_of_its_file(tmp_path, monkeypatch):
    decoded = []
    decode = _child._formats.Opened.decode
    monkeypatch.setattr(
        _child._formats.Opened,
        "decode",
        lambda self, window=None: decoded.append(self.format.name) or decode(self, window),
    )
    for content, names in (
        (_child._SAMPLES[3], ["Prophesee RAW"] * 3),
        (b"#!AER-DAT2.0\r\n" + bytes(16), ["AEDAT 2.0"]),
        (b"\x89HDF\r\n", []),
        (b"\0" * 50, []),
    ):
        decoded.clear()
        (tmp_path / "recording").write_bytes(content)
        _child._load_loops(tmp_path / "recording")
        assert decoded == names


def test_limits_grow_with_the_file_and_end():
    small, double = limits_of(4_999_999), limits_of(10_000_000)
    assert (small.cpu_s, small.wall_s) == (10, 10) and small.memory_bytes < 1_000_000_000
    assert limits_of(0) == small
    assert (double.cpu_s, double.wall_s) == (20, 20)
    assert double.memory_bytes == 2 * small.memory_bytes
    assert limits_of(1 << 40) == Limits(6 << 30, 60, 90)


def test_children_wait_for_their_turn_and_not_for_ever(monkeypatch):
    monkeypatch.setattr(sandbox, "_places", threading.BoundedSemaphore(1))
    monkeypatch.setattr(sandbox, "QUEUE_S", 0.01)
    with sandbox._places, pytest.raises(EventFileError, match=r"none was done within 0\.01 s"):
        read_recording(DIGIT, untrusted=True)
    for content in (DIGIT.read_bytes(), b"nothing at all"):  # a refusal frees its place too
        with contextlib.suppress(EventFileError):
            read_recording(content, untrusted=True)
    assert sandbox._places.acquire(blocking=False)


@linux
def test_what_the_child_leaves_must_be_files(child):
    (child.folder / "told.json").symlink_to("/etc/hostname")
    with pytest.raises(sandbox.Malformed, match=r"told\.json is no file"):
        child._result()
    (child.folder / "told.json").unlink()
    (child.folder / "told.json").write_text(json.dumps({"format": "", "warnings": [], "size": [1]}))
    os.mkfifo(child.folder / "x.npy")
    with pytest.raises(sandbox.Malformed, match=r"x\.npy is no file"):
        child._result()


def test_what_the_child_leaves_is_not_trusted(child):
    folder = child.folder
    told = {"format": "x", "warnings": [], "size": [34, 34], "time_unit": "us"}
    good = {name: np.zeros(3, np.int64) for name in "xytp"}

    def left(columns, **changed):
        for name, values in columns.items():
            np.save(folder / f"{name}.npy", values, allow_pickle=True)
        (folder / "told.json").write_text(json.dumps(told | changed))

    left(good)
    assert len(child._result().events) == 3
    for columns, changed in (
        (good | {"x": np.full(3, 99)}, {}),  # outside the sensor
        (good | {"t": np.array([3, 2, 1])}, {}),
        (good | {"t": np.array([-(1 << 62), 0, 1 << 62])}, {}),  # a difference beyond 64 bits
        (good | {"p": np.zeros(2, np.int64)}, {}),
        (good | {"x": np.zeros(3)}, {}),
        (good | {"x": np.array([print, 1, 2], dtype=object)}, {}),
        (good, {"size": "large"}),
        (good, {"size": [34]}),
        (good, {"warnings": 7}),
        (good, {"time_unit": ["s"]}),
    ):
        left(columns, **changed)
        with pytest.raises(sandbox.Malformed, match="answer cannot be read"):
            child._result()
    left(good)
    header = (folder / "x.npy").read_bytes()
    (folder / "x.npy").write_bytes(header.replace(b"(3,)", b"(3000000000,)")[: len(header)])
    with pytest.raises(sandbox.Malformed, match="answer cannot be read"):
        child._result()
    left(good)
    (folder / "told.json").write_text("[" * 100_000)
    with pytest.raises(sandbox.Malformed, match="answer cannot be read"):
        child._result()
    left(good)
    with (folder / "x.npy").open("wb") as file:
        np.savez(file, x=np.zeros(3))
    with pytest.raises(sandbox.Malformed, match="answer cannot be read"):
        child._result()


def test_of_a_stranger_fewer_events_are_accepted(monkeypatch):
    n = len(read_events(DIGIT))
    monkeypatch.setattr(sandbox, "MAX_UNTRUSTED_EVENTS", n - 1)
    with pytest.raises(EventFileError, match=f"{n:,} events are more than the {n - 1:,} accepted"):
        read_recording(DIGIT, untrusted=True)
    assert len(read_events(DIGIT)) == n


def test_what_was_decoded_counts_where_no_other_child_can_be_started(monkeypatch, caplog):
    class None_(sandbox.Child):
        def __init__(self, *, waits=False):
            if waits:
                raise OSError(12, "Cannot allocate memory")
            super().__init__()

    monkeypatch.setattr(sandbox, "Child", None_)
    monkeypatch.setattr(sandbox, "_warm", True)
    assert len(read_recording(DIGIT, untrusted=True).events)
    assert "no decoder stands ready" in caplog.text and not sandbox._ready


def test_no_folder_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    read_recording(DIGIT, untrusted=True)
    with pytest.raises(EventFileError):
        read_recording(b"nothing at all", untrusted=True)
    assert not list(tmp_path.iterdir())


def test_warm_children_stand_ready_and_end_with_their_parent():
    code = f"""
import time
from masnn.readers import read_recording, sandbox
assert not sandbox.is_warm()
sandbox.keep_warm(); sandbox.keep_warm()
while not sandbox.is_warm():
    time.sleep(0.1)
for _ in range(2):
    first, second = sandbox._ready
    read_recording({str(DIGIT)!r}, untrusted=True)
    assert sandbox._ready[0] is second and len(sandbox._ready) == 2
    assert not first.is_there() and all(child.is_there() for child in sandbox._ready)
for child in sandbox._ready:
    print(child._process.pid, child.folder, flush=True)
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    for line in done.stdout.splitlines():
        pid, folder = line.split()
        assert not Path(folder).exists()
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)


@linux
def test_a_child_whose_parent_is_killed_ends_and_clears_up():
    code = """
import time
from masnn.readers import sandbox
sandbox.keep_warm()
print(sandbox._ready[0]._process.pid, sandbox._ready[0].folder, flush=True)
time.sleep(60)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as parent:
        pid, folder = parent.stdout.readline().split()
        for _ in range(200):  # until it is ready, and waits
            if Path(folder, "ready").exists():
                break
            time.sleep(0.1)
        parent.kill()
    for _ in range(100):
        if not Path(folder).exists() and not Path(f"/proc/{pid}").exists():
            break
        time.sleep(0.1)
    assert not Path(folder).exists()
