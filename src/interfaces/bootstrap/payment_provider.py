"""Stripe for everything about payments, when there is a key; otherwise it is the sandbox."""

from dataclasses import dataclass

from application.ports.clock import Clock
from application.ports.connected_accounts import ConnectedAccounts
from application.ports.payment_notices import PaymentNotices
from application.ports.payments import Payments
from application.ports.provider_books import ProviderBooks
from application.ports.transfers import Transfers
from interfaces.bootstrap.outside import Close
from interfaces.bootstrap.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class StripeAdapters:
    """Bare: the breaker comes around them. `name` is the provider's, as kept with payments."""

    name: str
    payments: Payments
    transfers: Transfers
    connected_accounts: ConnectedAccounts
    books: ProviderBooks
    notices: PaymentNotices
    close: Close


def choose_stripe(settings: Settings, clock: Clock) -> StripeAdapters | None:
    if not settings.stripe_secret_key:
        return None
    # Stripe's library takes memory and a part of the start's time: only who uses it pays.
    from infrastructure.payments.stripe_books import StripeBooks
    from infrastructure.payments.stripe_client import StripeCalls
    from infrastructure.payments.stripe_connected_accounts import StripeConnectedAccounts
    from infrastructure.payments.stripe_notices import StripeNotices
    from infrastructure.payments.stripe_payments import PROVIDER, StripePayments
    from infrastructure.payments.stripe_transfers import StripeTransfers

    calls = StripeCalls(settings.stripe_secret_key, api_base=settings.stripe_api_base)
    return StripeAdapters(
        name=PROVIDER,
        payments=StripePayments(calls),
        transfers=StripeTransfers(calls),
        connected_accounts=StripeConnectedAccounts(calls),
        books=StripeBooks(calls),
        notices=StripeNotices(settings.stripe_webhook_secrets, is_live=settings.stripe_is_live, clock=clock),
        close=calls.close,
    )
