"""What requests and pages show of accounts."""

from abc import abstractmethod
from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from msgspec import Struct

from domain.accounts.session import SessionId
from domain.shared.actor import AccountId, Actor
from domain.shared.languages import Language


class Role(StrEnum):
    OWNER = "owner"
    CAREGIVER = "caregiver"
    ADMIN = "admin"


class AccountView(Struct, frozen=True, kw_only=True, rename="camel"):
    """An account as its holder sees it."""

    id: UUID
    email: str
    first_name: str
    last_name: str
    language: Language
    phone: str | None
    address: str | None
    email_verified: bool
    roles: list[Role]
    caregiver_id: UUID | None
    created_at: datetime


class AccountQueries(Protocol):
    """Reads of accounts without a transaction."""

    @abstractmethod
    async def signed_in(self, session_id: SessionId, account_id: AccountId) -> Actor | None:
        """Who acts in a session; None when it ended or the account is suspended. One query: every request asks."""
        ...

    @abstractmethod
    async def admins_among(self, session_ids: Collection[SessionId]) -> Collection[SessionId]:
        """Those of the sessions that live and are an admin's who is not suspended. One query for all of them."""
        ...

    @abstractmethod
    async def me(self, account_id: AccountId) -> AccountView:
        """Raises AccountNotFound."""
        ...
