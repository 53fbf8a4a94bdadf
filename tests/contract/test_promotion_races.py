"""Who gets the last uses of a promotion when many want them at once, on PostgreSQL."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from application.bookings.book_series import BookSeries
from application.bookings.change_booking import ChangeBooking
from application.bookings.create_quote import CreateQuote
from application.bookings.request_booking import RequestBooking
from application.bookings.series_plan import SeriesWish
from domain.bookings.booking_life import BookingId
from domain.bookings.promotion import Promotion, PromotionUses
from domain.bookings.quote import QuoteId
from domain.bookings.series import Recurrence
from domain.caregivers.services import Service
from domain.pets.pet import PetId
from domain.shared.actor import Actor
from domain.shared.period import Period
from infrastructure.public_holidays.holidays_calendar import HolidaysCalendar
from tests.support.builders import ADMIN, NOW, OWNER, a_caregiver, a_pet, a_promotion, care_details, identified
from tests.support.stores import PETS, Store

LIMITED, ONCE = a_promotion("LIMITED", max_uses=3, once_per_owner=False), a_promotion("ONCE")
LUNA = replace(a_pet("Luna"), id=PetId(identified("their Luna")), owner_id=ADMIN.account_id)
PET_OF = {OWNER.account_id: PETS[0].id, ADMIN.account_id: LUNA.id}
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(slots=True)
class Crowd:
    """Two owners who know both codes; each wish is for an hour of its own."""

    store: Store
    hour: int = 0

    @property
    def shared(self) -> dict[str, Any]:
        return {"unit_of_work": self.store.unit_of_work, "clock": self.store.clock, "ids": self.store.ids}

    def period(self) -> Period:
        self.hour += 1
        start = NOW + 7 * DAY + self.hour * HOUR
        return Period(start, start + HOUR)

    async def quoted(self, owner: Actor, promotion: Promotion | None) -> QuoteId:
        quote = await CreateQuote(holidays=HolidaysCalendar(), **self.shared).execute(
            owner=owner,
            caregiver_id=a_caregiver().id,
            service=Service.DOG_WALKING,
            period=self.period(),
            pet_ids=[PET_OF[owner.account_id]],
            promo=None if promotion is None else promotion.terms.code,
        )
        return QuoteId(quote.id)

    async def request(self, owner: Actor, quote_id: QuoteId) -> BookingId:
        return await RequestBooking(**self.shared).execute(owner=owner, quote_id=quote_id, care=care_details())

    async def change(self, owner: Actor, booking_id: BookingId, quote_id: QuoteId) -> None:
        await ChangeBooking(**self.shared).execute(owner=owner, booking_id=booking_id, quote_id=quote_id)

    def book_series(self, owner: Actor, promotion: Promotion) -> Coroutine[Any, Any, object]:
        first = self.period()
        wish = SeriesWish(
            caregiver_id=a_caregiver().id,
            service=Service.DOG_WALKING,
            first=first,
            pet_ids=(PET_OF[owner.account_id],),
            recurrence=Recurrence.WEEKLY,
            until=(first.start + 8 * DAY).date(),
            promo=promotion.terms.code,
        )
        book = BookSeries(holidays=HolidaysCalendar(), **self.shared)
        return book.execute(owner=owner, wish=wish, care=care_details())

    async def uses(self, promotion: Promotion, owner: Actor = OWNER) -> PromotionUses:
        async with self.store.unit_of_work.reading() as uow:
            return await uow.promotions.uses(promotion.id, owner_id=owner.account_id)


@pytest.fixture
async def crowd(postgres_store: Store) -> Crowd:
    await postgres_store.people()
    await postgres_store.always_open()
    async with postgres_store.unit_of_work() as uow:
        await uow.pets.add(LUNA)
        await uow.promotions.add(LIMITED)
        await uow.promotions.add(ONCE)
    return Crowd(postgres_store)


async def test_of_all_who_book_at_once_only_as_many_as_uses_are_left_do_at_the_promotion(crowd: Crowd) -> None:
    wishes = [(promotion, owner) for promotion in (LIMITED, ONCE) for owner in (OWNER, ADMIN)] * 4
    quotes = [await crowd.quoted(owner, promotion) for promotion, owner in wishes]
    answers = await asyncio.gather(
        *(crowd.request(owner, quote_id) for (_, owner), quote_id in zip(wishes, quotes, strict=True)),
        return_exceptions=True,
    )
    told = Counter(
        (promotion.terms.code, type(answer).__name__) for (promotion, _), answer in zip(wishes, answers, strict=True)
    )
    assert told == {
        ("LIMITED", "UUID"): 3,
        ("LIMITED", "PromotionUsedUp"): 5,
        ("ONCE", "UUID"): 2,
        ("ONCE", "PromotionUsedBefore"): 6,
    }
    assert [(await crowd.uses(ONCE, owner)).of_owner for owner in (OWNER, ADMIN)] == [1, 1]


async def test_requests_changes_and_series_at_once_use_it_no_more_often_than_was_given(crowd: Crowd) -> None:
    requests, changes = [], []
    for owner in (OWNER, ADMIN) * 2:
        requests.append(crowd.request(owner, await crowd.quoted(owner, LIMITED)))
        booked = await crowd.request(owner, await crowd.quoted(owner, None))
        changes.append(crowd.change(owner, booked, await crowd.quoted(owner, LIMITED)))
    series = [crowd.book_series(owner, LIMITED) for owner in (OWNER, ADMIN)]
    answers = await asyncio.gather(*requests, *changes, *series, return_exceptions=True)
    refused = [answer for answer in answers[:-2] if isinstance(answer, BaseException)]
    assert {type(answer).__name__ for answer in refused} == {"PromotionUsedUp"}
    assert not any(isinstance(answer, BaseException) for answer in answers[-2:])
    # Dates of a series that found none left are booked at full price.
    assert (await crowd.uses(LIMITED)).in_all == 3
