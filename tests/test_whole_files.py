"""Files that are there whole or not at all."""

import subprocess
import sys

import pytest

from masnn.whole_files import held, written


def test_a_file_takes_its_place_when_it_is_whole(tmp_path):
    path = tmp_path / "new" / "a.bin"
    with written(path) as beside:
        beside.write_bytes(b"half")
        assert not path.exists()
    assert path.read_bytes() == b"half" and list(path.parent.iterdir()) == [path]
    with pytest.raises(OSError, match="full"), written(path) as beside:
        beside.write_bytes(b"other")
        raise OSError("full")
    assert path.read_bytes() == b"half" and list(path.parent.iterdir()) == [path]


def test_processes_that_write_the_same_file_do_not_meet(tmp_path, monkeypatch):
    path = tmp_path / "a.bin"
    with written(path) as one:
        one.write_bytes(b"one")
        monkeypatch.setattr("os.getpid", lambda: 1)
        with written(path) as two:
            two.write_bytes(b"two")
        assert path.read_bytes() == b"two"
    assert path.read_bytes() == b"one"


def test_a_path_is_held_by_one_at_a_time(tmp_path):
    path = tmp_path / "new" / "a.pt"
    with held(path) as mine:
        assert mine and not path.exists()
        with held(path) as other:
            assert not other
        with held(path.with_name("b.pt")) as free:
            assert free
        with held(path) as other:
            assert not other, "whoever is turned away takes nothing away"
    with held(path) as again:
        assert again
    assert list(path.parent.iterdir()) == []


def test_what_a_killed_process_held_is_free(tmp_path):
    code = "import os, sys; from pathlib import Path; from masnn.whole_files import held\n"
    code += "with held(Path(sys.argv[1])) as mine:\n    print(mine, flush=True)\n    os._exit(9)"
    path = tmp_path / "a.pt"
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True)
    assert done.stdout == "True\n" and (tmp_path / "a.pt.lock").exists()
    with held(path) as mine:
        assert mine
