"""Circuit breakers for coroutines, on pybreaker. The only file that knows the library.

pybreaker keeps the states, counters and thresholds. Letting a call through is decided here and the outcome is replayed
into pybreaker afterwards: left alone it never trips on coroutines, lets everybody through when half open and takes a
cancelled caller for a failure of the dependency.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar
from uuid import uuid4

import pybreaker

from application.deadline import DeadlineExceeded, seconds_left
from application.ports.circuit_breakers import (
    BreakerState,
    BreakerStatus,
    BreakerTransition,
    CircuitOpen,
    DependencyBusy,
)
from domain.shared.errors import Unavailable
from infrastructure.resilience.breaker_link import BreakerLink, BreakerPosition
from infrastructure.resilience.breaker_listeners import BreakerListeners
from infrastructure.resilience.breaker_registry import BreakerRegistry
from infrastructure.resilience.breaker_rules import BREAKER_RULES, BreakerRule, default_jitter
from infrastructure.resilience.breaker_states import BreakerStates
from infrastructure.resilience.call_outcomes import CallObserver, CallOutcome, ignore_outcome
from infrastructure.resilience.fallbacks import MISSING, Fallback, answer_instead
from infrastructure.resilience.retry_budget import RetryBudget
from infrastructure.resilience.slow_call import SlowCall

__all__ = ["BREAKER_RULES", "MISSING", "Breaker", "BreakerRegistry", "BreakerRule", "asked_pause"]

T = TypeVar("T")

# A claim outlives the longest probe: only if its process dies may another probe while it stands.
PROBE_GRACE_SECONDS = 2.0


_STATES = {
    pybreaker.STATE_CLOSED: BreakerState.CLOSED,
    pybreaker.STATE_OPEN: BreakerState.OPEN,
    pybreaker.STATE_HALF_OPEN: BreakerState.HALF_OPEN,
}


class _Failed(Exception):
    """Stands for the dependency's error when an outcome is replayed."""


class _AnsweredSlowly(Exception):
    """An answer that is given, and speaks against the dependency all the same."""


@dataclass(slots=True, eq=False)
class _Ticket:
    """The right to make one call. Its outcome counts only in the era, between two changes of state, it was given in.
    `probe` is the name of the claim when the call is a probe."""

    era: int
    probe: str | None = None


class Breaker:
    """Guards one dependency: calls are given up after a while, and not made at all while it is away.

    `is_failure` says which errors speak against the dependency; a refusal for good reasons does not. An error's
    `retry_after_seconds` is the pause the dependency asks for. With a `link` it acts as one with its namesakes in other
    processes; while nothing goes wrong the link is not used.
    """

    def __init__(
        self,
        name: str,
        rule: BreakerRule,
        *,
        is_failure: Callable[[Exception], bool] = lambda error: True,  # noqa: ARG005
        monotonic: Callable[[], float] = time.monotonic,
        jitter: Callable[[float, float], float] = default_jitter,
    ) -> None:
        self.name = name
        self.rule = rule
        self.is_failure = is_failure
        self.retry_budget = RetryBudget()
        self.link: BreakerLink | None = None
        self.observe: CallObserver = ignore_outcome
        self._listeners = BreakerListeners(name)
        self._probe: _Ticket | None = None
        self._calls = self._under_way = 0
        self._is_adopting = False
        self._states = BreakerStates(_Machine(rule), rule, monotonic=monotonic, jitter=jitter, changed=self._changed)

    @property
    def state(self) -> BreakerState:
        return self._states.state

    @property
    def wants_probe(self) -> bool:
        """Whether it has rested and the next call would find out how the dependency is."""
        return not self._states.is_closed and self._probe is None and self._states.wait_seconds <= 0

    async def call(
        self,
        function: Callable[[], Awaitable[T]],
        *,
        timeout_seconds: float | None = None,
        fallback: Fallback[T] = MISSING,
    ) -> T:
        """The function's answer, given up after `timeout_seconds` (the rule's if None), or at the caller's deadline.

        While open or busy, and after a failure, it is that of `fallback` if there is one. Nothing was sent when it
        raises CircuitOpen (while open), DependencyBusy (too many calls are under way) or DeadlineExceeded (there was
        no time left). Raises TimeoutError when given up, its outcome unknown, and what the function raises.
        """
        limit = self.rule.timeout_seconds if timeout_seconds is None else timeout_seconds
        try:
            if seconds_left() == 0:
                raise DeadlineExceeded
            ticket = self._admit()
            if ticket.probe is not None:
                await self._claim(ticket, limit)
        except Unavailable:
            self.observe(CallOutcome.NOT_SENT, 0.0)
            if fallback is MISSING:
                raise
            return await answer_instead(fallback)
        try:
            return await self._attempt(ticket, function, limit)
        except Exception as error:
            if fallback is MISSING or not self.is_failure(error):
                raise
        return await answer_instead(fallback)

    def status(self) -> BreakerStatus:
        states, state = self._states, self.state
        opened_at = states.opened_at
        return BreakerStatus(
            name=self.name,
            state=state,
            failures=states.failures,
            opened_at=opened_at,
            retry_at=opened_at + states.open_for if opened_at and state is BreakerState.OPEN else None,
            calls=self._calls,
            reason=states.reason if opened_at else None,
        )

    def on_change(self, listener: Callable[[BreakerTransition], None]) -> None:
        """Tells it every change of state, in the middle of things: it should only take a note."""
        self._listeners.add(listener)

    def reset(self) -> None:
        """Closes it and forgets what happened, including the outcome of calls under way."""
        self._states.move(BreakerPosition(state=BreakerState.CLOSED, reason="reset"))
        self._tell_change(forced=True)

    def force_open(self, reason: str, seconds: float) -> None:
        """Sends nothing for so long, however the dependency is; then it is probed as usual."""
        self._states.move(BreakerPosition(state=BreakerState.OPEN, wait_seconds=seconds, reason=reason))
        self._tell_change(forced=True)

    def position(self) -> BreakerPosition:
        return self._states.position()

    def adopt(self, position: BreakerPosition, *, made_here: bool = False) -> None:
        """Takes the position that the processes reached together, by a call in this one if it was `made_here`."""
        self._is_adopting = not made_here
        try:
            self._states.adjust(position)
        finally:
            self._is_adopting = False

    def _admit(self) -> _Ticket:
        """The hot path is two comparisons; nothing is awaited, so that two callers cannot both become the probe."""
        closed = self._states.is_closed
        if not closed and (self._probe is not None or self._states.wait_seconds > 0):
            raise self._refusal()
        if self._under_way >= self.rule.concurrent_calls:
            raise DependencyBusy(f"{self.name} is busy", retry_after=1)
        if closed:
            return _Ticket(self._states.era)
        self._probe = _Ticket(self._states.era, uuid4().hex)
        return self._probe

    async def _claim(self, ticket: _Ticket, limit: float) -> None:
        """Makes the ticket the one probe over all processes. Raises CircuitOpen when it is not to be."""
        try:
            granted = self.link is None or await self.link.claim(ticket.probe or "", limit + PROBE_GRACE_SECONDS)
            # Whoever reset or opened it meanwhile has taken the probe away.
            if not granted or self._probe is not ticket:
                raise self._refusal()
        except BaseException:
            self._give_back(ticket)
            raise
        self._states.begin_probing()
        ticket.era = self._states.era

    async def _attempt(self, ticket: _Ticket, function: Callable[[], Awaitable[T]], limit: float) -> T:
        left = seconds_left()
        is_short = left is not None and left < limit
        given_up = asyncio.timeout(left if is_short else limit)
        started, outcome = time.perf_counter(), CallOutcome.CANCELLED
        self._calls += 1
        self._under_way += 1
        watch = None if self.rule.slow_seconds is None else SlowCall(self.rule.slow_seconds)
        try:
            async with given_up:
                answer = await function()
            outcome = CallOutcome.SUCCEEDED
        except Exception as error:
            outcome = self._outcome_of(error, is_given_up=given_up.expired(), is_cut_short=is_short)
            if outcome is CallOutcome.CANCELLED:
                self._give_back(ticket)
            else:
                self._settle(ticket, None if outcome is CallOutcome.REFUSED else error)
            raise
        except BaseException:
            self._give_back(ticket)
            raise
        finally:
            self._under_way -= 1
            self.observe(outcome, time.perf_counter() - started)
            if watch is not None:
                watch.end()
        self._settle(ticket, _AnsweredSlowly() if watch is not None and watch.is_slow else None)
        return answer

    def _outcome_of(self, error: Exception, *, is_given_up: bool, is_cut_short: bool) -> CallOutcome:
        """A call that its caller's deadline cut short says nothing about the dependency."""
        if is_given_up and is_cut_short:
            return CallOutcome.CANCELLED
        if not self.is_failure(error):
            return CallOutcome.REFUSED
        return CallOutcome.TIMED_OUT if is_given_up else CallOutcome.FAILED

    def _settle(self, ticket: _Ticket, failure: Exception | None) -> None:
        states = self._states
        if ticket.era != states.era:
            self._give_back(ticket)
            return
        if self._probe is ticket:
            self._probe = None
        had_failures = states.failures > 0
        states.succeeded() if failure is None else states.failed(asked_pause(failure))
        if ticket.probe is not None or ticket.era != states.era:
            self._tell_change(probe=ticket.probe)
        elif self.link is not None and failure is not None:
            self.link.failed(states.open_time())
        elif self.link is not None and had_failures:
            self.link.recovered()

    def _give_back(self, ticket: _Ticket) -> None:
        if self._probe is ticket:
            self._probe = None
        if ticket.probe is not None and self.link is not None:
            self.link.release(ticket.probe)

    def _tell_change(self, *, probe: str | None = None, forced: bool = False) -> None:
        if self.link is not None:
            self.link.changed(probe=probe, forced=forced)

    def _changed(self, before: BreakerState, state: BreakerState) -> None:
        if state is not BreakerState.HALF_OPEN:
            self._probe = None
        if state is not before:
            self._listeners.tell(before, state, self._states.reason, made_here=not self._is_adopting)

    def _refusal(self) -> CircuitOpen:
        return CircuitOpen(f"{self.name} is away", retry_after=max(1, math.ceil(self._states.wait_seconds)))


def asked_pause(error: Exception) -> float:
    """The seconds that the dependency asked to be left alone (`retry_after_seconds` of its error), 0 if it did not."""
    seconds = getattr(error, "retry_after_seconds", None)
    return float(seconds) if isinstance(seconds, int | float) and math.isfinite(seconds) and seconds > 0 else 0.0


class _Memory(pybreaker.CircuitMemoryStorage):
    def count(self, *, failures: int, successes: int) -> None:
        self._fail_counter = failures
        self._success_counter = successes


class _Machine(pybreaker.CircuitBreakerListener):
    def __init__(self, rule: BreakerRule) -> None:
        self.changed: Callable[[BreakerState, BreakerState], None] = lambda _before, _state: None
        self._memory = _Memory(pybreaker.STATE_CLOSED)
        self._breaker = pybreaker.CircuitBreaker(
            fail_max=rule.failures_to_open,
            success_threshold=rule.successes_to_close,
            listeners=[self],
            state_storage=self._memory,
            throw_new_error_on_trip=False,
        )

    @property
    def state(self) -> BreakerState:
        return _STATES[self._memory.state]

    @property
    def failures(self) -> int:
        return self._memory.counter

    @property
    def successes(self) -> int:
        return self._memory.success_counter

    def enter(self, state: BreakerState) -> None:
        enter = {
            BreakerState.CLOSED: self._breaker.close,
            BreakerState.OPEN: self._breaker.open,
            BreakerState.HALF_OPEN: self._breaker.half_open,
        }
        enter[state]()

    def count(self, *, failures: int, successes: int) -> None:
        self._memory.count(failures=failures, successes=successes)

    def record(self, *, failed: bool) -> None:
        with suppress(_Failed):
            self._breaker.call(_fail if failed else _succeed)

    def state_change(
        self,
        cb: pybreaker.CircuitBreaker,  # noqa: ARG002
        old_state: pybreaker.CircuitBreakerState | None,
        new_state: pybreaker.CircuitBreakerState,
    ) -> None:
        self.changed(_STATES[old_state.name if old_state else pybreaker.STATE_CLOSED], _STATES[new_state.name])


def _succeed() -> None: ...


def _fail() -> None:
    raise _Failed
