"""Caregiver profiles in SQL."""

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, String, Table, cast, delete, literal, select, union_all, update

from application.cache_tags import calendar_tag, tags_of_change
from application.ports.caregiver_repository import CaregiverRepository
from domain.availability.availability import Availability
from domain.caregivers.caregiver_profile import (
    Badge,
    CancellationPolicy,
    CaregiverNotFound,
    CaregiverProfile,
    CaregiverStatus,
    Offer,
)
from domain.caregivers.services import Service
from domain.pets.pet import Animal, AnimalSize
from domain.shared.actor import AccountId, CaregiverId
from domain.shared.languages import Country, Language
from domain.shared.money import Money
from domain.shared.sphere import chord_squared, unit_vector
from infrastructure.persistence.accounts.account_tables import accounts
from infrastructure.persistence.caregivers.availability_rows import load_availability, store_availability
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
from infrastructure.persistence.transaction import Transaction

_VALUE_TABLES = (caregiver_animals, caregiver_sizes, caregiver_languages, caregiver_badges, caregiver_photos)


class SqlCaregiverRepository(CaregiverRepository):
    """A write names what it makes untrue in the cache by comparing with what was read before."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._as_read: dict[CaregiverId, CaregiverProfile] = {}

    async def get(self, caregiver_id: CaregiverId, *, for_update: bool = False) -> CaregiverProfile:
        if for_update:
            await self._transaction.first(locked(select(caregivers.c.id).where(caregivers.c.id == caregiver_id)))
        found = await self._load(caregivers.c.id == caregiver_id)
        if found is None:
            raise CaregiverNotFound
        return found

    async def of_account(self, account_id: AccountId) -> CaregiverProfile | None:
        mine = caregivers.c.account_id == account_id
        await self._transaction.first(locked(select(caregivers.c.id).where(mine)))
        return await self._load(mine)

    async def add(self, caregiver: CaregiverProfile) -> None:
        await self._transaction.execute(caregivers.insert().values(_to_row(caregiver)))
        await self._store_children(caregiver)
        await self._finish(None, caregiver)

    async def save(self, caregiver: CaregiverProfile) -> None:
        before = self._as_read.get(caregiver.id) or await self._load(caregivers.c.id == caregiver.id)
        statement = update(caregivers).where(caregivers.c.id == caregiver.id, caregivers.c.version == caregiver.version)
        caregiver.version += 1
        await self._transaction.save_version(statement.values(_to_row(caregiver)))
        for table in (offers, caregiver_photos, *(table for table, _ in _sets(caregiver))):
            await self._transaction.execute(delete(table).where(table.c.caregiver_id == caregiver.id))
        await self._store_children(caregiver)
        await self._finish(before, caregiver)

    async def availability(self, caregiver_id: CaregiverId) -> Availability:
        return await load_availability(self._transaction, caregiver_id)

    async def save_availability(self, caregiver_id: CaregiverId, availability: Availability) -> None:
        await store_availability(self._transaction, caregiver_id, availability)
        self._transaction.touch(calendar_tag(caregiver_id))

    async def _load(self, condition: Any) -> CaregiverProfile | None:
        statement = (
            select(caregivers, accounts.c.email_verified_at)
            .join(accounts, accounts.c.id == caregivers.c.account_id)
            .where(condition)
        )
        row = await self._transaction.first(statement)
        if row is None:
            return None
        caregiver = await self._from_row(row)
        # A copy, since whoever gets it changes it.
        self._as_read[caregiver.id] = replace(caregiver)
        return caregiver

    async def _from_row(self, row: Row[Any]) -> CaregiverProfile:
        values = await self._values(row.id)
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
            animals=frozenset(Animal(value) for value in values[caregiver_animals.name]),
            sizes=frozenset(AnimalSize(value) for value in values[caregiver_sizes.name]),
            languages=frozenset(Language(value) for value in values[caregiver_languages.name]),
            badges=frozenset(Badge(value) for value in values[caregiver_badges.name]),
            photos=tuple(values[caregiver_photos.name]),
            offers=await self._offers(row.id),
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

    async def _values(self, caregiver_id: CaregiverId) -> dict[str, list[str]]:
        """The sets and the photos by the names of their tables, in order: one statement, while others may wait for the
        lock."""
        position = caregiver_photos.c.position
        selects = [
            select(
                literal(table.name).label("name"),
                (position if table is caregiver_photos else literal(0)).label("position"),
                cast(list(table.c)[-1], String).label("value"),
            ).where(table.c.caregiver_id == caregiver_id)
            for table in _VALUE_TABLES
        ]
        values: dict[str, list[str]] = {table.name: [] for table in _VALUE_TABLES}
        for row in await self._transaction.all(union_all(*selects).order_by("name", "position", "value")):
            values[row.name].append(row.value)
        return values

    async def _offers(self, caregiver_id: CaregiverId) -> tuple[Offer, ...]:
        statement = select(offers).where(offers.c.caregiver_id == caregiver_id).order_by(offers.c.position)
        return tuple(_offer(row) for row in await self._transaction.all(statement))

    async def _store_children(self, caregiver: CaregiverProfile) -> None:
        await self._insert(offers, [_offer_row(caregiver.id, at, offer) for at, offer in enumerate(caregiver.offers)])
        await self._insert(
            caregiver_photos,
            [
                {"caregiver_id": caregiver.id, "position": at, "reference": photo}
                for at, photo in enumerate(caregiver.photos)
            ],
        )
        for table, values in _sets(caregiver):
            column = list(table.c)[1].name
            await self._insert(table, [{"caregiver_id": caregiver.id, column: value.value} for value in sorted(values)])

    async def _insert(self, table: Table, rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            await self._transaction.execute(table.insert(), list(rows))

    async def _finish(self, before: CaregiverProfile | None, caregiver: CaregiverProfile) -> None:
        await self._transaction.record_events(caregiver.events, aggregate_id=caregiver.id)
        self._transaction.touch(*tags_of_change(before, caregiver))
        self._as_read[caregiver.id] = replace(caregiver)


def _sets(caregiver: CaregiverProfile) -> list[tuple[Table, frozenset[Any]]]:
    return [
        (caregiver_animals, caregiver.animals),
        (caregiver_sizes, caregiver.sizes),
        (caregiver_languages, caregiver.languages),
        (caregiver_badges, caregiver.badges),
    ]


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


def _offer_row(caregiver_id: CaregiverId, position: int, offer: Offer) -> dict[str, Any]:
    return {
        "caregiver_id": caregiver_id,
        "service": offer.service.value,
        "position": position,
        "price_cents": offer.price.amount_cents,
        "extra_pet_price_cents": offer.extra_pet_price.amount_cents,
        "currency": offer.price.currency,
        "holiday_surcharge_percent": offer.holiday_surcharge_percent,
    }


def _offer(row: Row[Any]) -> Offer:
    return Offer(
        service=Service(row.service),
        price=Money(row.price_cents, row.currency),
        extra_pet_price=Money(row.extra_pet_price_cents, row.currency),
        holiday_surcharge_percent=row.holiday_surcharge_percent,
    )
