"""Every call that we make to Stripe, and things there to make them with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from application.ports.payments import PaymentRefused, PaymentsUnavailable
from domain.shared.money import Money
from infrastructure.payments.stripe_books import StripeBooks
from infrastructure.payments.stripe_client import StripeCalls
from infrastructure.payments.stripe_connected_accounts import StripeConnectedAccounts
from infrastructure.payments.stripe_payments import StripePayments
from infrastructure.payments.stripe_transfers import StripeTransfers
from tests.support.builders import NOW
from tests.support.stripe_world import StripeWorld

TEN = Money(1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stripe:
    """All adapters at a Stripe where there is one thing of each kind."""

    calls: StripeCalls
    payment_id: str
    paid_id: str
    charge_id: str
    refund_id: str
    dispute_id: str
    account_id: str
    transfer_id: str

    @property
    def payments(self) -> StripePayments:
        return StripePayments(self.calls)

    @property
    def transfers(self) -> StripeTransfers:
        return StripeTransfers(self.calls)

    @property
    def accounts(self) -> StripeConnectedAccounts:
        return StripeConnectedAccounts(self.calls)


async def pay(stripe: Stripe) -> object:
    return await stripe.payments.create(amount=TEN, reference="booking_2", idempotency_key="pay:2:1")


async def cancel(stripe: Stripe) -> object:
    return await stripe.payments.cancel(stripe.payment_id, idempotency_key="cancel:1:1")


async def refund(stripe: Stripe) -> object:
    return await stripe.payments.refund(charge_id=stripe.charge_id, amount=TEN, idempotency_key="refund:1:2")


async def transfer(stripe: Stripe) -> object:
    return await stripe.transfers.transfer(
        destination=stripe.account_id,
        amount=TEN,
        charge_id=stripe.charge_id,
        reference="booking_1",
        idempotency_key="transfer:1:2",
    )


async def reverse(stripe: Stripe) -> object:
    return await stripe.transfers.reverse(transfer_id=stripe.transfer_id, amount=TEN, idempotency_key="rev:1:1")


async def open_account(stripe: Stripe) -> object:
    return await stripe.accounts.create(country="BE", idempotency_key="acct:2")


async def read_books(stripe: Stripe) -> object:
    books = StripeBooks(stripe.calls)
    return [line async for line in books.movements(since=NOW - timedelta(days=1), until=NOW + timedelta(days=1))]


Call = Callable[[Stripe], Awaitable[object]]
# What moves something, with the kind of thing that there is one more of afterwards.
MOVES: dict[str, tuple[Call, str]] = {
    "pay": (pay, "payment_intent"),
    "refund": (refund, "refund"),
    "transfer": (transfer, "transfer"),
    "reverse": (reverse, "transfer_reversal"),
    "open account": (open_account, "account"),
}
CALLS: dict[str, Call] = {
    **{name: call for name, (call, _) in MOVES.items()},
    "cancel": cancel,
    "read payment": lambda stripe: stripe.payments.retrieve(stripe.payment_id),
    "read refund": lambda stripe: stripe.payments.retrieve_refund(stripe.refund_id),
    "list refunds": lambda stripe: stripe.payments.refunds_of(stripe.charge_id),
    "read chargeback": lambda stripe: stripe.payments.retrieve_chargeback(stripe.dispute_id),
    "read transfer": lambda stripe: stripe.transfers.retrieve(stripe.transfer_id),
    "list transfers": lambda stripe: stripe.transfers.of_reference("booking_1"),
    "list reversals": lambda stripe: stripe.transfers.reversals_of(stripe.transfer_id),
    "read account": lambda stripe: stripe.accounts.retrieve(stripe.account_id),
    "onboard": lambda stripe: stripe.accounts.onboarding_link(stripe.account_id, return_url="https://tailtribe.test"),
    "read books": read_books,
    "check": lambda stripe: stripe.calls.check(),
}


def in_the_middle(world: StripeWorld, calls: StripeCalls) -> Stripe:
    """A payment is open; another is paid, partly refunded, paid out and charged back."""
    asked = {"amount": "4000", "currency": "eur", "transfer_group": "booking_1"}
    waiting, paid = (world.create_payment(asked) for _ in range(2))
    charge_id = world.pay(paid["id"])["latest_charge"]
    account = world.create_account({"country": "BE"})
    world.complete(account["id"])
    moved = {"destination": account["id"], "source_transaction": charge_id}
    return Stripe(
        calls=calls,
        payment_id=waiting["id"],
        paid_id=paid["id"],
        charge_id=charge_id,
        refund_id=world.create_refund({"charge": charge_id, "amount": "100"})["id"],
        dispute_id=world.dispute(charge_id),
        account_id=account["id"],
        transfer_id=world.create_transfer({**asked, **moved, "amount": "2000"})["id"],
    )


async def told(call: Call, stripe: Stripe) -> type[BaseException] | None:
    """The kind of error, if there is one."""
    try:
        await call(stripe)
    except (PaymentsUnavailable, PaymentRefused) as error:
        return type(error)
    return None
