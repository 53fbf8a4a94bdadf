"""A marketplace to look at: people, offers and bookings in every state, the same ones each time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, update

from application.ports.cache import Cache
from application.ports.clock import Clock
from application.ports.geocoder import Geocoder
from application.ports.ids import Ids
from application.ports.password_hasher import PasswordHasher
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.accounts.account import Account
from domain.bookings.booking_life import STATUSES_THAT_FREE_THE_PLACE
from domain.caregivers.caregiver_profile import CaregiverStatus
from domain.shared.actor import AccountId
from domain.shared.languages import Country, Language
from infrastructure.demo.collected_inserts import CollectedInserts, Row
from infrastructure.demo.demo_accounts import MAIL_DOMAIN, acting
from infrastructure.demo.demo_bookings import DemoBooking, DemoBookings
from infrastructure.demo.demo_caregivers import CAREGIVER_EMAIL, DemoCaregiver, demo_caregivers
from infrastructure.demo.demo_money import ledger_of, movement_rows
from infrastructure.demo.demo_owners import OWNER_EMAIL, DemoOwner, demo_owners
from infrastructure.demo.demo_places import DemoPlace, GazetteerEmpty, larger_places
from infrastructure.demo.demo_rows import hours_rows, sandbox_account_row, sandbox_payment_row, sandbox_refund_row
from infrastructure.persistence.bookings.booking_tables import occupancies
from infrastructure.persistence.caregivers.caregiver_tables import caregivers
from infrastructure.persistence.database import Database
from infrastructure.persistence.payments.ledger_tables import ledger_postings, ledger_transactions
from infrastructure.persistence.payments.sandbox_tables import (
    sandbox_accounts,
    sandbox_movements,
    sandbox_payments,
    sandbox_refunds,
)
from infrastructure.persistence.payments.sql_ledger import posting_rows, transaction_row
from infrastructure.persistence.sql_unit_of_work import SqlUnitOfWork
from infrastructure.persistence.transaction import Transaction
from infrastructure.public_holidays.holidays_calendar import HolidaysCalendar

ADMIN_EMAIL = f"admin@{MAIL_DOMAIN}"
PASSWORD = "demo demo demo demo"  # noqa: S105 - printed for everyone, and refused in production
HOME = "Gent"

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSignIns:
    """Whom one can be; all have the same password. `newly_loaded` is False when the demonstration was there already."""

    admin: str = ADMIN_EMAIL
    owner: str = OWNER_EMAIL
    caregiver: str = CAREGIVER_EMAIL
    password: str = PASSWORD
    newly_loaded: bool

    def __str__(self) -> str:
        people = "\n".join(f"  {email}" for email in (self.owner, self.caregiver, self.admin))
        loaded = "The demo is loaded." if self.newly_loaded else "The demo was loaded before."
        return f"{loaded} Sign in with the password {self.password!r} as\n{people}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Demo:
    """All of it, before any of it is stored."""

    admin: Account
    owners: Sequence[DemoOwner]
    caregivers: Sequence[DemoCaregiver]
    bookings: Sequence[DemoBooking]


class DemoData:
    """Loads the demonstration in one transaction: all of it or nothing. Nobody is mailed and no job follows."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        database: Database,
        password_hasher: PasswordHasher,
        geocoder: Geocoder,
        cache: Cache,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._database = database
        self._password_hasher = password_hasher
        self._geocoder = geocoder
        self._cache = cache
        self._clock = clock
        self._ids = ids

    async def load(self, progress: Progress) -> DemoSignIns:
        """Tells `progress(done, total)` as it goes. Loading again changes nothing. Raises GazetteerEmpty."""
        async with self._unit_of_work() as uow:
            if await uow.accounts.by_email(ADMIN_EMAIL) is not None:
                return DemoSignIns(newly_loaded=False)
        demo = await self._made()
        async with self._database.begin() as connection:
            inserts = CollectedInserts(connection=connection, clock=self._clock, ids=self._ids)
            await _collect(inserts, demo)
            await inserts.send(progress)
            await _rate(inserts, demo)
        await self._cache.clear()
        return DemoSignIns(newly_loaded=True)

    async def _made(self) -> _Demo:
        now = self._clock.now().replace(microsecond=0)
        password_hash = await self._password_hasher.hash(PASSWORD)
        home, places = await self._home(), await larger_places(self._database)
        admin = _admin(AccountId(self._ids.new()), password_hash, now)
        owners = demo_owners(home, places, password_hash=password_hash, ids=self._ids, now=now)
        people = demo_caregivers(home, places, password_hash=password_hash, ids=self._ids, now=now)
        bookings = DemoBookings(
            owners=owners,
            caregivers=people,
            admin=acting(admin),
            holidays=HolidaysCalendar(),
            ids=self._ids,
            now=now,
        )
        return _Demo(admin=admin, owners=owners, caregivers=people, bookings=list(bookings.make()))

    async def _home(self) -> DemoPlace:
        found = await self._geocoder.find(HOME, country=Country.BE)
        if found is None:
            raise GazetteerEmpty
        return DemoPlace(name=found.name, country=Country(found.country), lat=found.lat, lng=found.lng)


def _admin(account_id: AccountId, password_hash: str, now: datetime) -> Account:
    created_at = now - timedelta(days=1000)
    return Account(
        id=account_id,
        email=ADMIN_EMAIL,
        password_hash=password_hash,
        first_name="Ada",
        last_name="Admiraal",
        language=Language.NL,
        created_at=created_at,
        email_verified_at=created_at,
        is_admin=True,
    )


async def _collect(inserts: CollectedInserts, demo: _Demo) -> None:
    uow = SqlUnitOfWork(inserts)
    await uow.accounts.add(demo.admin)
    for owner in demo.owners:
        await uow.accounts.add(owner.account)
        for pet in owner.pets:
            await uow.pets.add(pet)
    for caregiver in demo.caregivers:
        await uow.accounts.add(caregiver.account)
        await uow.caregivers.add(caregiver.profile)
        await inserts.execute(sandbox_accounts.insert().values(sandbox_account_row(caregiver)))
        for table, rows in hours_rows(caregiver).items():
            await inserts.execute(table.insert(), rows)
    for made in demo.bookings:
        await _collect_booking(inserts, uow, made)
        await _collect_money(inserts, made)


async def _collect_booking(inserts: CollectedInserts, uow: UnitOfWork, made: DemoBooking) -> None:
    # What happened in these stories happened before anybody listened.
    made.booking.events.clear()
    await uow.quotes.add(made.quote)
    await uow.bookings.add(made.booking)
    if made.booking.status in STATUSES_THAT_FREE_THE_PLACE:
        inserts.rows[occupancies].pop()
    if made.payment is None:
        return
    await uow.payments.add(made.payment)
    await inserts.execute(sandbox_payments.insert().values(sandbox_payment_row(made.payment)))
    for refund in made.refunds:
        refund.events.clear()
        await uow.payments.add_refund(refund)
        await inserts.execute(sandbox_refunds.insert().values(sandbox_refund_row(made.payment, refund)))


async def _collect_money(inserts: CollectedInserts, made: DemoBooking) -> None:
    for transaction in ledger_of(made, inserts.ids):
        await inserts.execute(ledger_transactions.insert().values(transaction_row(transaction)))
        await inserts.execute(ledger_postings.insert(), posting_rows(transaction))
    for row in movement_rows(made):
        await inserts.execute(sandbox_movements.insert().values(row))


async def _rate(transaction: Transaction, demo: _Demo) -> None:
    """What no repository writes: ratings and the instant of approval; and what belongs to the open hours."""
    written = ("rating_sum", "review_count", "rating_hundredths", "approved_at")
    hours = ("minimum_notice_hours", "vacation_until", "availability_set")
    await transaction.execute(
        update(caregivers)
        .where(caregivers.c.id == bindparam("caregiver_id"))
        .values({column: bindparam(f"new_{column}") for column in (*written, *hours)}),
        [_rated_row(caregiver) for caregiver in demo.caregivers],
    )


def _rated_row(caregiver: DemoCaregiver) -> Row:
    profile, rating, availability = caregiver.profile, caregiver.rating, caregiver.availability
    approved = profile.status is CaregiverStatus.APPROVED
    return {
        "caregiver_id": profile.id,
        "new_rating_sum": rating.total,
        "new_review_count": rating.count,
        "new_rating_hundredths": rating.hundredths,
        "new_approved_at": profile.created_at + timedelta(days=2) if approved else None,
        "new_minimum_notice_hours": availability.minimum_notice_hours,
        "new_vacation_until": availability.vacation_until,
        "new_availability_set": True,
    }
