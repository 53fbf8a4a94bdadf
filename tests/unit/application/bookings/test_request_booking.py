"""Quoting and requesting over real persistence."""

import asyncio
from datetime import timedelta

import pytest

from application.bookings.request_booking import RequestBooking
from domain.bookings.booking_life import BookingId, BookingStatus
from domain.bookings.booking_refusals import SlotTaken
from domain.bookings.quote import QuoteAlreadyUsed, QuoteExpired, QuoteId, QuoteNotFound
from domain.bookings.request_rules import EmailNotVerified, StartInPast
from domain.shared.actor import Actor
from tests.support.booking_world import BookingWorld
from tests.support.builders import CAREGIVER, OWNER, STRANGER, care_details, euros, unverified


async def request(world: BookingWorld, quote_id: QuoteId, owner: Actor = OWNER) -> BookingId:
    use_case = RequestBooking(unit_of_work=world.unit_of_work, clock=world.clock, ids=world.ids)
    return await use_case.execute(owner=owner, quote_id=quote_id, care=care_details())


async def test_a_quote_becomes_a_pending_booking_at_its_numbers(world: BookingWorld) -> None:
    booking = await world.booking(await request(world, await world.quoted(pets=2)))
    assert booking.status is BookingStatus.PENDING
    assert (booking.gross, booking.commission, booking.net) == (euros("25.00"), euros("5.00"), euros("20.00"))
    assert await world.event_names() == ["BookingRequested"]


async def test_a_quote_makes_one_booking(world: BookingWorld) -> None:
    quote_id = await world.quoted()
    await request(world, quote_id)
    with pytest.raises(QuoteAlreadyUsed):
        await request(world, quote_id)


async def test_of_two_requests_with_one_quote_at_once_one_is_refused(world: BookingWorld) -> None:
    quote_id = await world.quoted()
    outcomes = await asyncio.gather(request(world, quote_id), request(world, quote_id), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["QuoteAlreadyUsed", "UUID"]


async def test_a_quote_is_its_owners_alone_and_lapses(world: BookingWorld) -> None:
    quote_id = await world.quoted()
    for somebody in (STRANGER, CAREGIVER):
        with pytest.raises(QuoteNotFound):
            await request(world, quote_id, somebody)
    world.clock.advance(timedelta(minutes=30))
    with pytest.raises(QuoteExpired):
        await request(world, quote_id)


async def test_without_a_verified_address_nothing_is_booked(world: BookingWorld) -> None:
    with pytest.raises(EmailNotVerified):
        await request(world, await world.quoted(), unverified(OWNER))


async def test_what_was_allowed_when_quoted_is_checked_again(world: BookingWorld) -> None:
    quote_id = await world.quoted(starts_in=timedelta(minutes=10))
    world.clock.advance(timedelta(minutes=10))
    with pytest.raises(StartInPast):
        await request(world, quote_id)
    assert await world.event_names() == []


async def test_at_no_instant_are_more_animals_in_care_than_the_caregiver_takes(world: BookingWorld) -> None:
    first, second, third = [await world.quoted(pets=2), await world.quoted(pets=2), await world.quoted(pets=1)]
    await request(world, first)
    with pytest.raises(SlotTaken):
        await request(world, second)
    await request(world, third)


async def test_a_refused_request_leaves_its_quote_unused(world: BookingWorld) -> None:
    quotes = [await world.quoted(pets=3), await world.quoted(pets=3)]
    booking_id = await request(world, quotes[0])
    with pytest.raises(SlotTaken):
        await request(world, quotes[1])
    async with world.unit_of_work() as uow:
        booking = await uow.bookings.get(booking_id, for_update=True)
        booking.decline(by=CAREGIVER, at=world.clock.now())
        await uow.bookings.save(booking)
    await request(world, quotes[1])
