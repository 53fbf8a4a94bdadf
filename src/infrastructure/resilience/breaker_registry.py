"""All breakers of a process, by name."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from application.ports.circuit_breakers import BreakerStatus, BreakerTransition, CircuitBreakers, UnknownBreaker
from application.ports.metrics import Metrics
from application.ports.tracing import SpanKind, Tracing
from infrastructure.resilience.call_outcomes import CallObserver, CallOutcome

ALL_BREAKERS = "all"


class NamedBreaker(Protocol):
    """What the registry needs of a breaker."""

    @property
    def name(self) -> str: ...

    def status(self) -> BreakerStatus: ...

    def reset(self) -> None: ...

    def force_open(self, reason: str, seconds: float) -> None: ...

    def on_change(self, listener: Callable[[BreakerTransition], None]) -> None: ...

    observe: CallObserver


class SharedState(Protocol):
    """What keeps breakers in step with other processes while it runs."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


class BreakerRegistry(CircuitBreakers):
    """The breakers of this process, in step with those of others between `start` and `stop` if there is `shared`."""

    def __init__(self, breakers: Iterable[NamedBreaker], shared: SharedState | None = None) -> None:
        self._breakers = {breaker.name: breaker for breaker in breakers}
        self._shared = shared

    async def start(self) -> None:
        """Needs no service to be there."""
        if self._shared is not None:
            await self._shared.start()

    async def stop(self) -> None:
        if self._shared is not None:
            await self._shared.stop()

    def on_change(self, listener: Callable[[BreakerTransition], None]) -> None:
        """Tells it every change of every breaker; it should only take a note."""
        for breaker in self._breakers.values():
            breaker.on_change(listener)

    def observe(self, metrics: Metrics, tracing: Tracing | None = None) -> None:
        """Measures every call and every change from now on, and tells calls as parts of the traces they belong to."""

        def changed(transition: BreakerTransition) -> None:
            metrics.breaker_changed(name=transition.name, state=transition.to_state.value)

        for breaker in self._breakers.values():
            breaker.observe = _observer(metrics, tracing, breaker.name)
            metrics.breaker_changed(name=breaker.name, state=breaker.status().state.value)
        self.on_change(changed)

    async def status(self) -> Sequence[BreakerStatus]:
        return [breaker.status() for breaker in self._breakers.values()]

    async def reset(self, name: str) -> None:
        for breaker in self._named(name):
            breaker.reset()

    async def force_open(self, name: str, reason: str, seconds: float) -> None:
        for breaker in self._named(name):
            breaker.force_open(reason, seconds)

    def _named(self, name: str) -> Sequence[NamedBreaker]:
        if name == ALL_BREAKERS:
            return list(self._breakers.values())
        if name not in self._breakers:
            raise UnknownBreaker(f"There is no circuit breaker {name}")
        return [self._breakers[name]]


def _observer(metrics: Metrics, tracing: Tracing | None, name: str) -> CallObserver:
    def observe(outcome: CallOutcome, seconds: float) -> None:
        metrics.dependency_called(name=name, outcome=outcome.value, seconds=seconds)
        if tracing is not None:
            tracing.finished(f"call {name}", SpanKind.CLIENT, seconds=seconds, attributes={"outcome": outcome.value})

    return observe
