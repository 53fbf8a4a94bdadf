"""The nightly clean-up."""

from dataclasses import dataclass

from application.ports.clock import Clock
from application.ports.housekeeping import Housekeeping


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanUp:
    housekeeping: Housekeeping
    clock: Clock

    async def execute(self) -> int:
        return await self.housekeeping.clean_up(now=self.clock.now())
