"""Two processes over one cache, what befalls them and Redis, and whether anybody saw what he must not see."""

import random
import signal
import subprocess
import sys
import time
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from infrastructure.job_queue.postgres_wake_ups import APPLICATION_NAME
from tests.support import databases
from tests.support.cache_witness import Event, Plan
from tests.support.faulty_proxy import FaultyProxy
from tests.support.servers import RedisProcess

PROMISED_SECONDS = 0.1
# Of writes and of reads: fewer prove nothing.
ENOUGH = 100
PATIENCE_SECONDS = 120


@dataclass(slots=True)
class Verdict:
    """What was seen too late, in words; how much was seen at all; and how late plain reads were at most, without the
    time that the reader's process stood still."""

    violations: list[str] = field(default_factory=list[str])
    counts: Counter[str] = field(default_factory=Counter[str])
    latest_seconds: float = 0.0


class Acknowledged:
    """The versions of one key by when they were acknowledged."""

    def __init__(self, writes: Iterable[Event]) -> None:
        ordered = sorted(writes, key=lambda write: write.ended)
        self._ended = [write.ended for write in ordered]
        self._highest: list[int] = []
        for write in ordered:
            self._highest.append(max(write.version, self._highest[-1] if self._highest else 0))

    def version_at(self, instant: float) -> int:
        at = bisect_right(self._ended, instant)
        return self._highest[at - 1] if at else 0

    def since(self, version: int) -> float:
        """When something newer was acknowledged first."""
        return self._ended[bisect_right(self._highest, version)]


class Stalls:
    """When the machine let a process stand still. What it has at hand it answers before it looks at its sockets, so it
    meets a little later what was announced meanwhile: the time that it stood still does not count."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._of: defaultdict[str, list[Event]] = defaultdict(list)
        for event in events:
            if event.kind == "stall":
                self._of[event.process].append(event)

    def seconds(self, process: str, since: float, until: float) -> float:
        overlaps = (min(stall.ended, until) - max(stall.began, since) for stall in self._of[process])
        return sum(overlap for overlap in overlaps if overlap > 0)


def judge(events: Iterable[Event], final: dict[int, int]) -> Verdict:
    events, verdict = list(events), Verdict()
    writes: defaultdict[int, list[Event]] = defaultdict(list)
    for event in events:
        verdict.counts[event.kind] += 1
        if event.kind == "write":
            writes[event.key].append(event)
    everybodys = {key: Acknowledged(of_key) for key, of_key in writes.items()}
    own = {
        (key, name): Acknowledged(write for write in of_key if write.process == name)
        for key, of_key in writes.items()
        for name in {write.process for write in of_key}
    }
    stalls = Stalls(events)
    for read in events:
        if read.kind in ("write", "stall", "ended") or read.key not in everybodys:
            continue
        acknowledged = everybodys[read.key]
        if read.kind == "last":
            needed = final[read.key]
        elif read.kind == "fresh":
            needed = acknowledged.version_at(read.began)
        else:
            needed = 0
            if read.version < acknowledged.version_at(read.began):
                since = acknowledged.since(read.version)
                late = read.began - since - stalls.seconds(read.process, since, read.began)
                verdict.latest_seconds = max(verdict.latest_seconds, late)
                needed = read.version + (late > PROMISED_SECONDS)
                verdict.counts["excused"] += late <= PROMISED_SECONDS < read.began - since
            if (read.key, read.process) in own:
                needed = max(needed, own[read.key, read.process].version_at(read.began))
        if read.version < needed:
            late = read.began - acknowledged.since(read.version) if read.kind != "last" else 0
            verdict.violations.append(f"{read}: needed {needed}, {late * 1000:.0f} ms late")
    return verdict


@dataclass(slots=True, kw_only=True)
class Storm:
    """For `seconds`, and until they have seen enough, two witnesses work while Redis is killed, frozen, emptied and
    restarted, listeners lose their connections, and witnesses are killed and replaced. One of the two asks Redis
    through `proxy` and is cut off from it while the other is not. The seed decides when; each of these happens, however
    short the time."""

    folder: Path
    database_url: str
    redis: RedisProcess | None
    redis_url: str | None
    proxy: FaultyProxy | None = None
    seconds: float
    seed: int = 1
    witness_database_url: str | None = None
    may_listen: bool = True
    may_die: bool = True
    happened: Counter[str] = field(default_factory=Counter[str])
    _to_come: list[str] = field(default_factory=list[str])
    _started: int = 0
    _witnesses: list[tuple[Path, subprocess.Popen[bytes]]] = field(
        default_factory=list[tuple[Path, subprocess.Popen[bytes]]]
    )

    def run(self) -> Verdict:
        chance = random.Random(self.seed)
        try:
            for name in ("one", "other"):
                self._start(name)
            self._await_witnesses()
            until = time.monotonic() + self.seconds
            while time.monotonic() < until or self._to_come or not self._have_seen_enough():
                assert time.monotonic() < until + PATIENCE_SECONDS, self._errors()
                self._befall(chance)
                time.sleep(chance.uniform(0.1, 0.7))
            self._await_witnesses()
            self._end_witnesses()
        finally:
            for _, witness in self._witnesses:
                witness.kill()
                witness.wait(PATIENCE_SECONDS)
        final = {row["key"]: row["version"] for row in databases.rows(self.database_url, "SELECT * FROM versions")}
        return judge(self._events(), final)

    def _have_seen_enough(self) -> bool:
        counts = Counter(event.kind for event in self._events())
        return min(counts[kind] for kind in ("write", "plain", "fresh")) > ENOUGH

    def _befall(self, chance: random.Random) -> None:
        fault = self._next_fault(chance)
        self.happened[fault] += 1
        match fault:
            case "killed":
                self._redis.stop()
                time.sleep(chance.uniform(0.2, 1))
                self._redis.start()
            case "frozen":
                self._redis.pause()
                time.sleep(chance.uniform(0.05, 1))
                self._redis.resume()
            case "emptied":
                self._redis.flush()
            case "restarted":
                self._redis.stop()
                self._redis.start()
            case "cut off" | "hung" if self.proxy is not None:
                self.proxy.refuse() if fault == "cut off" else self.proxy.hang()
                time.sleep(chance.uniform(0.3, 1.2))
                self.proxy.forward()
            case "deaf":
                self._deafen()
            case _:
                self._await_witnesses()
                _, witness = self._witnesses.pop(0)
                witness.kill()
                witness.wait(PATIENCE_SECONDS)
                self._start(f"after {self.happened[fault]} deaths")

    def _deafen(self) -> None:
        """Whoever listens loses the connection; at least one does."""
        until = time.monotonic() + PATIENCE_SECONDS
        lost = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE application_name = '{APPLICATION_NAME}' AND datname = current_database()"
        )
        while not databases.rows(self.database_url, lost):
            assert time.monotonic() < until, self._errors()
            time.sleep(0.02)

    def _next_fault(self, chance: random.Random) -> str:
        """All of them in some order, then again in another."""
        if not self._to_come:
            faults = ["deaf"] if self.may_listen else []
            faults += ["killed", "frozen", "emptied", "restarted"] if self.redis else []
            faults += ["cut off", "hung"] if self.proxy is not None else []
            faults += ["died"] if self.may_die else []
            self._to_come = chance.sample(faults, len(faults))
        return self._to_come.pop()

    @property
    def _redis(self) -> RedisProcess:
        assert self.redis is not None
        return self.redis

    def _start(self, name: str) -> None:
        self._started += 1
        is_proxied = self._started % 2 == 1
        plan = Plan(
            name=name,
            database_url=self.witness_database_url or self.database_url,
            redis_url=f"redis://127.0.0.1:{self.proxy.port}/0" if is_proxied and self.proxy else self.redis_url,
            log=str(self.folder / f"{name}.events"),
            seed=self.seed + self._started,
            may_listen=self.may_listen,
        )
        with (self.folder / "witnesses.log").open("ab") as log:
            witness = subprocess.Popen(
                [sys.executable, "-m", "tests.support.cache_witness"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=Path(__file__).parents[2],
            )
        assert witness.stdin is not None
        with witness.stdin as stdin:
            stdin.write(msgspec.json.encode(plan))
        self._witnesses.append((Path(plan.log), witness))

    def _await_witnesses(self) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while not all(_has_begun(log) for log, _ in self._witnesses):
            assert time.monotonic() < until, self._errors()
            time.sleep(0.02)

    def _end_witnesses(self) -> None:
        """What they read last is true once none of them writes any more."""
        for _, witness in self._witnesses:
            witness.terminate()
        until = time.monotonic() + PATIENCE_SECONDS
        while not all(b'["ended",' in log.read_bytes() for log, _ in self._witnesses):
            assert time.monotonic() < until, self._errors()
            time.sleep(0.02)
        for _, witness in self._witnesses:
            witness.send_signal(signal.SIGUSR1)
        for _, witness in self._witnesses:
            assert witness.wait(PATIENCE_SECONDS) == 0, self._errors()

    def _errors(self) -> str:
        return (self.folder / "witnesses.log").read_text(errors="replace")[-4000:]

    def _events(self) -> list[Event]:
        """The last line of a process that was killed may be half written."""
        lines = [line for path in self.folder.glob("*.events") for line in path.read_bytes().split(b"\n")[:-1]]
        return [msgspec.json.decode(line, type=Event) for line in lines]


def _has_begun(log: Path) -> bool:
    return log.exists() and log.stat().st_size > 0
