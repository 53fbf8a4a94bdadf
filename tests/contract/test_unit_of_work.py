"""What a unit of work promises, on both databases."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncTransaction

from application.cache_tags import HOME_TAG, caregiver_tag
from application.correlation import correlation_id
from application.ports.account_repository import EmailTaken
from application.ports.unit_of_work import StaleVersion, UnitOfWork
from domain.accounts.account import Account
from domain.bookings.booking_refusals import SlotTaken
from domain.bookings.quote import QuoteAlreadyUsed
from domain.payments.payment import Payment, PaymentId
from domain.payments.refund import RefundId
from domain.shared.actor import AccountId
from domain.shared.errors import Conflict
from domain.shared.period import Period
from infrastructure.persistence import database
from infrastructure.persistence.accounts.account_tables import accounts
from infrastructure.persistence.bookings.booking_tables import bookings, occupancies, quotes
from infrastructure.persistence.constraint_errors import AlreadyExists, DatabaseUnavailable
from infrastructure.persistence.jobs.job_tables import jobs
from infrastructure.persistence.outbox import outbox_events
from infrastructure.persistence.sql_unit_of_work import SqlUnitOfWorkFactory
from tests.support.builders import (
    ADMIN,
    CAREGIVER,
    NOW,
    OWNER,
    a_booking,
    a_caregiver,
    a_payment,
    a_pet,
    a_quote,
    identified,
)
from tests.support.stores import PETS, Store, an_account


class Broken(Exception):
    """What a use case might raise in the middle."""


def week(days: int) -> Period:
    start = NOW + timedelta(days=days)
    return Period(start, start + timedelta(hours=1))


async def test_what_was_written_is_there_once_the_block_has_ended(store: Store) -> None:
    async with store.unit_of_work() as uow:
        await uow.accounts.add(an_account(OWNER, "owner"))
    async with store.unit_of_work() as uow:
        assert (await uow.accounts.get(OWNER.account_id)).email == "owner@example.org"


async def test_nothing_that_was_written_is_there_when_the_block_raised(peopled: Store) -> None:
    async with peopled.undone() as uow:
        await uow.accounts.add(replace(an_account(OWNER, "another"), id=AccountId(identified("another"))))
        caregiver = await uow.caregivers.get(a_caregiver().id, for_update=True)
        await uow.caregivers.save(replace(caregiver, bio="Changed"))
        await uow.quotes.add(a_quote())
        await uow.bookings.add(a_booking())
        await uow.audit.record(admin_id=ADMIN.account_id, action="tests.break", subject_id=None)
        await uow.jobs.enqueue("bookings.expire", {})
    assert len(await peopled.rows(accounts)) == 4
    assert await peopled.rows(jobs) == []
    assert await peopled.rows(outbox_events) == []
    assert peopled.forgotten == []
    assert peopled.wakes == []
    async with peopled.unit_of_work() as uow:
        assert (await uow.caregivers.get(a_caregiver().id)).bio == a_caregiver().bio
    assert await peopled.rows(occupancies) == []


async def test_a_block_that_raises_raises_what_it_raised(store: Store) -> None:
    with pytest.raises(Broken):
        async with store.unit_of_work():
            raise Broken


async def test_a_cancelled_block_leaves_nothing_behind(store: Store) -> None:
    inside = asyncio.Event()

    async def work() -> None:
        async with store.unit_of_work() as uow:
            await uow.accounts.add(an_account(OWNER, "owner"))
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await store.rows(accounts) == []


async def test_events_and_jobs_are_there_with_their_cause(peopled: Store) -> None:
    token = correlation_id.set("request-7")
    try:
        booking_id = await peopled.book(instant_book=True)
        async with peopled.unit_of_work() as uow:
            await uow.jobs.enqueue("payments.cancel", {"payment_id": "1"})
    finally:
        correlation_id.reset(token)
    events = await peopled.rows(outbox_events)
    assert [event["name"] for event in events] == ["BookingRequested", "BookingAccepted"]
    assert {event["aggregate_id"] for event in events} == {booking_id}
    assert {event["correlation_id"] for event in events} == {"request-7"}
    assert events[0]["occurred_at"] == NOW
    assert events[0]["facts"] == {
        "booking_id": str(booking_id),
        "owner_id": str(OWNER.account_id),
        "caregiver_id": str(CAREGIVER.caregiver_id),
    }
    (job,) = await peopled.rows(jobs)
    assert (job["kind"], job["payload"], job["correlation_id"]) == ("payments.cancel", {"payment_id": "1"}, "request-7")


async def test_an_event_is_told_once_however_often_its_aggregate_is_saved(peopled: Store) -> None:
    booking_id = await peopled.book()
    async with peopled.unit_of_work() as uow:
        booking = await uow.bookings.get(booking_id, for_update=True)
        booking.accept(by=CAREGIVER, at=NOW)
        await uow.bookings.save(booking)
        await uow.bookings.save(booking)
    names = [event["name"] for event in await peopled.rows(outbox_events)]
    assert names == ["BookingRequested", "BookingAccepted"]


async def test_events_that_are_refused_with_their_booking_are_not_told(peopled: Store) -> None:
    await peopled.book(pets=3)
    with pytest.raises(SlotTaken):
        await peopled.book(pets=1)
    assert [event["name"] for event in await peopled.rows(outbox_events)] == ["BookingRequested"]
    assert len(await peopled.rows(bookings)) == 1
    assert len(await peopled.rows(quotes)) == 1
    assert len(await peopled.rows(occupancies)) == 1


Change = Callable[[UnitOfWork], Awaitable[None]]


async def save_account(uow: UnitOfWork) -> None:
    await uow.accounts.save(await uow.accounts.get(OWNER.account_id))


async def save_pet(uow: UnitOfWork) -> None:
    await uow.pets.save(await uow.pets.get(PETS[0].id, owner_id=OWNER.account_id))


async def save_caregiver(uow: UnitOfWork) -> None:
    caregiver = await uow.caregivers.of_account(CAREGIVER.account_id)
    assert caregiver is not None
    await uow.caregivers.save(caregiver)


async def test_the_second_of_two_writers_is_told(peopled: Store) -> None:
    booking = peopled.a_booking()
    await peopled.add(booking)
    payment = replace(a_payment(), booking_id=booking.id)
    async with peopled.unit_of_work() as uow:
        await uow.payments.add(payment)
    async with peopled.unit_of_work() as uow:
        account = await uow.accounts.get(OWNER.account_id)
        pet = await uow.pets.get(PETS[0].id, owner_id=OWNER.account_id)
        caregiver = await uow.caregivers.get(booking.caregiver_id)
        quote = await uow.quotes.get(booking.quote_id, owner_id=OWNER.account_id)
        booked = await uow.bookings.get(booking.id)
        paid = await uow.payments.get(payment.id)
    # What was read outside a lock, saved twice: as two requests do that read at the same time.
    writes: list[Callable[[UnitOfWork], Awaitable[None]]] = [
        lambda uow: uow.accounts.save(replace(account)),
        lambda uow: uow.pets.save(replace(pet)),
        lambda uow: uow.caregivers.save(replace(caregiver)),
        lambda uow: uow.quotes.save(replace(quote)),
        lambda uow: uow.bookings.save(replace(booked)),
        lambda uow: uow.payments.save(replace(paid)),
    ]
    for write in writes:
        async with peopled.unit_of_work() as uow:
            await write(uow)
        with pytest.raises(StaleVersion):
            async with peopled.unit_of_work() as uow:
                await write(uow)


async def test_the_second_to_save_a_refund_is_told(peopled: Store) -> None:
    booking_id = await peopled.book()
    payment = replace(a_payment(), booking_id=booking_id, charge_id="ch", captured=a_payment().amount)
    refund = payment.give_back(payment.amount, id=RefundId(identified("refund")), number=1, reason="test", at=NOW)
    async with peopled.unit_of_work() as uow:
        await uow.payments.add(payment)
        await uow.payments.add_refund(refund)
        read = await uow.payments.get_refund(refund.id)
        await uow.payments.save_refund(replace(read))
    with pytest.raises(StaleVersion):
        async with peopled.unit_of_work() as uow:
            await uow.payments.save_refund(replace(read))


async def test_one_writer_may_save_twice(peopled: Store) -> None:
    async with peopled.unit_of_work() as uow:
        caregiver = await uow.caregivers.get(a_caregiver().id)
        for bio in ("One", "Two"):
            caregiver.bio = bio
            await uow.caregivers.save(caregiver)
    async with peopled.unit_of_work() as uow:
        assert (await uow.caregivers.get(a_caregiver().id)).bio == "Two"


async def test_who_only_reads_waits_for_no_writer_and_sees_what_was_committed(peopled: Store) -> None:
    async with peopled.unit_of_work() as writing:
        caregiver = await writing.caregivers.get(a_caregiver().id, for_update=True)
        await writing.caregivers.save(replace(caregiver, bio="New"))
        async with peopled.unit_of_work.reading() as uow:
            assert (await uow.caregivers.get(a_caregiver().id)).bio == a_caregiver().bio
    async with peopled.unit_of_work.reading() as uow:
        assert (await uow.caregivers.get(a_caregiver().id)).bio == "New"


async def test_who_only_reads_cannot_write(peopled: Store) -> None:
    with pytest.raises(RuntimeError, match="for reading"):
        async with peopled.unit_of_work.reading() as uow:
            await uow.quotes.add(a_quote())
    with pytest.raises(RuntimeError, match="for reading"):
        async with peopled.unit_of_work.reading() as uow:
            await uow.caregivers.save(await uow.caregivers.get(a_caregiver().id))
    assert await peopled.rows(quotes) == []


async def test_the_cache_forgets_after_the_commit_and_not_before(peopled: Store) -> None:
    seen: list[str] = []

    async def look(tags: Collection[str]) -> None:
        # Whoever reloads at this moment has to find the new text.
        async with peopled.database.read() as connection:
            seen.extend(tags)
            async with peopled.unit_of_work() as uow:
                seen.append((await uow.caregivers.get(a_caregiver().id)).bio)
            assert (await connection.execute(select(accounts.c.id).limit(1))).first() is not None

    looking = SqlUnitOfWorkFactory(
        peopled.database, clock=peopled.clock, ids=peopled.ids, invalidate=look, wake_relay=lambda: None
    )
    async with looking() as uow:
        caregiver = await uow.caregivers.get(a_caregiver().id)
        caregiver.bio = "New"
        await uow.caregivers.save(caregiver)
        assert seen == []
    assert seen[-1] == "New"
    assert set(seen[:-1]) == {caregiver_tag(a_caregiver().id)}


@pytest.mark.parametrize("end", [DatabaseUnavailable(), asyncio.CancelledError()])
async def test_the_cache_forgets_what_a_commit_did_that_nobody_heard_the_end_of(
    peopled: Store, monkeypatch: pytest.MonkeyPatch, end: BaseException
) -> None:
    commit = database._commit

    async def commit_unheard(transaction: AsyncTransaction) -> None:
        await commit(transaction)
        raise end

    monkeypatch.setattr(database, "_commit", commit_unheard)

    async def write() -> None:
        async with peopled.unit_of_work() as uow:
            caregiver = await uow.caregivers.get(a_caregiver().id)
            caregiver.bio = "New"
            await uow.caregivers.save(caregiver)

    with pytest.raises(type(end)):
        await write()
    assert [caregiver_tag(a_caregiver().id) in tags for tags in peopled.forgotten] == [True]


async def test_every_write_that_shows_makes_the_cache_forget(peopled: Store) -> None:
    shown = {caregiver_tag(a_caregiver().id), HOME_TAG, "near:0:408:29:dog_walking", "in:BE:any"}
    async with peopled.unit_of_work() as uow:
        caregiver = await uow.caregivers.get(a_caregiver().id)
        caregiver.instant_book = not caregiver.instant_book
        await uow.caregivers.save(caregiver)
    async with peopled.unit_of_work() as uow:
        account = await uow.accounts.get(CAREGIVER.account_id)
        account.first_name = "Another"
        await uow.accounts.save(account)
    assert [tags & shown for tags in peopled.forgotten] == [shown] * 2


async def test_what_was_not_read_first_is_compared_with_what_is_stored(peopled: Store) -> None:
    async with peopled.unit_of_work() as uow:
        stored = await uow.caregivers.get(a_caregiver().id)
    async with peopled.unit_of_work() as uow:
        await uow.caregivers.save(replace(stored, place="Brugge"))
    assert [HOME_TAG in tags for tags in peopled.forgotten] == [True]


async def test_a_second_save_forgets_what_the_first_one_showed(peopled: Store) -> None:
    async with peopled.unit_of_work() as uow:
        caregiver = await uow.caregivers.get(a_caregiver().id)
        for lng in (5.0, caregiver.lng):
            caregiver.lng = lng
            await uow.caregivers.save(caregiver)
    assert {"near:0:408:40:any", "near:0:408:29:any"} <= peopled.forgotten[0]


async def test_a_write_that_nobody_sees_leaves_the_cache_alone(peopled: Store) -> None:
    async with peopled.unit_of_work() as uow:
        await save_pet(uow)
        await save_account(uow)
        caregiver = await uow.caregivers.get(a_caregiver().id)
        caregiver.payout_account_id, caregiver.postal_code = "acct_9", "9040"
        await uow.caregivers.save(caregiver)
    async with peopled.unit_of_work() as uow:
        account = await uow.accounts.get(CAREGIVER.account_id)
        account.last_name, account.phone = account.last_name[0] + "eeters-Claes", "+32470123456"
        await uow.accounts.save(account)
    assert peopled.forgotten == []


async def test_the_relay_is_woken_by_a_commit_that_leaves_it_work_and_by_no_other(peopled: Store) -> None:
    async with peopled.unit_of_work() as uow:
        await save_pet(uow)
    assert peopled.wakes == []
    async with peopled.unit_of_work() as uow:
        await uow.jobs.enqueue("bookings.expire", {})
        assert peopled.wakes == []
    assert len(peopled.wakes) == 1
    await peopled.book()
    assert len(peopled.wakes) == 2


async def test_an_address_can_be_registered_once(store: Store) -> None:
    first, second = [replace(an_account(OWNER, "an"), id=AccountId(identified(name))) for name in ("one", "two")]
    await add_account(store, first)
    with pytest.raises(EmailTaken):
        await add_account(store, second)


async def add_account(store: Store, account: Account) -> None:
    async with store.unit_of_work() as uow:
        await uow.accounts.add(account)


@pytest.mark.parametrize("local", ["occupancies_capacity", "uq_bookings_quote_id", "bookings.quote_id", "unique"])
async def test_an_address_that_reads_like_a_constraint_is_an_address(store: Store, local: str) -> None:
    # PostgreSQL repeats the value in its message: it must not be taken for the name of what was violated.
    first, second = [replace(an_account(OWNER, local), id=AccountId(identified(name))) for name in ("one", "two")]
    await add_account(store, first)
    with pytest.raises(EmailTaken):
        await add_account(store, second)


async def test_a_quote_is_used_by_one_booking(peopled: Store) -> None:
    first = peopled.a_booking(week(7))
    await peopled.add(first)
    second = replace(peopled.a_booking(week(8)), quote_id=first.quote_id)
    with pytest.raises(QuoteAlreadyUsed):
        async with peopled.unit_of_work() as uow:
            await uow.bookings.add(second)
    assert len(await peopled.rows(occupancies)) == 1


async def test_the_place_that_is_taken_is_named_as_such(peopled: Store) -> None:
    await peopled.book(week(7), pets=3)
    with pytest.raises(SlotTaken):
        await peopled.book(week(7))


async def test_what_has_no_name_of_its_own_and_exists_already_is_a_conflict(peopled: Store) -> None:
    booking_id = await peopled.book()
    attempts = [replace(a_payment(attempt=1), booking_id=booking_id, id=PaymentId(identified(name))) for name in "ab"]
    assert issubclass(AlreadyExists, Conflict)
    with pytest.raises(AlreadyExists):
        await add_payments(peopled, attempts)
    async with peopled.unit_of_work() as uow:
        assert await uow.payments.of_booking(booking_id) == []


async def add_payments(store: Store, attempts: Sequence[Payment]) -> None:
    async with store.unit_of_work() as uow:
        for payment in attempts:
            await uow.payments.add(payment)


async def test_two_who_read_before_either_wrote_do_not_both_win(peopled: Store) -> None:
    """With the pool's second connection between the first one's read and write."""
    payment = replace(a_payment(), booking_id=await peopled.book())
    async with peopled.unit_of_work() as uow:
        await uow.payments.add(payment)

    async def take_over(text: str) -> None:
        async with peopled.unit_of_work() as uow:
            read: Payment = await uow.payments.get(payment.id)
            await uow.payments.save(replace(read, error=text))

    outcomes = await asyncio.gather(*(take_over(f"writer {at}") for at in range(10)), return_exceptions=True)
    kept = [outcome for outcome in outcomes if outcome is None]
    assert all(outcome is None or isinstance(outcome, StaleVersion) for outcome in outcomes)
    async with peopled.unit_of_work() as uow:
        assert (await uow.payments.get(payment.id)).version == len(kept)


async def test_a_pet_that_is_another_ones_already_is_not_taken_over(peopled: Store) -> None:
    with pytest.raises(AlreadyExists):
        async with peopled.unit_of_work() as uow:
            await uow.pets.add(a_pet("Rex"))
