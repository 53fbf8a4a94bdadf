"""A caregiver's promotions, straight from SQL."""

from typing import Any

from sqlalchemy import Row, func, select

from application.ports.promotion_queries import PromotionQueries, PromotionView
from application.ports.views import MoneyView, Page
from domain.bookings.promotion import PromotionId, PromotionNotFound
from domain.caregivers.services import Service
from domain.shared.actor import CaregiverId
from infrastructure.persistence.bookings.booking_tables import bookings, quotes
from infrastructure.persistence.bookings.promotion_tables import promotions
from infrastructure.persistence.bookings.sql_promotion_repository import QUOTED, STANDS
from infrastructure.persistence.database import Database
from infrastructure.persistence.newest_first import newest_first

_USES = (
    select(func.count(bookings.c.id.distinct()))
    .select_from(QUOTED)
    .where(quotes.c.promotion_id == promotions.c.id, STANDS)
    .correlate(promotions)
    .scalar_subquery()
)
_PROMOTIONS = select(promotions, _USES.label("uses"))


class SqlPromotionQueries(PromotionQueries):
    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_caregiver(self, caregiver_id: CaregiverId, *, limit: int, cursor: str | None) -> Page[PromotionView]:
        return await newest_first(
            self._database,
            _PROMOTIONS.where(promotions.c.caregiver_id == caregiver_id),
            _view,
            at=promotions.c.created_at,
            row_id=promotions.c.id,
            limit=limit,
            cursor=cursor,
        )

    async def one(self, promotion_id: PromotionId, *, caregiver_id: CaregiverId) -> PromotionView:
        his = _PROMOTIONS.where(promotions.c.id == promotion_id, promotions.c.caregiver_id == caregiver_id)
        async with self._database.read() as connection:
            row = (await connection.execute(his)).first()
        if row is None:
            raise PromotionNotFound
        return _view(row)


def _view(row: Row[Any]) -> PromotionView:
    return PromotionView(
        id=row.id,
        code=row.code,
        percent=row.percent,
        amount=None if row.amount_cents is None else MoneyView(amount_cents=row.amount_cents, currency=row.currency),
        services=[Service(service) for service in row.services],
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        max_uses=row.max_uses,
        once_per_owner=row.once_per_owner,
        uses=row.uses,
        created_at=row.created_at,
        ended_at=row.ended_at,
    )
