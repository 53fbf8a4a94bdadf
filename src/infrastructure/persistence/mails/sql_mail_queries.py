"""What mails tell, read from SQL when they are written."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, func, select

from application.ports.mail_queries import BookingNews, CaregiverNews, MailQueries, ProposalNews, Reader
from domain.accounts.account import AccountNotFound
from domain.bookings.booking_life import ActorRole, BookingId, BookingStatus, parties_are_revealed
from domain.bookings.booking_refusals import BookingNotFound
from domain.bookings.booking_state import PAYOUT_DELAY, share_of_caregiver
from domain.caregivers.caregiver_profile import CaregiverNotFound
from domain.caregivers.services import Service
from domain.payments.payout import PayoutId, PayoutNotFound
from domain.payments.refund import RefundId, RefundNotFound
from domain.shared.actor import AccountId, CaregiverId
from domain.shared.languages import Language
from domain.shared.money import Money
from infrastructure.persistence.accounts.account_tables import accounts
from infrastructure.persistence.bookings.booking_aftermath import dispute_from
from infrastructure.persistence.bookings.booking_tables import (
    booking_pets,
    booking_transitions,
    bookings,
    disputes,
    quote_pets,
    quotes,
)
from infrastructure.persistence.caregivers.caregiver_tables import caregivers
from infrastructure.persistence.database import Database
from infrastructure.persistence.payments.payment_tables import refunds
from infrastructure.persistence.payments.payout_tables import payouts
from infrastructure.persistence.pets.pet_tables import pets
from infrastructure.persistence.tables import AnySelect

_other = bookings.alias("other")


class SqlMailQueries(MailQueries):
    def __init__(self, database: Database) -> None:
        self._database = database

    async def reader(self, account_id: AccountId) -> Reader:
        row = await self._first(_reader().where(accounts.c.id == account_id))
        if row is None:
            raise AccountNotFound
        return _as_reader(row)

    async def admins(self) -> Sequence[AccountId]:
        statement = select(accounts.c.id).where(accounts.c.is_admin, accounts.c.suspended_at.is_(None))
        return [AccountId(row.id) for row in await self._all(statement.order_by(accounts.c.id))]

    async def booking(self, booking_id: BookingId) -> BookingNews:
        together = (
            select(func.count()).where(_other.c.series_id == bookings.c.series_id).correlate(bookings).scalar_subquery()
        )
        row = await self._first(
            select(bookings, caregivers.c.account_id.label("caregiver_account_id"), together.label("series_length"))
            .join(caregivers, caregivers.c.id == bookings.c.caregiver_id)
            .where(bookings.c.id == booking_id)
        )
        if row is None:
            raise BookingNotFound
        names = (
            select(pets.c.name)
            .join(booking_pets, booking_pets.c.pet_id == pets.c.id)
            .where(booking_pets.c.booking_id == booking_id)
            .order_by(booking_pets.c.position)
        )
        last = (
            select(booking_transitions.c.reason, booking_transitions.c.actor_role, booking_transitions.c.at)
            .where(booking_transitions.c.booking_id == booking_id)
            .order_by(booking_transitions.c.position.desc())
        )
        last_step = await self._first(last.limit(1))
        return _as_news(
            row,
            owner=await self.reader(row.owner_id),
            caregiver=await self.reader(row.caregiver_account_id),
            pet_names=tuple(pet.name for pet in await self._all(names)),
            last=last_step,
            went_back=await self._went_back_with(booking_id, last_step),
            dispute=await self._first(select(disputes).where(disputes.c.booking_id == booking_id)),
            proposal=await self._proposal(row),
        )

    async def _went_back_with(self, booking_id: BookingId, step: Row[Any] | None) -> int:
        """Cents of the refunds that were decided at the instant of a transition."""
        if step is None:
            return 0
        decided = select(func.sum(refunds.c.amount_cents).label("cents"))
        row = await self._first(decided.where(refunds.c.booking_id == booking_id, refunds.c.created_at == step.at))
        return 0 if row is None else int(row.cents or 0)

    async def _proposal(self, booking: Row[Any]) -> ProposalNews | None:
        if booking.change_quote_id is None:
            return None
        quote = await self._first(select(quotes).where(quotes.c.id == booking.change_quote_id))
        if quote is None:
            return None
        names = (
            select(pets.c.name)
            .join(quote_pets, quote_pets.c.pet_id == pets.c.id)
            .where(quote_pets.c.quote_id == quote.id)
            .order_by(quote_pets.c.position)
        )
        zone = ZoneInfo(quote.time_zone)
        return ProposalNews(
            quote_id=quote.id,
            start_at=quote.start_at.astimezone(zone),
            end_at=quote.end_at.astimezone(zone),
            pets=tuple(pet.name for pet in await self._all(names)),
            gross=Money(quote.gross_cents, quote.currency),
            net=Money(quote.net_cents, quote.currency),
            until=booking.change_until.astimezone(zone),
            is_accepted=booking.change_accepted_at is not None,
        )

    async def refund(self, refund_id: RefundId) -> tuple[BookingId, Money]:
        row = await self._first(select(refunds).where(refunds.c.id == refund_id))
        if row is None:
            raise RefundNotFound
        return BookingId(row.booking_id), Money(row.amount_cents, row.currency)

    async def payout(self, payout_id: PayoutId) -> tuple[BookingId, Money, Money]:
        row = await self._first(select(payouts).where(payouts.c.id == payout_id))
        if row is None:
            raise PayoutNotFound
        amount, netted = Money(row.amount_cents, row.currency), Money(row.netted_cents, row.currency)
        return BookingId(row.booking_id), amount, netted

    async def caregiver(self, caregiver_id: CaregiverId) -> CaregiverNews:
        row = await self._first(select(caregivers).where(caregivers.c.id == caregiver_id))
        if row is None:
            raise CaregiverNotFound
        return CaregiverNews(
            id=caregiver_id, holder=await self.reader(row.account_id), rejection_reason=row.rejection_reason
        )

    async def _first(self, statement: AnySelect) -> Row[Any] | None:
        async with self._database.read() as connection:
            return (await connection.execute(statement)).first()

    async def _all(self, statement: AnySelect) -> Sequence[Row[Any]]:
        async with self._database.read() as connection:
            return (await connection.execute(statement)).all()


def _reader() -> AnySelect:
    a = accounts.c
    return select(a.id, a.email, a.first_name, a.last_name, a.language)


def _as_reader(row: Row[Any]) -> Reader:
    return Reader(
        account_id=row.id,
        email=row.email,
        first_name=row.first_name,
        last_name=row.last_name,
        language=Language(row.language),
    )


def _as_news(
    row: Row[Any],
    *,
    owner: Reader,
    caregiver: Reader,
    pet_names: tuple[str, ...],
    last: Row[Any] | None,
    went_back: int,
    dispute: Row[Any] | None,
    proposal: ProposalNews | None,
) -> BookingNews:
    zone = ZoneInfo(row.time_zone)
    kept = Money(row.captured_cents - row.refunded_cents, row.currency)
    return BookingNews(
        id=row.id,
        quote_id=row.quote_id,
        status=BookingStatus(row.status),
        owner=owner,
        caregiver=caregiver,
        parties_revealed=parties_are_revealed(BookingStatus(row.status), meet_and_greet=row.meet_and_greet),
        service=Service(row.service),
        start_at=row.start_at.astimezone(zone),
        end_at=row.end_at.astimezone(zone),
        pets=pet_names,
        gross=Money(row.gross_cents, row.currency),
        net=Money(row.net_cents, row.currency),
        captured=Money(row.captured_cents, row.currency),
        refunded=Money(row.refunded_cents, row.currency),
        went_back=Money(went_back, row.currency),
        answer_until=row.answer_until.astimezone(zone),
        pay_from=None if row.pay_window_opens_at is None else row.pay_window_opens_at.astimezone(zone),
        pay_until=None if row.pay_until is None or row.meet_and_greet else row.pay_until.astimezone(zone),
        booked_instantly=row.accepted_at == row.requested_at,
        reason=None if last is None else last.reason,
        ended_by=ActorRole.SYSTEM if last is None else ActorRole(last.actor_role),
        disputable_until=None if row.completed_at is None else (row.completed_at + PAYOUT_DELAY).astimezone(zone),
        dispute=None if dispute is None else dispute_from(dispute, row.currency),
        payout=share_of_caregiver(kept, row.commission_basis_points),
        series_length=max(1, row.series_length),
        meet_and_greet=row.meet_and_greet,
        proposal=proposal,
    )
