"""Access tokens as JWT (RFC 9068 in spirit), signed with HS256."""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid4

import jwt

from application.ports.access_tokens import AccessClaims, AccessTokens
from domain.accounts.session import ACCESS_TOKEN_LIFETIME, SessionId
from domain.shared.actor import AccountId
from infrastructure.tokens.derived_keys import derived_key

_ISSUER = "tailtribe"
_AUDIENCE = "tailtribe-api"
_MAX_LENGTH = 2048
_TOKENS_REMEMBERED = 1_024


class JwtAccessTokens(AccessTokens):
    """Expiry is judged by the instant given, not by the machine's clock, so that tests can set it. Tokens for one
    purpose are none for another. A token that was found to be ours is not taken apart again: each request brings it.
    """

    def __init__(
        self, secret_key: str, *, purpose: str = "access-tokens", lifetime: timedelta = ACCESS_TOKEN_LIFETIME
    ) -> None:
        self._key = derived_key(secret_key, purpose)
        self._lifetime = lifetime
        # What raises is not remembered: made-up tokens leave nothing behind.
        self._proven = lru_cache(maxsize=_TOKENS_REMEMBERED)(self._prove)

    def issue(self, claims: AccessClaims, *, at: datetime) -> str:
        issued_at = int(at.timestamp())
        payload = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": str(claims.account_id),
            "sid": str(claims.session_id),
            "jti": uuid4().hex,
            "iat": issued_at,
            "exp": issued_at + int(self._lifetime.total_seconds()),
        }
        return jwt.encode(payload, self._key, algorithm="HS256")  # pyright: ignore[reportUnknownMemberType]

    def read(self, token: str, *, at: datetime) -> AccessClaims | None:
        if len(token) > _MAX_LENGTH:
            return None
        try:
            claims, expires_at = self._proven(token)
        except (jwt.InvalidTokenError, ValueError, TypeError):
            return None
        return claims if at.timestamp() < expires_at else None

    def _prove(self, token: str) -> tuple[AccessClaims, int]:
        """What it says, and until when. Raises when it is none of ours."""
        payload = self._payload(token)
        account_id, session_id = AccountId(UUID(payload["sub"])), SessionId(UUID(payload["sid"]))
        return AccessClaims(account_id=account_id, session_id=session_id), int(payload["exp"])

    def _payload(self, token: str) -> dict[str, Any]:
        return jwt.decode(  # pyright: ignore[reportUnknownMemberType]
            token,
            self._key,
            algorithms=["HS256"],
            issuer=_ISSUER,
            audience=_AUDIENCE,
            options={
                "require": ["iss", "aud", "sub", "sid", "iat", "exp", "jti"],
                "verify_exp": False,
                "verify_iat": False,
            },
        )
