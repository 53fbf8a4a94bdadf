from dataclasses import dataclass

from application.ports.access_tokens import AccessTokens
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseDashboard:
    """Ends the session of a browser's token; with one that is no good there is nothing to end."""

    dashboard_tokens: AccessTokens
    unit_of_work: UnitOfWorkFactory
    clock: Clock

    async def execute(self, *, token: str) -> None:
        claims = self.dashboard_tokens.read(token, at=self.clock.now())
        if claims is not None:
            async with self.unit_of_work() as uow:
                await uow.sessions.revoke(claims.session_id, at=self.clock.now())
