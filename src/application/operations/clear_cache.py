"""An admin makes the cache forget."""

from collections.abc import Sequence
from dataclasses import dataclass

from application.ports.cache import Cache
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.shared.actor import Actor, require_admin


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearCache:
    """For when something is shown that is not true: what a write forgets by itself needs nobody."""

    cache: Cache
    unit_of_work: UnitOfWorkFactory

    async def execute(self, *, admin: Actor, tags: Sequence[str] = ()) -> None:
        """Everything, or what was stored under one of the tags. Recorded first: an act without a trace is worse than a
        trace without an act."""
        require_admin(admin)
        async with self.unit_of_work() as uow:
            await uow.audit.record(
                admin_id=admin.account_id, action="cache.clear", subject_id=None, reason=", ".join(tags) or "everything"
            )
        if tags:
            await self.cache.invalidate(tags)
        else:
            await self.cache.clear()
