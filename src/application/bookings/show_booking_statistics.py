"""Somebody's bookings in numbers."""

from dataclasses import dataclass
from datetime import datetime

from msgspec import Struct

from application.ports.booking_queries import BookingQueries, BookingTotals
from application.ports.clock import Clock
from application.ports.views import MoneyView
from domain.bookings.booking_life import ActorRole, BookingStatus
from domain.caregivers.services import Service
from domain.shared.actor import Actor
from domain.shared.period import checked_instant


class OwnerStatistics(Struct, frozen=True, kw_only=True, rename="camel"):
    """`upcoming` start later and still stand. `spent` is what was paid less what goes back."""

    total: int
    upcoming: int
    by_status: dict[BookingStatus, int]
    by_service: dict[Service, int]
    caregivers: int
    paid: MoneyView
    refunded: MoneyView
    spent: MoneyView


class CaregiverStatistics(Struct, frozen=True, kw_only=True, rename="camel"):
    """Numbers only: what was earned is for the ledger to say."""

    total: int
    upcoming: int
    by_status: dict[BookingStatus, int]
    by_service: dict[Service, int]
    owners: int


class OwnBookingStatistics(Struct, frozen=True, kw_only=True, rename="camel"):
    """`as_caregiver` is null for who has no caregiver profile."""

    as_owner: OwnerStatistics
    as_caregiver: CaregiverStatistics | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowBookingStatistics:
    """Counts the bookings of the viewer that start in a period; without bounds, all of them."""

    queries: BookingQueries
    clock: Clock

    async def execute(
        self, *, viewer: Actor, starts_from: datetime | None = None, starts_before: datetime | None = None
    ) -> OwnBookingStatistics:
        """Raises InstantNotUsable (fields `from` and `to`)."""
        first = None if starts_from is None else checked_instant(starts_from, field="from")
        last = None if starts_before is None else checked_instant(starts_before, field="to")

        async def totals(role: ActorRole) -> BookingTotals:
            return await self.queries.totals(
                viewer=viewer, role=role, starts_from=first, starts_before=last, now=self.clock.now()
            )

        as_owner = _as_owner(await totals(ActorRole.OWNER))
        if viewer.caregiver_id is None:
            return OwnBookingStatistics(as_owner=as_owner, as_caregiver=None)
        return OwnBookingStatistics(as_owner=as_owner, as_caregiver=_as_caregiver(await totals(ActorRole.CAREGIVER)))


def _as_owner(totals: BookingTotals) -> OwnerStatistics:
    return OwnerStatistics(
        total=sum(totals.by_status.values()),
        upcoming=totals.upcoming,
        by_status=_every_status(totals),
        by_service=dict(totals.by_service),
        caregivers=totals.other_parties,
        paid=MoneyView.of(totals.captured),
        refunded=MoneyView.of(totals.refunded),
        spent=MoneyView.of(totals.captured - totals.refunded),
    )


def _as_caregiver(totals: BookingTotals) -> CaregiverStatistics:
    return CaregiverStatistics(
        total=sum(totals.by_status.values()),
        upcoming=totals.upcoming,
        by_status=_every_status(totals),
        by_service=dict(totals.by_service),
        owners=totals.other_parties,
    )


def _every_status(totals: BookingTotals) -> dict[BookingStatus, int]:
    return {status: totals.by_status.get(status, 0) for status in BookingStatus}
