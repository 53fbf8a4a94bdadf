"""Connected accounts at Stripe: caregivers give their papers to Stripe and see their money in its Express dashboard."""

from msgspec import Struct, convert

from application.ports.connected_accounts import ConnectedAccount, ConnectedAccounts
from infrastructure.payments.stripe_client import Answer, StripeCalls, keyed

# The platform bears fees and losses.
CONTROLLER = {
    "fees": {"payer": "application"},
    "losses": {"payments": "application"},
    "requirement_collection": "stripe",
    "stripe_dashboard": {"type": "express"},
}


class StripeConnectedAccounts(ConnectedAccounts):
    def __init__(self, stripe: StripeCalls) -> None:
        self._stripe = stripe

    async def create(self, *, country: str, idempotency_key: str) -> ConnectedAccount:
        asked = {
            "controller": CONTROLLER,
            "capabilities": {"transfers": {"requested": True}},
            "country": country,
            "metadata": {"key": idempotency_key},
        }
        return await self._stripe.ask(lambda v1: v1.accounts.create_async(asked, keyed(idempotency_key)), _account)

    async def retrieve(self, account_id: str) -> ConnectedAccount:
        return await self._stripe.ask(lambda v1: v1.accounts.retrieve_async(account_id), _account)

    async def onboarding_link(self, account_id: str, *, return_url: str) -> str:
        asked = {
            "account": account_id,
            "type": "account_onboarding",
            "return_url": return_url,
            # Whom a link no longer serves comes back, too, and asks for another.
            "refresh_url": return_url,
        }
        return await self._stripe.ask(lambda v1: v1.account_links.create_async(asked), _address)


class _Capabilities(Struct):
    transfers: str | None = None


class _Account(Struct):
    id: str
    payouts_enabled: bool
    capabilities: _Capabilities | None = None


class _Link(Struct):
    url: str


def _account(answer: Answer) -> ConnectedAccount:
    account = convert(answer, _Account)
    takes_transfers = account.capabilities is not None and account.capabilities.transfers == "active"
    return ConnectedAccount(id=account.id, can_receive_transfers=takes_transfers and account.payouts_enabled)


def _address(answer: Answer) -> str:
    return convert(answer, _Link).url
