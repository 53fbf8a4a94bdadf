"""Everything that the rules of alerts look at, gathered."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias

from application.deadline import deadline_in, seconds_left
from application.ports.breaker_history import BreakerHistory
from application.ports.clock import Clock
from application.ports.error_log import ErrorLog
from application.ports.job_records import JobRecords
from application.ports.ledger_queries import LedgerQueries
from application.ports.metric_figures import MetricFigures
from application.ports.process_register import ProcessRegister, ProcessReport
from application.ports.system_queries import SystemQueries
from domain.operations.alert_rules import WHOLE_SYSTEM, Observations
from domain.shared.errors import Unavailable

# Who is there and which breakers are open is looked at each time; the rest costs more, or commands of Redis.
EACH_TIME = timedelta(0)
FIGURES_EVERY = timedelta(seconds=10)
INVARIANTS_EVERY = timedelta(seconds=60)
# What takes longer is not known this time; the rules of the other figures do not wait for it.
LIMIT_SECONDS = 2.0
# Openings that were written down late, or that nobody looked for while the database was away. Less than what is
# remembered of alerts that are over.
LOOK_BACK = timedelta(minutes=15)
# The reconciliation looks further back, once a night.
MONEY_LOOK_BACK = timedelta(hours=1)

Seen: TypeAlias = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class _Ask:
    figures: tuple[str, ...]
    every: timedelta
    question: Callable[[], Awaitable[Seen]]


@dataclass(slots=True, kw_only=True)
class ObserveSystem:
    """What is older than it may be is asked for again, each part apart: one that fails or is slow is not known, and
    holds up no other."""

    figures: MetricFigures
    job_records: JobRecords
    processes: ProcessRegister
    breaker_history: BreakerHistory
    system_queries: SystemQueries
    ledger: LedgerQueries
    clock: Clock
    errors: ErrorLog
    figures_every: timedelta = FIGURES_EVERY
    invariants_every: timedelta = INVARIANTS_EVERY
    limit_seconds: float = LIMIT_SECONDS
    _seen: dict[str, Mapping[str, float]] = field(default_factory=dict[str, Mapping[str, float]])
    _asked_at: dict[str, datetime] = field(default_factory=dict[str, datetime])
    unknown: set[str] = field(default_factory=set[str])
    """The figures that could not be had when they were last asked for."""

    async def execute(self) -> Observations:
        """Raises Unavailable while the database is away."""
        now = self.clock.now()
        self._seen |= _of_processes(await self.processes.present())
        left = seconds_left()
        # Something of the time for a look is needed for what follows from it.
        limit = self.limit_seconds if left is None else min(self.limit_seconds, left / 2)
        await asyncio.gather(*(self._ask(ask, limit) for ask in self._asks() if self._is_due(ask, now)))
        return dict(self._seen)

    def _asks(self) -> Sequence[_Ask]:
        minute = ("requests_of_minute", "errors_of_minute", "p95_ms_of_minute")
        return (
            _Ask(("breaker_opened_at",), EACH_TIME, self._of_breakers),
            _Ask(minute, self.figures_every, self._of_figures),
            _Ask(("queue_oldest_seconds", "dead_jobs"), self.figures_every, self._of_queues),
            _Ask(("outbox_age_seconds",), self.figures_every, self._of_outbox),
            _Ask(("over_capacity",), self.invariants_every, self._of_capacity),
            _Ask(("ledger_off_cents", "reconciliation_differences"), self.invariants_every, self._of_money),
        )

    def _is_due(self, ask: _Ask, now: datetime) -> bool:
        """Once it is asked for it is not due, whatever comes of it: what is slow is not to be asked all the time."""
        last = self._asked_at.get(ask.figures[0])
        if last is not None and now - last < ask.every:
            return False
        self._asked_at[ask.figures[0]] = now
        return True

    async def _ask(self, ask: _Ask, limit: float) -> None:
        try:
            with deadline_in(limit):
                self._seen |= await ask.question()
        except Unavailable:
            self._is_unknown(ask)
        except Exception as error:  # noqa: BLE001 - a mistake in one figure must not blind the rules of all others
            self.errors.note(error, place=f"figure {ask.figures[0]}")
            self._is_unknown(ask)
        else:
            self.unknown.difference_update(ask.figures)

    def _is_unknown(self, ask: _Ask) -> None:
        self.unknown.update(ask.figures)
        for figure in ask.figures:
            self._seen.pop(figure, None)

    async def _of_breakers(self) -> Seen:
        opened = await self.breaker_history.opened_since(self.clock.now() - LOOK_BACK)
        return {"breaker_opened_at": {name: at.timestamp() for name, at in opened.items()}}

    async def _of_figures(self) -> Seen:
        summary = await self.figures.summary()
        return {
            "requests_of_minute": {WHOLE_SYSTEM: summary.requests_per_minute},
            "errors_of_minute": {WHOLE_SYSTEM: summary.errors_per_minute},
            "p95_ms_of_minute": {WHOLE_SYSTEM: summary.p95_of_minute},
        }

    async def _of_queues(self) -> Seen:
        counts = await self.job_records.counts()
        return {
            "queue_oldest_seconds": {name: queue.oldest_seconds for name, queue in counts.items()},
            "dead_jobs": {name: queue.dead for name, queue in counts.items()},
        }

    async def _of_outbox(self) -> Seen:
        return {"outbox_age_seconds": {WHOLE_SYSTEM: await self.system_queries.outbox_age_seconds()}}

    async def _of_capacity(self) -> Seen:
        return {"over_capacity": {WHOLE_SYSTEM: await self.system_queries.over_capacity()}}

    async def _of_money(self) -> Seen:
        """The sum of all accounts is 0 by the make of the ledger; what could go wrong is that money is not in it."""
        off = await self.ledger.bookings_off(self.clock.now() - MONEY_LOOK_BACK)
        cents = sum(abs(one.by_booking.amount_cents - one.by_ledger.amount_cents) for one in off)
        return {
            "ledger_off_cents": {WHOLE_SYSTEM: cents},
            "reconciliation_differences": {WHOLE_SYSTEM: await self.system_queries.reconciliation_differences()},
        }


def _of_processes(present: Sequence[ProcessReport]) -> dict[str, Mapping[str, float]]:
    """A breaker is open when it is so in any process."""
    return {
        "open_breakers": {name: 1.0 for process in present for name in process.open_breakers},
        "memory_share": {process.id: process.memory_bytes / process.memory_limit_bytes for process in present},
        "database_away_seconds": {},
    }
