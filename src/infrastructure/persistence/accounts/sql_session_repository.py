"""Sessions and refresh tokens in SQL."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from application.ports.session_repository import RefreshTokenState, SessionRepository
from domain.accounts.session import RefreshToken, Session, SessionId
from domain.shared.actor import AccountId
from infrastructure.persistence.accounts.account_tables import refresh_tokens, sessions
from infrastructure.persistence.transaction import Transaction


class SqlSessionRepository(SessionRepository):
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, session: Session, refresh_token: RefreshToken) -> None:
        await self._transaction.execute(
            sessions.insert().values(
                id=session.id,
                account_id=session.account_id,
                created_at=session.created_at,
                revoked_at=session.revoked_at,
            )
        )
        await self._transaction.execute(refresh_tokens.insert().values(**_to_row(refresh_token)))

    async def of_refresh_token(self, token_hash: bytes) -> Session | None:
        row = await self._transaction.first(
            select(sessions)
            .join(refresh_tokens, refresh_tokens.c.session_id == sessions.c.id)
            .where(refresh_tokens.c.token_hash == token_hash)
        )
        if row is None:
            return None
        return Session(id=row.id, account_id=row.account_id, created_at=row.created_at, revoked_at=row.revoked_at)

    async def rotate(self, token_hash: bytes, replacement: RefreshToken, *, at: datetime) -> RefreshTokenState:
        # The condition is judged by the database on the locked row: of two at once the second sees it used.
        exchanged = await self._transaction.execute(
            refresh_tokens.update()
            .where(
                refresh_tokens.c.token_hash == token_hash,
                refresh_tokens.c.session_id == replacement.session_id,
                refresh_tokens.c.used_at.is_(None),
                refresh_tokens.c.expires_at > at,
            )
            .values(used_at=at)
        )
        if exchanged.rowcount == 1:
            await self._transaction.execute(refresh_tokens.insert().values(**_to_row(replacement)))
            return RefreshTokenState.EXCHANGED
        presented = await self._transaction.first(
            select(refresh_tokens.c.used_at).where(refresh_tokens.c.token_hash == token_hash)
        )
        used = presented is not None and presented.used_at is not None
        return RefreshTokenState.REUSED if used else RefreshTokenState.INVALID

    async def revoke(self, session_id: SessionId, *, at: datetime) -> None:
        await self._transaction.execute(
            sessions.update().where(sessions.c.id == session_id, sessions.c.revoked_at.is_(None)).values(revoked_at=at)
        )

    async def revoke_all(self, account_id: AccountId, *, at: datetime, keep: SessionId | None = None) -> None:
        doomed = sessions.update().where(sessions.c.account_id == account_id, sessions.c.revoked_at.is_(None))
        if keep is not None:
            doomed = doomed.where(sessions.c.id != keep)
        await self._transaction.execute(doomed.values(revoked_at=at))


def _to_row(token: RefreshToken) -> dict[str, Any]:
    return {
        "token_hash": token.token_hash,
        "session_id": token.session_id,
        "issued_at": token.issued_at,
        "expires_at": token.expires_at,
        "used_at": None,
    }
