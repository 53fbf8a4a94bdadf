"""All who read in one turn of the event loop share one MGET."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from application.deadline import deadline_in

MOST_KEYS = 512

Found = dict[str, bytes | None]


class CoalescedReads:
    """`fetch` answers what is stored under the keys, or None when the store is away.

    Nobody is answered from a fetch that was sent before he asked. A caller who leaves takes nobody with him.
    """

    def __init__(self, fetch: Callable[[Sequence[str]], Awaitable[Sequence[bytes | None] | None]]) -> None:
        self._fetch = fetch
        self._waiting: dict[str, None] = {}
        self._batch: asyncio.Task[Found | None] | None = None

    async def read(self, keys: Sequence[str]) -> Found | None:
        if self._batch is None or len(self._waiting) + len(keys) > MOST_KEYS:
            self._waiting = {}
            # The first to ask must not have his deadline become everybody's.
            with deadline_in(None):
                self._batch = asyncio.create_task(self._serve(self._waiting))
        self._waiting.update(dict.fromkeys(keys))
        batch = self._batch
        try:
            return await asyncio.shield(batch)
        except asyncio.CancelledError:
            caller = asyncio.current_task()
            if batch.cancelled() and (caller is None or not caller.cancelling()):
                return None
            raise

    async def _serve(self, waiting: dict[str, None]) -> Found | None:
        # This task begins after everybody who was ready in this turn.
        if waiting is self._waiting:
            self._batch = None
        keys = list(waiting)
        found = await self._fetch(keys)
        return None if found is None else dict(zip(keys, found, strict=True))
