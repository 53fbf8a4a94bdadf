"""A paid booking that becomes dearer: the new price is paid whole, and what was paid before goes back whole."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from application.bookings.answer_change import AcceptChange, DeclineChange, WithdrawChange
from application.bookings.change_booking import ChangeBooking
from application.bookings.check_in_booking import CheckInBooking
from application.payments.play_sandbox_bank import ChargebackOutcome, SandboxOutcome
from domain.bookings.booking_life import BookingId, BookingStatus
from domain.bookings.booking_refusals import BookingNotChangeable, ChangeNotAccepted, PayWindowClosed, SlotTaken
from domain.bookings.quote import QuoteId
from domain.payments.ledger import LedgerAccount
from domain.payments.payment import PaymentId
from domain.shared.money import Money
from infrastructure.persistence.bookings.booking_tables import occupancies
from infrastructure.persistence.payments.ledger_tables import ledger_transactions
from infrastructure.persistence.payments.payment_tables import payments, refunds
from infrastructure.persistence.payments.sandbox_tables import sandbox_refunds, sandbox_transfers
from tests.support.booking_world import BookingWorld
from tests.support.builders import CAREGIVER, OWNER, a_caregiver, euros
from tests.support.money_world import DAY, HOUR, MoneyWorld

OLD, NEW = euros("20.00"), euros("60.00")
Meanwhile = Callable[[MoneyWorld, BookingId, QuoteId], Awaitable[object]]


async def set_instant(world: BookingWorld, instant_book: bool) -> None:
    async with world.unit_of_work() as uow:
        caregiver = await uow.caregivers.get(a_caregiver().id, for_update=True)
        await uow.caregivers.save(replace(caregiver, instant_book=instant_book))


async def change(world: BookingWorld, booking_id: BookingId, quote_id: QuoteId) -> None:
    use_case = ChangeBooking(unit_of_work=world.unit_of_work, clock=world.clock, ids=world.ids)
    await use_case.execute(owner=OWNER, booking_id=booking_id, quote_id=quote_id)


async def to_become_dearer(money: MoneyWorld, *, is_instant: bool = True) -> tuple[BookingId, QuoteId]:
    """An hour for 20 euros, a week ahead, that is to be three hours of another day, for 60."""
    booking_id = await money.paid(starts_in=7 * DAY)
    await set_instant(money.world, is_instant)
    quote_id = await money.world.quoted(starts_in=8 * DAY, length=3 * HOUR)
    await change(money.world, booking_id, quote_id)
    return booking_id, quote_id


async def pay(money: MoneyWorld, payment_id: PaymentId) -> None:
    await money.bank.confirm(actor=OWNER, payment_id=payment_id, outcome=SandboxOutcome.SUCCEEDED)
    await money.work()


async def test_the_new_price_comes_in_whole_and_the_old_goes_back_whole(money: MoneyWorld) -> None:
    booking_id, quote_id = await to_become_dearer(money)
    before = await money.world.booking(booking_id)
    assert (before.gross, before.kept, before.status) == (OLD, OLD, BookingStatus.PAID)
    payment_id = await money.opened(booking_id)
    assert await money.opened(booking_id) == payment_id
    await pay(money, payment_id)
    after = await money.world.booking(booking_id)
    assert (after.quote_id, after.gross, after.kept, after.payment_id) == (quote_id, NEW, NEW, payment_id)
    assert (after.captured, after.refunded, after.proposal) == (OLD + NEW, OLD, None)
    (place,) = await money.world.rows(occupancies)
    assert (place["start_at"], place["end_at"]) == (after.period.start, after.period.end)
    (refund,) = await money.world.rows(refunds)
    assert (refund["payment_id"], refund["status"]) == (before.payment_id, "succeeded")
    assert refund["amount_cents"] == OLD.amount_cents
    assert (await money.balance(LedgerAccount.EARNINGS), await money.balance(LedgerAccount.COMMISSION)) == (
        Money.zero() - after.net,
        Money.zero() - after.commission,
    )
    kinds = [kind for (kind,) in await all_of(money.world, ledger_transactions.c.kind)]
    assert sorted(kinds) == ["charge", "charge", "refund", "refund_decided"]
    await money.check_settled()


async def all_of(world: BookingWorld, *columns: Any) -> list[tuple[Any, ...]]:
    async with world.database.read() as connection:
        return [tuple(row) for row in (await connection.execute(select(*columns))).all()]


async def test_the_caregiver_is_paid_once_of_the_charge_that_stayed(money: MoneyWorld) -> None:
    booking_id, _ = await to_become_dearer(money)
    await pay(money, await money.opened(booking_id))
    booking = await money.world.booking(booking_id)
    money.world.clock.set(booking.period.end + 2 * DAY)
    async with money.world.unit_of_work() as uow:
        ended = await uow.bookings.get(booking_id, for_update=True)
        assert ended.complete(at=money.world.clock.now())
        await uow.bookings.save(ended)
    money.world.clock.advance(3 * DAY)
    await money.pay_out()
    (transfer,) = await money.world.rows(sandbox_transfers)
    assert transfer["amount_cents"] == booking.net.amount_cents == 4800
    charges = dict(await all_of(money.world, payments.c.id, payments.c.charge_id))
    assert transfer["charge_id"] == charges[booking.payment_id]
    await money.check_settled()


async def test_what_waits_for_the_caregiver_cannot_be_paid(money: MoneyWorld) -> None:
    booking_id, quote_id = await to_become_dearer(money, is_instant=False)
    with pytest.raises(ChangeNotAccepted):
        await money.opened(booking_id)
    accept = AcceptChange(unit_of_work=money.world.unit_of_work, clock=money.world.clock, ids=money.world.ids)
    await accept.execute(actor=CAREGIVER, booking_id=booking_id, quote_id=quote_id)
    assert (await money.world.booking(booking_id)).kept == OLD
    payment_id = await money.opened(booking_id)
    money.world.clock.advance(DAY)
    with pytest.raises(PayWindowClosed):
        await money.opened(booking_id)
    await pay(money, payment_id)
    assert (await money.world.booking(booking_id)).gross == OLD
    await money.check_settled()


async def declined(money: MoneyWorld, booking_id: BookingId, _: QuoteId) -> None:
    use_case = DeclineChange(unit_of_work=money.world.unit_of_work, clock=money.world.clock)
    await use_case.execute(actor=CAREGIVER, booking_id=booking_id)


async def withdrawn(money: MoneyWorld, booking_id: BookingId, _: QuoteId) -> None:
    use_case = WithdrawChange(unit_of_work=money.world.unit_of_work, clock=money.world.clock)
    await use_case.execute(actor=OWNER, booking_id=booking_id)


async def replaced(money: MoneyWorld, booking_id: BookingId, _: QuoteId) -> None:
    await change(money.world, booking_id, await money.world.quoted(starts_in=9 * DAY, length=4 * HOUR))


async def lapsed(money: MoneyWorld, *_: object) -> None:
    money.world.clock.advance(DAY)


async def sold_to_another(money: MoneyWorld, *_: object) -> None:
    await money.world.requested(starts_in=8 * DAY, pets=3)


async def begun(money: MoneyWorld, booking_id: BookingId, _: QuoteId) -> None:
    money.world.clock.set((await money.world.booking(booking_id)).period.start - HOUR / 2)
    check_in = CheckInBooking(unit_of_work=money.world.unit_of_work, clock=money.world.clock)
    await check_in.execute(actor=CAREGIVER, booking_id=booking_id)


async def asked_back_by_the_bank(money: MoneyWorld, booking_id: BookingId, _: QuoteId) -> None:
    await money.charge_back(booking_id, ChargebackOutcome.OPENED)


@pytest.mark.parametrize(
    "meanwhile",
    [declined, withdrawn, replaced, lapsed, begun, sold_to_another, asked_back_by_the_bank],
    ids=lambda act: act.__name__,
)
async def test_money_for_a_change_that_came_to_nothing_goes_back_and_the_booking_stays(
    money: MoneyWorld, meanwhile: Meanwhile
) -> None:
    """It comes before the job that is to prevent it has run."""
    booking_id, quote_id = await to_become_dearer(money)
    payment_id = await money.opened(booking_id)
    await meanwhile(money, booking_id, quote_id)
    before = await money.world.booking(booking_id)
    await pay(money, payment_id)
    after = await money.world.booking(booking_id)
    if meanwhile in (declined, withdrawn, replaced, begun):
        assert {"payment_id": str(payment_id)} in await money.world.jobs("payments.cancel")
    assert (after.gross, after.kept, after.period, after.payment_id) == (OLD, OLD, before.period, before.payment_id)
    assert (after.proposal is not None) is (meanwhile is replaced)
    (refund,) = [row for row in await money.world.rows(refunds) if row["payment_id"] == payment_id]
    assert (refund["amount_cents"], refund["status"]) == (NEW.amount_cents, "succeeded")
    await money.check()


@pytest.mark.parametrize("meanwhile", [sold_to_another, asked_back_by_the_bank], ids=lambda act: act.__name__)
async def test_nobody_is_asked_to_pay_for_what_cannot_be_had(money: MoneyWorld, meanwhile: Meanwhile) -> None:
    booking_id, quote_id = await to_become_dearer(money)
    await meanwhile(money, booking_id, quote_id)
    with pytest.raises(SlotTaken if meanwhile is sold_to_another else BookingNotChangeable):
        await money.opened(booking_id)
    assert len(await money.world.rows(payments)) == 1


async def test_who_paid_for_a_change_that_was_taken_is_told_once_that_it_came_to_nothing(money: MoneyWorld) -> None:
    booking_id, _ = await to_become_dearer(money)
    payment_id = await money.opened(booking_id)
    await sold_to_another(money)
    await pay(money, payment_id)
    money.world.clock.advance(DAY)
    await money.expire()
    assert (await money.world.event_names()).count("BookingChangeLapsed") == 1


async def test_what_was_given_back_out_of_goodwill_is_given_back_of_the_new_price_too(money: MoneyWorld) -> None:
    booking_id, _ = await to_become_dearer(money)
    await money.give_back(booking_id, euros("5.00"))
    await pay(money, await money.opened(booking_id))
    booking = await money.world.booking(booking_id)
    assert (booking.gross, booking.kept) == (NEW, euros("55.00"))
    amounts = [row["amount_cents"] for row in await money.world.rows(sandbox_refunds)]
    assert sorted(amounts) == [500, 500, 1500]
    await money.check_settled()


@pytest.mark.parametrize("goodwill", [0, 500])
async def test_what_a_bank_took_of_the_old_price_is_not_given_back_of_the_new_one(
    money: MoneyWorld, goodwill: int
) -> None:
    booking_id = await money.paid(starts_in=7 * DAY)
    if goodwill:
        await money.give_back(booking_id, Money(goodwill))
        await money.work()
    await money.charge_back(booking_id, ChargebackOutcome.OPENED, ChargebackOutcome.LOST)
    assert (await money.world.booking(booking_id)).kept == Money.zero()
    await set_instant(money.world, True)
    await change(money.world, booking_id, await money.world.quoted(starts_in=8 * DAY, length=3 * HOUR))
    await pay(money, await money.opened(booking_id))
    booking = await money.world.booking(booking_id)
    assert (booking.gross, booking.kept) == (NEW, Money(6000 - goodwill))
    await money.check()


async def test_a_booking_that_was_cancelled_gives_both_back(money: MoneyWorld) -> None:
    booking_id, _ = await to_become_dearer(money)
    payment_id = await money.opened(booking_id)
    await money.cancel(booking_id)
    await pay(money, payment_id)
    assert sorted(row["amount_cents"] for row in await money.world.rows(sandbox_refunds)) == [2000, 6000]
    assert (await money.world.booking(booking_id)).kept == Money.zero()
    await money.check_settled()


async def test_of_two_payments_for_one_change_the_second_goes_back(money: MoneyWorld) -> None:
    booking_id, _ = await to_become_dearer(money)
    first = await money.opened(booking_id)
    async with money.world.unit_of_work() as uow:
        given_up = await uow.payments.get(first)
        given_up.refuse("nobody answers")
        await uow.payments.save(given_up)
    second = await money.opened(booking_id)
    assert second != first
    await pay(money, second)
    await pay(money, first)
    booking = await money.world.booking(booking_id)
    assert (booking.payment_id, booking.kept) == (second, NEW)
    assert sorted(row["amount_cents"] for row in await money.world.rows(sandbox_refunds)) == [2000, 6000]
    await money.check_settled()


@pytest.mark.parametrize(("hours_before", "back"), [(48, 6000), (1, 3000)])
async def test_cancelling_counts_from_the_new_price(money: MoneyWorld, hours_before: int, back: int) -> None:
    booking_id, _ = await to_become_dearer(money)
    await pay(money, await money.opened(booking_id))
    money.world.clock.set((await money.world.booking(booking_id)).period.start - timedelta(hours=hours_before))
    await money.cancel(booking_id)
    await money.work()
    amounts = [row["amount_cents"] for row in await money.world.rows(sandbox_refunds)]
    assert sorted(amounts) == sorted([2000, back])
    assert (await money.world.booking(booking_id)).kept == Money(6000 - back)
    await money.check_settled()


async def test_what_the_bank_takes_of_the_payment_that_was_left_is_nobodys_share(money: MoneyWorld) -> None:
    booking_id, _ = await to_become_dearer(money)
    left = PaymentId((await money.world.booking(booking_id)).payment_id or money.world.ids.new())
    await pay(money, await money.opened(booking_id))
    for outcome in (ChargebackOutcome.OPENED, ChargebackOutcome.LOST):
        await money.bank.charge_back(actor=OWNER, payment_id=left, outcome=outcome)
        await money.work()
        assert not (await money.world.booking(booking_id)).payout_is_frozen
    booking = await money.world.booking(booking_id)
    assert (booking.kept, booking.payout, booking.payout_is_frozen) == (NEW, booking.net, False)
    assert await money.balance(LedgerAccount.LOSSES) == OLD
    await money.check()
