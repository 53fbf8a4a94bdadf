"""How fast the API starts, and how much memory it holds after a minute of load.

One `tailtribe serve` in its embedded shape (SQLite, in-memory cache, worker inside) over the demo data, driven from
this process with a mixture of reads, searches, quotes and bookings. Prints

- start to first healthy answer, in seconds, of five starts: minimum, median, maximum;
- requests a second and the share that failed, over the minute of load;
- resident memory of the API in MiB after it: the server process, and its supervisor beside it.

Usage: `python -m benchmarks.start_and_memory [seconds of load, default 60]`.
"""

import asyncio
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil

STARTS = 5
CLIENTS = 16
LOAD_SECONDS = 60.0
OWNER = ("owner@demo.tailtribe.example", "demo demo demo demo")
TAILTRIBE = [sys.executable, "-c", "from interfaces.bootstrap.cli import main; main()"]
MEBIBYTE = 1024 * 1024


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else LOAD_SECONDS
    with tempfile.TemporaryDirectory(prefix="tailtribe-bench-") as folder:
        environment = _environment(Path(folder))
        for command in ("migrate", "demo"):
            subprocess.run([*TAILTRIBE, command], env=environment, check=True, stdout=subprocess.DEVNULL)
        starts = [_time_one_start(environment) for _ in range(STARTS)]
        print("start to first healthy answer, s: " + _spread(starts))
        _load(environment, seconds)


def _environment(folder: Path) -> dict[str, str]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    limits = {f"RATE_LIMIT_{name}_PER_MINUTE": "0" for name in ("API", "AUTH", "PUBLIC")}
    return {"PATH": os.environ["PATH"], "DATA_DIR": str(folder), "PORT": str(port), "LOG_LEVEL": "WARNING"} | limits


def _time_one_start(environment: dict[str, str]) -> float:
    process, seconds = _start(environment)
    _stop(process)
    return seconds


def _start(environment: dict[str, str]) -> tuple[subprocess.Popen[bytes], float]:
    started = time.perf_counter()
    process = subprocess.Popen([*TAILTRIBE, "serve"], env=environment, stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{environment['PORT']}/api/health"
    while True:
        try:
            if httpx.get(url).json()["status"] == "healthy":
                return process, time.perf_counter() - started
        except httpx.TransportError:
            time.sleep(0.01)
        if time.perf_counter() - started > LOAD_SECONDS:
            raise SystemExit("the API did not become healthy within a minute")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    process.wait(30)


def _load(environment: dict[str, str], seconds: float) -> None:
    process, _ = _start(environment)
    try:
        statuses = asyncio.run(_drive(f"http://127.0.0.1:{environment['PORT']}", seconds))
        supervisor = psutil.Process(process.pid)
        servers = [child for child in supervisor.children(recursive=True) if child.memory_info().rss > 40 * MEBIBYTE]
        memory = [round(server.memory_info().rss / MEBIBYTE, 1) for server in servers]
        print(f"load: {sum(statuses.values()) / seconds:.0f} requests/s for {seconds:.0f} s, statuses {dict(statuses)}")
        print(
            f"resident memory after it, MiB: server {memory}, supervisor {supervisor.memory_info().rss / MEBIBYTE:.1f}"
        )
    finally:
        _stop(process)


async def _drive(base: str, seconds: float) -> Counter[int]:
    statuses: Counter[int] = Counter()
    deadline = time.monotonic() + seconds
    async with httpx.AsyncClient(base_url=base, timeout=30) as client:
        tokens = (await client.post("/api/auth/login", json={"email": OWNER[0], "password": OWNER[1]})).json()
        client.headers["authorization"] = f"Bearer {tokens['accessToken']}"
        pets = [pet["id"] for pet in (await client.get("/api/pets")).json()["items"]]
        people = (await client.get("/api/caregivers", params={"limit": 50})).json()["items"]
        users = [_user(client, random.Random(at), people, pets, deadline, statuses) for at in range(CLIENTS)]
        await asyncio.gather(*users)
    return statuses


async def _user(
    client: httpx.AsyncClient,
    chance: random.Random,
    people: list[dict[str, Any]],
    pets: list[str],
    deadline: float,
    statuses: Counter[int],
) -> None:
    while time.monotonic() < deadline:
        answer = await _one_request(client, chance, chance.choice(people), pets)
        statuses[answer.status_code] += 1


async def _one_request(
    client: httpx.AsyncClient, chance: random.Random, person: dict[str, Any], pets: list[str]
) -> httpx.Response:
    what = chance.random()
    if what < 0.4:
        place = chance.choice(["Gent", "Antwerpen", "Brussel", "Utrecht", "Amsterdam", "Leuven"])
        return await client.get("/api/caregivers", params={"place": place, "radiusKm": chance.randint(1, 50)})
    if what < 0.7:
        return await client.get(f"/api/caregivers/{person['id']}")
    if what < 0.85:
        return await client.get("/api/bookings")
    return await _quote_and_ask(client, chance, person, pets)


async def _quote_and_ask(
    client: httpx.AsyncClient, chance: random.Random, person: dict[str, Any], pets: list[str]
) -> httpx.Response:
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=chance.randint(48, 4000))
    body = {
        "caregiverId": person["id"],
        "service": chance.choice(person["offers"])["service"],
        "startAt": start.isoformat(),
        "endAt": (start + timedelta(hours=1)).isoformat(),
        "petIds": pets[:1],
    }
    quoted = await client.post("/api/quotes", json=body)
    if quoted.status_code != 201:
        return quoted
    contact = {"name": "Jan", "phone": "+32 470 12 34 56"}
    return await client.post("/api/bookings", json={"quoteId": quoted.json()["id"], "emergencyContact": contact})


def _spread(values: list[float]) -> str:
    return f"{min(values):.2f} / {statistics.median(values):.2f} / {max(values):.2f}"


if __name__ == "__main__":
    main()
