"""Promotions in SQL."""

from typing import Any

from sqlalchemy import Row, bindparam, func, or_, select, update

from application.ports.promotion_repository import PromotionRepository
from domain.bookings.booking_life import STATUSES_THAT_FREE_THE_PLACE, BookingId
from domain.bookings.promotion import Promotion, PromotionId, PromotionNotFound, PromotionTerms, PromotionUses
from domain.caregivers.services import Service
from domain.shared.actor import AccountId, CaregiverId
from domain.shared.money import EUR, Money
from infrastructure.persistence.bookings.booking_tables import bookings, quotes
from infrastructure.persistence.bookings.promotion_tables import promotions
from infrastructure.persistence.transaction import Transaction

STANDS = bookings.c.status.not_in([status.value for status in sorted(STATUSES_THAT_FREE_THE_PLACE)])
QUOTED = quotes.join(bookings, or_(bookings.c.quote_id == quotes.c.id, bookings.c.change_quote_id == quotes.c.id))
"""Bookings with the quotes that they have, or may get. Those that stand are the uses of a promotion of such a quote."""

# Made once: to make them takes longer than to run them.
_BY_ID = select(promotions).where(promotions.c.id == bindparam("promotion_id"))
_OF_CODE = select(promotions).where(
    promotions.c.caregiver_id == bindparam("caregiver_id"), promotions.c.code == bindparam("code")
)
_USES = (
    select(
        func.count(bookings.c.id.distinct()).label("in_all"),
        func.count(bookings.c.id.distinct()).filter(bookings.c.owner_id == bindparam("owner_id")).label("of_owner"),
    )
    .select_from(QUOTED)
    .where(quotes.c.promotion_id == bindparam("promotion_id"), STANDS)
)
_OTHER_USES = _USES.where(bookings.c.id != bindparam("but"))


class SqlPromotionRepository(PromotionRepository):
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def get(self, promotion_id: PromotionId) -> Promotion:
        row = await self._transaction.first(_BY_ID, {"promotion_id": promotion_id})
        if row is None:
            raise PromotionNotFound
        return _from_row(row)

    async def of_code(self, code: str, *, caregiver_id: CaregiverId) -> Promotion | None:
        row = await self._transaction.first(_OF_CODE, {"code": code, "caregiver_id": caregiver_id})
        return None if row is None else _from_row(row)

    async def add(self, promotion: Promotion) -> None:
        await self._transaction.execute(promotions.insert().values(_to_row(promotion)))

    async def save(self, promotion: Promotion) -> None:
        changed = update(promotions).where(promotions.c.id == promotion.id).values(ended_at=promotion.ended_at)
        await self._transaction.execute(changed)

    async def count_standing(self, caregiver_id: CaregiverId) -> int:
        count = select(func.count().label("standing")).where(
            promotions.c.caregiver_id == caregiver_id, promotions.c.ended_at.is_(None)
        )
        row = await self._transaction.first(count)
        return 0 if row is None else row.standing

    async def uses(
        self, promotion_id: PromotionId, *, owner_id: AccountId, but: BookingId | None = None
    ) -> PromotionUses:
        asked = {"promotion_id": promotion_id, "owner_id": owner_id}
        if but is None:
            (row,) = await self._transaction.all(_USES, asked)
        else:
            (row,) = await self._transaction.all(_OTHER_USES, asked | {"but": but})
        return PromotionUses(in_all=row.in_all, of_owner=row.of_owner)


def _to_row(promotion: Promotion) -> dict[str, Any]:
    terms = promotion.terms
    return {
        "id": promotion.id,
        "caregiver_id": promotion.caregiver_id,
        "code": terms.code,
        "percent": terms.percent,
        "amount_cents": None if terms.amount is None else terms.amount.amount_cents,
        "currency": EUR if terms.amount is None else terms.amount.currency,
        "services": sorted(service.value for service in terms.services),
        "valid_from": terms.valid_from,
        "valid_until": terms.valid_until,
        "max_uses": terms.max_uses,
        "once_per_owner": terms.once_per_owner,
        "created_at": promotion.created_at,
        "ended_at": promotion.ended_at,
    }


def _from_row(row: Row[Any]) -> Promotion:
    return Promotion(
        id=row.id,
        caregiver_id=row.caregiver_id,
        terms=PromotionTerms(
            code=row.code,
            percent=row.percent,
            amount=None if row.amount_cents is None else Money(row.amount_cents, row.currency),
            services=frozenset(Service(service) for service in row.services),
            valid_from=row.valid_from,
            valid_until=row.valid_until,
            max_uses=row.max_uses,
            once_per_owner=row.once_per_owner,
        ),
        created_at=row.created_at,
        ended_at=row.ended_at,
    )
