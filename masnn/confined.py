"""A child process for what strangers give us: limits, a folder of its own, a bare environment.

What it decodes with may crash, hang or ask for all the memory there is: here that is an exit
status. The child speaks no network and inherits nothing that is secret; what it started ends with
it.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

#: Exit status of a child that understood its input and says why it is refused.
REFUSED = 3

#: So much of what a child says is read.
_MAX_TOLD = 1 << 22


class Child:
    """A process that is ready, or getting ready, to be given one file.

    Args:
        module: What to run; it is given the folder's path and the options, and a line on standard
            input once the file lies there.
        options: More of its command line.
    """

    def __init__(self, module: str, *options: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="masnn-", ignore_cleanup_errors=True)
        self.folder = Path(self._folder.name)
        environment = {
            "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
            "TMPDIR": self._folder.name,
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "MALLOC_ARENA_MAX": "1",  # arenas of threads reserve address space that is bounded
        }
        # Windows starts no process without the one; elsewhere the name is unknown. The other is
        # where the operator keeps HDF5's filters.
        for name in ("SYSTEMROOT", "HDF5_PLUGIN_PATH"):
            if name in os.environ:
                environment[name] = os.environ[name]
        # What it says goes to a file, whose size the system bounds, and not into our memory.
        with (self.folder / "said").open("wb") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, self._folder.name, *options],
                cwd=self._folder.name,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # a group of its own, to be ended as one
            )

    def give(
        self, name: str, content: bytes | Path, wall_s: float, line: bytes = b"begin\n"
    ) -> int:
        """Lay a file into the folder, wait for the child to end, and return its exit status.

        Args:
            name: What to call the file there.
            content: Its bytes, or the file to be copied.
            wall_s: So long it may take.
            line: What the child is told once the file lies there.

        Raises:
            subprocess.TimeoutExpired: If it took longer than `wall_s` seconds; it is ended then.
            OSError: If it could not be given the file.
        """
        try:
            if isinstance(content, Path):
                shutil.copyfile(content, self.folder / name)
            else:
                (self.folder / name).write_bytes(content)
            assert self._process.stdin is not None
            with contextlib.suppress(BrokenPipeError):  # it has ended: its status says how
                self._process.stdin.write(line)
                self._process.stdin.close()
            self._wait(wall_s)
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
        """Return the beginning of a text file that it left.

        Raises:
            ValueError: If that is no regular file.
            OSError: If it is not there.
        """
        with self.left(name).open("rb") as file:
            return file.read(_MAX_TOLD).decode(errors="replace")

    def left(self, name: str) -> Path:
        """Return the path of a file that it left; a link leads elsewhere, a pipe to no end.

        Raises:
            ValueError: If it is no regular file.
            OSError: If it is not there.
        """
        path = self.folder / name
        if not stat.S_ISREG(path.lstat().st_mode):
            raise ValueError(f"{name} is no file")
        return path

    def _wait(self, seconds: float) -> None:
        """Wait for its end; `Popen.wait` alone looks but every 50 ms."""
        end = time.monotonic() + seconds
        with contextlib.suppress(AttributeError, OSError):  # Linux alone has it
            handle = os.pidfd_open(self._process.pid)
            try:
                ended = select.poll()
                ended.register(handle, select.POLLIN)
                ended.poll(seconds * 1000)
            finally:
                os.close(handle)
        self._process.wait(max(0.0, end - time.monotonic()))

    def _stop(self) -> None:
        # Its group, for what it may have started; that has the child's number while any of it runs.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        # Leaving closes its standard input; what it was to be told may be in there still.
        with contextlib.suppress(BrokenPipeError), self._process:
            pass


def limit(memory_bytes: int, cpu_s: int) -> None:
    """Bound this process's address space, files and time, where the system can.

    Args:
        memory_bytes: Address space beyond what it has reserved so far; size of a file it writes.
        cpu_s: Processor time beyond what it has taken so far.
    """
    try:
        import resource
    except ImportError:  # Windows: the parent's wall time is what is left
        return
    cpu = int(time.process_time()) + 1 + cpu_s
    for what, soft, hard in (
        (resource.RLIMIT_AS, memory_bytes + _address_space_bytes(), None),
        (resource.RLIMIT_CPU, cpu, cpu + 1),  # SIGXCPU tells the parent why, SIGKILL would not
        (resource.RLIMIT_FSIZE, memory_bytes, None),
        (resource.RLIMIT_CORE, 0, None),
    ):
        resource.setrlimit(what, (soft, soft if hard is None else hard))


def _address_space_bytes() -> int:
    """Return what this process has reserved so far; a guess where the system does not say."""
    try:
        n_pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return 1 << 29
    return n_pages * os.sysconf("SC_PAGE_SIZE")
