"""What a caregiver has earned, and when he is paid."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from application.ports.clock import Clock
from application.ports.earnings_queries import EarningsQueries, OwnPayoutView, UnpaidShare
from application.ports.views import MoneyView, Page
from domain.bookings.booking_in_care import COMPLETED_BY_ITSELF_AFTER
from domain.bookings.booking_state import PAYOUT_DELAY
from domain.caregivers.caregiver_profile import CaregiverNotFound
from domain.shared.actor import Actor, CaregiverId
from domain.shared.money import Money
from domain.shared.period import BRUSSELS

# Belgium and the Netherlands share their days.
_ZONE = ZoneInfo(BRUSSELS)


class ForecastDay(Struct, frozen=True, kw_only=True):
    """What is paid out that day, if nothing comes between; a day of Brussels and Amsterdam."""

    date: date
    amount: MoneyView
    bookings: int


class Earnings(Struct, frozen=True, kw_only=True):
    """All of it after commission. `pending` is not due yet, `due` is on its way or waits for the account, `held` waits
    for a dispute or chargeback to be decided, `paid` has gone. Payouts are reduced by `debt`, which counts what of a
    payout is to be taken back already before it is. The forecast counts what is not held; what is not completed yet
    counts for when it would be by itself."""

    pending: MoneyView
    due: MoneyView
    held: MoneyView
    paid: MoneyView
    debt: MoneyView
    forecast: list[ForecastDay]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowEarnings:
    queries: EarningsQueries
    clock: Clock

    async def execute(self, *, caregiver: Actor) -> Earnings:
        """Raises CaregiverNotFound for whoever has no profile."""
        caregiver_id = _own(caregiver)
        now = self.clock.now()
        unpaid = await self.queries.unpaid(caregiver_id)
        shares = [share for share in unpaid if share.amount >= Money.zero()]
        # Given back to the owner after the payout, and not yet reversed.
        paid_too_much = -sum(min(share.amount.amount_cents, 0) for share in unpaid)
        owed = (await self.queries.debt(caregiver_id)).amount_cents + paid_too_much
        free = [share for share in shares if not share.is_held]
        return Earnings(
            pending=_sum(share for share in free if not _is_due(share, now)),
            due=_sum(share for share in free if _is_due(share, now)),
            held=_sum(share for share in shares if share.is_held),
            paid=MoneyView.of(await self.queries.paid(caregiver_id)),
            debt=MoneyView.of(Money(owed)),
            forecast=_forecast(free, now),
        )

    async def payouts(self, *, caregiver: Actor, limit: int, cursor: str | None) -> Page[OwnPayoutView]:
        """Raises CaregiverNotFound and InvalidCursor."""
        return await self.queries.payouts(_own(caregiver), limit=limit, cursor=cursor)


def _own(actor: Actor) -> CaregiverId:
    if actor.caregiver_id is None:
        raise CaregiverNotFound
    return actor.caregiver_id


def _is_due(share: UnpaidShare, now: datetime) -> bool:
    return share.due_at is not None and share.due_at <= now


def _forecast(shares: Sequence[UnpaidShare], now: datetime) -> list[ForecastDay]:
    days: dict[date, list[UnpaidShare]] = defaultdict(list)
    for share in shares:
        expected = share.due_at or share.end_at + COMPLETED_BY_ITSELF_AFTER + PAYOUT_DELAY
        days[max(expected, now).astimezone(_ZONE).date()].append(share)
    return [ForecastDay(date=day, amount=_sum(of), bookings=len(of)) for day, of in sorted(days.items())]


def _sum(shares: Iterable[UnpaidShare]) -> MoneyView:
    return MoneyView.of(Money(sum(share.amount.amount_cents for share in shares)))
