"""Connected accounts behind the breaker of payments: they are the same provider."""

from application.ports.connected_accounts import ConnectedAccount, ConnectedAccounts
from infrastructure.resilience.breaker import Breaker
from infrastructure.resilience.guarded_payments import call_provider


class GuardedConnectedAccounts(ConnectedAccounts):
    """The connected accounts of another adapter, through `breaker`. Raises CircuitOpen as GuardedPayments does."""

    def __init__(self, accounts: ConnectedAccounts, breaker: Breaker) -> None:
        self._accounts = accounts
        self._breaker = breaker

    async def create(self, *, country: str, idempotency_key: str) -> ConnectedAccount:
        return await call_provider(
            self._breaker,
            lambda: self._accounts.create(country=country, idempotency_key=idempotency_key),
        )

    async def retrieve(self, account_id: str) -> ConnectedAccount:
        return await call_provider(self._breaker, lambda: self._accounts.retrieve(account_id))

    async def onboarding_link(self, account_id: str, *, return_url: str) -> str:
        return await call_provider(
            self._breaker,
            lambda: self._accounts.onboarding_link(account_id, return_url=return_url),
            idempotent=False,
        )
