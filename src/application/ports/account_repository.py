"""Accounts and the links mailed to their holders, inside a unit of work."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol

from domain.accounts.account import Account
from domain.accounts.one_time_tokens import OneTimeToken, OneTimeTokenId
from domain.shared.actor import AccountId
from domain.shared.errors import Conflict


class EmailTaken(Conflict):
    title = "There is an account with this e-mail address already"


class AccountRepository(Protocol):
    """Keeps accounts and one-time tokens. Whoever reads an account here holds it until the unit of work ends."""

    @abstractmethod
    async def get(self, account_id: AccountId) -> Account:
        """Raises AccountNotFound."""
        ...

    @abstractmethod
    async def by_email(self, email: str) -> Account | None:
        """The account under a normalised address."""
        ...

    @abstractmethod
    async def add(self, account: Account) -> None:
        """Raises EmailTaken, also when two are added at once."""
        ...

    @abstractmethod
    async def save(self, account: Account) -> None:
        """Raises StaleVersion when somebody else saved it since it was read."""
        ...

    @abstractmethod
    async def add_one_time_token(self, token: OneTimeToken) -> None: ...

    @abstractmethod
    async def one_time_token(self, token_id: OneTimeTokenId) -> OneTimeToken:
        """Raises TokenNotUsable when there is none."""
        ...

    @abstractmethod
    async def use_one_time_token(self, token_id: OneTimeTokenId, *, at: datetime) -> None:
        """Of any number of concurrent calls exactly one succeeds; the others raise TokenNotUsable.

        Other tokens of the same account and purpose are used up with it.
        """
        ...
