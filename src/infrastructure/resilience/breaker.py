"""Circuit breakers for coroutines, on pybreaker. The only file that knows the library.

pybreaker keeps the states, counters and thresholds. Letting a call through is decided here and the outcome is replayed
into pybreaker afterwards: left alone it never trips on coroutines, lets everybody through when half open and takes a
cancelled caller for a failure of the dependency.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TypeVar

import pybreaker
import structlog

from application.ports.circuit_breakers import BreakerState, BreakerStatus, CircuitBreakers, CircuitOpen, UnknownBreaker

T = TypeVar("T")

ALL_BREAKERS = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerRule:
    """When to open (consecutive failures), for how long, after how many good probes to close, and what is too slow."""

    failures_to_open: int
    open_seconds: float
    timeout_seconds: float
    successes_to_close: int


BREAKER_RULES = {
    "payments": BreakerRule(failures_to_open=3, open_seconds=30, timeout_seconds=15, successes_to_close=2),
    "email": BreakerRule(failures_to_open=5, open_seconds=60, timeout_seconds=10, successes_to_close=2),
    "geocoding": BreakerRule(failures_to_open=5, open_seconds=60, timeout_seconds=10, successes_to_close=2),
    "external": BreakerRule(failures_to_open=5, open_seconds=60, timeout_seconds=10, successes_to_close=2),
    "cache": BreakerRule(failures_to_open=2, open_seconds=1, timeout_seconds=0.1, successes_to_close=1),
}

_STATES = {
    pybreaker.STATE_CLOSED: BreakerState.CLOSED,
    pybreaker.STATE_OPEN: BreakerState.OPEN,
    pybreaker.STATE_HALF_OPEN: BreakerState.HALF_OPEN,
}


class _Missing(Enum):
    MISSING = "missing"


MISSING = _Missing.MISSING


class _Failed(Exception):
    """Stands for the dependency's error when an outcome is replayed."""


@dataclass(frozen=True, slots=True, eq=False)
class _Ticket:
    """The right to make one call. Its outcome counts only in the era, between two changes of state, it was given in."""

    era: int


class Breaker:
    """Guards one dependency: calls are given up after a while, and not made at all while it is away.

    `is_failure` says which errors speak against the dependency; a refusal for good reasons does not.
    """

    def __init__(
        self,
        name: str,
        rule: BreakerRule,
        *,
        is_failure: Callable[[Exception], bool] = lambda error: True,  # noqa: ARG005
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._rule = rule
        self._is_failure = is_failure
        self._monotonic = monotonic
        self._era = 0
        self._opened_at = 0.0
        self._probe: _Ticket | None = None
        self._calls = 0
        self._states = pybreaker.CircuitBreaker(
            fail_max=rule.failures_to_open,
            reset_timeout=rule.open_seconds,
            success_threshold=rule.successes_to_close,
            listeners=[_Changes(self._changed)],
            name=name,
            throw_new_error_on_trip=False,
        )

    @property
    def state(self) -> BreakerState:
        return _STATES[self._states.current_state]

    async def call(
        self,
        function: Callable[[], Awaitable[T]],
        *,
        timeout_seconds: float | None = None,
        fallback: T | _Missing = MISSING,
    ) -> T:
        """The function's answer, given up after `timeout_seconds` (the rule's if None).

        While open, and after a failure, it is `fallback` if there is one. Raises CircuitOpen while open, TimeoutError
        when given up, and what the function raises.
        """
        ticket = self._admit()
        if ticket is None:
            if fallback is MISSING:
                raise CircuitOpen(f"{self.name} is away", retry_after=self._retry_after())
            return fallback
        try:
            async with asyncio.timeout(self._rule.timeout_seconds if timeout_seconds is None else timeout_seconds):
                answer = await function()
        except Exception as error:
            failed = self._is_failure(error)
            self._settle(ticket, failed=failed)
            if fallback is MISSING or not failed:
                raise
            return fallback
        except BaseException:
            self._give_back(ticket)
            raise
        self._settle(ticket, failed=False)
        return answer

    def status(self) -> BreakerStatus:
        is_open = self.state is BreakerState.OPEN
        opened_at = None if self.state is BreakerState.CLOSED else self._opened_wall_clock()
        retry_at = opened_at + timedelta(seconds=self._rule.open_seconds) if opened_at and is_open else None
        return BreakerStatus(
            name=self.name,
            state=self.state,
            failures=self._states.fail_counter,
            opened_at=opened_at,
            retry_at=retry_at,
            calls=self._calls,
        )

    def reset(self) -> None:
        """Closes it and forgets what happened, including the outcome of calls under way."""
        self._states.close()

    def _admit(self) -> _Ticket | None:
        """The hot path is one comparison; nothing is awaited, so that two callers cannot both become the probe."""
        state = self.state
        if state is not BreakerState.CLOSED:
            if self._probe is not None or (state is BreakerState.OPEN and self._open_seconds_left() > 0):
                return None
            if state is BreakerState.OPEN:
                self._states.half_open()
        self._calls += 1
        ticket = _Ticket(self._era)
        if state is not BreakerState.CLOSED:
            self._probe = ticket
        return ticket

    def _settle(self, ticket: _Ticket, *, failed: bool) -> None:
        self._give_back(ticket)
        if ticket.era == self._era:
            with suppress(_Failed):
                self._states.call(_fail if failed else _succeed)

    def _give_back(self, ticket: _Ticket) -> None:
        if self._probe is ticket:
            self._probe = None

    def _changed(self, state: BreakerState) -> None:
        self._era += 1
        self._probe = None
        if state is BreakerState.OPEN:
            self._opened_at = self._monotonic()
        structlog.get_logger().warning("breaker.changed", breaker=self.name, state=state.value)

    def _open_seconds_left(self) -> float:
        return self._opened_at + self._rule.open_seconds - self._monotonic()

    def _retry_after(self) -> int:
        return max(1, math.ceil(self._open_seconds_left()))

    def _opened_wall_clock(self) -> datetime:
        return datetime.now(UTC) - timedelta(seconds=self._monotonic() - self._opened_at)


class _Changes(pybreaker.CircuitBreakerListener):
    def __init__(self, changed: Callable[[BreakerState], None]) -> None:
        self._tell = changed

    def state_change(
        self,
        cb: pybreaker.CircuitBreaker,  # noqa: ARG002
        old_state: pybreaker.CircuitBreakerState | None,  # noqa: ARG002
        new_state: pybreaker.CircuitBreakerState,
    ) -> None:
        self._tell(_STATES[new_state.name])


class BreakerRegistry(CircuitBreakers):
    """The breakers of this process."""

    def __init__(self, breakers: Iterable[Breaker]) -> None:
        self._breakers = {breaker.name: breaker for breaker in breakers}

    async def status(self) -> Sequence[BreakerStatus]:
        return [breaker.status() for breaker in self._breakers.values()]

    async def reset(self, name: str) -> None:
        if name != ALL_BREAKERS and name not in self._breakers:
            raise UnknownBreaker(f"There is no circuit breaker {name}")
        for breaker in self._breakers.values():
            if name in (ALL_BREAKERS, breaker.name):
                breaker.reset()


def _succeed() -> None: ...


def _fail() -> None:
    raise _Failed
