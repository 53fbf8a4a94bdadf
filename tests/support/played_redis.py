"""Redis as a shared breaker sees it, played by the test."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from infrastructure.resilience.breaker_scripts import CLAIM, COUNT, MOVE, READ, RELEASE

_NAMES = {CLAIM: "claim", COUNT: "count", MOVE: "move", READ: "read", RELEASE: "release"}
_FRESH = {"state": "closed", "until": 0, "since": 0, "failures": 0, "successes": 0, "reopened": 0, "reason": ""}

UNKNOWN: Mapping[str, str] = {"now": "0", "busy": "0"}


def told(version: int, **fields: int | str) -> Mapping[str, str]:
    """A breaker as Redis tells it: closed and without blemish but for `fields`. Its clock stands at 0."""
    return {**UNKNOWN, "version": str(version), **{name: str(value) for name, value in {**_FRESH, **fields}.items()}}


@dataclass
class PlayedRedis:
    """Remembers what it was asked and answers with `says`, at once or, with a `pace`, when that is set.

    Who reads finds `finds`, or the same. Offline everybody knows that it is away; lost, it is away and whoever asks
    finds out.
    """

    says: Mapping[str, str] = field(default_factory=lambda: told(7))
    finds: Mapping[str, str] | None = None
    agrees: bool = True
    is_online: bool = True
    is_lost: bool = False
    pace: asyncio.Event | None = None
    asked: list[tuple[str | int, ...]] = field(default_factory=list)
    in_vain: int = 0

    async def ask(
        self, script: str, name: str, known: str, *arguments: str | int
    ) -> tuple[bool, Mapping[str, str]] | None:
        if self.is_lost or not self.is_online:
            self.in_vain += 1
            return None
        self.asked.append((_NAMES[script], name, known, *arguments))
        says = self.says if script != READ or self.finds is None else self.finds
        if self.pace is not None:
            await self.pace.wait()
        return self.agrees, says
