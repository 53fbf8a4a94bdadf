"""Sessions and their refresh tokens, inside a unit of work."""

from abc import abstractmethod
from datetime import datetime
from enum import Enum, auto
from typing import Protocol

from domain.accounts.session import RefreshToken, Session, SessionId
from domain.shared.actor import AccountId


class RefreshTokenState(Enum):
    """What a presented refresh token turned out to be. REUSED: it was exchanged before, so somebody has a copy."""

    EXCHANGED = auto()
    REUSED = auto()
    INVALID = auto()


class SessionRepository(Protocol):
    """Keeps sessions and hashes of refresh tokens."""

    @abstractmethod
    async def add(self, session: Session, refresh_token: RefreshToken) -> None: ...

    @abstractmethod
    async def of_refresh_token(self, token_hash: bytes) -> Session | None:
        """The session that the token belongs to, alive or not."""
        ...

    @abstractmethod
    async def rotate(self, token_hash: bytes, replacement: RefreshToken, *, at: datetime) -> RefreshTokenState:
        """Exchanges a token for `replacement`: of any number of concurrent calls one is EXCHANGED, the others REUSED.

        INVALID when it is unknown or has expired. Whether the session is alive is the caller's to check.
        """
        ...

    @abstractmethod
    async def revoke(self, session_id: SessionId, *, at: datetime) -> None:
        """Ends a session. Doing it again is harmless."""
        ...

    @abstractmethod
    async def revoke_all(self, account_id: AccountId, *, at: datetime, keep: SessionId | None = None) -> None:
        """Ends every session of an account but `keep`."""
        ...
