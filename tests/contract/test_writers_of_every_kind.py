"""Sixteen writers at once, as owners are: they ask, change, book series and cancel by the product's own use cases."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncGenerator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

from sqlalchemy import select, update

from application.bookings.book_series import BookSeries
from application.bookings.cancel_booking import CancelBooking
from application.bookings.cancel_series import CancelSeries
from application.bookings.change_booking import ChangeBooking
from application.bookings.create_quote import CreateQuote
from application.bookings.request_booking import RequestBooking
from application.bookings.series_plan import SeriesWish
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.bookings.booking_life import STATUSES_THAT_FREE_THE_PLACE, BookingId, SeriesId
from domain.bookings.booking_refusals import BookingNotChangeable, NothingChanges, SlotTaken
from domain.bookings.quote import QuoteId
from domain.bookings.series import NoDateFree, Recurrence
from domain.caregivers.services import Service
from domain.pets.pet import PetId
from domain.shared.actor import CaregiverId
from domain.shared.period import Period
from infrastructure.persistence.bookings.booking_tables import booking_pets, bookings, occupancies
from infrastructure.persistence.caregivers.caregiver_tables import caregivers
from infrastructure.persistence.sql_unit_of_work import SqlUnitOfWork
from infrastructure.public_holidays.holidays_calendar import HolidaysCalendar
from tests.support.builders import NOW, OWNER, a_caregiver, care_details
from tests.support.stores import PETS, Store, the_other_caregiver

WRITERS, ACTS = 16, 160
FIRST, WEEK, STEP = NOW + timedelta(days=7), timedelta(weeks=1), timedelta(minutes=30)
MAXIMA = {a_caregiver().id: 4, the_other_caregiver().id: 7}
Place = tuple[CaregiverId, Period, int]


@dataclass(slots=True)
class CountingFactory(UnitOfWorkFactory):
    """Before anything is committed the animals are counted: so every state that was ever committed is counted."""

    store: Store
    counted: int = 0

    @asynccontextmanager
    async def __call__(self) -> AsyncGenerator[UnitOfWork]:
        async with self.store.unit_of_work() as uow:
            yield uow
            assert isinstance(uow, SqlUnitOfWork)
            rows = await uow.transaction.all(select(occupancies))
            require_no_more_than_fit((row.caregiver_id, Period(row.start_at, row.end_at), row.animals) for row in rows)
            self.counted += 1

    def reading(self) -> AbstractAsyncContextManager[UnitOfWork]:
        return self.store.unit_of_work.reading()


def require_no_more_than_fit(places: Iterable[Place]) -> None:
    """The peak is at the beginning of one of them."""
    every = list(places)
    for caregiver_id, period, _ in every:
        together = [
            animals
            for whose, other, animals in every
            if whose == caregiver_id and other.start <= period.start < other.end
        ]
        assert sum(together) <= MAXIMA[caregiver_id], (period.start, together)


@dataclass(slots=True)
class Writer:
    store: Store
    unit_of_work: CountingFactory
    chance: random.Random
    outcomes: Counter[str]
    booked: list[tuple[CaregiverId, BookingId]] = field(default_factory=list[tuple[CaregiverId, BookingId]])
    series: list[SeriesId] = field(default_factory=list[SeriesId])

    async def act(self) -> None:
        act = self.chance.choice([self.request, self.request, self.change, self.change, self.book_series, self.cancel])
        try:
            done = await act()
        except (SlotTaken, BookingNotChangeable, NothingChanges) as refused:
            self.outcomes[f"{act.__name__}: {refused.code()}"] += 1
        else:
            self.outcomes[f"{act.__name__}: {'done' if done else 'nothing to do'}"] += 1

    async def request(self) -> bool:
        caregiver_id = self.chance.choice(list(MAXIMA))
        quote_id = await self.quoted(caregiver_id)
        request = RequestBooking(unit_of_work=self.unit_of_work, clock=self.store.clock, ids=self.store.ids)
        self.booked.append((caregiver_id, await request.execute(owner=OWNER, quote_id=quote_id, care=care_details())))
        return True

    async def change(self) -> bool:
        if not self.booked:
            return False
        caregiver_id, booking_id = self.chance.choice(self.booked)
        quote_id = await self.quoted(caregiver_id)
        change = ChangeBooking(unit_of_work=self.unit_of_work, clock=self.store.clock, ids=self.store.ids)
        await change.execute(owner=OWNER, booking_id=booking_id, quote_id=quote_id)
        return True

    async def book_series(self) -> bool:
        caregiver_id = self.chance.choice(list(MAXIMA))
        wish = SeriesWish(
            caregiver_id=caregiver_id,
            service=Service.DOG_WALKING,
            first=self.a_period(week=0),
            pet_ids=self.some_pets(),
            recurrence=Recurrence.WEEKLY,
            until=(FIRST + 2 * WEEK + timedelta(days=1)).date(),
        )
        book = BookSeries(
            unit_of_work=self.unit_of_work,
            holidays=HolidaysCalendar(),
            clock=self.store.clock,
            ids=self.store.ids,
        )
        try:
            series_id, dates = await book.execute(owner=OWNER, wish=wish, care=care_details())
        except NoDateFree:
            return False
        except SlotTaken:
            raise AssertionError("what was found free was taken meanwhile") from None
        self.series.append(series_id)
        self.booked += [(caregiver_id, booking_id) for _, booking_id in dates if booking_id is not None]
        return True

    async def cancel(self) -> bool:
        shared: dict[str, Any] = {
            "unit_of_work": self.unit_of_work,
            "clock": self.store.clock,
            "ids": self.store.ids,
        }
        if self.series and self.chance.random() < 0.5:
            return await CancelSeries(**shared).execute(actor=OWNER, series_id=self.series.pop()) > 0
        if not self.booked:
            return False
        _, booking_id = self.booked.pop(self.chance.randrange(len(self.booked)))
        await CancelBooking(**shared).execute(actor=OWNER, booking_id=booking_id)
        return True

    async def quoted(self, caregiver_id: CaregiverId) -> QuoteId:
        create = CreateQuote(
            unit_of_work=self.unit_of_work,
            holidays=HolidaysCalendar(),
            clock=self.store.clock,
            ids=self.store.ids,
        )
        quote = await create.execute(
            owner=OWNER,
            caregiver_id=caregiver_id,
            service=Service.DOG_WALKING,
            period=self.a_period(week=self.chance.randrange(3)),
            pet_ids=self.some_pets(),
        )
        return QuoteId(quote.id)

    def a_period(self, *, week: int) -> Period:
        start = self.chance.randrange(24)
        begins = FIRST + week * WEEK + start * STEP
        return Period(begins, begins + self.chance.choice((1, 2, 3, 6)) * STEP)

    def some_pets(self) -> tuple[PetId, ...]:
        return tuple(pet.id for pet in PETS[: self.chance.randint(1, 3)])


async def test_whoever_asks_changes_books_series_or_cancels_nobody_gets_too_many(postgres_store: Store) -> None:
    """Nobody waits for another who waits for him, and every place that is held is that of a booking that stands."""
    store, numbers, outcomes = postgres_store, count(), Counter[str]()
    await store.people()
    async with store.database.begin() as connection:
        for caregiver_id, maximum in MAXIMA.items():
            changed = update(caregivers).where(caregivers.c.id == caregiver_id)
            # One of them answers at once.
            values = {"max_animals_at_once": maximum, "instant_book": maximum == 4}
            await connection.execute(changed.values(values))
    counting = CountingFactory(store)

    async def write(seed: int) -> None:
        writer = Writer(store, counting, random.Random(seed), outcomes)
        while next(numbers) < ACTS:
            await writer.act()

    await asyncio.gather(*(write(seed) for seed in range(WRITERS)))
    shown = {"request: done", "request: slot-taken", "change: done", "change: slot-taken"}
    assert shown | {"book_series: done", "cancel: done"} <= outcomes.keys(), outcomes
    assert counting.counted > ACTS / 2
    await require_places_of_what_stands(store)


async def require_places_of_what_stands(store: Store) -> None:
    pets = Counter(row["booking_id"] for row in await store.rows(booking_pets))
    standing = {
        row["id"]: (row["caregiver_id"], row["start_at"], row["end_at"], pets[row["id"]])
        for row in await store.rows(bookings)
        if row["status"] not in STATUSES_THAT_FREE_THE_PLACE
    }
    assert standing == {
        row["booking_id"]: (row["caregiver_id"], row["start_at"], row["end_at"], row["animals"])
        for row in await store.rows(occupancies)
    }
