"""A sign-in on one device, and the chain of refresh tokens that keeps it alive."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NewType, Self
from uuid import UUID

from domain.shared.actor import AccountId

SessionId = NewType("SessionId", UUID)

ACCESS_TOKEN_LIFETIME = timedelta(minutes=15)
# A browser that shows the dashboard through the night.
DASHBOARD_TOKEN_LIFETIME = timedelta(hours=12)
REFRESH_TOKEN_LIFETIME = timedelta(days=30)

_REFRESH_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(slots=True, kw_only=True)
class Session:
    """One sign-in: the family of all refresh tokens that descend from it. Revoked, none of them works any more."""

    id: SessionId
    account_id: AccountId
    created_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """What is stored of a refresh token: a hash, from which the token cannot be computed."""

    token_hash: bytes
    session_id: SessionId
    issued_at: datetime
    expires_at: datetime

    @classmethod
    def issue(cls, *, session_id: SessionId, at: datetime) -> tuple[Self, str]:
        """A new token of 32 random bytes: its record, and its text for the client."""
        text = secrets.token_urlsafe(32)
        record = cls(
            token_hash=hash_of_refresh_token(text),
            session_id=session_id,
            issued_at=at,
            expires_at=at + REFRESH_TOKEN_LIFETIME,
        )
        return record, text


def hash_of_refresh_token(text: str) -> bytes:
    """SHA-256 of the token; random as it is, it needs no slow hash."""
    return hashlib.sha256(text.encode()).digest()


def looks_like_refresh_token(text: str) -> bool:
    return _REFRESH_TOKEN.fullmatch(text) is not None
