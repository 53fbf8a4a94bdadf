"""Admins sign in to the dashboard with a browser, which keeps a token in a cookie."""

from dataclasses import dataclass

from application.ports.access_tokens import AccessTokens
from application.ports.account_queries import AccountQueries
from application.ports.clock import Clock
from domain.accounts.session import SessionId
from domain.accounts.sign_in import AccessTokenInvalid
from domain.shared.actor import Actor
from domain.shared.errors import NotAllowed


class AdminsOnlyHere(NotAllowed):
    title = "Only admins may look behind this door"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDashboard:
    """From a fresh sign-in to a token that is good for a night, and only while the session lives.

    Raises AdminsOnlyHere or AccessTokenInvalid.
    """

    access_tokens: AccessTokens
    dashboard_tokens: AccessTokens
    account_queries: AccountQueries
    clock: Clock

    async def execute(self, *, access_token: str) -> str:
        now = self.clock.now()
        claims = self.access_tokens.read(access_token, at=now)
        if claims is None:
            raise AccessTokenInvalid
        actor = await self.account_queries.signed_in(claims.session_id, claims.account_id)
        if actor is None or not actor.is_admin:
            raise AdminsOnlyHere
        return self.dashboard_tokens.issue(claims, at=now)


@dataclass(frozen=True, slots=True)
class Visitor:
    admin: Actor
    session_id: SessionId


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardVisitor:
    """Who a browser's token stands for: an admin whose session lives, or nobody."""

    dashboard_tokens: AccessTokens
    account_queries: AccountQueries
    clock: Clock

    async def execute(self, *, token: str) -> Visitor | None:
        claims = self.dashboard_tokens.read(token, at=self.clock.now())
        if claims is None:
            return None
        actor = await self.account_queries.signed_in(claims.session_id, claims.account_id)
        return Visitor(actor, claims.session_id) if actor is not None and actor.is_admin else None
