"""Quotes in SQL."""

from typing import Any

from sqlalchemy import Row, bindparam, select, update

from application.ports.quote_repository import QuoteRepository
from domain.bookings.pricing import LineItem, LineKind
from domain.bookings.quote import Quote, QuoteId, QuoteNotFound
from domain.caregivers.services import Service
from domain.shared.actor import AccountId, CaregiverId
from domain.shared.money import Money
from domain.shared.period import Period
from infrastructure.persistence.bookings.booking_tables import quote_lines, quote_pets, quotes
from infrastructure.persistence.transaction import Transaction

# Made once: to make them takes longer than to run them.
_HIS = (quotes.c.id == bindparam("quote_id"), quotes.c.owner_id == bindparam("owner_id"))
_QUOTE, _CAREGIVER = select(quotes).where(*_HIS), select(quotes.c.caregiver_id).where(*_HIS)
_PETS, _LINES = (
    select(table).where(table.c.quote_id == bindparam("quote_id")).order_by(table.c.position)
    for table in (quote_pets, quote_lines)
)
_USE = (
    update(quotes)
    .where(quotes.c.id == bindparam("quote_id"), quotes.c.version == bindparam("version_read"))
    .values(used_at=bindparam("used_at"), version=bindparam("version"))
)


class SqlQuoteRepository(QuoteRepository):
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def get(self, quote_id: QuoteId, *, owner_id: AccountId) -> Quote:
        asked = {"quote_id": quote_id, "owner_id": owner_id}
        row = await self._transaction.first(_QUOTE, asked)
        if row is None:
            raise QuoteNotFound
        return Quote(
            id=row.id,
            owner_id=row.owner_id,
            caregiver_id=row.caregiver_id,
            service=Service(row.service),
            period=Period(row.start_at, row.end_at),
            time_zone=row.time_zone,
            pet_ids=tuple(pet.pet_id for pet in await self._transaction.all(_PETS, asked)),
            line_items=tuple(_line(line, row.currency) for line in await self._transaction.all(_LINES, asked)),
            gross=Money(row.gross_cents, row.currency),
            commission=Money(row.commission_cents, row.currency),
            commission_basis_points=row.commission_basis_points,
            created_at=row.created_at,
            expires_at=row.expires_at,
            used_at=row.used_at,
            meet_and_greet=row.meet_and_greet,
            promotion_id=row.promotion_id,
            version=row.version,
        )

    async def caregiver_of(self, quote_id: QuoteId, *, owner_id: AccountId) -> CaregiverId:
        row = await self._transaction.first(_CAREGIVER, {"quote_id": quote_id, "owner_id": owner_id})
        if row is None:
            raise QuoteNotFound
        return CaregiverId(row.caregiver_id)

    async def add(self, quote: Quote) -> None:
        await self._transaction.execute(quotes.insert().values(_to_row(quote)))
        await self._transaction.execute(
            quote_pets.insert(),
            [{"quote_id": quote.id, "position": at, "pet_id": pet_id} for at, pet_id in enumerate(quote.pet_ids)],
        )
        await self._transaction.execute(
            quote_lines.insert(), [_line_row(quote.id, at, line) for at, line in enumerate(quote.line_items)]
        )

    async def save(self, quote: Quote) -> None:
        read = quote.version
        quote.version += 1
        changed = {"used_at": quote.used_at, "version": quote.version}
        await self._transaction.save_version(_USE, {"quote_id": quote.id, "version_read": read, **changed})


def _to_row(quote: Quote) -> dict[str, Any]:
    return {
        "id": quote.id,
        "owner_id": quote.owner_id,
        "caregiver_id": quote.caregiver_id,
        "service": quote.service.value,
        "start_at": quote.period.start,
        "end_at": quote.period.end,
        "time_zone": quote.time_zone,
        "gross_cents": quote.gross.amount_cents,
        "commission_cents": quote.commission.amount_cents,
        "net_cents": quote.net.amount_cents,
        "commission_basis_points": quote.commission_basis_points,
        "currency": quote.gross.currency,
        "created_at": quote.created_at,
        "expires_at": quote.expires_at,
        "used_at": quote.used_at,
        "version": quote.version,
        "meet_and_greet": quote.meet_and_greet,
        "promotion_id": quote.promotion_id,
    }


def _line_row(quote_id: QuoteId, position: int, line: LineItem) -> dict[str, Any]:
    return {
        "quote_id": quote_id,
        "position": position,
        "kind": line.kind.value,
        "label": line.label,
        "half_units": line.half_units,
        "unit_price_cents": line.unit_price.amount_cents,
        "total_cents": line.total.amount_cents,
    }


def _line(row: Row[Any], currency: str) -> LineItem:
    return LineItem(
        kind=LineKind(row.kind),
        label=row.label,
        half_units=row.half_units,
        unit_price=Money(row.unit_price_cents, currency),
        total=Money(row.total_cents, currency),
    )
