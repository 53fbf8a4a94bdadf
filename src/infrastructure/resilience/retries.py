"""Asking a dependency a second time."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from application.ports.circuit_breakers import BreakerState
from infrastructure.resilience.breaker import Breaker, asked_pause

T = TypeVar("T")

LONGEST_PAUSE_SECONDS = 0.5


async def call_with_retry(
    breaker: Breaker,
    function: Callable[[], Awaitable[T]],
    *,
    idempotent: bool,
    longest_pause_seconds: float = LONGEST_PAUSE_SECONDS,
) -> T:
    """One call through `breaker`, whose function is tried twice when it is idempotent and the budget allows it.

    Both tries share one time-out and are one outcome for the breaker. There is no second one after a refusal, while
    the breaker is not closed, or when the dependency asked for a pause. Raises what `breaker.call` raises.
    """

    async def tried() -> T:
        breaker.retry_budget.earn()
        try:
            return await function()
        except Exception as error:
            if not idempotent or asked_pause(error) > 0 or not _may_retry(breaker, error):
                raise
            await asyncio.sleep(random.uniform(0, longest_pause_seconds))
            if breaker.state is not BreakerState.CLOSED:
                raise
        return await function()

    return await breaker.call(tried)


def _may_retry(breaker: Breaker, error: Exception) -> bool:
    return breaker.state is BreakerState.CLOSED and breaker.is_failure(error) and breaker.retry_budget.spend()
