from dataclasses import dataclass

from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.accounts.session import hash_of_refresh_token


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOut:
    """Ends the session of a refresh token, used or not. An unknown token is no error: its session is over anyway."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    async def execute(self, *, refresh_token: str) -> None:
        async with self.unit_of_work() as uow:
            session = await uow.sessions.of_refresh_token(hash_of_refresh_token(refresh_token))
            if session is not None:
                await uow.sessions.revoke(session.id, at=self.clock.now())
