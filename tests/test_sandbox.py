"""The child process that decodes strangers' files: whatever happens to it, here it is one line."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from app.state import EXAMPLES
from masnn.errors import EventFileError
from masnn.readers import read_events, read_recording, sandbox

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
    monkeypatch.setattr(sandbox, "WALL_S", 0.001)
    with pytest.raises(EventFileError, match="took more than"):
        read_events(NATIVE)


@linux
def test_a_child_that_is_killed_is_explained_and_the_next_file_is_read(monkeypatch):
    class Killed(sandbox.Child):
        def decode(self, content):
            self._process.kill()
            return super().decode(content)

    with monkeypatch.context() as patch:
        patch.setattr(sandbox, "Child", Killed)
        with pytest.raises(EventFileError, match=r"the decoder (gave up|could not be given)"):
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


@linux
def test_the_childs_memory_is_bounded():
    """A file that would take far more than its share gives up, and says so."""
    code = (
        "from masnn.readers import _child\n"
        "import numpy as np\n"
        "_child.limit(1000)\n"
        "np.ones(4 << 30, np.uint8)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "MemoryError" in done.stderr


def test_what_the_child_leaves_is_not_trusted(child):
    folder = child.folder
    told = {"format": "x", "warnings": [], "size": [34, 34]}
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
        (good | {"p": np.zeros(2, np.int64)}, {}),
        (good | {"x": np.zeros(3)}, {}),
        (good | {"x": np.array([print, 1, 2], dtype=object)}, {}),
        (good, {"size": "large"}),
        (good, {"size": [34]}),
        (good, {"warnings": 7}),
    ):
        left(columns, **changed)
        with pytest.raises(sandbox.Malformed, match="answer cannot be read"):
            child._result()
    left(good)
    header = (folder / "x.npy").read_bytes()
    (folder / "x.npy").write_bytes(header.replace(b"(3,)", b"(3000000000,)")[: len(header)])
    with pytest.raises(sandbox.Malformed, match="answer cannot be read"):
        child._result()


def test_no_folder_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    read_recording(DIGIT, untrusted=True)
    with pytest.raises(EventFileError):
        read_recording(b"nothing at all", untrusted=True)
    assert not list(tmp_path.iterdir())


def test_a_warm_child_stands_ready_and_ends_with_its_parent(tmp_path):
    code = f"""
import time
from masnn.readers import read_recording, sandbox
sandbox.keep_warm(); sandbox.keep_warm()
for _ in range(2):
    first, = sandbox._ready
    read_recording({str(DIGIT)!r}, untrusted=True)
    second, = sandbox._ready
    assert first is not second and second.is_there() and not first.is_there()
print(second._process.pid, second.folder, flush=True)
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    pid, folder = done.stdout.split()
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
        time.sleep(1.5)  # it is ready by then, and waits
        parent.kill()
    for _ in range(100):
        if not Path(folder).exists() and not Path(f"/proc/{pid}").exists():
            break
        time.sleep(0.1)
    assert not Path(folder).exists()
