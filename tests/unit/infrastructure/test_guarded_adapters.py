import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import pytest

from application.ports.circuit_breakers import BreakerState, CircuitOpen
from application.ports.connected_accounts import ConnectedAccount, ConnectedAccounts
from application.ports.mail import Mail, MailMessage, MailRefused, MailUnavailable
from application.ports.payments import (
    PaymentRefused,
    Payments,
    PaymentsUnavailable,
    ProviderChargeback,
    ProviderChargebackStatus,
    ProviderPayment,
    ProviderPaymentStatus,
    ProviderRefund,
    ProviderRefundStatus,
)
from application.ports.transfers import ProviderReversal, ProviderTransfer, Transfers
from domain.shared.money import Money
from infrastructure.resilience.breaker import Breaker, BreakerRule
from infrastructure.resilience.guarded_connected_accounts import GuardedConnectedAccounts
from infrastructure.resilience.guarded_mail import GuardedMail, email_breaker
from infrastructure.resilience.guarded_payments import GuardedPayments, payments_breaker
from infrastructure.resilience.guarded_transfers import GuardedTransfers

AMOUNT = Money(3333)
PAYMENT = ProviderPayment(
    id="p1", key="pay:1:1", status=ProviderPaymentStatus.SUCCEEDED, amount=AMOUNT, client_secret="s"
)
REFUND = ProviderRefund(id="r1", key="refund:1:1", status=ProviderRefundStatus.PENDING, amount=AMOUNT)
CHARGEBACK = ProviderChargeback(
    id="d1", payment_id="p1", status=ProviderChargebackStatus.OPENED, amount=AMOUNT, reason="fraudulent"
)
TRANSFER = ProviderTransfer(id="t1", key="transfer:1:1", destination="a1", amount=AMOUNT, reversed=Money.zero())
REVERSAL = ProviderReversal(id="v1", key="rev:1:1", amount=AMOUNT)
ACCOUNT = ConnectedAccount(id="a1", can_receive_transfers=True)
MAIL = MailMessage(id="m1", to="an@example.com", subject="Dag", text="Dag", html="<p>Dag</p>")
IMPATIENT = BreakerRule(failures_to_open=3, open_seconds=30, timeout_seconds=0.001, successes_to_close=2)


@dataclass
class Provider:
    """What all ports of it answer with: nothing wrong, an error, or silence."""

    error: Exception | None = None
    hangs: bool = False

    async def outcome(self) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error


class ProviderPayments(Payments):
    def __init__(self, provider: Provider) -> None:
        self.provider = provider

    async def create(self, *, amount: Money, reference: str, idempotency_key: str) -> ProviderPayment:
        await self.provider.outcome()
        assert (amount, reference, idempotency_key) == (AMOUNT, "booking_1", "pay:1:1")
        return PAYMENT

    async def retrieve(self, payment_id: str) -> ProviderPayment:
        await self.provider.outcome()
        return PAYMENT

    async def cancel(self, payment_id: str, *, idempotency_key: str) -> ProviderPayment:
        await self.provider.outcome()
        return PAYMENT

    async def refund(self, *, charge_id: str, amount: Money, idempotency_key: str) -> ProviderRefund:
        await self.provider.outcome()
        return REFUND

    async def retrieve_refund(self, refund_id: str) -> ProviderRefund:
        await self.provider.outcome()
        return REFUND

    async def refunds_of(self, charge_id: str) -> Sequence[ProviderRefund]:
        await self.provider.outcome()
        return [REFUND]

    async def retrieve_chargeback(self, chargeback_id: str) -> ProviderChargeback:
        await self.provider.outcome()
        return CHARGEBACK


class ProviderTransfers(Transfers):
    def __init__(self, provider: Provider) -> None:
        self.provider = provider

    async def transfer(
        self, *, destination: str, amount: Money, charge_id: str, reference: str, idempotency_key: str
    ) -> ProviderTransfer:
        await self.provider.outcome()
        assert (destination, amount, charge_id) == ("a1", AMOUNT, "c1")
        assert (reference, idempotency_key) == ("booking_1", "transfer:1:1")
        return TRANSFER

    async def retrieve(self, transfer_id: str) -> ProviderTransfer:
        await self.provider.outcome()
        return TRANSFER

    async def of_reference(self, reference: str) -> Sequence[ProviderTransfer]:
        await self.provider.outcome()
        return [TRANSFER]

    async def reverse(self, *, transfer_id: str, amount: Money, idempotency_key: str) -> ProviderReversal:
        await self.provider.outcome()
        assert (transfer_id, amount, idempotency_key) == ("t1", AMOUNT, "rev:1:1")
        return REVERSAL

    async def reversals_of(self, transfer_id: str) -> Sequence[ProviderReversal]:
        await self.provider.outcome()
        return [REVERSAL]


class ProviderAccounts(ConnectedAccounts):
    def __init__(self, provider: Provider) -> None:
        self.provider = provider

    async def create(self, *, country: str, idempotency_key: str) -> ConnectedAccount:
        await self.provider.outcome()
        return ACCOUNT

    async def retrieve(self, account_id: str) -> ConnectedAccount:
        await self.provider.outcome()
        return ACCOUNT

    async def onboarding_link(self, account_id: str, *, return_url: str) -> str:
        await self.provider.outcome()
        return return_url


class ProviderMail(Mail):
    def __init__(self, provider: Provider) -> None:
        self.provider = provider

    async def send(self, message: MailMessage) -> None:
        await self.provider.outcome()


def _calls(provider: Provider, breaker: Breaker) -> dict[str, Callable[[], Awaitable[object]]]:
    payments = GuardedPayments(ProviderPayments(provider), breaker)
    accounts = GuardedConnectedAccounts(ProviderAccounts(provider), breaker)
    transfers = GuardedTransfers(ProviderTransfers(provider), breaker)
    return {
        "create": lambda: payments.create(amount=AMOUNT, reference="booking_1", idempotency_key="pay:1:1"),
        "retrieve": lambda: payments.retrieve("p1"),
        "cancel": lambda: payments.cancel("p1", idempotency_key="cancel:1:1"),
        "refund": lambda: payments.refund(charge_id="c1", amount=AMOUNT, idempotency_key="refund:1:1"),
        "retrieve refund": lambda: payments.retrieve_refund("r1"),
        "refunds of": lambda: payments.refunds_of("c1"),
        "retrieve chargeback": lambda: payments.retrieve_chargeback("d1"),
        "transfer": lambda: transfers.transfer(
            destination="a1", amount=AMOUNT, charge_id="c1", reference="booking_1", idempotency_key="transfer:1:1"
        ),
        "retrieve transfer": lambda: transfers.retrieve("t1"),
        "transfers of": lambda: transfers.of_reference("booking_1"),
        "reverse": lambda: transfers.reverse(transfer_id="t1", amount=AMOUNT, idempotency_key="rev:1:1"),
        "reversals of": lambda: transfers.reversals_of("t1"),
        "create account": lambda: accounts.create(country="BE", idempotency_key="acct:1"),
        "retrieve account": lambda: accounts.retrieve("a1"),
        "onboarding link": lambda: accounts.onboarding_link("a1", return_url="https://example.com"),
    }


EXPECTED = {
    "create": PAYMENT,
    "retrieve": PAYMENT,
    "cancel": PAYMENT,
    "refund": REFUND,
    "retrieve refund": REFUND,
    "refunds of": [REFUND],
    "retrieve chargeback": CHARGEBACK,
    "transfer": TRANSFER,
    "retrieve transfer": TRANSFER,
    "transfers of": [TRANSFER],
    "reverse": REVERSAL,
    "reversals of": [REVERSAL],
    "create account": ACCOUNT,
    "retrieve account": ACCOUNT,
    "onboarding link": "https://example.com",
}


@pytest.mark.parametrize("method", EXPECTED)
async def test_answers_of_the_payment_provider_pass_through(method: str) -> None:
    assert await _calls(Provider(), payments_breaker())[method]() == EXPECTED[method]


@pytest.mark.parametrize("method", EXPECTED)
async def test_a_silent_payment_provider_is_unavailable_and_then_left_alone(method: str) -> None:
    breaker = Breaker("payments", IMPATIENT)
    call = _calls(Provider(hangs=True), breaker)[method]
    for _ in range(3):
        with pytest.raises(PaymentsUnavailable):
            await call()
    with pytest.raises(CircuitOpen):
        await call()


async def test_refused_payments_never_open_the_breaker() -> None:
    breaker = payments_breaker()
    call = _calls(Provider(PaymentRefused()), breaker)["create"]
    for _ in range(10):
        with pytest.raises(PaymentRefused):
            await call()
    assert breaker.state is BreakerState.CLOSED


async def test_three_failures_of_payments_close_the_door_to_accounts_too() -> None:
    breaker = payments_breaker()
    calls = _calls(Provider(PaymentsUnavailable()), breaker)
    for _ in range(3):
        with pytest.raises(PaymentsUnavailable):
            await calls["retrieve"]()
    with pytest.raises(CircuitOpen):
        await calls["retrieve account"]()


async def test_a_silent_mail_provider_is_unavailable() -> None:
    mail = GuardedMail(ProviderMail(Provider(hangs=True)), Breaker("email", IMPATIENT))
    with pytest.raises(MailUnavailable):
        await mail.send(MAIL)


async def test_refused_mails_never_open_the_breaker_but_failures_do() -> None:
    provider, breaker = Provider(MailRefused()), email_breaker()
    mail = GuardedMail(ProviderMail(provider), breaker)
    for _ in range(10):
        with pytest.raises(MailRefused):
            await mail.send(MAIL)
    provider.error = MailUnavailable()
    for _ in range(5):
        with pytest.raises(MailUnavailable):
            await mail.send(MAIL)
    with pytest.raises(CircuitOpen):
        await mail.send(MAIL)
