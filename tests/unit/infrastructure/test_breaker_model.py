"""The breaker against a simple model of its rules, with a clock that only the test moves."""

import asyncio
import math
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from application.ports.circuit_breakers import BreakerState, BreakerTransition, CircuitOpen, DependencyBusy
from infrastructure.resilience.breaker import Breaker, BreakerRule

RULE = BreakerRule(failures_to_open=3, open_seconds=10, timeout_seconds=600, successes_to_close=2, concurrent_calls=4)


class Down(Exception):
    def __init__(self, retry_after_seconds: float) -> None:
        self.retry_after_seconds = retry_after_seconds


class Refused(Exception): ...


@dataclass(eq=False)
class Call:
    """One call under way, in the model and in the breaker."""

    era: int
    is_probe: bool
    task: asyncio.Task[str] | None = None
    outcome: asyncio.Future[str] | None = None


@dataclass
class Model:
    """What section 12 of the product says, in as few words as possible."""

    now: float = 1000.0
    state: BreakerState = BreakerState.CLOSED
    era: int = 0
    in_a_row: int = 0
    good_probes: int = 0
    reopened: int = 0
    until: float = 0.0
    probe: Call | None = None
    outcomes: list[tuple[int, bool]] = field(default_factory=list)
    under_way: list[Call] = field(default_factory=list)

    def expected(self) -> type[Exception] | None:
        waits = self.state is BreakerState.OPEN and self.now < self.until
        if waits or (self.state is not BreakerState.CLOSED and self.probe):
            return CircuitOpen
        return DependencyBusy if len(self.under_way) >= RULE.concurrent_calls else None

    def begin(self) -> Call:
        if self.state is BreakerState.OPEN:
            self.enter(BreakerState.HALF_OPEN)
        call = Call(self.era, self.state is BreakerState.HALF_OPEN)
        if call.is_probe:
            self.probe = call
        self.under_way.append(call)
        return call

    def end(self, call: Call, *, failed: bool | None, pause: float = 0) -> None:
        """`failed` is None when the caller was cancelled."""
        self.under_way.remove(call)
        if self.probe is call:
            self.probe = None
        if failed is None or call.era != self.era:
            return
        self.in_a_row = self.in_a_row + 1 if failed else 0
        if self.state is BreakerState.HALF_OPEN:
            self.end_probe(failed, pause)
            return
        self.outcomes.append((int(self.now), failed))
        recent = [bad for second, bad in self.outcomes if second > int(self.now) - 60]
        if self.in_a_row >= 3 or (len(recent) >= 10 and sum(recent) * 2 >= len(recent)):
            self.enter(BreakerState.OPEN)
            self.until = self.now + max(10, min(60, pause if failed else 0))

    def end_probe(self, failed: bool, pause: float) -> None:
        if failed:
            self.reopened += 1
            self.enter(BreakerState.OPEN)
            self.until = self.now + max(min(60, 10 * 2**self.reopened), min(60, pause))
            return
        self.good_probes += 1
        if self.good_probes == 2:
            self.enter(BreakerState.CLOSED)

    def enter(self, state: BreakerState) -> None:
        self.state, self.probe, self.outcomes = state, None, []
        self.era += 1
        self.good_probes = 0
        if state is BreakerState.CLOSED:
            self.in_a_row = self.reopened = 0


class BreakerMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.model = Model()
        self.heard: list[BreakerTransition] = []
        self.breaker = Breaker(
            "test",
            RULE,
            is_failure=lambda error: not isinstance(error, Refused),
            monotonic=lambda: self.model.now,
            jitter=lambda _low, high: high,
        )
        self.breaker.on_change(self.heard.append)

    def teardown(self) -> None:
        for call in list(self.model.under_way):
            self._finish(call, None)
        self.runner.close()

    @rule()
    def a_call_comes(self) -> None:
        expected = self.model.expected()
        outcome, begun = self.runner.get_loop().create_future(), asyncio.Event()

        async def function() -> str:
            begun.set()
            return await outcome

        async def begin() -> asyncio.Task[str]:
            task = asyncio.create_task(self.breaker.call(function))
            while not begun.is_set() and not task.done():  # noqa: ASYNC110 - a refused call never begins
                await asyncio.sleep(0)
            return task

        task = self.runner.run(begin())
        if expected is None:
            call = self.model.begin()
            call.task, call.outcome = task, outcome
            assert not task.done()
        else:
            error = task.exception()
            assert type(error) is expected
            self._check_retry_after(error)

    def _check_retry_after(self, error: BaseException | None) -> None:
        assert isinstance(error, CircuitOpen)
        waits = self.model.until - self.model.now if self.model.state is BreakerState.OPEN else 0
        if not isinstance(error, DependencyBusy):
            assert error.retry_after == max(1, math.ceil(waits))

    @rule(outcomes=st.lists(st.booleans(), min_size=6, max_size=14))
    def calls_come_one_after_the_other(self, outcomes: list[bool]) -> None:
        for failed in outcomes:
            before = len(self.model.under_way)
            self.a_call_comes()
            if len(self.model.under_way) > before:
                call = self.model.under_way[-1]
                self._finish(call, Down(0) if failed else "answer")
                self.model.end(call, failed=failed)

    @precondition(lambda self: self.model.under_way)
    @rule(data=st.data(), answer=st.sampled_from(["answer", Refused()]))
    def a_call_is_answered(self, data: st.DataObject, answer: str | Exception) -> None:
        call = data.draw(st.sampled_from(self.model.under_way))
        self._finish(call, answer)
        self.model.end(call, failed=False)

    @precondition(lambda self: self.model.under_way)
    @rule(data=st.data(), pause=st.sampled_from([0, 0, 0, 25, 500]))
    def a_call_fails(self, data: st.DataObject, pause: float) -> None:
        call = data.draw(st.sampled_from(self.model.under_way))
        self._finish(call, Down(pause))
        self.model.end(call, failed=True, pause=pause)

    @precondition(lambda self: self.model.under_way)
    @rule(data=st.data())
    def a_caller_goes_away(self, data: st.DataObject) -> None:
        call = data.draw(st.sampled_from(self.model.under_way))
        self._finish(call, None)
        self.model.end(call, failed=None)

    @rule(seconds=st.sampled_from([0.25, 1, 5, 10, 20, 40, 60]))
    def time_passes(self, seconds: float) -> None:
        self.model.now += seconds

    @rule()
    def somebody_resets_it(self) -> None:
        self.breaker.reset()
        self.model.enter(BreakerState.CLOSED)

    @rule(seconds=st.sampled_from([1, 30, 3600]))
    def somebody_opens_it(self, seconds: float) -> None:
        self.breaker.force_open("maintenance", seconds)
        self.model.enter(BreakerState.OPEN)
        self.model.until, self.model.reopened, self.model.in_a_row = self.model.now + seconds, 0, 0

    @invariant()
    def it_is_where_the_model_is(self) -> None:
        assert self.breaker.state is self.model.state
        assert self.breaker.status().failures == self.model.in_a_row
        assert (self.breaker.status().reason is None) == (self.model.state is BreakerState.CLOSED)

    @invariant()
    def its_listeners_heard_every_change(self) -> None:
        states = [BreakerState.CLOSED, *(change.to_state for change in self.heard)]
        assert [change.from_state for change in self.heard] == states[:-1]
        assert states[-1] is self.model.state

    def _finish(self, call: Call, answer: str | Exception | None) -> None:
        async def finish() -> None:
            assert call.task is not None
            assert call.outcome is not None
            if answer is None:
                call.task.cancel()
            elif isinstance(answer, Exception):
                call.outcome.set_exception(answer)
            else:
                call.outcome.set_result(answer)
            await asyncio.wait([call.task])
            assert call.task.cancelled() or call.task.exception() is (answer if isinstance(answer, Exception) else None)

        self.runner.run(finish())


def test_it_does_what_the_rules_say_whatever_happens() -> None:
    run_state_machine_as_test(BreakerMachine, settings=settings(max_examples=40, stateful_step_count=40, deadline=None))
