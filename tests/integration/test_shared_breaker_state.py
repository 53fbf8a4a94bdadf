"""Breakers of several processes as one: over a Redis that comes and goes."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from application.ports.circuit_breakers import BreakerState, BreakerTransition, CircuitOpen
from application.ports.payments import PaymentRefused
from infrastructure.redis.redis_client import create_redis
from infrastructure.resilience.breaker import Breaker, BreakerRegistry, BreakerRule
from infrastructure.resilience.shared_breaker_state import SharedBreakerState
from tests.support.certificates import Certificates
from tests.support.polling import until
from tests.support.servers import RedisProcess, redis_binary

RULE = BreakerRule(failures_to_open=3, open_seconds=60, timeout_seconds=60, successes_to_close=2)
BRIEF = BreakerRule(failures_to_open=3, open_seconds=0.05, timeout_seconds=60, successes_to_close=2)
CALLS = 200
# The open time of BRIEF by every clock: that of Redis begins when it was told.
SURELY_OVER = 0.2
# Of one command. The product waits for a quarter of a second; a busy machine must not look like a lost Redis.
PATIENT_SECONDS, FROZEN_SECONDS = 30, 3
ROUNDS = 5


@dataclass
class Process:
    """What one process has of the breaker."""

    breaker: Breaker
    shared: SharedBreakerState
    registry: BreakerRegistry
    heard: list[BreakerTransition] = field(default_factory=list[BreakerTransition])

    def __post_init__(self) -> None:
        self.registry.on_change(self.heard.append)

    @property
    def made(self) -> list[str]:
        """The states it took by its own doing."""
        return [change.to_state.value for change in self.heard if change.made_here]


@asynccontextmanager
async def process(
    url: str, prefix: str, rule: BreakerRule = RULE, answer_seconds: float = PATIENT_SECONDS
) -> AsyncIterator[Process]:
    redis = create_redis(url, timeout_seconds=answer_seconds, retries=0, max_connections=4)
    breaker = Breaker("payments", rule, is_failure=lambda error: not isinstance(error, PaymentRefused))
    shared = SharedBreakerState(redis, [breaker], prefix=prefix)
    registry = BreakerRegistry([breaker], shared)
    await registry.start()
    try:
        yield Process(breaker, shared, registry)
    finally:
        await registry.stop()
        await redis.aclose()


@asynccontextmanager
async def two_processes(
    url: str, rule: BreakerRule = RULE, answer_seconds: float = PATIENT_SECONDS
) -> AsyncIterator[tuple[Process, Process]]:
    made = partial(process, url, f"{uuid4()}:", rule, answer_seconds)
    async with made() as one, made() as other:
        await until(lambda: one.shared.is_in_step and other.shared.is_in_step)
        yield one, other


async def _answer() -> str:
    return "answer"


async def _down() -> str:
    raise OSError("down")


async def _declined() -> str:
    raise PaymentRefused


async def _silent() -> str:
    await asyncio.Event().wait()
    return "never"


async def _fail(breaker: Breaker, function: Callable[[], Awaitable[str]] = _down, *, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises((OSError, TimeoutError, PaymentRefused)):
            await breaker.call(function, timeout_seconds=0.01 if function is _silent else None)


async def _recover(breaker: Breaker) -> None:
    """Calls until it is closed, as the traffic of a site would."""
    async with asyncio.timeout(60):
        while breaker.state is not BreakerState.CLOSED:
            await breaker.call(_answer, fallback="refused")
            await asyncio.sleep(0.005)


async def test_three_time_outs_here_open_it_there_within_a_second(redis_server: str) -> None:
    async with two_processes(redis_server) as (one, other):
        waits = [await _seconds_until_open_there(one, other) for _ in range(ROUNDS)]
        # The machine may have stood still while one of them was told, not each time.
        assert min(waits) < 1
        await _fail(one.breaker, _silent, times=3)
        await until(lambda: other.breaker.state is BreakerState.OPEN)
        with pytest.raises(CircuitOpen):
            await other.breaker.call(_answer)
        assert other.breaker.status().reason == "3 failures in a row"


async def _seconds_until_open_there(here: Process, there: Process) -> float:
    """After three time-outs here. Then it is reset."""
    loop = asyncio.get_running_loop()
    await _fail(here.breaker, _silent, times=3)
    began = loop.time()
    await until(lambda: there.breaker.state is BreakerState.OPEN)
    seconds = loop.time() - began
    await there.registry.reset("all")
    await until(lambda: here.breaker.state is BreakerState.CLOSED)
    return seconds


async def test_declined_cards_leave_it_closed_everywhere(redis_server: str) -> None:
    async with two_processes(redis_server) as (one, other):
        await _fail(one.breaker, _declined, times=3)
        await _fail(other.breaker, _declined, times=3)
        await _fail(one.breaker)
        await until(lambda: other.breaker.status().failures == 1)
        assert (one.breaker.state, other.breaker.state) == (BreakerState.CLOSED, BreakerState.CLOSED)


async def test_failures_in_a_row_are_counted_over_all(redis_server: str) -> None:
    async with two_processes(redis_server) as (one, other):
        await _fail(one.breaker, times=2)
        await until(lambda: other.breaker.status().failures == 2)
        await _fail(other.breaker)
        assert other.breaker.state is BreakerState.OPEN
        await until(lambda: one.breaker.state is BreakerState.OPEN)


async def test_it_stays_open_if_it_opens_while_its_first_failure_is_still_being_told(redis_server: str) -> None:
    async with two_processes(redis_server) as (one, other):
        for _ in range(3):
            await _fail(one.breaker)
            # The task that tells it has begun, and Redis cannot have answered.
            await asyncio.sleep(0)
        assert one.breaker.state is BreakerState.OPEN
        await until(lambda: other.breaker.state is BreakerState.OPEN)
        assert one.breaker.state is BreakerState.OPEN


async def test_a_success_anywhere_ends_the_row_everywhere(redis_server: str) -> None:
    async with two_processes(redis_server) as (one, other):
        await _fail(one.breaker, times=2)
        await until(lambda: other.breaker.status().failures == 2)
        await other.breaker.call(_answer)
        await until(lambda: one.breaker.status().failures == 0)
        await _fail(one.breaker, times=2)
        assert one.breaker.state is BreakerState.CLOSED


async def test_opening_by_hand_and_resetting_reach_everybody(redis_server: str) -> None:
    async with two_processes(redis_server) as (one, other):
        await one.registry.force_open("payments", "maintenance", 600)
        await until(lambda: other.breaker.state is BreakerState.OPEN)
        status = other.breaker.status()
        assert status.reason == "maintenance"
        assert status.opened_at is not None
        assert status.retry_at is not None
        assert 590 < (status.retry_at - status.opened_at).total_seconds() <= 601
        await other.registry.reset("all")
        await until(lambda: one.breaker.state is BreakerState.CLOSED)
        assert await one.breaker.call(_answer) == "answer"


async def test_who_comes_later_learns_how_things_are(redis_server: str) -> None:
    prefix = f"{uuid4()}:"
    async with process(redis_server, prefix) as one:
        await until(lambda: one.shared.is_in_step)
        await _fail(one.breaker, times=3)
        async with process(redis_server, prefix) as late:
            await until(lambda: late.breaker.state is BreakerState.OPEN)
            assert late.breaker.status().reason == "3 failures in a row"


async def test_the_successes_that_close_it_may_come_from_anywhere(redis_server: str) -> None:
    async with two_processes(redis_server, BRIEF) as (one, other):
        await _fail(one.breaker, times=3)
        await until(lambda: other.breaker.state is BreakerState.OPEN)
        await _probe(one.breaker)
        await until(lambda: other.breaker.state is BreakerState.HALF_OPEN and other.breaker.position().successes == 1)
        await _probe(other.breaker)
        assert other.breaker.state is BreakerState.CLOSED
        await until(lambda: one.breaker.state is BreakerState.CLOSED)


async def test_a_cancelled_probe_makes_room_for_one_of_another_process(redis_server: str) -> None:
    async with two_processes(redis_server, BRIEF) as (one, other):
        await _fail(one.breaker, times=3)
        await until(lambda: one.breaker.position().age_seconds > SURELY_OVER)
        call = await _begin_probe(one.breaker)
        await until(lambda: other.breaker.state is BreakerState.HALF_OPEN)
        with pytest.raises(CircuitOpen):
            await other.breaker.call(_answer)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await _recover(other.breaker)


async def _begin_probe(breaker: Breaker) -> asyncio.Task[str]:
    """A call that is let through, as soon as one is, and does not end."""
    dependency = Counted()
    async with asyncio.timeout(60):
        while True:
            call = asyncio.create_task(breaker.call(dependency))
            await until(lambda: dependency.calls == 1 or call.done())  # noqa: B023 - of this round
            if dependency.calls == 1:
                return call
            assert isinstance(call.exception(), CircuitOpen)
            await asyncio.sleep(0.005)


async def test_every_change_is_made_in_one_process_and_noticed_in_all(redis_server: str) -> None:
    async with two_processes(redis_server, BRIEF) as (one, other):
        await _fail(one.breaker, times=2)
        await until(lambda: other.breaker.status().failures == 2)
        await _fail(other.breaker)
        await until(lambda: one.breaker.state is BreakerState.OPEN)
        await _recover(one.breaker)
        await until(lambda: other.breaker.state is BreakerState.CLOSED)
        await other.registry.force_open("payments", "maintenance", 600)
        await until(lambda: one.breaker.state is BreakerState.OPEN)
    assert one.made == ["half_open", "closed"]
    assert other.made == ["open", "open"]
    everything = ["open", "half_open", "closed", "open"]
    assert [change.to_state.value for change in one.heard] == everything
    assert [change.to_state.value for change in other.heard] == everything


async def test_it_works_where_client_commands_are_forbidden() -> None:
    server = RedisProcess(redis_binary(), "--user", "default", "on", "nopass", "~*", "&*", "+@all", "-client")
    try:
        await _opens_there_and_closes_here(server.start())
    finally:
        server.stop()


async def test_it_works_over_tls(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    server = RedisProcess(redis_binary(), *certificates.redis_options())
    try:
        server.start()
        await _opens_there_and_closes_here(certificates.redis_url())
    finally:
        server.stop()


async def _opens_there_and_closes_here(url: str) -> None:
    async with two_processes(url) as (one, other):
        await _seconds_until_open_there(one, other)


@dataclass
class Counted:
    """A dependency that answers when told to, and knows how many asked at once and in all. Used by several threads."""

    calls: int = 0
    released: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    async def __call__(self) -> str:
        with self._lock:
            self.calls += 1
        await until(self.released.is_set)
        return "answer"


@dataclass
class Rush:
    """Many calls at once in a process of their own loop, as far as they have come."""

    url: str
    prefix: str
    dependency: Counted
    gate: threading.Barrier
    refused: int = 0
    answered: int = 0
    state: BreakerState = BreakerState.CLOSED

    def run(self) -> None:
        asyncio.run(self._run())

    async def _run(self) -> None:
        async with process(self.url, self.prefix, BRIEF) as own:
            await until(lambda: own.shared.is_in_step and own.breaker.state is BreakerState.OPEN)
            await until(lambda: own.breaker.position().age_seconds > SURELY_OVER)
            await asyncio.to_thread(self.gate.wait, 60)
            await asyncio.gather(*(self._call(own.breaker) for _ in range(CALLS)))
            self.state = own.breaker.state

    async def _call(self, breaker: Breaker) -> None:
        try:
            await breaker.call(self.dependency)
        except CircuitOpen:
            self.refused += 1
        else:
            self.answered += 1


async def test_of_two_hundred_calls_in_each_of_two_processes_one_is_the_probe(redis_server: str) -> None:
    prefix, dependency, gate = f"{uuid4()}:", Counted(), threading.Barrier(2)
    async with process(redis_server, prefix, BRIEF) as first:
        await until(lambda: first.shared.is_in_step)
        await _fail(first.breaker, times=3)
        rushes = [Rush(redis_server, prefix, dependency, gate) for _ in range(2)]
        running = [asyncio.create_task(asyncio.to_thread(rush.run)) for rush in rushes]
        await until(lambda: sum(rush.refused for rush in rushes) == 2 * CALLS - 1)
        await until(lambda: dependency.calls > 0)
        dependency.released.set()
        await asyncio.gather(*running)
    assert dependency.calls == 1
    assert sum(rush.answered for rush in rushes) == 1
    assert BreakerState.HALF_OPEN in {rush.state for rush in rushes}


async def test_while_open_nothing_is_sent_from_anywhere(redis_server: str) -> None:
    async with two_processes(redis_server) as (one, other):
        await _fail(one.breaker, times=3)
        await until(lambda: other.breaker.state is BreakerState.OPEN)
        dependency = Counted()
        calls = [breaker.call(dependency) for breaker in (one.breaker, other.breaker) for _ in range(CALLS)]
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(result, CircuitOpen) for result in results)
        assert dependency.calls == 0


@pytest.mark.parametrize("fault", ["killed", "frozen"])
async def test_without_redis_each_goes_on_alone_and_both_recover(redis_process: RedisProcess, fault: str) -> None:
    answer_seconds = FROZEN_SECONDS if fault == "frozen" else PATIENT_SECONDS
    async with two_processes(redis_process.url, BRIEF, answer_seconds) as (one, other):
        await _fail(one.breaker)
        await until(lambda: other.breaker.status().failures == 1)
        redis_process.stop() if fault == "killed" else redis_process.pause()
        await _fail(one.breaker, times=2)
        assert one.breaker.state is BreakerState.OPEN
        assert await other.breaker.call(_answer) == "answer"
        await _recover(one.breaker)
        await _fail(other.breaker, times=3)
        assert other.breaker.state is BreakerState.OPEN
        await _recover(other.breaker)
        redis_process.start() if fault == "killed" else redis_process.resume()
        await until(lambda: one.shared.is_in_step and other.shared.is_in_step)
        await _fail(one.breaker, times=3)
        await until(lambda: other.breaker.state is BreakerState.OPEN)
        await _recover(other.breaker)
        await until(lambda: one.breaker.state is BreakerState.CLOSED)


async def test_what_was_opened_without_redis_is_told_when_it_is_back(redis_process: RedisProcess) -> None:
    async with two_processes(redis_process.url) as (one, other):
        await _fail(one.breaker, times=3)
        await until(lambda: other.breaker.state is BreakerState.OPEN)
        await one.registry.reset("payments")
        await until(lambda: other.breaker.state is BreakerState.CLOSED)
        redis_process.stop()
        await until(lambda: not one.shared.is_in_step and not other.shared.is_in_step)
        await _fail(one.breaker, times=3)
        redis_process.start()
        await until(lambda: other.breaker.state is BreakerState.OPEN)
        assert one.breaker.state is BreakerState.OPEN


async def test_idle_processes_cost_nearly_nothing_and_calls_cost_nothing(redis_process: RedisProcess) -> None:
    client = create_redis(redis_process.url, timeout_seconds=PATIENT_SECONDS)
    async with two_processes(redis_process.url) as (one, other):
        before = await _commands(client)
        deadline = asyncio.get_running_loop().time() + 20
        while asyncio.get_running_loop().time() < deadline:
            for breaker in (one.breaker, other.breaker):
                assert await breaker.call(_answer) == "answer"
            await asyncio.sleep(0.01)
        sent = await _commands(client) - before
    await client.aclose()
    # Less than one in ten seconds from each of the two.
    assert sent < 2 * 2


async def _commands(client: Redis) -> int:
    """How many commands the server has seen, without those of this question."""
    statistics = await client.info("commandstats")
    return sum(figures["calls"] for name, figures in statistics.items() if name != "cmdstat_info")


async def _probe(breaker: Breaker) -> None:
    """One good call, as soon as it is let through."""
    async with asyncio.timeout(60):
        while await breaker.call(_answer, fallback="refused") == "refused":  # noqa: ASYNC110
            await asyncio.sleep(0.005)
