"""One breaker in step with its namesakes: what happens here is pushed, what is told is adopted."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from application.ports.circuit_breakers import BreakerState
from infrastructure.resilience.breaker import Breaker
from infrastructure.resilience.breaker_link import BreakerLink, BreakerPosition
from infrastructure.resilience.breaker_scripts import CLAIM, COUNT, MOVE, READ, RELEASE

OVERRULE = "*"
# How long Redis remembers a breaker that nobody uses.
KEEP_MILLISECONDS = 10 * 60 * 1000

Told: TypeAlias = Mapping[str, str]
# Runs a script for a name with the known version and more arguments; None when Redis is away.
Ask: TypeAlias = Callable[..., Awaitable[tuple[bool, Told] | None]]


@dataclass(frozen=True, slots=True, eq=False)
class _Move:
    probe: str = ""
    forced: bool = False


class SharedBreaker(BreakerLink):
    """Pushes in the order of events, one command at a time. What could not be pushed waits for `sync`."""

    def __init__(self, breaker: Breaker, ask: Ask, is_online: Callable[[], bool], *, author: str) -> None:
        self._breaker = breaker
        self._author = author
        self._ask_redis = ask
        self._is_online = is_online
        self._version = ""
        self._move: _Move | None = None
        self._failures = 0
        self._forget = False
        self._open_seconds = breaker.rule.open_seconds
        self._released: list[str] = []
        self._order = asyncio.Lock()
        self._pushing: asyncio.Task[None] | None = None

    def failed(self, open_seconds: float) -> None:
        self._failures += 1
        self._open_seconds = open_seconds
        self._push_soon()

    def recovered(self) -> None:
        self._failures, self._forget = 0, True
        self._push_soon()

    def changed(self, *, probe: str | None = None, forced: bool = False) -> None:
        overrules = forced or (self._move is not None and self._move.forced)
        self._move = _Move(probe or "", overrules)
        self._failures, self._forget = 0, False
        self._push_soon()

    async def claim(self, probe: str, seconds: float) -> bool:
        async with self._order:
            await self._push()
            answer = await self._ask(CLAIM, probe, round(seconds * 1000), KEEP_MILLISECONDS)
        if answer is None:
            return True
        granted, told = answer
        # The claim that keeps the others waiting is our own.
        self.learn({**told, "busy": "0"} if granted else told)
        return granted

    def release(self, probe: str) -> None:
        if self._is_online():
            self._released.append(probe)
            self._push_soon()

    async def sync(self) -> None:
        """After a time without Redis: the younger of the two positions holds."""
        async with self._order:
            self._released.clear()
            answer = await self._ask(READ)
            if answer is None:
                return
            told = answer[1]
            if "version" not in told:
                self._version = ""
                if self._breaker.state is not BreakerState.CLOSED:
                    self._move = self._move or _Move()
            elif self._move is not None and self._breaker.position().age_seconds < _position(told).age_seconds:
                self._move = _Move(forced=True)
            else:
                self._move = None
                self._version = min(self._version, told["version"], key=_number)
                self.learn(told)
            await self._push()

    async def settle(self) -> None:
        """Waits for what is being pushed."""
        if self._pushing is not None:
            await asyncio.wait([self._pushing])

    def learn(self, told: Told) -> None:
        """Adopts what Redis says unless this process knows something newer."""
        version = told.get("version", "")
        if not version or _number(version) < _number(self._version):
            return
        is_newer, self._version = version != self._version, version
        if self._move is not None and (self._move.forced or not is_newer):
            return
        if is_newer:
            self._move, self._failures, self._forget = None, 0, False
        position = _position(told)
        in_a_row = self._failures + (0 if self._forget else position.failures)
        self._breaker.adopt(replace(position, failures=in_a_row), made_here=told.get("by") == self._author)

    def _note_version(self, told: Told) -> None:
        """Of a position that a command from here led to: what happened here since is newer, and not to be forgotten.
        Something newer may have been heard before the command's answer."""
        self._version = max(self._version, told["version"], key=_number)

    def _push_soon(self) -> None:
        if self._is_online() and (self._pushing is None or self._pushing.done()):
            self._pushing = asyncio.create_task(self._push_in_order())

    async def _push_in_order(self) -> None:
        async with self._order:
            await self._push()

    async def _push(self) -> None:
        while self._move is not None or self._failures or self._forget or self._released:
            push = self._push_move if self._move else self._push_count
            if not self._move and not self._failures and not self._forget:
                push = self._push_release
            if not await push():
                return

    async def _push_move(self) -> bool:
        move, now = self._move or _Move(), self._breaker.position()
        numbers = (round(now.wait_seconds * 1000), now.failures, now.successes, now.reopened)
        answer = await self._ask(
            MOVE, move.probe, now.state.value, *numbers, now.reason, KEEP_MILLISECONDS, overrule=move.forced
        )
        if answer is None:
            return False
        if self._move is move:
            self._move = None
        accepted, told = answer
        if accepted:
            self._note_version(told)
        else:
            self.learn(told)
        return True

    async def _push_count(self) -> bool:
        failures, forget = self._failures, self._forget
        self._failures, self._forget = 0, False
        most, milliseconds = self._breaker.rule.failures_to_open, round(self._open_seconds * 1000)
        answer = await self._ask(COUNT, "1" if forget else "0", failures, most, milliseconds, KEEP_MILLISECONDS)
        if answer is None:
            self._failures, self._forget = self._failures + failures, self._forget or forget
            return False
        counted, told = answer
        if counted:
            self._note_version(told)
        self.learn(told)
        return True

    async def _push_release(self) -> bool:
        probe = self._released.pop()
        return await self._ask(RELEASE, probe) is not None

    async def _ask(self, script: str, *arguments: str | int, overrule: bool = False) -> tuple[bool, Told] | None:
        known = OVERRULE if overrule else self._version
        return await self._ask_redis(script, self._breaker.name, known, *arguments)


def _number(version: str) -> int:
    return int(version or 0)


def _position(told: Told) -> BreakerPosition:
    state, now = BreakerState(told["state"]), int(told["now"])
    wait_milliseconds = {
        BreakerState.CLOSED: 0,
        BreakerState.OPEN: int(told["until"]) - now,
        BreakerState.HALF_OPEN: int(told["busy"]),
    }[state]
    return BreakerPosition(
        state=state,
        failures=int(told["failures"]),
        successes=int(told["successes"]),
        reopened=int(told["reopened"]),
        wait_seconds=max(0, wait_milliseconds) / 1000,
        age_seconds=max(0, now - int(told["since"])) / 1000,
        reason=told["reason"],
    )
