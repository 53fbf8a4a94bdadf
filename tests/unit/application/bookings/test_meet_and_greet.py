"""Getting to know each other: free, once, and nothing follows from it."""

from datetime import timedelta

import pytest

from application.bookings.accept_booking import AcceptBooking
from application.bookings.cancel_booking import CancelBooking
from application.bookings.complete_bookings import CompleteBookings
from application.bookings.create_quote import CreateQuote
from application.bookings.expire_bookings import ExpireBookings
from application.bookings.request_booking import RequestBooking
from application.ports.booking_queries import QuoteView
from domain.bookings.booking_life import BookingId, BookingStatus, PayoutState
from domain.bookings.booking_refusals import AlreadyMet, ContactNotRevealed, NothingToPay, SlotTaken
from domain.bookings.quote import QuoteId
from domain.bookings.request_rules import MEET_AND_GREET, MeetAndGreetLength
from domain.caregivers.services import Service
from domain.shared.period import Period
from infrastructure.persistence.bookings.booking_tables import occupancies
from infrastructure.persistence.bookings.sql_booking_queries import SqlBookingQueries
from infrastructure.persistence.mails.sql_mail_queries import SqlMailQueries
from infrastructure.public_holidays.holidays_calendar import HolidaysCalendar
from tests.support.booking_world import PETS, BookingWorld
from tests.support.builders import CAREGIVER, OWNER, a_caregiver, care_details

DAY = timedelta(days=1)


async def quoted(
    world: BookingWorld, *, starts_in: timedelta = 7 * DAY, length: timedelta = MEET_AND_GREET, pets: int = 1
) -> QuoteView:
    quoting = CreateQuote(
        unit_of_work=world.unit_of_work, holidays=HolidaysCalendar(), clock=world.clock, ids=world.ids
    )
    start = world.clock.now() + starts_in
    return await quoting.execute(
        owner=OWNER,
        caregiver_id=a_caregiver().id,
        service=Service.DOG_WALKING,
        period=Period(start, start + length),
        pet_ids=[pet.id for pet in PETS[:pets]],
        meet_and_greet=True,
    )


async def requested(world: BookingWorld, quote: QuoteView | None = None) -> BookingId:
    asking = RequestBooking(unit_of_work=world.unit_of_work, clock=world.clock, ids=world.ids)
    chosen = quote or await quoted(world)
    return await asking.execute(owner=OWNER, quote_id=QuoteId(chosen.id), care=care_details())


async def accepted(world: BookingWorld) -> BookingId:
    booking_id = await requested(world)
    accepting = AcceptBooking(unit_of_work=world.unit_of_work, clock=world.clock)
    await accepting.execute(actor=CAREGIVER, booking_id=booking_id)
    return booking_id


async def cancel(world: BookingWorld, booking_id: BookingId) -> None:
    cancelling = CancelBooking(unit_of_work=world.unit_of_work, clock=world.clock, ids=world.ids)
    await cancelling.execute(actor=OWNER, booking_id=booking_id)


async def test_it_is_free_and_stays_accepted_until_its_end(world: BookingWorld) -> None:
    quote = await quoted(world)
    assert (quote.gross.amount_cents, quote.meet_and_greet) == (0, True)
    assert [line.total.amount_cents for line in quote.line_items] == [0]
    booking_id = await accepted(world)
    booking = await world.booking(booking_id)
    assert (booking.gross.amount_cents, booking.net.amount_cents, booking.pay_until) == (0, 0, None)
    with pytest.raises(NothingToPay):
        await world.start_payment.execute(actor=OWNER, booking_id=booking_id)

    expiring = ExpireBookings(unit_of_work=world.unit_of_work, clock=world.clock)
    completing = CompleteBookings(unit_of_work=world.unit_of_work, clock=world.clock)
    world.clock.set(booking.period.end - timedelta(microseconds=1))
    assert [(await ending.execute()).done for ending in (expiring, completing)] == [0, 0]
    world.clock.set(booking.period.end)
    assert [(await ending.execute()).done for ending in (expiring, completing, completing)] == [0, 1, 0]
    held = await world.booking(booking_id)
    assert (held.status, held.payout_state) == (BookingStatus.COMPLETED, PayoutState.NONE)
    assert held.disputable_until is None
    names = await world.event_names()
    assert names[-1] == "MeetAndGreetHeld"
    assert "BookingCompleted" not in names


async def test_it_tells_nobody_who_the_other_is(world: BookingWorld) -> None:
    booking_id = await accepted(world)
    world.clock.advance(8 * DAY)
    await CompleteBookings(unit_of_work=world.unit_of_work, clock=world.clock).execute()
    queries = SqlBookingQueries(world.database)
    view = await queries.get(booking_id, viewer=OWNER)
    assert (view.status, view.meet_and_greet, view.pay_until) == (BookingStatus.COMPLETED, True, None)
    assert (view.caregiver.display_name, view.disputable_until) == ("Caregiver P.", None)
    with pytest.raises(ContactNotRevealed):
        await queries.contact(booking_id, viewer=OWNER)
    news = await SqlMailQueries(world.database).booking(booking_id)
    assert (news.parties_revealed, news.meet_and_greet, news.pay_until) == (False, True, None)


async def test_the_two_meet_once_and_again_only_when_it_came_to_nothing(world: BookingWorld) -> None:
    spare = await quoted(world, starts_in=8 * DAY)
    booking_id = await requested(world)
    with pytest.raises(AlreadyMet):
        await quoted(world)
    with pytest.raises(AlreadyMet):
        await requested(world, spare)
    await cancel(world, booking_id)
    await accepted(world)
    world.clock.advance(8 * DAY)
    await CompleteBookings(unit_of_work=world.unit_of_work, clock=world.clock).execute()
    with pytest.raises(AlreadyMet):
        await quoted(world)


async def test_who_had_a_paid_booking_has_met(world: BookingWorld) -> None:
    booking_id = await world.accepted()
    await quoted(world)
    _, provider_payment_id = await world.paying(booking_id)
    await world.payments.pay(provider_payment_id)
    await world.start_payment.execute(actor=OWNER, booking_id=booking_id)
    with pytest.raises(AlreadyMet):
        await quoted(world)


async def test_it_lasts_half_an_hour_and_takes_the_place_of_its_pets(world: BookingWorld) -> None:
    for length in (MEET_AND_GREET / 2, 2 * MEET_AND_GREET):
        with pytest.raises(MeetAndGreetLength):
            await quoted(world, length=length)
    booking_id = await requested(world, await quoted(world, pets=2))
    with pytest.raises(SlotTaken):
        await world.requested(pets=2)
    await cancel(world, booking_id)
    assert await world.rows(occupancies) == []
    assert await world.requested(pets=2)
