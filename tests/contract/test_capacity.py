"""The guarantee of the database: at no instant are more animals in a caregiver's care than he takes."""

import asyncio
import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from application.ports.unit_of_work import StaleVersion
from domain.bookings.booking import Booking
from domain.bookings.booking_life import BookingId
from domain.bookings.booking_refusals import SlotTaken
from domain.shared.period import Period
from infrastructure.persistence.bookings.booking_tables import bookings, occupancies, quotes
from infrastructure.persistence.caregivers.caregiver_tables import caregivers
from tests.support.builders import ADMIN, CAREGIVER, NOW, OWNER, a_caregiver
from tests.support.stores import PETS, Store, the_other_caregiver

FIRST = NOW + timedelta(days=7)
STEP = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Stay:
    """A period in steps, and how many animals."""

    start: int
    end: int
    pets: int

    @property
    def period(self) -> Period:
        return Period(FIRST + self.start * STEP, FIRST + self.end * STEP)


def peak(stays: Iterable[Stay], within: Stay | None = None) -> int:
    """The most animals together at any step, by counting them all."""
    every = list(stays)
    steps = range(within.start, within.end) if within else range(min((stay.start for stay in every), default=0), 100)
    return max((sum(stay.pets for stay in every if stay.start <= step < stay.end) for step in steps), default=0)


async def set_maximum(store: Store, maximum: int) -> None:
    async with store.unit_of_work() as uow:
        caregiver = await uow.caregivers.get(a_caregiver().id, for_update=True)
        await uow.caregivers.save(replace(caregiver, max_animals_at_once=maximum))


async def book(store: Store, stay: Stay) -> BookingId | None:
    """None when the place is taken."""
    try:
        return await store.book(stay.period, pets=stay.pets)
    except SlotTaken:
        return None


async def decline(store: Store, booking_id: BookingId) -> None:
    async with store.unit_of_work() as uow:
        booking = await uow.bookings.get(booking_id, for_update=True)
        booking.decline(by=CAREGIVER, at=NOW)
        await uow.bookings.save(booking)


async def occupied(store: Store) -> list[Stay]:
    return [
        Stay((row["start_at"] - FIRST) // STEP, (row["end_at"] - FIRST) // STEP, row["animals"])
        for row in await store.rows(occupancies)
    ]


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_whatever_is_asked_for_is_taken_exactly_when_it_fits(peopled: Store, seed: int) -> None:
    """A hundred requests, with declines and other maxima in between, against a model that counts."""
    chance = random.Random(seed)
    held: dict[BookingId, Stay] = {}
    maximum, outcomes = 3, {True: 0, False: 0}
    for at in range(100):
        if at % 20 == 0:
            maximum = chance.randint(1, 9)
            await set_maximum(peopled, maximum)
        if held and chance.random() < 0.2:
            freed = chance.choice(sorted(held))
            await decline(peopled, freed)
            del held[freed]
        start = chance.randrange(20)
        stay = Stay(start, start + chance.randint(1, 8), chance.randint(1, len(PETS)))
        fits = peak(held.values(), stay) + stay.pets <= maximum
        booking_id = await book(peopled, stay)
        assert (booking_id is not None) == fits, f"request {at}: {stay} beside {list(held.values())}, maximum {maximum}"
        outcomes[fits] += 1
        if booking_id is not None:
            held[booking_id] = stay
    assert min(outcomes.values()) > 10, "the sequence has to show both"
    assert sorted(map(str, await occupied(peopled))) == sorted(map(str, held.values()))


async def test_back_to_back_stays_do_not_conflict(peopled: Store) -> None:
    await set_maximum(peopled, 1)
    assert await book(peopled, Stay(2, 4, 1))
    assert await book(peopled, Stay(4, 6, 1))
    assert await book(peopled, Stay(0, 2, 1))
    assert await book(peopled, Stay(3, 5, 1)) is None
    assert await book(peopled, Stay(0, 6, 1)) is None


async def test_a_stay_of_a_moment_counts(peopled: Store) -> None:
    await set_maximum(peopled, 1)
    await book(peopled, Stay(2, 4, 1))
    end = Stay(2, 4, 1).period.end
    moment = timedelta(microseconds=1)
    with pytest.raises(SlotTaken):
        await peopled.book(Period(end - moment, end + moment))
    await peopled.book(Period(end, end + moment))


async def test_a_stay_that_contains_others_meets_their_peak_and_not_their_sum(peopled: Store) -> None:
    for start in (0, 2, 4):
        assert await book(peopled, Stay(start, start + 2, 2))
    assert await book(peopled, Stay(0, 6, 2)) is None
    assert await book(peopled, Stay(0, 6, 1))
    assert peak(await occupied(peopled)) == 3


async def test_more_pets_than_the_maximum_never_fit(peopled: Store) -> None:
    assert await book(peopled, Stay(0, 2, 4)) is None
    assert await book(peopled, Stay(0, 2, 3))


async def test_one_caregivers_bookings_take_nobody_elses_places(peopled: Store) -> None:
    assert await book(peopled, Stay(0, 2, 3))
    await peopled.add(replace(peopled.a_booking(Stay(0, 2, 3).period, pets=3), caregiver_id=the_other_caregiver().id))


@pytest.mark.parametrize("how", ["declined", "expired", "cancelled by the owner", "cancelled by an admin"])
async def test_what_ends_frees_its_place(peopled: Store, how: str) -> None:
    booking_id = await book(peopled, Stay(0, 2, 3))
    assert booking_id is not None
    if how == "cancelled by an admin":
        await peopled.accept(booking_id)
        await peopled.pay(booking_id)
    assert await book(peopled, Stay(1, 3, 1)) is None
    async with peopled.unit_of_work() as uow:
        booking = await uow.bookings.get(booking_id, for_update=True)
        end_it(booking, how)
        await uow.bookings.save(booking)
    assert await book(peopled, Stay(1, 3, 3))


def end_it(booking: Booking, how: str) -> None:
    match how:
        case "declined":
            booking.decline(by=CAREGIVER, at=NOW)
        case "expired":
            assert booking.expire(at=booking.answer_until)
        case "cancelled by the owner":
            booking.cancel(by=OWNER, at=NOW)
        case _:
            booking.cancel(by=ADMIN, at=NOW)


async def test_what_goes_on_keeps_its_place(peopled: Store) -> None:
    booking_id = await book(peopled, Stay(0, 2, 3))
    assert booking_id is not None
    for step in (peopled.accept, peopled.pay):
        await step(booking_id)
        assert await book(peopled, Stay(1, 3, 1)) is None


async def test_lowering_the_maximum_cancels_nothing_and_refuses_what_is_new(peopled: Store) -> None:
    ids = [await book(peopled, Stay(0, 2, 1)) for _ in range(3)]
    await set_maximum(peopled, 1)
    assert peak(await occupied(peopled)) == 3
    for booking_id in ids:
        assert booking_id is not None
        await peopled.accept(booking_id)
    assert await book(peopled, Stay(1, 3, 1)) is None
    assert await book(peopled, Stay(2, 4, 1))
    await set_maximum(peopled, 4)
    assert await book(peopled, Stay(1, 2, 1))
    assert await book(peopled, Stay(1, 2, 1)) is None


async def test_moving_a_stay_is_held_to_the_same_maximum(peopled: Store) -> None:
    """On every path: a change of dates or of animals goes through the same trigger."""
    moved = await book(peopled, Stay(0, 2, 2))
    await book(peopled, Stay(4, 6, 2))

    async def change(stay: Stay) -> None:
        async with peopled.database.begin() as connection:
            values = {"start_at": stay.period.start, "end_at": stay.period.end, "animals": stay.pets}
            await connection.execute(update(occupancies).where(occupancies.c.booking_id == moved).values(values))

    await change(Stay(2, 4, 3))
    for over in (Stay(4, 5, 2), Stay(3, 5, 2), Stay(0, 9, 2), Stay(5, 6, 2), Stay(0, 1, 4)):
        with pytest.raises(SlotTaken):
            await change(over)
    # Its own old place does not count against it.
    await change(Stay(2, 3, 3))
    await change(Stay(4, 5, 1))


async def move(store: Store, booking_id: BookingId, stay: Stay) -> bool:
    """As a change of dates and pets does: the caregiver locked, then the booking. False when there is no room."""
    try:
        async with store.unit_of_work() as uow:
            await uow.caregivers.get(a_caregiver().id, for_update=True)
            booking = await uow.bookings.get(booking_id, for_update=True)
            booking.period, booking.pet_ids = stay.period, tuple(pet.id for pet in PETS[: stay.pets])
            await uow.bookings.move(booking)
    except SlotTaken:
        return False
    return True


async def test_a_booking_moves_over_its_own_place_and_never_over_others(peopled: Store) -> None:
    moved = await book(peopled, Stay(0, 4, 2))
    await book(peopled, Stay(6, 8, 2))
    assert moved is not None
    before = await peopled.booking(moved)
    for over in (Stay(5, 7, 2), Stay(0, 9, 2)):
        assert not await move(peopled, moved, over)
        assert await peopled.booking(moved) == before
    assert await move(peopled, moved, Stay(2, 6, 3))
    after = await peopled.booking(moved)
    assert (after.period, len(after.pet_ids)) == (Stay(2, 6, 3).period, 3)
    assert sorted(map(str, await occupied(peopled))) == sorted(map(str, [Stay(2, 6, 3), Stay(6, 8, 2)]))
    assert await book(peopled, Stay(0, 2, 3))


async def test_a_booking_without_a_place_is_not_moved_in_silence(peopled: Store) -> None:
    ended = await book(peopled, Stay(0, 2, 1))
    assert ended is not None
    async with peopled.database.begin() as connection:
        await connection.execute(delete(occupancies))
    before = await peopled.booking(ended)
    with pytest.raises(StaleVersion):
        await move(peopled, ended, Stay(4, 6, 1))
    assert await peopled.booking(ended) == before


async def test_of_many_that_move_at_once_as_many_do_as_fit(store: Store) -> None:
    """Together with new requests, and the other way round too: no deadlock, nobody over the maximum."""
    await store.people()
    ids = [await book(store, Stay(2 * at, 2 * at + 2, 1)) for at in range(10)]
    wishes = [move(store, booking_id, Stay(40, 42, 1)) for booking_id in ids if booking_id is not None]
    outcomes = await asyncio.gather(*wishes, *(book(store, Stay(40, 42, 1)) for _ in range(5)))
    assert sum(bool(outcome) for outcome in outcomes) == 3
    assert peak(await occupied(store), Stay(40, 42, 1)) == 3


async def test_of_many_at_once_as_many_are_taken_as_fit(store: Store) -> None:
    """The caregiver's row locked first, as the product does: nobody is turned away for another reason."""
    await store.people()
    wishes = 30
    outcomes = await asyncio.gather(*(book(store, Stay(0, 2, 1)) for _ in range(wishes)))
    assert sum(outcome is not None for outcome in outcomes) == 3
    assert await occupied(store) == [Stay(0, 2, 1)] * 3
    assert len(await store.rows(bookings)) == len(await store.rows(quotes)) == 3


@pytest.mark.parametrize("seed", [11, 12])
async def test_thirty_writers_at_once_never_exceed_the_maximum(postgres_store: Store, seed: int) -> None:
    store, chance = postgres_store, random.Random(seed)
    await store.people()
    stays = []
    for _ in range(30):
        start = chance.randrange(6)
        stays.append(Stay(start, start + chance.randint(1, 5), chance.randint(1, 2)))
    outcomes = await asyncio.gather(*(book(store, stay) for stay in stays))
    taken = [stay for stay, outcome in zip(stays, outcomes, strict=True) if outcome is not None]
    held = await occupied(store)
    assert sorted(map(str, held)) == sorted(map(str, taken))
    assert peak(held) <= 3
    # Whoever was refused would not fit now either: no place was lost in the crowd.
    for stay, outcome in zip(stays, outcomes, strict=True):
        assert outcome is not None or peak(held, stay) + stay.pets > 3


async def test_writers_who_forget_to_lock_are_held_to_the_maximum_too(postgres_store: Store) -> None:
    """The trigger's own lock serves them one by one: three are taken, nobody is turned away by a deadlock."""
    store = postgres_store
    await store.people()
    made = [store.a_booking(Stay(0, 2, 1).period) for _ in range(30)]
    outcomes = await asyncio.gather(*(store.add(booking, lock=False) for booking in made), return_exceptions=True)
    assert outcomes.count(None) == 3
    assert [type(outcome) for outcome in outcomes if outcome is not None] == [SlotTaken] * 27
    assert await occupied(store) == [Stay(0, 2, 1)] * 3


async def test_the_maximum_itself_has_its_bounds(peopled: Store) -> None:
    for maximum in (0, 21):
        with pytest.raises(Exception, match="max_animals"):
            async with peopled.database.begin() as connection:
                await connection.execute(update(caregivers).values(max_animals_at_once=maximum))
