"""Who is free then: the search beside the rules of a request, on both databases."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from application.ports.caregiver_queries import CaregiverSearch, FreeThen, SearchOrder
from domain.availability.availability import Availability
from domain.availability.open_hours import OpenHours
from domain.bookings.free_periods import CaregiverCalendar, Occupancy
from domain.caregivers.caregiver_profile import CaregiverProfile
from domain.caregivers.services import Service
from domain.shared.actor import AccountId, Actor, CaregiverId
from domain.shared.period import BRUSSELS, Period
from infrastructure.persistence.caregivers.free_search import CANDIDATES
from infrastructure.persistence.caregivers.sql_caregiver_queries import SqlCaregiverQueries
from tests.support.builders import NOW, a_caregiver, an_availability, an_offer, identified, local, open_hours, period_of
from tests.support.stores import Store, an_account

GENT = (51.05, 3.72)
WALK, BOARDING = Service.DOG_WALKING, Service.PET_BOARDING
MORNING = period_of("2026-11-10 09:00", "2026-11-10 10:00")


@dataclass(slots=True)
class Carers:
    """Caregivers with their calendars, as they were stored."""

    store: Store
    calendars: dict[UUID, CaregiverCalendar] = field(default_factory=dict[UUID, CaregiverCalendar])

    async def add(
        self,
        name: str,
        availability: Availability | None = None,
        *taken: Occupancy,
        services: Sequence[Service] = (WALK, BOARDING),
        verified: bool = True,
        **changes: Any,
    ) -> UUID:
        holder = Actor(account_id=AccountId(identified(f"{name}'s account")))
        profile: CaregiverProfile = replace(
            a_caregiver(offers=[an_offer(service) for service in services]),
            id=CaregiverId(identified(name)),
            account_id=holder.account_id,
            payout_account_id=None,
            events=[],
            **changes,
        )
        account = an_account(holder, f"holder{len(self.calendars)}")
        async with self.store.unit_of_work() as uow:
            await uow.accounts.add(account if verified else replace(account, email_verified_at=None, events=[]))
            await uow.caregivers.add(profile)
            if availability is not None:
                await uow.caregivers.save_availability(profile.id, availability)
        for occupancy in taken:
            booking = self.store.a_booking(occupancy.period, pets=occupancy.animals)
            await self.store.add(replace(booking, caregiver_id=profile.id))
        is_bookable = verified and profile.can_receive_transfers
        self.calendars[profile.id] = CaregiverCalendar(
            availability=availability or Availability.always_open(BRUSSELS),
            services=frozenset(services if is_bookable else ()),
            max_animals=profile.max_animals_at_once,
            taken=taken,
        )
        return profile.id

    def expected(self, period: Period, service: Service | None, pets: int) -> set[UUID]:
        return {
            somebody
            for somebody, calendar in self.calendars.items()
            if calendar.can_take(period, service, pets=pets, now=NOW)
        }

    async def pages(
        self,
        period: Period,
        *,
        limit: int = 50,
        candidates: Sequence[int] = CANDIDATES,
        pets: int = 1,
        **wishes: Any,
    ) -> list[list[UUID]]:
        queries = SqlCaregiverQueries(self.store.database, candidates=candidates)
        free = FreeThen(period=period, pets=pets, now=NOW)
        pages: list[list[UUID]] = []
        after: tuple[float, UUID] | None = None
        while True:
            search = CaregiverSearch(**wishes, free=free, limit=limit, after=after)
            cards, after = await queries.search(search)
            # Those of the peopled store are not looked at here.
            pages.append([card.id for card in cards if card.id in self.calendars])
            if after is None:
                return pages

    async def found(self, period: Period, **wishes: Any) -> set[UUID]:
        pages = [one for page in await self.pages(period, **wishes) for one in page]
        assert len(set(pages)) == len(pages)
        return set(pages)


@pytest.fixture
async def carers(peopled: Store) -> Carers:
    """Nobody to begin with: those of the builders cannot be booked."""
    async with peopled.unit_of_work() as uow:
        for somebody in ("caregiver", "other caregiver"):
            profile = await uow.caregivers.get(CaregiverId(identified(somebody)))
            await uow.caregivers.save(replace(profile, can_receive_transfers=False))
    return Carers(peopled)


async def test_only_who_is_open_and_has_a_place_is_found(carers: Carers) -> None:
    free = await carers.add("free", an_availability("08:00-18:00"))
    unset = await carers.add("has set nothing")
    place_left = await carers.add("has a place", an_availability("08:00-18:00"), Occupancy(MORNING, 2))
    await carers.add("is full", an_availability("08:00-18:00"), Occupancy(MORNING, 3))
    await carers.add("sleeps", an_availability("12:00-18:00"))
    await carers.add("is away", an_availability("08:00-18:00", vacation_until=date(2026, 11, 10)))
    await carers.add("is closed", an_availability("08:00-18:00", exceptions={date(2026, 11, 10): ()}))
    await carers.add("needs notice", an_availability("08:00-18:00", minimum_notice_hours=24 * 8))
    await carers.add("boards only", an_availability("12:00-18:00"), services=(BOARDING,))
    await carers.add("cannot be paid", can_receive_transfers=False)
    await carers.add("is not verified", verified=False)
    for order in SearchOrder:
        assert await carers.found(MORNING, order=order) == {free, unset, place_left}
    assert await carers.found(MORNING, service=WALK, lat=GENT[0], lng=GENT[1]) == {free, unset, place_left}
    assert await carers.found(MORNING, pets=2) == {free, unset}


async def test_nights_follow_their_own_rules(carers: Carers) -> None:
    boards = await carers.add("boards", an_availability("08:00-18:00"))
    await carers.add("walks", an_availability("08:00-18:00"), services=(WALK,))
    await carers.add("is closed between", an_availability("08:00-18:00", exceptions={date(2026, 11, 11): ()}))
    until_midnight = await carers.add("is open until midnight", an_availability("08:00-24:00"))
    nights = period_of("2026-11-10 17:00", "2026-11-12 09:00")
    assert await carers.found(nights) == {boards, until_midnight}
    assert await carers.found(nights, service=WALK) == set()
    at_midnight = period_of("2026-11-10 17:00", "2026-11-12 00:00")
    assert until_midnight in await carers.found(at_midnight, service=BOARDING)
    assert boards not in await carers.found(at_midnight, service=BOARDING)


@pytest.mark.parametrize("seed", [1, 2])
async def test_who_is_found_is_who_would_accept(carers: Carers, seed: int) -> None:
    """Forty caregivers at random, and a hundred periods, some of them in the nights in which clocks change."""
    chance = random.Random(seed)
    days = [date(2026, 11, 10), date(2026, 11, 11), date(2027, 3, 28), date(2027, 10, 31)]
    for number in range(40):
        taken = [
            Occupancy(Period(start, start + timedelta(hours=chance.randint(1, 20))), 1)
            for start in (random_start(chance, days) for _ in range(chance.randint(0, 2)))
        ]
        services = chance.choice(((WALK,), (BOARDING,), (WALK, BOARDING)))
        rules = random_rules(chance, days) if number % 5 else None
        await carers.add(f"carer {number}", rules, *taken, services=services)
    outcomes = 0
    for _ in range(100):
        start = random_start(chance, days)
        period = Period(start, start + timedelta(minutes=15 * chance.choice((1, 2, 4, 16, 40, 96, 130))))
        service, pets = chance.choice((None, WALK, BOARDING)), chance.randint(1, 3)
        expected = carers.expected(period, service, pets)
        assert await carers.found(period, service=service, pets=pets) == expected, f"{period} {service} {pets}"
        outcomes += len(expected)
    assert outcomes > 300


def random_start(chance: random.Random, days: Sequence[date]) -> datetime:
    midnight = local(f"{chance.choice(days)} 00:00")
    return midnight + timedelta(minutes=15 * chance.choice((0, *range(-8, 96))))


def random_rules(chance: random.Random, days: Sequence[date]) -> Availability:
    def hours() -> tuple[OpenHours, ...]:
        cuts = sorted(chance.sample([0, 1, *range(60, 1440, 60), 1439, 1440], 2 * chance.randint(1, 2)))
        return tuple(OpenHours(a, b) for a, b in zip(cuts[::2], cuts[1::2], strict=True))

    return Availability(
        time_zone=BRUSSELS,
        weekly={day: hours() if chance.random() < 0.7 else open_hours("00:00-23:59") for day in range(7)},
        exceptions={day: () if chance.random() < 0.5 else hours() for day in days if chance.random() < 0.2},
        minimum_notice_hours=chance.choice((0, 24, 24 * 30)),
    )


@pytest.mark.parametrize("order", list(SearchOrder))
async def test_pages_are_full_until_the_last_and_show_everybody_once(carers: Carers, order: SearchOrder) -> None:
    """Every third of thirty is free, and the search looks at seven at a time."""
    free = set[UUID]()
    for number in range(30):
        rules = an_availability("08:00-18:00" if number % 3 == 0 else "12:00-18:00", exceptions={})
        somebody = await carers.add(f"carer {number}", rules, offers=(an_offer(price=f"{10 + number % 4}.00"),))
        free |= {somebody} if number % 3 == 0 else set[UUID]()
    wishes: dict[str, Any] = {"lat": GENT[0], "lng": GENT[1], "order": order}
    pages = await carers.pages(MORNING, limit=4, candidates=(3, 9, 9, 9), **wishes)
    assert [len(page) for page in pages] == [4, 4, 2]
    assert {somebody for page in pages for somebody in page} == free
    (whole,) = await carers.pages(MORNING, **wishes)
    assert [somebody for page in pages for somebody in page] == whole


async def test_who_becomes_free_or_taken_between_pages_moves_nobody_else(carers: Carers) -> None:
    ids = [await carers.add(f"carer {number}") for number in range(9)]
    queries = SqlCaregiverQueries(carers.store.database)
    search = CaregiverSearch(free=FreeThen(period=MORNING, pets=3, now=NOW), limit=3, order=SearchOrder.PRICE)
    first, after = await queries.search(search)
    shown = [card.id for card in first]
    rest = [one for one in sorted(ids) if one not in shown]
    for taken in (shown[0], rest[1]):
        await carers.store.add(replace(carers.store.a_booking(MORNING), caregiver_id=CaregiverId(taken)))
    second, after = await queries.search(replace(search, after=after))
    assert [card.id for card in second] == [rest[0], rest[2], rest[3]]
    third, after = await queries.search(replace(search, after=after))
    assert ([card.id for card in third], after) == (rest[4:], None)


async def test_a_search_that_gives_up_says_where_to_go_on(carers: Carers) -> None:
    """Nobody is free but the last of ten, who are looked at one by one."""
    two_halves = an_availability("09:00-09:30", "09:31-10:00")
    for number in range(9):
        await carers.add(f"carer {number}", two_halves)
    last = await carers.add("the last", offers=(an_offer(price="99.00"),))
    pages = await carers.pages(MORNING, limit=5, candidates=(1, 1, 1, 1), order=SearchOrder.PRICE, service=WALK)
    assert [len(page) for page in pages] == [0, 0, 1]
    assert [one for page in pages for one in page] == [last]


async def test_everybody_is_told_how_good_a_match_he_is_when_asked(carers: Carers) -> None:
    await carers.add("near")
    queries = SqlCaregiverQueries(carers.store.database)
    wishes: dict[str, Any] = {"lat": GENT[0], "lng": GENT[1] + 0.1}
    for free in (None, FreeThen(period=MORNING, pets=1, now=NOW)):
        (card, *_), _ = await queries.search(CaregiverSearch(**wishes, free=free, explain=True))
        assert card.match
        parts = card.match
        assert parts.score == pytest.approx(
            parts.quality_weight * parts.quality + parts.closeness_weight * parts.closeness
        )
        assert parts.quality == pytest.approx((4.0 - 1) / 4), "of the imaginary reviews alone"
        assert card.distance_km is not None
        assert parts.closeness == pytest.approx(1 / (1 + (card.distance_km / 10) ** 2), abs=0.01)
        (unasked, *_), _ = await queries.search(CaregiverSearch(**wishes, free=free))
        assert not unasked.match
    (nowhere, *_), _ = await queries.search(CaregiverSearch(explain=True))
    assert nowhere.match
    assert (nowhere.match.closeness, nowhere.match.score) == (0.0, pytest.approx(0.45))
