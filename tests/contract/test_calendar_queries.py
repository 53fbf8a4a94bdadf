"""Calendars as everybody sees them, beside what requests are told, on both databases."""

import random
from dataclasses import replace
from datetime import date, timedelta

import pytest

from application.bookings.create_quote import CreateQuote
from application.bookings.request_booking import RequestBooking
from domain.availability.availability import Availability, CaregiverNotAvailable
from domain.bookings.booking_refusals import SlotTaken
from domain.bookings.quote import QuoteId
from domain.caregivers.caregiver_profile import CaregiverNotFound, CaregiverStatus
from domain.caregivers.services import Service
from domain.shared.actor import CaregiverId
from domain.shared.period import Period
from infrastructure.persistence.bookings.sql_calendar_queries import SqlCalendarQueries
from infrastructure.public_holidays.holidays_calendar import HolidaysCalendar
from tests.support.builders import (
    CAREGIVER,
    NOW,
    OWNER,
    a_caregiver,
    an_availability,
    an_offer,
    care_details,
    identified,
    open_hours,
)
from tests.support.stores import PETS, Store, the_other_caregiver

HIM = a_caregiver().id
WEEK = Period(NOW + timedelta(days=7), NOW + timedelta(days=14))
STEP = timedelta(minutes=30)


async def set_availability(store: Store, availability: Availability) -> None:
    async with store.unit_of_work() as uow:
        await uow.caregivers.save_availability(HIM, availability)


async def offer(store: Store, *services: Service) -> None:
    async with store.unit_of_work() as uow:
        caregiver = await uow.caregivers.get(HIM)
        offers = tuple(an_offer(service) for service in services)
        await uow.caregivers.save(replace(caregiver, offers=offers))


async def test_a_calendar_has_the_rules_the_offers_and_what_is_taken(peopled: Store) -> None:
    availability = an_availability(
        "08:00-12:00", "13:00-24:00", exceptions={date(2026, 11, 12): (), date(2026, 11, 13): open_hours("01:00-02:00")}
    )
    await set_availability(peopled, availability)
    await offer(peopled, Service.DOG_WALKING, Service.PET_BOARDING)
    for start, length in ((-10, 4), (-1, 4), (4, 2), (330, 20), (400, 3)):
        await peopled.always_open()
        await peopled.book(Period(WEEK.start + start * STEP, WEEK.start + (start + length) * STEP))
    await set_availability(peopled, availability)
    calendar = await SqlCalendarQueries(peopled.database).calendar(HIM, WEEK)
    assert calendar.availability == availability
    assert calendar.services == {Service.DOG_WALKING, Service.PET_BOARDING}
    assert calendar.max_animals == a_caregiver().max_animals_at_once
    overlapping = sorted((taken.period.start - WEEK.start) // STEP for taken in calendar.taken)
    assert overlapping == [-1, 4, 330]


async def test_who_has_set_nothing_is_always_open(peopled: Store) -> None:
    calendar = await SqlCalendarQueries(peopled.database).calendar(the_other_caregiver().id, WEEK)
    assert calendar.availability == Availability.always_open("Europe/Brussels")


async def test_who_is_not_shown_has_no_calendar(peopled: Store) -> None:
    queries = SqlCalendarQueries(peopled.database)
    async with peopled.unit_of_work() as uow:
        caregiver = await uow.caregivers.get(HIM)
        await uow.caregivers.save(replace(caregiver, status=CaregiverStatus.PENDING))
    for somebody in (HIM, CaregiverId(identified("nobody"))):
        with pytest.raises(CaregiverNotFound):
            await queries.calendar(somebody, WEEK)


@pytest.mark.parametrize("missing", ["payout account", "verified address"])
async def test_who_cannot_be_booked_offers_nothing(peopled: Store, missing: str) -> None:
    async with peopled.unit_of_work() as uow:
        if missing == "payout account":
            await uow.caregivers.save(replace(await uow.caregivers.get(HIM), can_receive_transfers=False))
        else:
            account = await uow.accounts.get(CAREGIVER.account_id)
            account.email_verified_at = None
            await uow.accounts.save(account)
    calendar = await SqlCalendarQueries(peopled.database).calendar(HIM, WEEK)
    assert calendar.services == frozenset()


@pytest.mark.parametrize("service", [Service.DOG_WALKING, Service.PET_BOARDING])
async def test_what_the_calendar_says_is_what_requests_are_told(peopled: Store, service: Service) -> None:
    """Sixty requests one after another, each of which takes its place when it is accepted."""
    chance = random.Random(service)
    await offer(peopled, Service.DOG_WALKING, Service.PET_BOARDING)
    await set_availability(peopled, an_availability("07:00-11:00", "12:00-24:00", exceptions={date(2026, 11, 12): ()}))
    queries, outcomes = SqlCalendarQueries(peopled.database), {True: 0, False: 0}
    for _ in range(60):
        start = WEEK.start + STEP * chance.randrange(200)
        period = Period(start, start + STEP * chance.choice((1, 2, 4, 9, 24, 44)))
        pets = chance.randint(1, 3)
        calendar = await queries.calendar(HIM, period)
        expected = calendar.can_take(period, service, pets=pets, now=NOW)
        assert await is_accepted(peopled, service, period, pets) == expected, f"{service} {period}, {pets} pets"
        outcomes[expected] += 1
    assert min(outcomes.values()) > 5, "the sequence has to show both"


async def is_accepted(store: Store, service: Service, period: Period, pets: int) -> bool:
    uow, clock, ids = store.unit_of_work, store.clock, store.ids
    quotes = CreateQuote(unit_of_work=uow, holidays=HolidaysCalendar(), clock=clock, ids=ids)
    try:
        quote = await quotes.execute(
            owner=OWNER, caregiver_id=HIM, service=service, period=period, pet_ids=[pet.id for pet in PETS[:pets]]
        )
        request = RequestBooking(unit_of_work=uow, clock=clock, ids=ids)
        await request.execute(owner=OWNER, quote_id=QuoteId(quote.id), care=care_details())
    except (CaregiverNotAvailable, SlotTaken):
        return False
    return True
