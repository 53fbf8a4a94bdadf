"""Ending the rest of a series."""

from dataclasses import dataclass
from datetime import datetime

from application.payments.decided_refunds import send_back
from application.payments.money_jobs import enqueue_cancel_of_open_payments
from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.bookings.booking import CANCELLABLE
from domain.bookings.booking_life import ActorRole, BookingId, SeriesId
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
        starts_from = starts_from or now
        cancelled: list[BookingId] = []
        async with self.unit_of_work() as uow:
            for booking in await uow.bookings.of_series(series_id, seen_by=actor):
                if (
                    booking.period.start <= now
                    or booking.period.start < starts_from
                    or booking.status not in CANCELLABLE
                ):
                    continue
                terms = booking.cancel(by=actor, at=now, reason=reason)
                if terms is None:
                    continue
                await enqueue_cancel_of_open_payments(uow, booking.id)
                await send_back(uow, booking, terms.refund, reason="booking cancelled", ids=self.ids, now=now)
                if booking.role_of(actor) is ActorRole.ADMIN:
                    await uow.audit.record(
                        admin_id=actor.account_id, action="bookings.cancel", subject_id=booking.id, reason=reason
                    )
                await uow.bookings.save(booking)
                cancelled.append(booking.id)
        return len(cancelled)
