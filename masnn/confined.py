"""A child process for what strangers give us: limits, a folder of its own, a bare environment.

What it decodes with may crash, hang or ask for all the memory there is: here that is an exit
status. The child speaks no network and inherits nothing that is secret.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

#: Exit status of a child that understood its input and says why it is refused.
REFUSED = 3

#: So much of what a child says is read.
_MAX_TOLD = 1 << 22


class Child:
    """A process that is ready, or getting ready, to be given one file.

    Args:
        module: What to run; it is given the folder's path, and a line on standard input once the
            file lies there.
    """

    def __init__(self, module: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="masnn-", ignore_cleanup_errors=True)
        self.folder = Path(self._folder.name)
        environment = {
            "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
            "TMPDIR": self._folder.name,
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }
        # Windows starts no process without it; elsewhere the name is unknown.
        if "SYSTEMROOT" in os.environ:
            environment["SYSTEMROOT"] = os.environ["SYSTEMROOT"]
        # What it says goes to a file, whose size the system bounds, and not into our memory.
        with (self.folder / "said").open("wb") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, self._folder.name],
                cwd=self._folder.name,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=subprocess.DEVNULL,
            )

    def give(self, name: str, content: bytes, wall_s: float) -> int:
        """Lay a file into the folder, wait for the child to end, and return its exit status.

        Raises:
            subprocess.TimeoutExpired: If it took longer than `wall_s` seconds; it is ended then.
            OSError: If it could not be given the file.
        """
        try:
            (self.folder / name).write_bytes(content)
            self._process.communicate(b"begin\n", timeout=wall_s)
        finally:
            self._stop()
        return self._process.returncode

    def is_there(self) -> bool:
        """Return whether it still waits for a file."""
        return self._process.poll() is None

    def end(self) -> None:
        """End it and clear up."""
        self._stop()
        self._folder.cleanup()

    def said(self, name: str = "said") -> str:
        """Return the beginning of a text file that it left."""
        with (self.folder / name).open("rb") as file:
            return file.read(_MAX_TOLD).decode(errors="replace")

    def _stop(self) -> None:
        self._process.kill()
        # Leaving closes its standard input; what it was to be told may be in there still.
        with contextlib.suppress(BrokenPipeError), self._process:
            pass


def limit(memory_bytes: int, cpu_s: int) -> None:
    """Bound this process's address space, files and time, where the system can."""
    try:
        import resource
    except ImportError:  # Windows: the parent's wall time is what is left
        return
    for what, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_FSIZE, memory_bytes),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
