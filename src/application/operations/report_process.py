"""A process says that it is there, and how it is."""

from dataclasses import dataclass

from application.ports.circuit_breakers import BreakerState, CircuitBreakers
from application.ports.clock import Clock
from application.ports.process_figures import ProcessFigures
from application.ports.process_register import ProcessRegister, ProcessReport


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportProcess:
    register: ProcessRegister
    process: ProcessFigures
    circuit_breakers: CircuitBreakers
    clock: Clock

    async def execute(self, *, process_id: str, role: str) -> bool:
        """Whether it is the one that watches over all. Raises Unavailable."""
        figures = self.process.read()
        breakers = await self.circuit_breakers.status()
        return await self.register.report(
            ProcessReport(
                id=process_id,
                role=role,
                memory_bytes=figures.memory_bytes,
                memory_limit_bytes=figures.memory_limit_bytes,
                uptime_seconds=figures.uptime_seconds,
                loop_lag_ms=figures.loop_lag_ms,
                open_breakers={
                    breaker.name: breaker.reason or ""
                    for breaker in breakers
                    if breaker.state is not BreakerState.CLOSED
                },
                seen_at=self.clock.now(),
            )
        )
