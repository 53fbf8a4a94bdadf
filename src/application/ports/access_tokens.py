"""Short-lived proof of a sign-in, carried by every request."""

from abc import abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.accounts.session import SessionId
from domain.shared.actor import AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessClaims:
    account_id: AccountId
    session_id: SessionId


class AccessTokens(Protocol):
    """Issues and reads access tokens.

    Promises, checked by `tests/unit/infrastructure/test_tokens.py`: only what this installation issued reads back, and
    only before it expires (`ACCESS_TOKEN_LIFETIME`); whatever else reads as None and raises nothing. Whether the
    session is still alive, a token does not say.
    """

    @abstractmethod
    def issue(self, claims: AccessClaims, *, at: datetime) -> str: ...

    @abstractmethod
    def read(self, token: str, *, at: datetime) -> AccessClaims | None: ...
