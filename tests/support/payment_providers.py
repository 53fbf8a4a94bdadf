"""Every provider of payments that a contract is held against: the sandbox, bare and guarded, on both databases, and
Stripe, which a fault server plays."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from application.ports.connected_accounts import ConnectedAccounts
from application.ports.payments import Payments, ProviderPayment, ProviderRefund
from application.ports.provider_books import ProviderBooks
from application.ports.sandbox_bank import SandboxBank
from application.ports.transfers import ProviderTransfer, Transfers
from domain.shared.money import Money
from infrastructure.payments.sandbox_accounts import SandboxConnectedAccounts
from infrastructure.payments.sandbox_books import SandboxBooks
from infrastructure.payments.sandbox_payments import SandboxPayments
from infrastructure.payments.sandbox_transfers import SandboxTransfers
from infrastructure.payments.stripe_books import StripeBooks
from infrastructure.payments.stripe_client import StripeCalls
from infrastructure.payments.stripe_connected_accounts import StripeConnectedAccounts
from infrastructure.payments.stripe_payments import StripePayments
from infrastructure.payments.stripe_transfers import StripeTransfers
from infrastructure.resilience.guarded_connected_accounts import GuardedConnectedAccounts
from infrastructure.resilience.guarded_payments import GuardedPayments, payments_breaker
from infrastructure.resilience.guarded_transfers import GuardedTransfers
from tests.support.fault_server import FaultServer
from tests.support.stores import Store
from tests.support.stripe_banks import PlayedBank
from tests.support.stripe_requests import CheckedTransport
from tests.support.stripe_world import StripeWorld

REFERENCE = "booking_1"
TWENTY = Money(2000)
SANDBOXES = ["sqlite_store", "postgres_store", "sqlite_store guarded"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """The adapters of one provider, and the bank behind it that makes money move. It is NOW there."""

    payments: Payments
    transfers: Transfers
    accounts: ConnectedAccounts
    books: ProviderBooks
    bank: SandboxBank
    world: StripeWorld | None = None

    async def opened(self, *, key: str = "pay:1:1", amount: Money = TWENTY) -> ProviderPayment:
        return await self.payments.create(amount=amount, reference=REFERENCE, idempotency_key=key)

    async def charged(self, *, key: str = "pay:1:1", amount: Money = TWENTY) -> str:
        paid = await self.bank.pay((await self.opened(key=key, amount=amount)).id)
        assert paid.charge_id is not None
        return paid.charge_id

    async def refund(self, charge_id: str, cents: int, key: str) -> ProviderRefund:
        return await self.payments.refund(charge_id=charge_id, amount=Money(cents), idempotency_key=key)

    async def receiver(self, *, key: str = "acct:1") -> str:
        """An account that can receive transfers."""
        account = await self.accounts.create(country="BE", idempotency_key=key)
        if self.world is not None:
            self.world.complete(account.id)
        return account.id

    async def transfer(
        self, charge_id: str, cents: int, key: str, *, to: str, reference: str = REFERENCE
    ) -> ProviderTransfer:
        return await self.transfers.transfer(
            destination=to, amount=Money(cents), charge_id=charge_id, reference=reference, idempotency_key=key
        )


def sandbox_provider(store: Store, *, is_guarded: bool) -> Provider:
    given = {"clock": store.clock, "ids": store.ids}
    payments, breaker = SandboxPayments(store.database, **given), payments_breaker()
    transfers = SandboxTransfers(store.database, **given)
    accounts = SandboxConnectedAccounts(store.database, **given)
    return Provider(
        payments=GuardedPayments(payments, breaker) if is_guarded else payments,
        transfers=GuardedTransfers(transfers, breaker) if is_guarded else transfers,
        accounts=GuardedConnectedAccounts(accounts, breaker) if is_guarded else accounts,
        books=SandboxBooks(store.database, **given),
        bank=payments,
    )


@pytest.fixture
async def played_stripe() -> AsyncIterator[Provider]:
    with FaultServer() as server:
        server.always = world = StripeWorld()
        calls = StripeCalls("sk_test_1", api_base=server.url, transport=CheckedTransport())
        payments = StripePayments(calls)
        yield Provider(
            payments=payments,
            transfers=StripeTransfers(calls),
            accounts=StripeConnectedAccounts(calls),
            books=StripeBooks(calls),
            bank=PlayedBank(world, payments),
            world=world,
        )
        await calls.close()


@pytest.fixture(params=[*SANDBOXES, "played_stripe"])
def provider(request: pytest.FixtureRequest) -> Provider:
    name, _, guarded = request.param.partition(" ")
    found: Provider | Store = request.getfixturevalue(name)
    return found if isinstance(found, Provider) else sandbox_provider(found, is_guarded=bool(guarded))
