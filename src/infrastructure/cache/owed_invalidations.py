"""Invalidations that Redis is not known to have taken."""

from collections import Counter
from collections.abc import Collection
from uuid import UUID, uuid4

from infrastructure.cache.invalidation import Invalidation

MOST_OWED = 5_000
_EVERYTHING = ""


class OwedInvalidations:
    """When there are too many, one of everything takes their place."""

    def __init__(self) -> None:
        self._owed: dict[UUID, tuple[Invalidation, float]] = {}
        self._tags = Counter[str]()

    def add(self, invalidation: Invalidation, *, due: float) -> None:
        """Again: it is due then."""
        self.discard(invalidation.id)
        if len(self._owed) >= MOST_OWED:
            self._owed.clear()
            self._tags.clear()
            invalidation = Invalidation(uuid4(), None)
        self._owed[invalidation.id] = invalidation, due
        self._tags.update(_names(invalidation))

    def discard(self, invalidation_id: UUID) -> None:
        found = self._owed.pop(invalidation_id, None)
        if found is None:
            return
        # Not by `-=`, which walks through all that there are.
        for name in _names(found[0]):
            self._tags[name] -= 1
            if not self._tags[name]:
                del self._tags[name]

    def touch(self, tags: Collection[str]) -> bool:
        return bool(self._tags) and (_EVERYTHING in self._tags or any(tag in self._tags for tag in tags))

    def due(self, now: float) -> list[Invalidation]:
        return [invalidation for invalidation, due in self._owed.values() if due <= now]

    def next_due(self) -> float | None:
        return min((due for _, due in self._owed.values()), default=None)


def _names(invalidation: Invalidation) -> Collection[str]:
    return (_EVERYTHING,) if invalidation.tags is None else invalidation.tags
