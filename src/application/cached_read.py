"""A public read as a thing: what is asked, under which key it is remembered, and how to answer it again."""

from collections.abc import Callable
from dataclasses import dataclass

from application.ports.cache import ABSENT, Cache, CachedValue, Loader


def _as_it_is() -> bytes:
    return ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedRead:
    """The same for everybody who asks the same; may be kept and answered any number of times.

    `load` returns an EncodedAnswer's bytes, or ABSENT for what does not exist; then `if_absent` says what is answered
    instead, or raises. What is not `remembered` is loaded each time: it is asked for in too many ways.
    """

    cache: Cache
    key: str
    load: Loader
    ttl_seconds: float
    tags: frozenset[str]
    if_absent: Callable[[], bytes] = _as_it_is
    remembered: bool = True

    def at_hand(self) -> CachedValue | None:
        """The answer, if this process may give it at once to a caller who need not see his own last write."""
        return self.cache.peek(self.key)

    async def beside(self) -> CachedValue | None:
        """The same of what all processes share."""
        return await self.cache.glance(self.key, self.tags)

    async def answer(self, *, fresh: bool = False) -> CachedValue:
        """With `fresh` no older than any write acknowledged before. Raises what loading raises, and `if_absent`."""
        if self.remembered:
            found = await self.cache.get_or_load(
                self.key, self.load, ttl_seconds=self.ttl_seconds, tags=self.tags, fresh=fresh
            )
        else:
            found = await self.cache.load(self.key, self.load)
        return found if found.value != ABSENT else CachedValue(self.if_absent(), found.outcome)
