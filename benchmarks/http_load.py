"""Servers pinned to the first core and a load generator on the last: requests a second, closed loop."""

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.support.servers import free_port

CONNECTIONS = 32
START_SECONDS = 60.0
CORES = sorted(os.sched_getaffinity(0))


@dataclass(frozen=True, slots=True)
class Served:
    """An application, and the processor time (seconds) that its processes have taken so far."""

    address: str
    process_group: int

    def cpu_seconds(self) -> float:
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[2]) == self.process_group:
                ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Pace:
    """Answers for each second of the clock, and for each second of the server's processor time: the latter is what a
    core of its own would give, whatever else the machine is doing."""

    per_second: float
    per_cpu_second: float


def pace(served: Served, path: str, seconds: float) -> Pace:
    before, began = served.cpu_seconds(), time.monotonic()
    rate = requests_a_second(served.address + path, seconds)
    took = time.monotonic() - began
    return Pace(rate, rate * min(took, seconds) / (served.cpu_seconds() - before))


@contextmanager
def serving(name: str, environment: Mapping[str, str], log: Path) -> Iterator[Served]:
    """An application of `http_apps`, alone on the first core; its log goes to a file."""
    port = free_port()
    inherited = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    with log.open("ab") as written:
        process = subprocess.Popen(
            [*_pinned(CORES[0]), sys.executable, "-m", "benchmarks.http_apps", name, str(port)],
            env=inherited | dict(environment),
            stdout=written,
            stderr=written,
            start_new_session=True,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        _await(address, process, log)
        yield Served(address, process.pid)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def requests_a_second(url: str, seconds: float) -> float:
    """By wrk when it is there (`apt-get install wrk`), else by a client of our own, which is the slower of the two and
    flatters the slower application. Raises AssertionError when an answer is not 200."""
    if shutil.which("wrk"):
        return _by_wrk(url, seconds)
    sys.stderr.write("wrk is not installed: ratios are too small\n")
    return asyncio.run(_by_streams(url, seconds))


def _by_wrk(url: str, seconds: float) -> float:
    command = [*_pinned(CORES[-1]), "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", url]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    found = re.search(r"Requests/sec:\s+([0-9.]+)", said)
    assert found is not None, said
    assert "Non-2xx" not in said, said
    return float(found[1])


async def _by_streams(url: str, seconds: float) -> float:
    """Keep-alive connections that ask again as soon as they are answered."""
    address = httpx.URL(url)
    asked = f"GET {address.raw_path.decode()} HTTP/1.1\r\nHost: {address.host}\r\n\r\n".encode()
    ends_at, answered = time.monotonic() + seconds, 0

    async def ask() -> None:
        nonlocal answered
        reader, writer = await asyncio.open_connection(address.host, address.port)
        while time.monotonic() < ends_at:
            writer.write(asked)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            length = re.search(rb"content-length: (\d+)", head.lower())
            assert length is not None, head
            await reader.readexactly(int(length[1]))
            answered += 1
        writer.close()

    await asyncio.gather(*(ask() for _ in range(CONNECTIONS)))
    return answered / seconds


def _pinned(core: int) -> list[str]:
    return ["taskset", "-c", str(core)] if shutil.which("taskset") else []


def _await(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{address}/api/health/live").status_code < 300:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(f"{address} did not answer:\n{log.read_text(errors='replace')}")
