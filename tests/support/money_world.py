"""The life of money over real persistence: whoever plays owner, bank and clock, and what must be true at any time."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, TypeAlias
from uuid import UUID

import pytest
from sqlalchemy import update

from application.bookings.cancel_booking import CancelBooking
from application.bookings.expire_bookings import ExpireBookings
from application.bookings.refund_booking import RefundBooking
from application.payments.apply_payment_event import ApplyPaymentEvent
from application.payments.cancel_payment import CancelPayment
from application.payments.pay_out_bookings import PayOutBookings
from application.payments.play_sandbox_bank import ChargebackOutcome, PlaySandboxBank, SandboxOutcome
from application.payments.reconcile_books import ReconcileBooks
from application.payments.refund_payment import RefundPayment
from application.payments.release_payout import ReleasePayout
from application.payments.reverse_payout import ReversePayout
from application.payments.send_payout import SendPayout
from application.ports.payments import Payments
from application.ports.transfers import Transfers
from domain.bookings.booking_life import BookingId
from domain.payments.ledger import LedgerAccount
from domain.payments.payment import Payment, PaymentId
from domain.payments.payout import Payout, PayoutId
from domain.payments.refund import RefundId
from domain.shared.errors import Unavailable
from domain.shared.money import Money
from infrastructure.persistence.bookings.booking_tables import bookings
from infrastructure.persistence.caregivers.caregiver_tables import caregivers
from infrastructure.persistence.payments.payment_tables import refunds
from infrastructure.persistence.payments.sandbox_tables import (
    sandbox_movements,
    sandbox_refunds,
    sandbox_transfers,
)
from infrastructure.persistence.payments.sql_ledger_queries import SqlLedgerQueries
from tests.support.booking_world import BookingWorld
from tests.support.builders import ADMIN, CAREGIVER, OWNER, euros

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# Its kind, its number among those, and what it is about.
Job: TypeAlias = tuple[str, int, dict[str, Any]]
_MONEY_JOBS = ("payments.apply_event", "payments.cancel", "payouts.send", "payouts.reverse", "payments.refund")


@dataclass(slots=True)
class MoneyWorld:
    """`payments` and `transfers` are whom the use cases ask; a test may put something worse in their place."""

    world: BookingWorld
    payments: Payments
    transfers: Transfers
    done: list[Job] = field(default_factory=list[Job])

    async def paid(self, *, starts_in: timedelta = 5 * HOUR) -> BookingId:
        """An hour of care for 20 euros."""
        booking_id = await self.world.accepted(starts_in=starts_in)
        payment_id = await self.opened(booking_id)
        await self.bank.confirm(actor=OWNER, payment_id=payment_id, outcome=SandboxOutcome.SUCCEEDED)
        await self.work()
        return booking_id

    async def opened(self, booking_id: BookingId) -> PaymentId:
        start = replace(self.world.start_payment, payments=self.payments)
        return (await start.execute(actor=OWNER, booking_id=booking_id)).payment_id

    async def completed(self) -> BookingId:
        booking_id = await self.paid()
        self.world.clock.advance(31 * HOUR)
        async with self.world.unit_of_work() as uow:
            booking = await uow.bookings.get(booking_id, for_update=True)
            assert booking.complete(at=self.world.clock.now())
            await uow.bookings.save(booking)
        return booking_id

    async def paid_out(self) -> BookingId:
        booking_id = await self.completed()
        self.world.clock.advance(3 * DAY)
        await self.pay_out()
        return booking_id

    async def pay_out(self) -> None:
        await self.can_be_paid()
        await PayOutBookings(**self._shared).execute()
        await self.work()

    async def can_be_paid(self) -> None:
        """The caregiver has an account that takes transfers."""
        account_id = await self.account()
        mine = caregivers.c.id == CAREGIVER.caregiver_id
        async with self.world.database.begin() as connection:
            await connection.execute(update(caregivers).where(mine).values(payout_account_id=account_id))

    async def account(self) -> str:
        """The caregiver's at the provider."""
        accounts = self.world.connected_accounts
        return (await accounts.create(country="BE", idempotency_key="acct:caregiver")).id

    async def give_back(self, booking_id: BookingId, amount: Money | None = None) -> None:
        await RefundBooking(**self._shared).execute(admin=ADMIN, booking_id=booking_id, amount=amount)

    async def cancel(self, booking_id: BookingId) -> None:
        await CancelBooking(**self._shared).execute(actor=OWNER, booking_id=booking_id)

    async def expire(self) -> None:
        await ExpireBookings(unit_of_work=self.world.unit_of_work, clock=self.world.clock).execute()

    async def charge_back(self, booking_id: BookingId, *outcomes: ChargebackOutcome) -> None:
        for outcome in outcomes:
            payment_id = PaymentId((await self.world.booking(booking_id)).payment_id or UUID(int=0))
            await self.bank.charge_back(actor=OWNER, payment_id=payment_id, outcome=outcome)
            await self.work()

    async def release(self, booking_id: BookingId) -> None:
        await ReleasePayout(**self._shared).execute(admin=ADMIN, booking_id=booking_id, reason="looked into")

    async def reconcile(self) -> int:
        use_case = ReconcileBooks(
            unit_of_work=self.world.unit_of_work,
            books=self.world.books,
            ledger=self.ledger,
            clock=self.world.clock,
            ids=self.world.ids,
        )
        return await use_case.execute()

    async def work(self) -> None:
        """Runs every job about money that is not done, until nothing new comes of it. What is not settled waits."""
        while True:
            before = await self._jobs()
            for job in before:
                if job in self.done:
                    continue
                try:
                    await self._run(job[0], job[2])
                except Unavailable:
                    continue
                self.done.append(job)
            if await self._jobs() == before:
                return

    async def apply_event(self, inbox_id: UUID) -> None:
        await self._run("payments.apply_event", {"inbox_id": str(inbox_id)})

    async def payout(self, booking_id: BookingId) -> Payout:
        async with self.world.unit_of_work() as uow:
            payout = await uow.payouts.of_booking(booking_id)
        assert payout is not None
        return payout

    async def opened_payment(self, booking_id: BookingId) -> Payment:
        async with self.world.unit_of_work() as uow:
            return (await uow.payments.of_booking(booking_id))[-1]

    async def balance(self, account: LedgerAccount) -> Money:
        return (await self.ledger.balances())[account]

    async def at_provider(self) -> Money:
        """What the provider itself says it holds, its fees aside."""
        return Money(sum(row["amount_cents"] for row in await self.world.rows(sandbox_movements)))

    async def check(self) -> None:
        """What must be true whatever happened, in whatever order and however often."""
        balances = await self.ledger.balances()
        assert sum(balance.amount_cents for balance in balances.values()) == 0
        assert balances[LedgerAccount.CAREGIVER_DEBT] >= Money.zero()
        off = await self.ledger.bookings_off(self.world.clock.now() - 400 * DAY)
        assert not off
        transfers = Counter(row["reference"] for row in await self.world.rows(sandbox_transfers))
        assert all(count == 1 for count in transfers.values())
        for booking in await self.world.rows(bookings):
            assert 0 <= booking["refunded_cents"] <= booking["captured_cents"]

    async def check_settled(self) -> None:
        """What must be true besides when nothing is under way any more."""
        await self.check()
        assert await self.balance(LedgerAccount.PROVIDER) == await self.at_provider()
        owed = [
            row
            for row in await self.world.rows(refunds)
            if row["status"] == "failed" and not row["retried_as"] and not row["taken_by_bank"]
        ]
        balance = await self.balance(LedgerAccount.OWED_TO_OWNERS)
        assert balance.amount_cents == -sum(row["amount_cents"] for row in owed)
        made = Counter(row["idempotency_key"] for row in await self.world.rows(sandbox_refunds))
        asked = [row for row in await self.world.rows(refunds) if row["provider_refund_id"]]
        assert sum(made.values()) == len(asked)

    @property
    def bank(self) -> PlaySandboxBank:
        return PlaySandboxBank(bank=self.world.payments, **self._shared)

    @property
    def ledger(self) -> SqlLedgerQueries:
        return SqlLedgerQueries(self.world.database)

    @property
    def _shared(self) -> Any:
        return {"unit_of_work": self.world.unit_of_work, "clock": self.world.clock, "ids": self.world.ids}

    async def _jobs(self) -> list[Job]:
        return [
            (kind, number, payload)
            for kind in _MONEY_JOBS
            for number, payload in enumerate(await self.world.jobs(kind))
        ]

    async def _run(self, kind: str, payload: dict[str, Any]) -> None:
        subject = UUID(next(iter(payload.values())))
        with_payments, with_transfers = (
            self._shared | {"payments": self.payments},
            self._shared | {"transfers": self.transfers},
        )
        match kind:
            case "payments.apply_event":
                accounts = self.world.connected_accounts
                use_case = ApplyPaymentEvent(
                    connected_accounts=accounts, transfers=self.transfers, provider="sandbox", **with_payments
                )
                await use_case.execute(inbox_id=subject)
            case "payments.cancel":
                await CancelPayment(**with_payments).execute(payment_id=PaymentId(subject))
            case "payments.refund":
                await RefundPayment(**with_payments).execute(refund_id=RefundId(subject))
            case "payouts.send":
                await SendPayout(**with_transfers).execute(payout_id=PayoutId(subject))
            case _:
                await ReversePayout(**with_transfers).execute(booking_id=BookingId(subject))


@pytest.fixture
def money(world: BookingWorld) -> MoneyWorld:
    return MoneyWorld(world, world.payments, world.transfers)


__all__ = ["DAY", "HOUR", "MoneyWorld", "euros", "money"]
