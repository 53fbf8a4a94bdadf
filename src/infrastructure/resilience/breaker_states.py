"""Closed, open or half open: since when, why, and until when."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from application.ports.circuit_breakers import BreakerState
from infrastructure.resilience.breaker_link import BreakerPosition
from infrastructure.resilience.breaker_rules import BreakerRule
from infrastructure.resilience.failure_rate import FailureRate


class StateMachine(Protocol):
    """Keeps the state and counts towards the next one. It calls `changed` whenever it takes a state, even its own."""

    changed: Callable[[BreakerState, BreakerState], None]

    @property
    def state(self) -> BreakerState: ...

    @property
    def failures(self) -> int: ...

    @property
    def successes(self) -> int: ...

    def enter(self, state: BreakerState) -> None: ...

    def count(self, *, failures: int, successes: int) -> None: ...

    def record(self, *, failed: bool) -> None: ...


class BreakerStates:
    """What the state machine does not know: times, reasons, the rate of failures. `era` grows with every change;
    `changed` is told from and to."""

    def __init__(
        self,
        machine: StateMachine,
        rule: BreakerRule,
        *,
        monotonic: Callable[[], float],
        jitter: Callable[[float, float], float],
        changed: Callable[[BreakerState, BreakerState], None],
    ) -> None:
        self.era = 0
        self.reason = ""
        self._rule = rule
        self._monotonic = monotonic
        self._jitter = jitter
        self._tell = changed
        self._changed_at = self._opened_at = self._not_before = monotonic()
        self._reopened = 0
        self._asked_pause = 0.0
        self._planned: BreakerPosition | None = None
        self._rate = FailureRate()
        self._machine = machine
        machine.changed = self._changed

    @property
    def state(self) -> BreakerState:
        return self._machine.state

    @property
    def is_closed(self) -> bool:
        return self._machine.state is BreakerState.CLOSED

    @property
    def failures(self) -> int:
        """Consecutive ones."""
        return self._machine.failures

    @property
    def opened_at(self) -> datetime | None:
        if self.is_closed:
            return None
        return datetime.now(UTC) - timedelta(seconds=self._monotonic() - self._opened_at)

    @property
    def open_for(self) -> timedelta:
        return timedelta(seconds=self._not_before - self._opened_at)

    @property
    def wait_seconds(self) -> float:
        """Left until a probe may be tried."""
        return max(0.0, self._not_before - self._monotonic())

    def succeeded(self) -> None:
        self._asked_pause = 0.0
        self._record(failed=False)

    def failed(self, asked_pause: float) -> None:
        """`asked_pause`: the seconds the dependency asked to be left alone."""
        self._asked_pause = asked_pause
        self._record(failed=True)

    def begin_probing(self) -> None:
        if self.state is BreakerState.OPEN:
            self._machine.enter(BreakerState.HALF_OPEN)

    def open_time(self, reopened: int = 0) -> float:
        """Seconds it would stay open, were it to open now."""
        return self._rule.open_time(reopened, self._asked_pause, self._jitter)

    def position(self) -> BreakerPosition:
        return BreakerPosition(
            state=self.state,
            failures=self._machine.failures,
            successes=self._machine.successes,
            reopened=self._reopened,
            wait_seconds=self.wait_seconds,
            age_seconds=self._monotonic() - self._changed_at,
            reason=self.reason,
        )

    def move(self, position: BreakerPosition) -> None:
        """Takes the position, in a new era even if the state is the same."""
        self._planned = position
        try:
            self._machine.enter(position.state)
        finally:
            self._planned = None
        self._machine.count(failures=position.failures, successes=position.successes)

    def adjust(self, position: BreakerPosition) -> None:
        """Takes the position, in the same era if the state is the same."""
        if position.state is not self.state:
            self.move(position)
            return
        self._machine.count(failures=position.failures, successes=position.successes)
        self._reopened, self.reason = position.reopened, position.reason
        self._not_before = self._monotonic() + position.wait_seconds

    def _record(self, *, failed: bool) -> None:
        era, counts_for_rate = self.era, self.is_closed
        self._machine.record(failed=failed)
        if counts_for_rate and era == self.era:
            self._rate.add(self._monotonic(), failed=failed)
            if self._rate.is_bad:
                self._machine.enter(BreakerState.OPEN)

    def _changed(self, before: BreakerState, state: BreakerState) -> None:
        now, position = self._monotonic(), self._planned or self._usual(before, state)
        self.era += 1
        self._rate.clear()
        self._changed_at = now - position.age_seconds
        self._not_before = now + position.wait_seconds
        self._reopened, self.reason = position.reopened, position.reason
        if state is BreakerState.OPEN or before is BreakerState.CLOSED:
            self._opened_at = self._changed_at
        self._tell(before, state)

    def _usual(self, before: BreakerState, state: BreakerState) -> BreakerPosition:
        """Where a change leads that nobody planned: that of the machine, or the one by the rate of failures."""
        if state is BreakerState.CLOSED:
            return BreakerPosition(state=state, reason="probes succeeded")
        if state is BreakerState.HALF_OPEN:
            return BreakerPosition(state=state, reopened=self._reopened, reason=self.reason)
        failed_probe = before is BreakerState.HALF_OPEN
        reopened = self._reopened + 1 if failed_probe else 0
        in_a_row = self._machine.failures
        reason = "too many of the last calls failed"
        if failed_probe:
            reason = "a probe failed"
        elif in_a_row >= self._rule.failures_to_open:
            reason = f"{in_a_row} failures in a row"
        return BreakerPosition(state=state, reopened=reopened, wait_seconds=self.open_time(reopened), reason=reason)
