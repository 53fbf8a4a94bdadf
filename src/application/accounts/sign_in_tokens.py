"""What a client gets when it signs in or refreshes."""

from dataclasses import dataclass
from datetime import datetime

from application.ports.access_tokens import AccessClaims, AccessTokens
from domain.accounts.session import ACCESS_TOKEN_LIFETIME, Session


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInTokens:
    access_token: str
    refresh_token: str
    expires_in_seconds: int


def tokens_for(session: Session, *, refresh_token: str, access_tokens: AccessTokens, at: datetime) -> SignInTokens:
    claims = AccessClaims(account_id=session.account_id, session_id=session.id)
    return SignInTokens(
        access_token=access_tokens.issue(claims, at=at),
        refresh_token=refresh_token,
        expires_in_seconds=int(ACCESS_TOKEN_LIFETIME.total_seconds()),
    )
