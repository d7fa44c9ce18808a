"""Decode with native code in a child process with limits: its crash is one line for the visitor.

The child gets the file, an empty folder of its own and a bare environment; what it hands back is
plain arrays, read without unpickling and validated again by the parent. `python -m
masnn.readers.sandbox IN OUT` is the child's side.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from masnn.readers._raw import MAX_EVENTS, Malformed, Raw

MEMORY_BYTES = 4 << 30
CPU_S = 60
WALL_S = 90

#: Exit status of a child that understood its input and says why it cannot be decoded.
_REFUSED = 3


def decode(content: bytes, suffix: str) -> Raw:
    """Decode a file with faery in a child process.

    Args:
        content: The whole file.
        suffix: File name ending that names the format to faery, such as ".aedat4".

    Raises:
        Malformed: If the file cannot be decoded, or the child dies, hangs or grows beyond its
            limits.
    """
    with tempfile.TemporaryDirectory(prefix="masnn-") as folder:
        source, target = Path(folder, f"recording{suffix}"), Path(folder, "events.npz")
        source.write_bytes(content)
        command = [sys.executable, "-m", __name__, str(source), str(target)]
        environment = {
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
            "TMPDIR": folder,
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }
        # Windows starts no process without it; elsewhere the name is unknown.
        if "SYSTEMROOT" in os.environ:
            environment["SYSTEMROOT"] = os.environ["SYSTEMROOT"]
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=WALL_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Malformed(
                f"decoding took more than {WALL_S} s and was ended; the file is damaged or too long"
            ) from None
        if done.returncode == _REFUSED:
            raise Malformed(done.stdout.decode(errors="replace").strip()[:300])
        if done.returncode != 0 or not target.is_file():
            raise Malformed(
                f"the decoder gave up (status {done.returncode}); the file is damaged, or larger "
                "than the decoder's memory"
            )
        with np.load(target, allow_pickle=False) as arrays:
            x, y, t, p, size = (arrays[name] for name in ("x", "y", "t", "p", "size"))
    return Raw(x, y, t, p, int(size[0]), int(size[1]))


def _limit() -> None:
    """Bound this process's memory, time and files, where the system can."""
    try:
        import resource
    except ImportError:  # Windows: the parent's wall time is what is left
        return
    for what, limit in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_S),
        (resource.RLIMIT_FSIZE, MEMORY_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (limit, limit))


def _decode_aedat4(source: Path) -> Raw:
    """Decode the event track of an AEDAT4 file; frames, IMU samples and triggers are left out."""
    import faery

    decoder = faery.aedat.Decoder(source)
    tracks = [track for track in decoder.tracks() if track.data_type == "events"]
    if len(tracks) != 1:
        raise Malformed(f"expected one track of events, found {len(tracks)}")
    packets = []
    n_events = 0
    for track, packet in decoder:
        if track.id == tracks[0].id:
            packets.append(packet)
            n_events += len(packet)
            if n_events > MAX_EVENTS:
                raise Malformed(f"more than the {MAX_EVENTS:,} events accepted; cut it")
    width, height = tracks[0].dimensions
    fields = {"x": np.uint16, "y": np.uint16, "t": np.int64, "on": np.uint8}
    columns = [
        np.concatenate([packet[name].astype(dtype) for packet in packets] or [np.empty(0, dtype)])
        for name, dtype in fields.items()
    ]
    x, y, t, p = columns
    return Raw(x, y, t, p, width, height)


def main() -> int:
    """Decode argv[1] into argv[2]; return 0, or `_REFUSED` with the reason on standard output."""
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    _limit()
    try:
        raw = _decode_aedat4(source)
    except BaseException as error:  # faery's panics are BaseExceptions
        print(str(error) or type(error).__name__)
        return _REFUSED
    size = np.array([raw.width, raw.height])
    np.savez(target, x=raw.x, y=raw.y, t=raw.t, p=raw.p, size=size)
    return 0


if __name__ == "__main__":
    sys.exit(main())
