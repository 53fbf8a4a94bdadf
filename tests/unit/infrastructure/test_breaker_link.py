"""What a breaker tells its link, and asks of it. While nothing goes wrong that is nothing."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from application.ports.circuit_breakers import BreakerState, CircuitOpen
from infrastructure.resilience.breaker import Breaker
from infrastructure.resilience.breaker_link import BreakerLink, BreakerPosition
from tests.support.breaker_world import RULE, Time, answer, fail
from tests.support.polling import until


class Overloaded(Exception):
    retry_after_seconds = 45


@dataclass
class Notebook(BreakerLink):
    """Writes down what it is told, and grants claims or not."""

    grants: bool = True
    meanwhile: Callable[[], object] = lambda: None
    told: list[tuple[object, ...]] = field(default_factory=list)
    claims: list[tuple[str, float]] = field(default_factory=list)

    def failed(self, open_seconds: float) -> None:
        self.told.append(("failed", open_seconds))

    def recovered(self) -> None:
        self.told.append(("recovered",))

    def changed(self, *, probe: str | None = None, forced: bool = False) -> None:
        self.told.append(("changed", probe, forced))

    async def claim(self, probe: str, seconds: float) -> bool:
        self.claims.append((probe, seconds))
        self.meanwhile()
        return self.grants

    def release(self, probe: str) -> None:
        self.told.append(("released", probe))


@pytest.fixture
def link() -> Notebook:
    return Notebook()


@pytest.fixture
def breaker(link: Notebook) -> Breaker:
    breaker = Breaker("test", RULE, monotonic=Time(), jitter=lambda low, _high: low)
    breaker.link = link
    return breaker


def _make_due(breaker: Breaker, link: Notebook) -> None:
    """Open, and a probe may be tried."""
    breaker.force_open("maintenance", 0)
    link.told.clear()


async def _hanging(breaker: Breaker) -> "asyncio.Task[str]":
    begun = asyncio.Event()

    async def hang() -> str:
        begun.set()
        await asyncio.Event().wait()
        return "never"

    call = asyncio.create_task(breaker.call(hang))
    await begun.wait()
    return call


async def _cancel(call: "asyncio.Task[str]") -> None:
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


async def test_good_calls_tell_and_ask_nothing(breaker: Breaker, link: Notebook) -> None:
    for _ in range(20):
        await breaker.call(answer)
    assert (link.told, link.claims) == ([], [])


async def test_a_failure_is_told_with_the_rest_it_would_bring_and_the_first_success_after_it_too(
    breaker: Breaker, link: Notebook
) -> None:
    await fail(breaker)
    await breaker.call(answer)
    await breaker.call(answer)
    assert link.told == [("failed", 30), ("recovered",)]


async def test_a_pause_that_the_dependency_asked_for_is_told(breaker: Breaker, link: Notebook) -> None:
    await fail(breaker, error=Overloaded())
    assert link.told == [("failed", 45)]


async def test_the_failure_that_opens_it_is_told_as_a_change(breaker: Breaker, link: Notebook) -> None:
    await fail(breaker, 3)
    assert link.told == [("failed", 30), ("failed", 30), ("changed", None, False)]


async def test_opening_by_the_rate_is_told_as_a_change(breaker: Breaker, link: Notebook) -> None:
    for _ in range(4):
        await fail(breaker)
        await breaker.call(answer)
    await breaker.call(answer)
    link.told.clear()
    await fail(breaker)
    assert link.told == [("changed", None, False)]


def test_what_an_operator_does_overrules_the_others(breaker: Breaker, link: Notebook) -> None:
    breaker.force_open("maintenance", 60)
    breaker.reset()
    assert link.told == [("changed", None, True), ("changed", None, True)]


async def test_each_probe_is_claimed_under_a_name_of_its_own_until_surely_over_and_its_outcome_told(
    breaker: Breaker, link: Notebook
) -> None:
    _make_due(breaker, link)
    await breaker.call(answer)
    await breaker.call(answer, timeout_seconds=3)
    (first, seconds), (second, own_seconds) = link.claims
    assert (seconds, own_seconds) == (15 + 2, 3 + 2)
    assert first
    assert second
    assert first != second
    assert link.told == [("changed", first, False), ("changed", second, False)]


async def test_a_failed_probe_is_told_with_its_name(breaker: Breaker, link: Notebook) -> None:
    _make_due(breaker, link)
    await fail(breaker)
    ((name, _),) = link.claims
    assert link.told == [("changed", name, False)]


async def test_a_claim_that_is_not_granted_sends_nothing_and_the_next_call_may_claim(
    breaker: Breaker, link: Notebook
) -> None:
    _make_due(breaker, link)
    link.grants = False
    sent: list[str] = []

    async def send() -> str:
        sent.append("call")
        return "answer"

    with pytest.raises(CircuitOpen):
        await breaker.call(send)
    assert breaker.state is BreakerState.OPEN
    assert sent == []
    link.grants = True
    assert await breaker.call(send) == "answer"


async def test_a_probe_that_was_overruled_while_it_was_claimed_sends_nothing_and_is_released(
    breaker: Breaker, link: Notebook
) -> None:
    _make_due(breaker, link)
    link.meanwhile = breaker.reset
    with pytest.raises(CircuitOpen):
        await breaker.call(answer)
    ((name, _),) = link.claims
    assert link.told == [("changed", None, True), ("released", name)]
    assert breaker.state is BreakerState.CLOSED
    assert breaker.status().calls == 0


async def test_of_claims_under_way_there_is_one(breaker: Breaker, link: Notebook) -> None:
    _make_due(breaker, link)
    rivals: list[asyncio.Task[str]] = []
    link.meanwhile = lambda: rivals.append(asyncio.create_task(breaker.call(answer)))
    call = await _hanging(breaker)
    await until(lambda: rivals[0].done())
    assert isinstance(rivals[0].exception(), CircuitOpen)
    assert len(link.claims) == 1
    await _cancel(call)


async def test_a_probe_whose_caller_goes_away_is_released_and_another_call_is_not(
    breaker: Breaker, link: Notebook
) -> None:
    await _cancel(await _hanging(breaker))
    assert link.told == []
    _make_due(breaker, link)
    await _cancel(await _hanging(breaker))
    ((name, _),) = link.claims
    assert link.told == [("released", name)]


async def test_the_outcome_of_a_probe_that_was_overruled_is_not_told(breaker: Breaker, link: Notebook) -> None:
    async def reset_meanwhile() -> str:
        breaker.reset()
        raise OSError("down")

    _make_due(breaker, link)
    with pytest.raises(OSError, match="down"):
        await breaker.call(reset_meanwhile)
    ((name, _),) = link.claims
    assert link.told == [("changed", None, True), ("released", name)]
    assert breaker.status().failures == 0


async def test_what_others_granted_is_begun_as_they_tell_it(breaker: Breaker, link: Notebook) -> None:
    _make_due(breaker, link)
    link.meanwhile = lambda: breaker.adopt(
        BreakerPosition(state=BreakerState.HALF_OPEN, successes=1, reason="maintenance")
    )
    await breaker.call(answer)
    assert breaker.state is BreakerState.CLOSED
