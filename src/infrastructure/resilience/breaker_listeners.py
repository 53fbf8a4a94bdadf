"""Who is told when a breaker changes its state."""

from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from application.ports.circuit_breakers import BreakerState, BreakerTransition

# What operators look for in the log (docs/operating.md).
OPEN = "Circuit breaker open"


class BreakerListeners:
    """The log, always, and whoever else asked. A listener's error breaks neither the call nor the other listeners."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._listeners: list[Callable[[BreakerTransition], None]] = []

    def add(self, listener: Callable[[BreakerTransition], None]) -> None:
        self._listeners.append(listener)

    def tell(self, before: BreakerState, state: BreakerState, reason: str, *, made_here: bool) -> None:
        log = structlog.get_logger()
        # Probes that come and go are the same outage.
        tell = log.warning if BreakerState.CLOSED in (before, state) else log.info
        told = {"message": OPEN} if state is BreakerState.OPEN else {}
        tell("breaker.changed", breaker=self._name, state=state.value, reason=reason, **told)
        change = BreakerTransition(
            name=self._name,
            from_state=before,
            to_state=state,
            at=datetime.now(UTC),
            reason=reason,
            made_here=made_here,
        )
        for listener in self._listeners:
            try:
                listener(change)
            except Exception:
                # Whatever it is: whoever calls through the breaker has no part in it, nor have the other listeners.
                log.exception("breaker.listener_failed", breaker=self._name)
