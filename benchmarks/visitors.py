"""Let visitors come to the running app, one and many: python -m benchmarks.visitors.

Starts the server as `make run` does and speaks to it as a browser does, over its websocket, without
the cost of a browser. First one visitor opens every view: time until the script is done, and bytes
that travel. Then so many visitors open the app at the same moment, each with a recording and a view
of their own, and again when all is known. Memory is the server's resident set: before, with all of
them there, and after they left. The ratio of many to one in a single run is what to quote.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from itertools import product
from pathlib import Path
from urllib.parse import urlencode

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from app.state import examples

ROOT = Path(__file__).resolve().parents[1]
VIEWS = ("Where", "What", "When", "How much", "Gate by gate", "One neuron")
#: Streamlit keeps a session for a reconnection, at most two minutes.
FORGOTTEN_S = 150
_LARGEST = 1 << 28


@contextmanager
def serving() -> Iterator[tuple[str, int]]:
    """Start the app; give its host and port, and the server's process number."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app/main.py", "--server.port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as server:
        try:
            for _ in range(240):
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2)
                    break
                except OSError:
                    time.sleep(0.25)
            yield f"127.0.0.1:{port}", server.pid
        finally:
            server.terminate()


def resident_mb(process: int) -> float:
    """Return the memory that a process holds in MB (Linux), pages of files left out."""
    status = Path(f"/proc/{process}/status").read_text()
    found = re.search(r"RssAnon:\s+(\d+) kB", status)
    return int(found[1]) / 1000 if found else float("nan")


class Visitor:
    """Speak to the app as a browser does; one session.

    Args:
        connection: A websocket to the app.
    """

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._page = ""

    async def see(self, **address: str) -> tuple[float, int]:
        """Open an address; return ms until the script is done, and the bytes received."""
        asked = BackMsg()
        asked.rerun_script.query_string = urlencode(address)
        asked.rerun_script.page_script_hash = self._page
        asked.rerun_script.is_history_navigation = True
        start, size = time.perf_counter(), 0
        await self._connection.send(asked.SerializeToString())
        while True:
            content = await asyncio.wait_for(self._connection.recv(), 300)
            size += len(content)
            told = ForwardMsg.FromString(bytes(content))
            kind = told.WhichOneof("type")
            if kind == "navigation":
                self._page = told.navigation.page_script_hash
            elif kind == "delta" and told.delta.new_element.HasField("exception"):
                raise RuntimeError(told.delta.new_element.exception.message)
            elif kind == "script_finished":
                if told.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                    return (time.perf_counter() - start) * 1000, size


@asynccontextmanager
async def visiting(host: str) -> AsyncIterator[Visitor]:
    """Give a visitor who leaves at the end."""
    async with connect(
        f"ws://{host}/_stcore/stream",
        subprotocols=[Subprotocol("streamlit")],
        origin=Origin(f"http://{host}"),
        max_size=_LARGEST,
    ) as connection:
        yield Visitor(connection)


async def alone(host: str, runs: int) -> float:
    """Print what each view costs a single visitor; return the median of a first page in ms."""
    print("view                ms   kB received")
    async with visiting(host) as one:
        for view in VIEWS:
            await one.see(view=view)
            seen = [await one.see(view=view) for _ in range(runs)]
            took, size = (statistics.median(values) for values in zip(*seen, strict=True))
            print(f"{view:14} {took:7.0f} {size / 1e3:13.0f}")
    first = []
    for _ in range(runs):
        async with visiting(host) as one:
            first.append(await one.see())
    took, size = (statistics.median(values) for values in zip(*first, strict=True))
    print(f"{'a new visitor':14} {took:7.0f} {size / 1e3:13.0f}")
    return took


async def together(host: str, server: int, visitors: int, one: float) -> None:
    """Print how long many visitors wait who come at the same moment, and what they hold."""
    # Every recording before any view again: as little as possible is shared.
    wanted = [
        {"gestures": name, "view": view} for view, name in product(VIEWS, examples("Gestures"))
    ][:visitors]
    before = resident_mb(server)
    print(f"\n{len(wanted)} visitors at once   median ms   last ms   of one alone   server MB")
    async with AsyncExitStack() as stack:
        all_of_them = [await stack.enter_async_context(visiting(host)) for _ in wanted]
        for what in ("nothing known", "all known"):
            pairs = zip(all_of_them, wanted, strict=True)
            seen = await asyncio.gather(*(each.see(**address) for each, address in pairs))
            times = [took for took, _ in seen]
            middle = statistics.median(times)
            print(
                f"{what:21} {middle:9.0f} {max(times):9.0f} {middle / one:13.1f}x"
                f" {resident_mb(server):11.0f}"
            )
    await asyncio.sleep(FORGOTTEN_S)
    print(f"server before: {before:.0f} MB; {FORGOTTEN_S} s after: {resident_mb(server):.0f} MB")


def main() -> None:
    """Run both parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visitors", type=int, default=20)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    os.chdir(ROOT)

    async def run() -> None:
        with serving() as (host, server):
            one = await alone(host, options.runs)
            await together(host, server, options.visitors, one)

    asyncio.run(run())


if __name__ == "__main__":
    main()
