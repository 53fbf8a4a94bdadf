"""Pages of caregivers, straight from SQL to what is shown."""

import asyncio
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any
from uuid import UUID

from msgspec import UNSET, UnsetType
from sqlalchemy import Row, bindparam, func, select

from application.ports.caregiver_queries import (
    GATED_PHOTOS,
    CaregiverCard,
    CaregiverPage,
    CaregiverQueries,
    CaregiverSearch,
    CaregiverSubmission,
    MatchView,
    OwnCaregiverProfile,
    ServiceCount,
)
from domain.caregivers.caregiver_profile import (
    CancellationPolicy,
    CaregiverNotFound,
    CaregiverStatus,
)
from domain.caregivers.services import Service
from domain.shared.actor import AccountId, CaregiverId
from domain.shared.languages import Country
from domain.shared.names import gated_name
from domain.shared.sphere import distance_km
from infrastructure.persistence.accounts.account_tables import accounts
from infrastructure.persistence.caregivers.caregiver_details import load_card_details, load_page_details
from infrastructure.persistence.caregivers.caregiver_search_sql import (
    CLOSENESS_WEIGHT,
    QUALITY_WEIGHT,
    search_statement,
)
from infrastructure.persistence.caregivers.caregiver_tables import (
    caregivers,
    offers,
)
from infrastructure.persistence.caregivers.free_search import CANDIDATES, find_free
from infrastructure.persistence.database import Database
from infrastructure.persistence.plain_rows import plain_rows
from infrastructure.persistence.tables import AnySelect

# They take long, and anybody may ask: the others keep their connections.
FREE_SEARCHES_AT_ONCE = 2


class SqlCaregiverQueries(CaregiverQueries):
    """`candidates` is how many are looked at when it is asked who is free, statement by statement."""

    def __init__(self, database: Database, *, candidates: Sequence[int] = CANDIDATES) -> None:
        self._database = database
        self._candidates = candidates
        self._free_searches = asyncio.Semaphore(FREE_SEARCHES_AT_ONCE)

    async def search(self, search: CaregiverSearch) -> tuple[list[CaregiverCard], tuple[float, UUID] | None]:
        turn = nullcontext() if search.free is None else self._free_searches
        async with turn, self._database.read() as connection:
            if search.free is None:
                rows = plain_rows(await connection.execute(*search_statement(search)))
                shown = rows[: search.limit]
                last = shown[-1] if len(rows) > search.limit else None
            else:
                shown, last = await find_free(connection, search, search.free, candidates=self._candidates)
            details = await load_card_details(connection, [row.id for row in shown])
        cards = [CaregiverCard(**_card(row, details[row.id]), match=_match(row, search)) for row in shown]
        return cards, None if last is None else (float(last.sort_value), last.id)

    async def page(self, caregiver_id: CaregiverId) -> CaregiverPage:
        async with self._database.read() as connection:
            row = (await connection.execute(_PAGE, {"caregiver_id": caregiver_id})).first()
            if row is None:
                raise CaregiverNotFound
            details = await load_page_details(connection, row.id)
        return CaregiverPage(
            **_card(row, details),
            animals=details["animals"],
            sizes=details["sizes"],
            languages=details["languages"],
            bio=row.bio,
            cancellation_policy=CancellationPolicy(row.cancellation_policy),
            max_animals_at_once=row.max_animals_at_once,
        )

    async def own(self, account_id: AccountId) -> OwnCaregiverProfile:
        async with self._database.read() as connection:
            row = (await connection.execute(_profiles().where(caregivers.c.account_id == account_id))).first()
            if row is None:
                raise CaregiverNotFound
            details = await load_page_details(connection, row.id)
        return OwnCaregiverProfile(
            id=row.id,
            status=CaregiverStatus(row.status),
            rejection_reason=row.rejection_reason,
            can_receive_transfers=row.can_receive_transfers,
            email_verified=row.email_verified_at is not None,
            bio=row.bio,
            place=row.place,
            country=Country(row.country),
            postal_code=row.postal_code,
            action_radius_km=row.action_radius_km,
            max_animals_at_once=row.max_animals_at_once,
            cancellation_policy=CancellationPolicy(row.cancellation_policy),
            instant_book=row.instant_book,
            animals=details["animals"],
            sizes=details["sizes"],
            languages=details["languages"],
            offers=details["offers"],
            photos=details["photos"],
            badges=details["badges"],
        )

    async def submissions(
        self, status: CaregiverStatus | None, *, limit: int, after: UUID | None
    ) -> tuple[list[CaregiverSubmission], UUID | None]:
        statement = _profiles().order_by(caregivers.c.id).limit(limit + 1)
        if status is not None:
            statement = statement.where(caregivers.c.status == status.value)
        if after is not None:
            statement = statement.where(caregivers.c.id > after)
        async with self._database.read() as connection:
            rows = (await connection.execute(statement)).all()
        items = [_submission(row) for row in rows[:limit]]
        return items, items[-1].id if len(rows) > limit else None

    async def service_counts(self) -> list[ServiceCount]:
        async with self._database.read() as connection:
            rows = (await connection.execute(_SERVICE_COUNTS)).all()
        return [ServiceCount(country=Country(c), service=Service(s), count=count) for c, s, count in rows]


def _profiles() -> AnySelect:
    return select(
        caregivers, accounts.c.first_name, accounts.c.last_name, accounts.c.email, accounts.c.email_verified_at
    ).join(accounts, accounts.c.id == caregivers.c.account_id)


_SERVICE_COUNTS = (
    select(caregivers.c.country, offers.c.service, func.count().label("count"))
    .join(offers, offers.c.caregiver_id == caregivers.c.id)
    .join(accounts, accounts.c.id == caregivers.c.account_id)
    .where(caregivers.c.status == CaregiverStatus.APPROVED.value, accounts.c.suspended_at.is_(None))
    .group_by(caregivers.c.country, offers.c.service)
    .order_by(caregivers.c.country, offers.c.service)
)
_PAGE = _profiles().where(
    caregivers.c.id == bindparam("caregiver_id"),
    caregivers.c.status == CaregiverStatus.APPROVED.value,
    accounts.c.suspended_at.is_(None),
)


def _card(row: Row[Any], details: dict[str, Any]) -> dict[str, Any]:
    chord = getattr(row, "chord_squared", None)
    return {
        "id": row.id,
        "display_name": gated_name(row.first_name, row.last_name),
        "place": row.place,
        "country": Country(row.country),
        "distance_km": None if chord is None else round(distance_km(chord), 1),
        "rating": row.rating_hundredths / 100 if row.review_count else None,
        "review_count": row.review_count,
        "offers": details["offers"],
        "badges": details["badges"],
        "instant_book": row.instant_book,
        "photos": details["photos"][:GATED_PHOTOS],
    }


def _match(row: Row[Any], search: CaregiverSearch) -> MatchView | UnsetType:
    if not search.explain:
        return UNSET
    return MatchView(
        score=row.score,
        quality=row.quality,
        quality_weight=QUALITY_WEIGHT,
        closeness=row.closeness,
        closeness_weight=CLOSENESS_WEIGHT,
    )


def _submission(row: Row[Any]) -> CaregiverSubmission:
    return CaregiverSubmission(
        id=row.id,
        account_id=row.account_id,
        name=f"{row.first_name} {row.last_name}",
        email=row.email,
        status=CaregiverStatus(row.status),
        place=row.place,
        country=Country(row.country),
        created_at=row.created_at,
    )
