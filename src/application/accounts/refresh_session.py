from dataclasses import dataclass
from datetime import datetime

from application.accounts.sign_in_tokens import SignInTokens, tokens_for
from application.ports.access_tokens import AccessTokens
from application.ports.clock import Clock
from application.ports.session_repository import RefreshTokenState
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.accounts.session import RefreshToken, hash_of_refresh_token, looks_like_refresh_token
from domain.accounts.sign_in import RefreshTokenInvalid


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshSession:
    """Exchanges a refresh token for new tokens. One that was exchanged before ends the whole session: it was copied.

    Raises RefreshTokenInvalid or AccountSuspended.
    """

    unit_of_work: UnitOfWorkFactory
    access_tokens: AccessTokens
    clock: Clock

    async def execute(self, *, refresh_token: str) -> SignInTokens:
        if not looks_like_refresh_token(refresh_token):
            raise RefreshTokenInvalid
        # The refusal is raised after the block, so that ending the session is kept.
        async with self.unit_of_work() as uow:
            tokens = await self._exchange(uow, hash_of_refresh_token(refresh_token), self.clock.now())
        if tokens is None:
            raise RefreshTokenInvalid
        return tokens

    async def _exchange(self, uow: UnitOfWork, token_hash: bytes, now: datetime) -> SignInTokens | None:
        session = await uow.sessions.of_refresh_token(token_hash)
        if session is None or session.revoked_at is not None:
            return None
        (await uow.accounts.get(session.account_id)).require_not_suspended()
        record, text = RefreshToken.issue(session_id=session.id, at=now)
        state = await uow.sessions.rotate(token_hash, record, at=now)
        if state is RefreshTokenState.REUSED:
            await uow.sessions.revoke(session.id, at=now)
        if state is not RefreshTokenState.EXCHANGED:
            return None
        return tokens_for(session, refresh_token=text, access_tokens=self.access_tokens, at=now)
