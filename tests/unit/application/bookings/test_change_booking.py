"""Other dates and pets for a booking: its place, its deadlines, its money."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from application.bookings.accept_booking import AcceptBooking
from application.bookings.answer_change import AcceptChange, DeclineChange, WithdrawChange
from application.bookings.cancel_booking import CancelBooking
from application.bookings.change_booking import ChangeBooking
from application.bookings.create_quote import CreateQuote
from application.bookings.expire_bookings import ExpireBookings
from application.one_by_one import Batch
from application.payments.provider_word import take_over
from application.pets.delete_pet import DeletePet
from domain.bookings.booking_life import BookingId, BookingStatus
from domain.bookings.booking_refusals import (
    BookingNotAccepted,
    BookingNotChangeable,
    BookingNotFound,
    ChangeTooFarAhead,
    NothingChanges,
    OnlyTheCaregiver,
    OnlyTheOwner,
    QuoteForSomethingElse,
    SlotTaken,
    TermsChanged,
)
from domain.bookings.proposed_change import ProposedChange
from domain.bookings.quote import QuoteAlreadyUsed, QuoteId, QuoteNotFound
from domain.caregivers.services import Service
from domain.payments.payment import PaymentStatus
from domain.shared.actor import Actor
from domain.shared.period import Period
from infrastructure.persistence.bookings.booking_tables import booking_transitions, occupancies
from infrastructure.persistence.payments.payment_tables import payments, refunds
from infrastructure.public_holidays.holidays_calendar import HolidaysCalendar
from tests.support.booking_world import PETS, BookingWorld
from tests.support.builders import ADMIN, CAREGIVER, OWNER, STRANGER, a_caregiver, an_offer
from tests.support.kept_mails import KeptMails, writing_to

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def changing(world: BookingWorld) -> ChangeBooking:
    return ChangeBooking(unit_of_work=world.unit_of_work, clock=world.clock, ids=world.ids)


async def change(world: BookingWorld, booking_id: BookingId, quote_id: QuoteId, *, by: Actor = OWNER) -> None:
    await changing(world).execute(owner=by, booking_id=booking_id, quote_id=quote_id)


async def set_caregiver(world: BookingWorld, **changes: object) -> None:
    async with world.unit_of_work() as uow:
        caregiver = await uow.caregivers.get(a_caregiver().id, for_update=True)
        await uow.caregivers.save(replace(caregiver, **changes))  # pyright: ignore[reportArgumentType]


async def paid(world: BookingWorld, *, length: timedelta = 2 * HOUR) -> BookingId:
    """A week ahead, with an instant-book caregiver."""
    await set_caregiver(world, instant_book=True)
    booking_id = await world.requested(length=length)
    _, provider_payment_id = await world.paying(booking_id)
    await world.payments.pay(provider_payment_id)
    await world.start_payment.execute(actor=OWNER, booking_id=booking_id)
    return booking_id


async def test_an_unpaid_booking_is_asked_for_anew_at_the_numbers_of_the_quote(world: BookingWorld) -> None:
    booking_id = await world.accepted()
    before = await world.booking(booking_id)
    world.clock.advance(HOUR)
    quote_id = await world.quoted(starts_in=3 * DAY, length=3 * HOUR, pets=2)
    await change(world, booking_id, quote_id)
    after = await world.booking(booking_id)
    async with world.unit_of_work() as uow:
        quote = await uow.quotes.get(quote_id, owner_id=OWNER.account_id)
    assert (after.gross, after.commission, after.period, after.pet_ids, after.quote_id) == (
        quote.gross,
        quote.commission,
        quote.period,
        quote.pet_ids,
        quote_id,
    )
    assert (after.status, after.answer_until) == (BookingStatus.PENDING, world.clock.now() + DAY)
    assert (after.accepted_at, after.pay_window_opens_at, after.pay_until) == (None, None, None)
    (place,) = await world.rows(occupancies)
    assert (place["start_at"], place["end_at"], place["animals"]) == (quote.period.start, quote.period.end, 2)
    steps = sorted(await world.rows(booking_transitions), key=lambda row: row["position"])
    assert (steps[-1]["from_status"], steps[-1]["to_status"]) == ("accepted", "pending")
    assert f"{before.gross.amount_cents} cents" in steps[-1]["reason"]
    assert (await world.event_names())[-1] == "BookingChanged"
    with pytest.raises(QuoteAlreadyUsed):
        await change(world, booking_id, quote_id)


async def test_money_of_the_old_price_goes_back_and_the_new_one_is_asked_for(world: BookingWorld) -> None:
    await set_caregiver(world, instant_book=True)
    booking_id = await world.requested()
    _, old_payment = await world.paying(booking_id)
    await change(world, booking_id, await world.quoted(length=2 * HOUR))
    booking = await world.booking(booking_id)
    assert booking.status is BookingStatus.ACCEPTED
    assert len(await world.jobs("payments.cancel")) == 1
    started, new_payment = await world.paying(booking_id)
    assert new_payment != old_payment
    await world.payments.pay(new_payment)
    await world.start_payment.execute(actor=OWNER, booking_id=booking_id)
    booking = await world.booking(booking_id)
    assert (booking.status, booking.captured) == (BookingStatus.PAID, booking.gross)
    assert booking.payment_id == started.payment_id
    assert [row["status"] for row in await world.rows(payments)].count(PaymentStatus.SUCCEEDED.value) == 1


async def test_money_for_other_dates_goes_back_though_the_price_is_the_same(world: BookingWorld) -> None:
    """It may come in before the job that is to prevent it has run."""
    await set_caregiver(world, instant_book=True)
    booking_id = await world.requested()
    started, old_payment = await world.paying(booking_id)
    await change(world, booking_id, await world.quoted(starts_in=200 * DAY))
    await world.payments.pay(old_payment)
    async with world.unit_of_work() as uow:
        seen = await world.payments.retrieve(old_payment)
        await take_over(
            uow,
            booking_id=booking_id,
            payment_id=started.payment_id,
            seen=seen,
            ids=world.ids,
            now=world.clock.now(),
        )
    assert (await world.booking(booking_id)).status is BookingStatus.ACCEPTED
    (refund,) = await world.rows(refunds)
    assert refund["amount_cents"] == (await world.booking(booking_id)).gross.amount_cents


async def test_a_payment_of_other_terms_is_not_shown_again(world: BookingWorld) -> None:
    await set_caregiver(world, instant_book=True)
    booking_id = await world.requested()
    old, _ = await world.paying(booking_id)
    await change(world, booking_id, await world.quoted(starts_in=8 * DAY))
    new, _ = await world.paying(booking_id)
    again, _ = await world.paying(booking_id)
    assert new.payment_id == again.payment_id != old.payment_id


async def test_nobody_accepts_what_was_changed_a_moment_before(world: BookingWorld) -> None:
    booking_id = await world.requested()
    shown = (await world.booking(booking_id)).quote_id
    await change(world, booking_id, await world.quoted(starts_in=8 * DAY, pets=2))
    accept = AcceptBooking(unit_of_work=world.unit_of_work, clock=world.clock)
    with pytest.raises(TermsChanged) as told:
        await accept.execute(actor=CAREGIVER, booking_id=booking_id, quote_id=shown)
    assert "is pending, but has other dates and pets and price now: 2026-11-10T09:00:00Z" in str(told.value)
    with pytest.raises(QuoteNotFound):
        await accept.execute(actor=CAREGIVER, booking_id=booking_id, quote_id=QuoteId(world.ids.new()))
    assert (await world.booking(booking_id)).status is BookingStatus.PENDING
    now_shown = (await world.booking(booking_id)).quote_id
    await accept.execute(actor=CAREGIVER, booking_id=booking_id, quote_id=now_shown)
    assert (await world.booking(booking_id)).status is BookingStatus.ACCEPTED


async def test_a_mail_about_the_pay_window_speaks_of_the_present_terms_or_is_not_written(world: BookingWorld) -> None:
    await set_caregiver(world, instant_book=True)
    booking_id = await world.requested(starts_in=100 * DAY)
    await change(world, booking_id, await world.quoted(starts_in=120 * DAY))
    planned = [payload for payload in await world.jobs("mail.send") if payload["mail"] == "booking_accepted"]
    kept = KeptMails()
    for payload in planned:
        await writing_to(kept, world).execute(mail_id=world.ids.new(), payload=payload)
    current = (await world.booking(booking_id)).quote_id
    assert [payload["quote_id"] == str(current) for payload in planned].count(True) == len(kept.sent) == 1
    assert len(planned) == 2


async def test_changing_again_and_again_gives_no_more_time_to_pay(world: BookingWorld) -> None:
    await set_caregiver(world, instant_book=True)
    booking_id = await world.requested()
    until = (await world.booking(booking_id)).pay_until
    world.clock.advance(20 * HOUR)
    with pytest.raises(NothingChanges):
        await change(world, booking_id, await world.quoted(starts_in=7 * DAY - 20 * HOUR))
    await change(world, booking_id, await world.quoted(starts_in=8 * DAY))
    assert (await world.booking(booking_id)).pay_until == until


async def test_what_a_paid_booking_costs_less_goes_back_and_cancelling_counts_from_the_new_price(
    world: BookingWorld,
) -> None:
    booking_id = await paid(world)
    before = await world.booking(booking_id)
    await change(world, booking_id, await world.quoted(starts_in=8 * DAY, length=HOUR))
    after = await world.booking(booking_id)
    assert after.status is BookingStatus.PAID
    assert after.kept == after.gross < before.gross
    assert after.payout == after.net
    (refund,) = await world.rows(refunds)
    assert refund["amount_cents"] == (before.gross - after.gross).amount_cents
    assert len(await world.jobs("payments.refund")) == 1

    world.clock.set(after.period.start - HOUR)
    cancel = CancelBooking(unit_of_work=world.unit_of_work, clock=world.clock, ids=world.ids)
    await cancel.execute(actor=OWNER, booking_id=booking_id)
    ended = await world.booking(booking_id)
    assert ended.kept == after.gross - after.gross.share(50, 100)


async def test_a_paid_booking_changes_by_itself_only_where_cancelling_would_be_free(world: BookingWorld) -> None:
    booking_id = await paid(world)
    before = await world.booking(booking_id)
    with pytest.raises(ChangeTooFarAhead):
        await change(world, booking_id, await world.quoted(starts_in=60 * DAY))
    await set_caregiver(world, instant_book=False)
    await change(world, booking_id, asked := await world.quoted())
    assert (await world.booking(booking_id)).proposal == ProposedChange(
        quote_id=asked, asked_at=world.clock.now(), until=world.clock.now() + DAY
    )
    await set_caregiver(world, instant_book=True)
    world.clock.advance(7 * DAY - HOUR)
    await change(world, booking_id, asked := await world.quoted())
    after = await world.booking(booking_id)
    assert after.proposal == ProposedChange(quote_id=asked, asked_at=world.clock.now(), until=before.period.start)
    assert (after.period, after.quote_id, after.gross) == (before.period, before.quote_id, before.gross)
    assert await world.rows(refunds) == []
    assert (await world.event_names()).count("BookingChangeProposed") == 2


async def proposed(world: BookingWorld, **wish: Any) -> tuple[BookingId, QuoteId]:
    """A paid booking of two hours, of a caregiver who is asked before it becomes another."""
    booking_id = await paid(world)
    await set_caregiver(world, instant_book=False)
    quote_id = await world.quoted(**wish)
    await change(world, booking_id, quote_id)
    return booking_id, quote_id


async def accept(world: BookingWorld, booking_id: BookingId, quote_id: QuoteId, *, by: Actor = CAREGIVER) -> None:
    use_case = AcceptChange(unit_of_work=world.unit_of_work, clock=world.clock, ids=world.ids)
    await use_case.execute(actor=by, booking_id=booking_id, quote_id=quote_id)


async def test_what_the_caregiver_agrees_to_holds_at_once_when_it_is_not_dearer(world: BookingWorld) -> None:
    booking_id, quote_id = await proposed(world, starts_in=8 * DAY, length=HOUR)
    for actor, refusal in ((OWNER, OnlyTheCaregiver), (STRANGER, BookingNotFound), (ADMIN, OnlyTheCaregiver)):
        with pytest.raises(refusal):
            await accept(world, booking_id, quote_id, by=actor)
    with pytest.raises(TermsChanged):
        await accept(world, booking_id, (await world.booking(booking_id)).quote_id)
    await accept(world, booking_id, quote_id)
    after = await world.booking(booking_id)
    assert (after.quote_id, after.proposal, after.kept) == (quote_id, None, after.gross)
    (place,) = await world.rows(occupancies)
    assert place["start_at"] == after.period.start
    (refund,) = await world.rows(refunds)
    assert refund["amount_cents"] == (after.captured - after.gross).amount_cents


async def test_a_change_that_lost_its_place_is_refused_and_the_booking_stays(world: BookingWorld) -> None:
    booking_id, quote_id = await proposed(world, starts_in=8 * DAY, length=HOUR)
    before = await world.booking(booking_id)
    await world.requested(starts_in=8 * DAY, pets=3)
    with pytest.raises(SlotTaken):
        await accept(world, booking_id, quote_id)
    with pytest.raises(SlotTaken):
        await change(world, booking_id, await world.quoted(starts_in=8 * DAY, length=HOUR))
    assert await world.booking(booking_id) == before


async def test_nobody_agrees_to_what_is_dearer_and_taken_or_for_a_pet_that_is_gone(world: BookingWorld) -> None:
    booking_id, quote_id = await proposed(world, starts_in=8 * DAY, length=3 * HOUR, pets=2)
    before = await world.booking(booking_id)
    other = await world.requested(starts_in=8 * DAY, pets=3)
    with pytest.raises(SlotTaken):
        await accept(world, booking_id, quote_id)
    await CancelBooking(unit_of_work=world.unit_of_work, clock=world.clock, ids=world.ids).execute(
        actor=OWNER, booking_id=other
    )
    await DeletePet(unit_of_work=world.unit_of_work, clock=world.clock).execute(owner=OWNER, pet_id=PETS[1].id)
    with pytest.raises(BookingNotChangeable):
        await accept(world, booking_id, quote_id)
    assert await world.booking(booking_id) == before


async def test_a_change_is_declined_withdrawn_or_lapses_and_its_payment_is_closed(world: BookingWorld) -> None:
    booking_id = await paid(world)
    decline = DeclineChange(unit_of_work=world.unit_of_work, clock=world.clock)
    withdraw = WithdrawChange(unit_of_work=world.unit_of_work, clock=world.clock)
    expire = ExpireBookings(unit_of_work=world.unit_of_work, clock=world.clock)
    for number in range(1, 4):
        await change(world, booking_id, await world.quoted(starts_in=8 * DAY, length=3 * HOUR))
        await world.paying(booking_id)
        if number == 1:
            await decline.execute(actor=CAREGIVER, booking_id=booking_id, reason="I have no time then.")
        elif number == 2:
            await withdraw.execute(actor=OWNER, booking_id=booking_id)
        else:
            assert (await expire.execute()).due == 0
            world.clock.advance(DAY)
            assert await expire.execute() == Batch(due=1, done=1)
        assert (await world.booking(booking_id)).proposal is None
        assert len(await world.jobs("payments.cancel")) == number
        with pytest.raises(BookingNotAccepted):
            await world.paying(booking_id)
    reasons = [row["reason"] for row in await world.rows(booking_transitions)]
    told = ["change declined: I have no time then.", "change withdrawn", "change not paid in time"]
    assert [reason for reason in reasons if reason in told] == told


async def test_the_owner_reads_what_goes_back_with_this_change_and_not_with_an_earlier_one(
    world: BookingWorld,
) -> None:
    booking_id = await paid(world)

    async def told() -> str:
        kept = KeptMails()
        payload = {"mail": "booking_changed", "booking_id": str(booking_id), "to": "owner"}
        await writing_to(kept, world).execute(mail_id=world.ids.new(), payload=payload)
        return kept.sent[0].text

    before = (await world.booking(booking_id)).gross
    await change(world, booking_id, await world.quoted(starts_in=8 * DAY, length=HOUR))
    spared = before - (await world.booking(booking_id)).gross
    assert f"€\xa0{spared.amount_cents // 100},{spared.amount_cents % 100:02} van wat je betaalde" in await told()
    world.clock.advance(HOUR)
    await change(world, booking_id, await world.quoted(starts_in=9 * DAY, length=HOUR))
    assert "van wat je betaalde" not in await told()


async def test_both_are_written_to_about_a_change_while_it_is_open(world: BookingWorld) -> None:
    booking_id, quote_id = await proposed(world, starts_in=8 * DAY, length=3 * HOUR, pets=2)

    async def written(mail: str, to: str, about: QuoteId = quote_id) -> list[str]:
        kept = KeptMails()
        payload = {"mail": mail, "booking_id": str(booking_id), "to": to, "proposed_quote_id": str(about)}
        await writing_to(kept, world).execute(mail_id=world.ids.new(), payload=payload)
        return [message.text for message in kept.sent]

    (asked,) = await written("change_proposed", "caregiver")
    assert await written("change_proposed", "caregiver", QuoteId(world.ids.new())) == []
    async with world.unit_of_work() as uow:
        quote = await uow.quotes.get(quote_id, owner_id=OWNER.account_id)
    assert f"€\xa0{quote.net.amount_cents // 100},{quote.net.amount_cents % 100:02}" in asked
    assert "10 november 2026" in asked
    assert await written("change_accepted", "owner") == []
    await accept(world, booking_id, quote_id)
    (agreed,) = await written("change_accepted", "owner")
    assert f"€\xa0{quote.gross.amount_cents // 100},{quote.gross.amount_cents % 100:02}" in agreed
    assert await written("change_proposed", "caregiver") == []
    await DeclineChange(unit_of_work=world.unit_of_work, clock=world.clock).execute(
        actor=CAREGIVER, booking_id=booking_id, reason="I have no time then."
    )
    (declined,) = await written("change_declined", "owner")
    assert "De reden: I have no time then." in declined
    assert "9 november 2026" in declined
    assert await written("change_accepted", "owner") == []


async def test_a_change_that_does_not_fit_leaves_everything_as_it_was(world: BookingWorld) -> None:
    booking_id = await world.requested(pets=2)
    await world.requested(starts_in=3 * DAY, pets=2)
    before = await world.booking(booking_id)
    quote_id = await world.quoted(starts_in=3 * DAY, pets=2)
    with pytest.raises(SlotTaken):
        await change(world, booking_id, quote_id)
    assert await world.booking(booking_id) == before
    await set_caregiver(world, max_animals_at_once=4)
    await change(world, booking_id, quote_id)
    assert (await world.booking(booking_id)).period != before.period


async def test_its_own_place_does_not_count_against_a_booking(world: BookingWorld) -> None:
    booking_id = await world.requested(length=2 * HOUR, pets=2)
    await change(world, booking_id, await world.quoted(starts_in=7 * DAY + HOUR, length=2 * HOUR, pets=3))
    (place,) = await world.rows(occupancies)
    assert place["animals"] == 3


async def test_only_the_owner_changes_a_booking_and_only_to_the_same_service(world: BookingWorld) -> None:
    booking_id, quote_id = await world.requested(), await world.quoted()
    for actor, refusal in ((STRANGER, BookingNotFound), (CAREGIVER, OnlyTheOwner), (ADMIN, OnlyTheOwner)):
        with pytest.raises(refusal):
            await change(world, booking_id, quote_id, by=actor)
    await set_caregiver(world, offers=(an_offer(Service.DOG_WALKING), an_offer(Service.DOG_TRAINING)))
    quoting = CreateQuote(
        unit_of_work=world.unit_of_work, holidays=HolidaysCalendar(), clock=world.clock, ids=world.ids
    )
    start = world.clock.now() + 7 * DAY
    training = await quoting.execute(
        owner=OWNER,
        caregiver_id=a_caregiver().id,
        service=Service.DOG_TRAINING,
        period=Period(start, start + HOUR),
        pet_ids=[PETS[0].id],
    )
    with pytest.raises(QuoteForSomethingElse):
        await change(world, booking_id, QuoteId(training.id))
