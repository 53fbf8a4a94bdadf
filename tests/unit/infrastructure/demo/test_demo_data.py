"""The demonstration: the same each time, and true to the rules."""

import asyncio
import shutil
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Executable, func, select

from application.bookings.cancel_booking import CancelBooking
from application.payments.refund_payment import RefundPayment
from application.ports.caregiver_queries import CaregiverSearch
from domain.bookings.booking_life import STATUSES_THAT_FREE_THE_PLACE, BookingId, BookingStatus
from domain.caregivers.caregiver_profile import CancellationPolicy, CaregiverStatus
from domain.caregivers.services import Service
from domain.payments.refund import RefundId
from domain.shared.actor import AccountId, Actor
from domain.shared.folding import fold
from infrastructure.cache.in_memory_cache import InMemoryCache
from infrastructure.clock.settable_clock import SettableClock
from infrastructure.demo.demo_data import DemoData, DemoSignIns
from infrastructure.geocoder.gazetteer_geocoder import GazetteerGeocoder
from infrastructure.ids.uuid7_ids import Uuid7Ids
from infrastructure.metrics.in_memory_metrics import InMemoryMetrics
from infrastructure.password_hasher.argon2_password_hasher import Argon2PasswordHasher
from infrastructure.payments.sandbox_payments import SandboxPayments
from infrastructure.persistence.accounts.account_tables import accounts
from infrastructure.persistence.bookings.booking_tables import booking_transitions, bookings, occupancies
from infrastructure.persistence.caregivers.caregiver_tables import caregivers, offers
from infrastructure.persistence.caregivers.sql_caregiver_queries import SqlCaregiverQueries
from infrastructure.persistence.database import Database, database_url
from infrastructure.persistence.jobs.job_tables import jobs
from infrastructure.persistence.outbox import outbox_events
from infrastructure.persistence.payments.payment_tables import payments, refunds
from infrastructure.persistence.payments.sandbox_tables import sandbox_payments
from infrastructure.persistence.places.place_tables import place_names, places
from infrastructure.persistence.sql_unit_of_work import SqlUnitOfWorkFactory
from tests.support.builders import NOW
from tests.support.in_memory_adapters import PLACES
from tests.support.sqlite_database import FILE_NAME, migrated_database


@dataclass(frozen=True, slots=True, kw_only=True)
class Marketplace:
    """A database with or for the demonstration, and what it takes to load and look."""

    database: Database
    clock: SettableClock
    ids: Uuid7Ids
    unit_of_work: SqlUnitOfWorkFactory
    hasher: Argon2PasswordHasher
    cache: InMemoryCache

    async def load(self) -> tuple[DemoSignIns, list[tuple[int, int]]]:
        told: list[tuple[int, int]] = []
        demo = DemoData(
            unit_of_work=self.unit_of_work,
            database=self.database,
            password_hasher=self.hasher,
            geocoder=GazetteerGeocoder(self.database),
            cache=self.cache,
            clock=self.clock,
            ids=self.ids,
        )
        return await demo.load(lambda done, total: told.append((done, total))), told

    async def rows(self, statement: Executable) -> list[Any]:
        async with self.database.read() as connection:
            return list((await connection.execute(statement)).all())

    async def count(self, table: Any) -> int:
        return (await self.rows(select(func.count()).select_from(table)))[0][0]


def _marketplace(database: Database) -> Marketplace:
    async def forget(tags: Collection[str]) -> None:
        del tags

    clock, ids = SettableClock(NOW), Uuid7Ids()
    return Marketplace(
        database=database,
        clock=clock,
        ids=ids,
        unit_of_work=SqlUnitOfWorkFactory(database, clock=clock, ids=ids, invalidate=forget, wake_relay=lambda: None),
        hasher=Argon2PasswordHasher(memory_kib=64, passes=1),
        cache=InMemoryCache(InMemoryMetrics()),
    )


async def _load_into(directory: Path) -> None:
    async with migrated_database(directory) as database:
        async with database.begin() as connection:
            for place in PLACES:
                row = {"name": place.names[0], "country": place.country, "lat": place.lat, "lng": place.lng}
                await connection.execute(places.insert().values(id=place.id, population=place.population, **row))
                names = [
                    {"place_id": place.id, "folded": fold(name), "canonical": name == place.names[0]}
                    for name in place.names
                ]
                await connection.execute(place_names.insert(), names)
        _, told = await _marketplace(database).load()
        assert told[-1][0] == told[-1][1] == max(done for done, _ in told)


@pytest.fixture(scope="session")
def loaded_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Loaded once; copied, never opened, by the tests."""
    directory = tmp_path_factory.mktemp("demo")
    asyncio.run(_load_into(directory))
    return directory


@pytest.fixture
async def demo(loaded_directory: Path, tmp_path: Path) -> AsyncIterator[Marketplace]:
    shutil.copy(loaded_directory / FILE_NAME, tmp_path / FILE_NAME)
    database = Database(database_url(None, tmp_path))
    yield _marketplace(database)
    await database.dispose()


async def _portrait(demo: Marketplace) -> list[list[tuple[Any, ...]]]:
    """Everything a visitor would recognise, without ids."""
    owner, known = accounts.alias("owner"), accounts.alias("known")
    statements = (
        select(accounts.c.email, accounts.c.first_name, accounts.c.last_name, accounts.c.address),
        select(accounts.c.email, caregivers.c.bio, caregivers.c.place, caregivers.c.rating_hundredths).join(
            caregivers, caregivers.c.account_id == accounts.c.id
        ),
        select(accounts.c.email, offers.c.service, offers.c.price_cents, offers.c.extra_pet_price_cents)
        .join(caregivers, caregivers.c.account_id == accounts.c.id)
        .join(offers, offers.c.caregiver_id == caregivers.c.id),
        select(owner.c.email, known.c.email, bookings.c.status, bookings.c.start_at, bookings.c.gross_cents)
        .join(bookings, bookings.c.owner_id == owner.c.id)
        .join(caregivers, caregivers.c.id == bookings.c.caregiver_id)
        .join(known, known.c.id == caregivers.c.account_id),
    )
    return [sorted(tuple(row) for row in await demo.rows(statement)) for statement in statements]


async def test_two_fresh_databases_get_the_same_people_prices_and_bookings(demo: Marketplace, tmp_path: Path) -> None:
    again = tmp_path / "again"
    again.mkdir()
    await _load_into(again)
    other = Database(database_url(None, again))
    try:
        assert await _portrait(_marketplace(other)) == await _portrait(demo)
    finally:
        await other.dispose()


async def test_loading_again_changes_nothing_and_names_the_same_sign_ins(demo: Marketplace) -> None:
    before = await _portrait(demo)

    sign_ins, told = await demo.load()

    assert sign_ins == DemoSignIns(newly_loaded=False)
    assert told == []
    assert await _portrait(demo) == before


async def test_the_documented_password_opens_every_account(demo: Marketplace) -> None:
    sign_ins = DemoSignIns(newly_loaded=False)
    rows = await demo.rows(select(accounts.c.email, accounts.c.password_hash, accounts.c.is_admin))

    hashes = {row.password_hash for row in rows}
    assert {sign_ins.admin, sign_ins.owner, sign_ins.caregiver} <= {row.email for row in rows}
    assert [row.email for row in rows if row.is_admin] == [sign_ins.admin]
    assert len(hashes) == 1
    assert await demo.hasher.verify(sign_ins.password, hashes.pop())
    assert not demo.hasher.is_common(sign_ins.password)
    assert all(text in str(sign_ins) for text in (sign_ins.admin, sign_ins.owner, sign_ins.password))


async def test_bookings_are_in_every_state_for_the_known_owner_and_the_known_caregiver_too(demo: Marketplace) -> None:
    sign_ins = DemoSignIns(newly_loaded=False)
    owned = select(bookings.c.status).join(accounts, accounts.c.id == bookings.c.owner_id)
    known = caregivers.join(accounts, accounts.c.id == caregivers.c.account_id)
    cared = select(bookings.c.status).join(known, caregivers.c.id == bookings.c.caregiver_id)

    counts = Counter(row.status for row in await demo.rows(select(bookings.c.status)))
    assert set(counts) == set(BookingStatus)
    assert sum(counts.values()) == 120
    for statement, email in ((owned, sign_ins.owner), (cared, sign_ins.caregiver)):
        rows = await demo.rows(statement.where(accounts.c.email == email))
        assert {row.status for row in rows} == set(BookingStatus)


async def test_every_service_and_policy_is_offered_and_admins_have_something_to_decide(demo: Marketplace) -> None:
    statuses = Counter(row.status for row in await demo.rows(select(caregivers.c.status)))

    assert {row.service for row in await demo.rows(select(offers.c.service))} == set(Service)
    policies = await demo.rows(select(caregivers.c.cancellation_policy))
    assert {row.cancellation_policy for row in policies} == set(CancellationPolicy)
    assert sum(statuses.values()) == 300
    assert statuses[CaregiverStatus.REJECTED] == 1
    assert statuses[CaregiverStatus.PENDING] > 1


async def test_no_caregiver_ever_has_more_animals_than_he_takes(demo: Marketplace) -> None:
    taken = await demo.rows(
        select(occupancies, caregivers.c.max_animals_at_once).join(
            caregivers, caregivers.c.id == occupancies.c.caregiver_id
        )
    )
    by_caregiver = defaultdict(list)
    for row in taken:
        by_caregiver[row.caregiver_id].append(row)
    for rows in by_caregiver.values():
        for instant in (row.start_at for row in rows):
            together = sum(row.animals for row in rows if row.start_at <= instant < row.end_at)
            assert together <= rows[0].max_animals_at_once


async def test_places_are_taken_exactly_by_bookings_whose_state_takes_one(demo: Marketplace) -> None:
    taken = {row.booking_id for row in await demo.rows(select(occupancies.c.booking_id))}
    rows = await demo.rows(select(bookings.c.id, bookings.c.status))

    assert taken == {row.id for row in rows if BookingStatus(row.status) not in STATUSES_THAT_FREE_THE_PLACE}


async def test_histories_lead_to_the_state_in_order_and_never_from_the_future(demo: Marketplace) -> None:
    statement = select(booking_transitions).order_by(booking_transitions.c.booking_id, booking_transitions.c.position)
    states = {row.id: row for row in await demo.rows(select(bookings))}

    told = {key: list(rows) for key, rows in groupby(await demo.rows(statement), lambda row: row.booking_id)}

    assert told.keys() == states.keys()
    for booking_id, rows in told.items():
        assert rows[0].from_status is None
        assert rows[-1].to_status == states[booking_id].status
        assert rows[-1].at <= NOW
        for earlier, later in pairwise(rows):
            assert later.from_status == earlier.to_status
            assert later.at >= earlier.at


async def test_open_bookings_still_have_time_and_past_ones_lie_in_the_past(demo: Marketplace) -> None:
    def is_true_to_time(row: Any, now: datetime) -> bool:
        match BookingStatus(row.status):
            case BookingStatus.PENDING:
                return now < row.answer_until
            case BookingStatus.ACCEPTED:
                return now < row.pay_until
            case BookingStatus.PAID:
                return now < row.start_at
            case BookingStatus.IN_PROGRESS:
                return row.start_at < now < row.end_at
            case BookingStatus.COMPLETED | BookingStatus.DISPUTED:
                return row.end_at < now
            case _:
                return row.ended_at <= now

    assert [row.status for row in await demo.rows(select(bookings)) if not is_true_to_time(row, NOW)] == []


async def test_what_was_captured_and_refunded_agrees_in_all_books(demo: Marketplace) -> None:
    paid = await demo.rows(select(bookings).where(bookings.c.payment_id.is_not(None)))
    ours = {row.id: row for row in await demo.rows(select(payments))}
    theirs = {row.id: row for row in await demo.rows(select(sandbox_payments))}
    given_back: Counter[Any] = Counter()
    for row in await demo.rows(select(refunds)):
        given_back[row.booking_id] += row.amount_cents

    assert len(paid) == len(ours) == len(theirs) > 0
    assert given_back
    for booking in paid:
        payment = ours[booking.payment_id]
        other = theirs[payment.provider_payment_id]
        assert booking.captured_cents == payment.captured_cents == other.amount_cents == booking.gross_cents
        assert booking.refunded_cents == payment.refunded_cents == other.refunded_cents == given_back[booking.id]


async def test_a_paid_booking_of_the_demonstration_can_be_cancelled_and_refunded(demo: Marketplace) -> None:
    statement = select(bookings).where(bookings.c.status == BookingStatus.PAID.value).order_by(bookings.c.start_at)
    booking = (await demo.rows(statement))[-1]
    cancel = CancelBooking(unit_of_work=demo.unit_of_work, clock=demo.clock, ids=demo.ids)

    await cancel.execute(actor=Actor(account_id=AccountId(booking.owner_id)), booking_id=BookingId(booking.id))
    refund_id = (await demo.rows(select(refunds.c.id).where(refunds.c.booking_id == booking.id)))[0].id
    sandbox = SandboxPayments(demo.database, clock=demo.clock, ids=demo.ids)
    await RefundPayment(unit_of_work=demo.unit_of_work, payments=sandbox, clock=demo.clock, ids=demo.ids).execute(
        refund_id=RefundId(refund_id)
    )

    refund = (await demo.rows(select(refunds).where(refunds.c.id == refund_id)))[0]
    assert refund.status == "succeeded"
    assert refund.amount_cents > 0


async def test_nobody_is_mailed_and_no_job_follows(demo: Marketplace) -> None:
    assert await demo.count(outbox_events) == 0
    assert await demo.count(jobs) == 0


async def test_the_search_finds_them_whatever_their_names_contain(demo: Marketplace) -> None:
    queries = SqlCaregiverQueries(demo.database)
    gent = PLACES[0]
    around = CaregiverSearch(lat=gent.lat, lng=gent.lng, radius_km=25, service=Service.DOG_WALKING, limit=50)

    found, _ = await queries.search(around)

    assert found
    assert all(card.distance_km is not None and card.distance_km <= 25 for card in found)
    assert "Cas T." in {card.display_name for card in found}
    named_test = select(func.count()).select_from(caregivers).join(accounts).where(accounts.c.last_name.ilike("test%"))
    assert (await demo.rows(named_test))[0][0] > 1
    instant, _ = await queries.search(CaregiverSearch(lat=gent.lat, lng=gent.lng, radius_km=25, instant_book=True))
    assert instant
