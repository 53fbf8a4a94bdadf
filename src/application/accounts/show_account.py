from dataclasses import dataclass

from application.ports.account_queries import AccountQueries, AccountView
from domain.shared.actor import AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowAccount:
    """An account and its roles, for its holder. Raises AccountNotFound."""

    accounts: AccountQueries

    async def execute(self, *, account_id: AccountId) -> AccountView:
        return await self.accounts.me(account_id)
