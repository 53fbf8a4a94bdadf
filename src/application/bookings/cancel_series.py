"""Ending the rest of a series."""

from dataclasses import dataclass
from datetime import datetime

from application.bookings.ended_booking import end_booking
from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.bookings.booking import CANCELLABLE
from domain.bookings.booking_life import SeriesId
from domain.shared.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelSeries:
    """Cancels what starts at an instant or later and can still be cancelled, each booking on its own terms; all of them
    or, when one is refused, none."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    ids: Ids

    async def execute(
        self, *, actor: Actor, series_id: SeriesId, starts_from: datetime | None = None, reason: str | None = None
    ) -> int:
        """How many were cancelled; twice is harmless. Raises SeriesNotFound, also for who is no party of it."""
        now = self.clock.now()
        cancelled = 0
        async with self.unit_of_work() as uow:
            for booking in await uow.bookings.of_series(series_id, seen_by=actor):
                start = booking.period.start
                lies_ahead = start > now and (starts_from is None or start >= starts_from)
                if lies_ahead and booking.status in CANCELLABLE:
                    cancelled += await end_booking(uow, booking, actor=actor, reason=reason, ids=self.ids, now=now)
        return cancelled
