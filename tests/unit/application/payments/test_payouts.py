"""Payouts, what is taken back of them, debts and chargebacks, over real persistence."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from uuid import UUID

import pytest

from application.payments.play_sandbox_bank import ChargebackOutcome
from application.payments.provider_word import take_over_refund
from application.payments.retry_refund import RetryRefund
from application.payments.send_payout import SendPayout
from application.ports.circuit_breakers import CircuitOpen
from application.ports.payments import (
    PaymentRefused,
    PaymentsUnavailable,
    ProviderChargeback,
    ProviderRefund,
    ProviderRefundStatus,
)
from application.ports.transfers import ProviderReversal, ProviderTransfer
from domain.bookings.booking_life import BookingStatus, PayoutState
from domain.bookings.booking_refusals import OnlyAnUninvolvedAdmin
from domain.payments.ledger import LedgerAccount
from domain.payments.payout import PayoutId, PayoutNotHeld, PayoutStatus
from domain.payments.refund import RefundId, RefundNotFailed
from domain.shared.actor import AdminsOnly
from domain.shared.money import Money
from infrastructure.payments.sandbox_payments import SandboxPayments
from infrastructure.payments.sandbox_transfers import SandboxTransfers
from infrastructure.persistence.audit.audit_tables import audit_log
from infrastructure.persistence.payments.payment_tables import refunds
from infrastructure.persistence.payments.payout_tables import chargebacks, payout_reversals, payouts
from infrastructure.persistence.payments.sandbox_tables import sandbox_transfers
from tests.support.builders import ADMIN, CAREGIVER, OWNER, euros
from tests.support.money_world import DAY, HOUR, MoneyWorld


class Transfers(SandboxTransfers):
    """Fails as it is told: before it has done anything, or after it has."""

    before: Exception | None = None
    after: Exception | None = None
    reversals: Exception | None = None
    calls: int = 0
    meanwhile: Callable[[], Awaitable[None]] | None = None
    sending: Callable[[], Awaitable[None]] | None = None

    async def of_reference(self, reference: str) -> Sequence[ProviderTransfer]:
        if self.after is not None and self.calls:
            # Whoever does not answer does not tell either.
            raise self.after
        return await super().of_reference(reference)

    async def transfer(
        self, *, destination: str, amount: Money, charge_id: str, reference: str, idempotency_key: str
    ) -> ProviderTransfer:
        self.calls += 1
        act, self.sending = self.sending, None
        if act is not None:
            await act()
        if self.before is not None:
            raise self.before
        made = await super().transfer(
            destination=destination,
            amount=amount,
            charge_id=charge_id,
            reference=reference,
            idempotency_key=idempotency_key,
        )
        if self.after is not None:
            raise self.after
        return made

    async def reverse(self, *, transfer_id: str, amount: Money, idempotency_key: str) -> ProviderReversal:
        if self.reversals is not None:
            raise self.reversals
        if self.meanwhile is not None:
            await self.meanwhile()
        return await super().reverse(transfer_id=transfer_id, amount=amount, idempotency_key=idempotency_key)


@pytest.fixture
def transfers(money: MoneyWorld) -> Transfers:
    money.transfers = faulty = Transfers(money.world.database, clock=money.world.clock, ids=money.world.ids)
    return faulty


async def set_able(money: MoneyWorld, *, is_able: bool) -> None:
    """What the provider says about the caregiver's account."""
    assert CAREGIVER.caregiver_id is not None
    async with money.world.unit_of_work() as uow:
        caregiver = await uow.caregivers.get(CAREGIVER.caregiver_id, for_update=True)
        caregiver.can_receive_transfers = is_able
        await uow.caregivers.save(caregiver)


async def test_the_share_is_paid_out_once_when_its_time_has_come(money: MoneyWorld) -> None:
    booking_id = await money.completed()
    money.world.clock.advance(3 * DAY - HOUR)
    await money.pay_out()
    assert await money.world.rows(payouts) == []
    money.world.clock.advance(HOUR)
    for _ in range(3):
        await money.pay_out()
    payout = await money.payout(booking_id)
    assert (payout.status, payout.amount) == (PayoutStatus.PAID, euros("16.00"))
    assert len(await money.world.rows(sandbox_transfers)) == 1
    booking = await money.world.booking(booking_id)
    assert (booking.payout_state, booking.paid_out_at) == (PayoutState.PAID, money.world.clock.now())
    assert await money.balance(LedgerAccount.EARNINGS) == Money.zero()
    assert await money.balance(LedgerAccount.COMMISSION) == euros("0.00") - euros("4.00")
    assert (await money.world.event_names()).count("PayoutSent") == 1
    await money.check_settled()


async def test_a_caregiver_without_an_account_is_paid_when_he_has_one(money: MoneyWorld) -> None:
    booking_id = await money.completed()
    money.world.clock.advance(4 * DAY)
    await set_able(money, is_able=False)
    await money.pay_out()
    assert await money.world.rows(payouts) == []
    await set_able(money, is_able=True)
    await money.pay_out()
    assert (await money.payout(booking_id)).status is PayoutStatus.PAID


async def test_what_is_kept_of_a_cancelled_booking_is_shared(money: MoneyWorld) -> None:
    booking_id = await money.paid()
    await money.cancel(booking_id)
    await money.work()
    money.world.clock.advance(3 * DAY)
    await money.pay_out()
    assert (await money.payout(booking_id)).amount == euros("8.00")
    assert await money.balance(LedgerAccount.COMMISSION) == euros("0.00") - euros("2.00")
    await money.check_settled()


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_transfer_without_an_answer_is_unknown_until_it_is_asked_for_again(
    money: MoneyWorld, transfers: Transfers, when: str
) -> None:
    setattr(transfers, when, PaymentsUnavailable())
    booking_id = await money.paid_out()
    payout = await money.payout(booking_id)
    assert payout.status is PayoutStatus.UNKNOWN
    assert (await money.world.booking(booking_id)).payout_state is PayoutState.SCHEDULED
    setattr(transfers, when, None)
    await money.work()
    assert (await money.payout(booking_id)).status is PayoutStatus.PAID
    assert len(await money.world.rows(sandbox_transfers)) == 1
    await money.check_settled()


async def test_a_transfer_that_was_never_sent_is_not_unknown(money: MoneyWorld, transfers: Transfers) -> None:
    transfers.before = CircuitOpen()
    booking_id = await money.paid_out()
    assert (await money.payout(booking_id)).status is PayoutStatus.SENDING
    transfers.before = PaymentsUnavailable()
    await money.work()
    transfers.before = CircuitOpen()
    await money.work()
    assert (await money.payout(booking_id)).status is PayoutStatus.UNKNOWN, "an earlier question may have been heard"


async def test_what_goes_back_before_the_transfer_was_asked_for_is_not_transferred(
    money: MoneyWorld, transfers: Transfers
) -> None:
    transfers.before = CircuitOpen()
    booking_id = await money.paid_out()
    await money.give_back(booking_id, euros("10.00"))
    await money.work()
    assert (await money.world.rows(refunds))[0]["status"] == "succeeded"
    transfers.before = None
    await money.work()
    payout = await money.payout(booking_id)
    assert (payout.status, payout.amount, payout.reversed) == (PayoutStatus.PAID, euros("8.00"), euros("0.00"))
    await money.check_settled()


async def test_nothing_is_transferred_when_all_goes_back_before(money: MoneyWorld, transfers: Transfers) -> None:
    transfers.before = CircuitOpen()
    booking_id = await money.paid_out()
    await money.give_back(booking_id)
    await money.work()
    transfers.before = None
    await money.work()
    assert (await money.payout(booking_id)).status is PayoutStatus.NETTED
    assert await money.world.rows(sandbox_transfers) == []
    assert (await money.world.booking(booking_id)).payout_state is PayoutState.NONE
    await money.check_settled()


async def test_a_chargeback_holds_a_transfer_that_was_not_asked_for_yet(
    money: MoneyWorld, transfers: Transfers
) -> None:
    transfers.before = CircuitOpen()
    booking_id = await money.paid_out()
    await money.charge_back(booking_id, ChargebackOutcome.OPENED)
    transfers.before = None
    await money.work()
    assert await money.world.rows(sandbox_transfers) == []
    assert (await money.world.booking(booking_id)).payout_state is PayoutState.HELD
    await money.charge_back(booking_id, ChargebackOutcome.WON)
    assert (await money.payout(booking_id)).status is PayoutStatus.PAID
    await money.check_settled()


async def test_an_admin_releases_a_transfer_that_a_chargeback_holds(money: MoneyWorld, transfers: Transfers) -> None:
    transfers.before = CircuitOpen()
    booking_id = await money.paid_out()
    await money.charge_back(booking_id, ChargebackOutcome.OPENED)
    transfers.before = None
    await money.work()
    await money.release(booking_id)
    await money.work()
    assert (await money.payout(booking_id)).status is PayoutStatus.PAID


async def test_a_transfer_that_our_books_forgot_is_found_and_not_made_again(money: MoneyWorld) -> None:
    """As after a database was restored from before the payout."""
    booking_id = await money.completed()
    money.world.clock.advance(3 * DAY)
    await money.can_be_paid()
    made = await money.transfers.transfer(
        destination=(await money.account()),
        amount=euros("16.00"),
        charge_id=(await money.opened_payment(booking_id)).captured_charge_id,
        reference=f"booking_{booking_id}",
        idempotency_key=f"transfer:{booking_id}:1",
    )
    await money.give_back(booking_id, euros("5.00"))
    await money.work()
    await money.pay_out()
    payout = await money.payout(booking_id)
    assert (payout.transfer_id, payout.amount) == (made.id, euros("16.00"))
    assert len(await money.world.rows(sandbox_transfers)) == 1


async def test_a_transfer_whose_key_is_forgotten_is_looked_for_before_it_is_made(
    money: MoneyWorld, transfers: Transfers
) -> None:
    transfers.after = PaymentsUnavailable()
    booking_id = await money.paid_out()
    calls = transfers.calls
    transfers.after = None
    money.world.clock.advance(2 * DAY)
    await money.work()
    assert (await money.payout(booking_id)).status is PayoutStatus.PAID
    assert transfers.calls == calls
    await money.check_settled()


async def test_a_refused_transfer_concerns_no_other_and_an_admin_sends_it_again(
    money: MoneyWorld, transfers: Transfers
) -> None:
    first, second = await money.completed(), await money.completed()
    money.world.clock.advance(3 * DAY)
    transfers.before = PaymentRefused("the account is closed")
    await money.pay_out()
    assert {(await money.payout(booking)).status for booking in (first, second)} == {PayoutStatus.FAILED}
    transfers.before = None
    third = await money.completed()
    money.world.clock.advance(3 * DAY)
    await money.pay_out()
    assert (await money.payout(third)).status is PayoutStatus.PAID
    await money.release(first)
    await money.work()
    assert (await money.payout(first)).status is PayoutStatus.PAID
    assert (await money.payout(second)).status is PayoutStatus.FAILED
    assert [row["action"] for row in await money.world.rows(audit_log)] == ["payouts.release"]
    with pytest.raises(PayoutNotHeld):
        await money.release(first)
    await money.check_settled()


async def test_a_transfer_that_was_refused_and_made_all_the_same_is_not_made_again(
    money: MoneyWorld, transfers: Transfers
) -> None:
    """Whatever the provider said: of a booking there is one transfer, whichever attempt made it."""
    transfers.after = PaymentRefused("said in error")
    booking_id = await money.paid_out()
    assert (await money.payout(booking_id)).status is PayoutStatus.FAILED
    transfers.after = None
    await money.release(booking_id)
    await money.work()
    payout = await money.payout(booking_id)
    assert (payout.status, payout.attempt) == (PayoutStatus.PAID, 2)
    assert len(await money.world.rows(sandbox_transfers)) == 1
    await money.check_settled()


async def test_another_run_that_has_asked_is_not_taken_back(money: MoneyWorld, transfers: Transfers) -> None:
    """Two runs of one job: the first meets the open breaker after the second has asked."""

    async def another_run() -> None:
        (job,) = await money.world.jobs("payouts.send")
        send = SendPayout(
            unit_of_work=money.world.unit_of_work, transfers=transfers, clock=money.world.clock, ids=money.world.ids
        )
        transfers.before = PaymentsUnavailable()
        with pytest.raises(PaymentsUnavailable):
            await send.execute(payout_id=PayoutId(UUID(job["payout_id"])))
        transfers.before = CircuitOpen()

    transfers.sending = another_run
    booking_id = await money.paid_out()
    assert transfers.calls == 2
    assert (await money.payout(booking_id)).status is PayoutStatus.UNKNOWN


async def test_a_refund_after_the_payout_takes_the_share_back_first(money: MoneyWorld, transfers: Transfers) -> None:
    booking_id = await money.paid_out()
    await money.give_back(booking_id, euros("10.00"))
    transfers.reversals = PaymentsUnavailable()
    await money.work()
    assert (await money.world.rows(refunds))[0]["provider_refund_id"] is None
    transfers.reversals = None
    await money.work()
    payout = await money.payout(booking_id)
    assert (payout.reversed, payout.owed) == (euros("8.00"), euros("0.00"))
    assert (await money.world.rows(refunds))[0]["status"] == "succeeded"
    assert await money.balance(LedgerAccount.EARNINGS) == Money.zero()
    await money.give_back(booking_id)
    await money.work()
    assert (await money.payout(booking_id)).reversed == euros("16.00")
    assert await money.balance(LedgerAccount.COMMISSION) == Money.zero()
    await money.check_settled()


async def test_a_refund_while_the_payout_is_unknown_waits_for_it(money: MoneyWorld, transfers: Transfers) -> None:
    transfers.after = PaymentsUnavailable()
    booking_id = await money.paid_out()
    await money.give_back(booking_id)
    await money.work()
    assert (await money.world.rows(refunds))[0]["provider_refund_id"] is None
    transfers.after = None
    await money.work()
    assert (await money.payout(booking_id)).reversed == euros("16.00")
    await money.check_settled()


async def test_what_cannot_be_taken_back_is_a_debt_that_later_payouts_net(
    money: MoneyWorld, transfers: Transfers
) -> None:
    first = await money.paid_out()
    transfers.reversals = PaymentRefused("the account is empty")
    await money.give_back(first)
    await money.work()
    assert (await money.payout(first)).owed == euros("16.00")
    assert await money.balance(LedgerAccount.CAREGIVER_DEBT) == euros("16.00")
    assert (await money.world.rows(refunds))[0]["status"] == "succeeded"
    second = await money.paid_out()
    payout = await money.payout(second)
    assert (payout.status, payout.netted, payout.amount) == (PayoutStatus.NETTED, euros("16.00"), euros("0.00"))
    assert (await money.world.booking(second)).payout_state is PayoutState.PAID
    assert await money.balance(LedgerAccount.CAREGIVER_DEBT) == Money.zero()
    third = await money.paid_out()
    assert (await money.payout(third)).amount == euros("16.00")
    await money.check_settled()


async def test_what_paid_a_debt_and_must_go_back_is_a_debt_again(money: MoneyWorld, transfers: Transfers) -> None:
    first = await money.paid_out()
    transfers.reversals = PaymentRefused("the account is empty")
    await money.give_back(first, euros("5.00"))
    await money.work()
    second = await money.paid_out()
    assert (await money.payout(second)).amount == euros("12.00")
    transfers.reversals = None
    await money.give_back(second)
    await money.work()
    payout = await money.payout(second)
    assert (payout.reversed, payout.owed) == (euros("12.00"), euros("4.00"))
    assert await money.balance(LedgerAccount.CAREGIVER_DEBT) == euros("4.00")
    await money.check_settled()


async def test_a_chargeback_freezes_the_payout_until_it_is_won(money: MoneyWorld) -> None:
    booking_id = await money.completed()
    await money.charge_back(booking_id, ChargebackOutcome.OPENED)
    money.world.clock.advance(3 * DAY)
    await money.pay_out()
    assert await money.world.rows(payouts) == []
    assert (await money.world.booking(booking_id)).payout_state is PayoutState.HELD
    assert await money.balance(LedgerAccount.CHARGEBACKS) == euros("20.00")
    await money.check_settled()
    await money.charge_back(booking_id, ChargebackOutcome.WON)
    await money.pay_out()
    assert (await money.payout(booking_id)).status is PayoutStatus.PAID
    assert (await money.world.event_names()).count("ChargebackOpened") == 1
    await money.check_settled()


class AsksFirst(SandboxPayments):
    """Banks that only ask, as long as they are told to."""

    is_asking = True

    async def retrieve_chargeback(self, chargeback_id: str) -> ProviderChargeback:
        return replace(await super().retrieve_chargeback(chargeback_id), is_inquiry=self.is_asking)


async def test_a_bank_that_only_asks_moves_nothing_until_it_takes(money: MoneyWorld) -> None:
    money.payments = payments = AsksFirst(money.world.database, clock=money.world.clock, ids=money.world.ids)
    booking_id = await money.completed()
    await money.charge_back(booking_id, ChargebackOutcome.OPENED)
    assert await money.world.rows(chargebacks) == []
    assert await money.balance(LedgerAccount.CHARGEBACKS) == Money.zero()
    assert (await money.world.booking(booking_id)).payout_state is not PayoutState.HELD
    payments.is_asking = False
    await money.charge_back(booking_id, ChargebackOutcome.LOST)
    assert [row["status"] for row in await money.world.rows(chargebacks)] == ["lost"]
    await money.check_settled()


async def test_an_admin_pays_in_spite_of_a_chargeback(money: MoneyWorld) -> None:
    booking_id = await money.completed()
    await money.charge_back(booking_id, ChargebackOutcome.OPENED)
    money.world.clock.advance(3 * DAY)
    await money.release(booking_id)
    await money.pay_out()
    assert (await money.payout(booking_id)).status is PayoutStatus.PAID
    await money.charge_back(booking_id, ChargebackOutcome.LOST)
    assert (await money.payout(booking_id)).reversed == euros("16.00")
    await money.check_settled()


async def test_a_lost_chargeback_is_taken_from_both_shares(money: MoneyWorld) -> None:
    booking_id = await money.paid_out()
    await money.charge_back(booking_id, ChargebackOutcome.OPENED, ChargebackOutcome.LOST)
    booking = await money.world.booking(booking_id)
    assert (booking.refunded, booking.status) == (euros("20.00"), BookingStatus.COMPLETED)
    assert (await money.payout(booking_id)).reversed == euros("16.00")
    for account in (LedgerAccount.COMMISSION, LedgerAccount.EARNINGS, LedgerAccount.CHARGEBACKS, LedgerAccount.LOSSES):
        assert await money.balance(account) == Money.zero()
    assert [row["status"] for row in await money.world.rows(chargebacks)] == ["lost"]
    await money.check_settled()


async def test_what_a_bank_takes_beyond_what_was_kept_is_a_loss(money: MoneyWorld) -> None:
    booking_id = await money.paid()
    await money.give_back(booking_id, euros("15.00"))
    await money.work()
    await money.charge_back(booking_id, ChargebackOutcome.OPENED, ChargebackOutcome.LOST)
    assert await money.balance(LedgerAccount.LOSSES) == euros("15.00")
    await money.check_settled()


async def test_a_refund_that_fails_later_is_owed_and_can_be_made_again(money: MoneyWorld) -> None:
    booking_id = await money.paid()
    await money.give_back(booking_id, euros("5.00"))
    await money.work()
    booking = await money.world.booking(booking_id)
    money.world.clock.advance(30 * DAY)
    assert booking.payment_id is not None
    payment_id = (await money.opened_payment(booking_id)).id
    assert await money.bank.return_refunds(actor=OWNER, payment_id=payment_id) == 1
    await money.work()
    row = (await money.world.rows(refunds))[0]
    assert row["status"] == "failed"
    assert (await money.world.event_names()).count("RefundFailed") == 1
    await money.check_settled()
    retry = RetryRefund(unit_of_work=money.world.unit_of_work, clock=money.world.clock, ids=money.world.ids)
    with pytest.raises(AdminsOnly):
        await retry.execute(admin=OWNER, refund_id=RefundId(row["id"]), reason="new card")
    await retry.execute(admin=ADMIN, refund_id=RefundId(row["id"]), reason="new card")
    await money.work()
    assert [row["status"] for row in await money.world.rows(refunds)] == ["failed", "succeeded"]
    with pytest.raises(RefundNotFailed):
        await retry.execute(admin=ADMIN, refund_id=RefundId(row["id"]), reason="again")
    assert await money.balance(LedgerAccount.OWED_TO_OWNERS) == Money.zero()
    await money.check_settled()


async def test_two_refunds_at_once_after_the_payout_are_both_made(money: MoneyWorld, transfers: Transfers) -> None:
    """The job of the first waits for its reversal while that of the second comes by."""
    booking_id = await money.paid_out()
    await money.give_back(booking_id, euros("5.00"))

    async def meanwhile() -> None:
        transfers.meanwhile = None
        await money.give_back(booking_id, euros("5.00"))
        await money.work()

    transfers.meanwhile = meanwhile
    await money.work()
    await money.work()
    assert (await money.payout(booking_id)).reversed == euros("8.00")
    assert [row["status"] for row in await money.world.rows(refunds)] == ["succeeded", "succeeded"]
    await money.check_settled()


@pytest.mark.parametrize("first", ["refund", "chargeback"])
async def test_a_lost_chargeback_pays_the_refund_that_it_prevented(money: MoneyWorld, first: str) -> None:
    booking_id = await money.paid()
    await money.give_back(booking_id)
    payment_id = (await money.opened_payment(booking_id)).id
    await money.bank.charge_back(actor=OWNER, payment_id=payment_id, outcome=ChargebackOutcome.OPENED)
    if first == "refund":
        await money.work()
        assert (await money.world.rows(refunds))[0]["status"] == "failed"
    await money.bank.charge_back(actor=OWNER, payment_id=payment_id, outcome=ChargebackOutcome.LOST)
    await money.work()
    for account in (LedgerAccount.OWED_TO_OWNERS, LedgerAccount.LOSSES, LedgerAccount.CHARGEBACKS):
        assert await money.balance(account) == Money.zero()
    retry = RetryRefund(unit_of_work=money.world.unit_of_work, clock=money.world.clock, ids=money.world.ids)
    with pytest.raises(RefundNotFailed):
        await retry.execute(admin=ADMIN, refund_id=RefundId((await money.world.rows(refunds))[0]["id"]), reason="x")
    await money.check_settled()


async def test_a_second_refund_under_our_key_is_not_taken_for_ours(money: MoneyWorld) -> None:
    booking_id = await money.paid()
    await money.give_back(booking_id, euros("5.00"))
    await money.work()
    refund = (await money.world.rows(refunds))[0]
    seen = ProviderRefund(
        id="re_other",
        key=f"refund:{booking_id}:1",
        status=ProviderRefundStatus.SUCCEEDED,
        amount=euros("5.00"),
    )
    async with money.world.unit_of_work() as uow:
        await take_over_refund(
            uow,
            booking_id=booking_id,
            refund_id=RefundId(refund["id"]),
            seen=seen,
            ids=money.world.ids,
            now=money.world.clock.now(),
        )
    assert (await money.world.rows(refunds))[0]["provider_refund_id"] == refund["provider_refund_id"]
    assert await money.balance(LedgerAccount.OWED_TO_OWNERS) == Money.zero()


async def test_an_admin_does_not_make_his_own_refund_again(money: MoneyWorld) -> None:
    booking_id = await money.paid()
    await money.give_back(booking_id, euros("5.00"))
    await money.work()
    await money.bank.return_refunds(actor=OWNER, payment_id=(await money.opened_payment(booking_id)).id)
    await money.work()
    retry = RetryRefund(unit_of_work=money.world.unit_of_work, clock=money.world.clock, ids=money.world.ids)
    involved = replace(OWNER, is_admin=True)
    with pytest.raises(OnlyAnUninvolvedAdmin):
        await retry.execute(admin=involved, refund_id=RefundId((await money.world.rows(refunds))[0]["id"]), reason="x")


async def test_reversals_are_made_once(money: MoneyWorld) -> None:
    booking_id = await money.paid_out()
    await money.give_back(booking_id)
    for _ in range(3):
        await money.work()
    assert [row["amount_cents"] for row in await money.world.rows(payout_reversals)] == [1600]
