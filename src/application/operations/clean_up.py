"""The nightly clean-up."""

from dataclasses import dataclass

from application.ports.clock import Clock
from application.ports.housekeeping import Housekeeping
from application.ports.idempotency_store import IdempotencyStore


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanUp:
    housekeeping: Housekeeping
    idempotency_store: IdempotencyStore
    clock: Clock

    async def execute(self) -> int:
        now = self.clock.now()
        return await self.housekeeping.clean_up(now=now) + await self.idempotency_store.purge(at=now)
