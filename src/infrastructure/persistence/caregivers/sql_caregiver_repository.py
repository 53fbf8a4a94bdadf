"""Caregiver profiles in SQL."""

from dataclasses import replace
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, Table, bindparam, delete, select, update

from application.cache_tags import calendar_tag, tags_of_change
from application.ports.caregiver_repository import CaregiverRepository
from domain.availability.availability import Availability
from domain.caregivers.caregiver_profile import (
    CancellationPolicy,
    CaregiverNotFound,
    CaregiverProfile,
    CaregiverStatus,
    Offer,
)
from domain.shared.actor import AccountId, CaregiverId
from domain.shared.languages import Country
from domain.shared.sphere import chord_squared, unit_vector
from infrastructure.persistence.accounts.account_tables import accounts
from infrastructure.persistence.caregivers.availability_rows import load_availability, store_availability
from infrastructure.persistence.caregivers.caregiver_details import load_profile_details
from infrastructure.persistence.caregivers.caregiver_tables import (
    caregiver_animals,
    caregiver_badges,
    caregiver_languages,
    caregiver_photos,
    caregiver_sizes,
    caregivers,
    offers,
)
from infrastructure.persistence.dialects import locked
from infrastructure.persistence.tables import AnySelect
from infrastructure.persistence.transaction import Transaction

_PROFILES = select(caregivers, accounts.c.email_verified_at).join(accounts, accounts.c.id == caregivers.c.account_id)
_BY_ID = _PROFILES.where(caregivers.c.id == bindparam("caregiver_id"))
_LOCKED = locked(_BY_ID, of=caregivers)
_IS_OF_ACCOUNT = caregivers.c.account_id == bindparam("account_id")
_OF_ACCOUNT = _PROFILES.where(_IS_OF_ACCOUNT)
_LOCKED_OF_ACCOUNT = locked(select(caregivers.c.id).where(_IS_OF_ACCOUNT))
_SETS: dict[Table, str] = {
    caregiver_animals: "animal",
    caregiver_sizes: "size",
    caregiver_languages: "language",
    caregiver_badges: "badge",
}
_EMPTIED = {
    table: delete(table).where(table.c.caregiver_id == bindparam("caregiver_id"))
    for table in (offers, caregiver_photos, *_SETS)
}


class SqlCaregiverRepository(CaregiverRepository):
    """A write names what it makes untrue in the cache by comparing with what was read before."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._as_read: dict[CaregiverId, CaregiverProfile] = {}
        # Whose hours are asked for was mostly read, and locked, just before.
        self._rows: dict[CaregiverId, Row[Any]] = {}

    async def get(self, caregiver_id: CaregiverId, *, for_update: bool = False) -> CaregiverProfile:
        row = await self._transaction.first(_LOCKED if for_update else _BY_ID, {"caregiver_id": caregiver_id})
        if row is None:
            raise CaregiverNotFound
        return await self._read(row)

    async def of_account(self, account_id: AccountId) -> CaregiverProfile | None:
        mine = {"account_id": account_id}
        await self._transaction.first(_LOCKED_OF_ACCOUNT, mine)
        return await self._load(_OF_ACCOUNT, mine)

    async def of_payout_account(self, payout_account_id: str) -> CaregiverProfile | None:
        mine = caregivers.c.payout_account_id == payout_account_id
        await self._transaction.first(locked(select(caregivers.c.id).where(mine)))
        return await self._load(_PROFILES.where(mine), {})

    async def add(self, caregiver: CaregiverProfile) -> None:
        await self._transaction.execute(caregivers.insert().values(_to_row(caregiver)))
        await self._store_children(None, caregiver)
        await self._finish(None, caregiver)

    async def save(self, caregiver: CaregiverProfile) -> None:
        before = self._as_read.get(caregiver.id) or await self._load(_BY_ID, {"caregiver_id": caregiver.id})
        self._rows.pop(caregiver.id, None)
        statement = update(caregivers).where(caregivers.c.id == caregiver.id, caregivers.c.version == caregiver.version)
        caregiver.version += 1
        await self._transaction.save_version(statement.values(_to_row(caregiver)))
        await self._store_children(before, caregiver)
        await self._finish(before, caregiver)

    async def availability(self, caregiver_id: CaregiverId) -> Availability:
        return await load_availability(self._transaction, caregiver_id, rules=self._rows.get(caregiver_id))

    async def save_availability(self, caregiver_id: CaregiverId, availability: Availability) -> None:
        self._rows.pop(caregiver_id, None)
        await store_availability(self._transaction, caregiver_id, availability)
        self._transaction.touch(calendar_tag(caregiver_id))

    async def _load(self, statement: AnySelect, parameters: dict[str, Any]) -> CaregiverProfile | None:
        row = await self._transaction.first(statement, parameters)
        return None if row is None else await self._read(row)

    async def _read(self, row: Row[Any]) -> CaregiverProfile:
        caregiver = await self._from_row(row)
        # A copy, since whoever gets it changes it.
        self._as_read[caregiver.id] = replace(caregiver)
        self._rows[caregiver.id] = row
        return caregiver

    async def _from_row(self, row: Row[Any]) -> CaregiverProfile:
        details = await load_profile_details(self._transaction.connection, row.id)
        return CaregiverProfile(
            id=row.id,
            account_id=row.account_id,
            bio=row.bio,
            place=row.place,
            country=Country(row.country),
            postal_code=row.postal_code,
            lat=row.lat,
            lng=row.lng,
            action_radius_km=row.action_radius_km,
            animals=frozenset(details["animals"]),
            sizes=frozenset(details["sizes"]),
            languages=frozenset(details["languages"]),
            badges=frozenset(details["badges"]),
            photos=tuple(details["photos"]),
            offers=tuple(details["offers"]),
            cancellation_policy=CancellationPolicy(row.cancellation_policy),
            created_at=row.created_at,
            time_zone=row.time_zone,
            max_animals_at_once=row.max_animals_at_once,
            instant_book=row.instant_book,
            status=CaregiverStatus(row.status),
            rejection_reason=row.rejection_reason,
            payout_account_id=row.payout_account_id,
            can_receive_transfers=row.can_receive_transfers,
            email_verified=row.email_verified_at is not None,
            version=row.version,
        )

    async def _store_children(self, before: CaregiverProfile | None, caregiver: CaregiverProfile) -> None:
        """What did not change is left alone: whoever changed it since `before` changed the version, too."""
        stored = None if before is None else _children(before)
        for table, rows in _children(caregiver).items():
            if stored is not None and rows == stored[table]:
                continue
            if stored is not None:
                await self._transaction.execute(_EMPTIED[table], {"caregiver_id": caregiver.id})
            if rows:
                await self._transaction.execute(table.insert(), rows)

    async def _finish(self, before: CaregiverProfile | None, caregiver: CaregiverProfile) -> None:
        await self._transaction.record_events(caregiver.events, aggregate_id=caregiver.id)
        self._transaction.touch(*tags_of_change(before, caregiver))
        self._as_read[caregiver.id] = replace(caregiver)


def _children(caregiver: CaregiverProfile) -> dict[Table, list[dict[str, Any]]]:
    """The rows of each table beside the profile's own."""
    sets = (caregiver.animals, caregiver.sizes, caregiver.languages, caregiver.badges)
    rows: dict[Table, list[dict[str, Any]]] = {
        offers: [_offer_row(position, offer) for position, offer in enumerate(caregiver.offers)],
        caregiver_photos: [{"position": at, "reference": photo} for at, photo in enumerate(caregiver.photos)],
    }
    for (table, column), values in zip(_SETS.items(), sets, strict=True):
        rows[table] = [{column: value.value} for value in sorted(values)]
    return {table: [{"caregiver_id": caregiver.id, **row} for row in of_table] for table, of_table in rows.items()}


def _to_row(caregiver: CaregiverProfile) -> dict[str, Any]:
    same = (
        "id account_id bio place postal_code lat lng action_radius_km max_animals_at_once instant_book time_zone "
        "rejection_reason payout_account_id can_receive_transfers created_at version"
    )
    row: dict[str, Any] = {column: getattr(caregiver, column) for column in same.split()}
    enumerated: dict[str, StrEnum] = {
        "country": caregiver.country,
        "cancellation_policy": caregiver.cancellation_policy,
        "status": caregiver.status,
    }
    row |= {column: value.value for column, value in enumerated.items()}
    row["x"], row["y"], row["z"] = unit_vector(caregiver.lat, caregiver.lng)
    row["action_chord_squared"] = chord_squared(caregiver.action_radius_km)
    row["lowest_price_cents"] = min((offer.price.amount_cents for offer in caregiver.offers), default=0)
    return row


def _offer_row(position: int, offer: Offer) -> dict[str, Any]:
    return {
        "service": offer.service.value,
        "position": position,
        "price_cents": offer.price.amount_cents,
        "extra_pet_price_cents": offer.extra_pet_price.amount_cents,
        "currency": offer.price.currency,
        "holiday_surcharge_percent": offer.holiday_surcharge_percent,
    }
