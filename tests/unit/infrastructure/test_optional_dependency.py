"""Nobody waits for what one can do without."""

import asyncio
from dataclasses import dataclass, field

import pytest

from application.ports.circuit_breakers import BreakerState
from infrastructure.resilience.breaker import Breaker, BreakerRule
from infrastructure.resilience.optional_dependency import OptionalDependency
from tests.support.polling import until

RULE = BreakerRule(failures_to_open=2, open_seconds=1, timeout_seconds=60, successes_to_close=1)


@dataclass
class Time:
    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Server:
    """Away until told otherwise; `hangs` until told otherwise too."""

    error: Exception | None = None
    calls: int = 0
    answers: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask(self) -> str:
        self.calls += 1
        await self.answers.wait()
        if self.error is not None:
            raise self.error
        return "answer"


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def breaker(time: Time) -> Breaker:
    return Breaker("cache", RULE, monotonic=time)


@pytest.fixture
def dependency(breaker: Breaker) -> OptionalDependency:
    return OptionalDependency(breaker, errors=(OSError,))


@pytest.fixture
def server() -> Server:
    server = Server()
    server.answers.set()
    return server


async def _open(dependency: OptionalDependency, server: Server) -> None:
    server.error = OSError("away")
    for _ in range(RULE.failures_to_open):
        assert await dependency.ask(server.ask) is None


async def test_while_it_is_there_its_answer_is_the_answer(dependency: OptionalDependency, server: Server) -> None:
    assert await dependency.ask(server.ask) == "answer"


async def test_a_failure_is_no_answer_and_an_open_breaker_asks_nobody(
    dependency: OptionalDependency, server: Server, breaker: Breaker
) -> None:
    await _open(dependency, server)
    assert breaker.state is BreakerState.OPEN
    assert await dependency.ask(server.ask) is None
    assert server.calls == RULE.failures_to_open


async def test_nobody_waits_for_a_probe_and_there_is_only_one(
    dependency: OptionalDependency, server: Server, breaker: Breaker, time: Time
) -> None:
    await _open(dependency, server)
    time.seconds += RULE.open_seconds
    server.answers.clear()
    for _ in range(10):
        assert await dependency.ask(server.ask) is None
        await asyncio.sleep(0)
    assert server.calls == RULE.failures_to_open + 1
    server.error = None
    server.answers.set()
    await until(lambda: breaker.state is BreakerState.CLOSED)
    assert await dependency.ask(server.ask) == "answer"


async def test_a_probe_that_fails_lets_it_rest_again(
    dependency: OptionalDependency, server: Server, breaker: Breaker, time: Time
) -> None:
    await _open(dependency, server)
    time.seconds += RULE.open_seconds
    assert await dependency.ask(server.ask) is None
    await until(lambda: server.calls == RULE.failures_to_open + 1 and breaker.state is BreakerState.OPEN)
    assert not breaker.wants_probe


async def test_other_errors_are_not_hidden(dependency: OptionalDependency, server: Server) -> None:
    server.error = LookupError("a mistake of ours")
    with pytest.raises(LookupError):
        await dependency.ask(server.ask)
