"""Worker processes that are killed and replaced."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

from tests.support.claim_log import forget_workers, url_of_worker

ROOT = Path(__file__).parents[2]
STOP_SECONDS = 60


class WorkerCrew:
    """Each has a name, which is also its role in the database, in the order of their coming; `killed` tells when."""

    def __init__(
        self, url: str, redis_url: str, folder: Path, *, threads: int = 16, log_level: str = "WARNING"
    ) -> None:
        self._url = url
        self._environment = os.environ | {"REDIS_URL": redis_url, "DATA_DIR": str(folder), "LOG_LEVEL": log_level}
        self._folder = folder
        self._threads = threads
        self.members: dict[str, subprocess.Popen[bytes]] = {}
        self.killed: dict[str, float] = {}

    def start_one(self) -> str:
        name = f"worker_{uuid4().hex[:8]}"
        environment = self._environment | {"DATABASE_URL": asyncio.run(url_of_worker(self._url, name))}
        command = [sys.executable, "-m", "tests.support.effects_worker", str(self._threads)]
        with (self._folder / f"{name}.log").open("ab") as log:
            self.members[name] = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        return name

    def kill_one(self, chance: random.Random) -> None:
        """`kill -9` of any but the one that came last, which may have nothing in hand yet; another comes at once."""
        name = chance.choice(list(self.members)[:-1] or list(self.members))
        self.kill(name)
        self.start_one()

    def kill(self, name: str) -> None:
        member = self.members.pop(name)
        self.killed[name] = time.time()
        member.kill()
        member.wait()

    def freeze(self, name: str) -> None:
        self.members[name].send_signal(signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        self.members[name].send_signal(signal.SIGCONT)

    def stop(self) -> None:
        for member in self.members.values():
            member.send_signal(signal.SIGCONT)
            member.terminate()
        for member in self.members.values():
            try:
                member.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                member.kill()
                member.wait()
        asyncio.run(forget_workers(self._url, [*self.members, *self.killed]))

    def log_of(self, name: str) -> str:
        return (self._folder / f"{name}.log").read_text(errors="replace")
