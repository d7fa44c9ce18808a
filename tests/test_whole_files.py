"""Files that are there whole or not at all."""

import pytest

from masnn.whole_files import written


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
