"""The level in this process: bounded, and a dictionary away."""

import math
import random
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass

from application.ports.cache import CachedValue, CacheOutcome

ENTRY_OVERHEAD_BYTES = 700
# With the set of keys that a tag has when it is that of one entry alone, as those of hostile questions are.
TAG_OVERHEAD_BYTES = 400
# So long after its time a value may stand in for a loader that fails.
STALE_SECONDS = 600.0
# 20 times the load before the end the chance of an early refresh is below one in a hundred million.
EARLIEST_REFRESH = 20.0


@dataclass(slots=True, eq=False)
class Entry:
    """A value as it is answered, the words in Redis (`marks`) it was loaded under, and when it is to be loaded again.

    `era` is that of the level when it came: one of an earlier era may have become untrue unheard.
    """

    answer: CachedValue
    tags: frozenset[str]
    marks: bytes | None
    expires_at: float
    load_seconds: float
    size: int
    era: int
    rest_until: float = 0.0

    def may_be_refreshed(self, now: float) -> bool:
        return now >= self.expires_at - EARLIEST_REFRESH * self.load_seconds

    def is_refresh_due(self, now: float) -> bool:
        """Early for some and late for most, the earlier the longer a load takes (XFetch with beta 1, Vattani et al.,
        VLDB 2015): of many who ask, one loads before everybody has to wait."""
        if not self.may_be_refreshed(now):
            return False
        return now - self.load_seconds * math.log(1 - random.random()) >= self.expires_at

    def has_other_marks(self, marks: bytes) -> bool:
        """Whether it was loaded under other marks than these, which are those in Redis now."""
        return self.marks not in (None, marks)

    def stale(self) -> CachedValue:
        return CachedValue(self.answer.value, CacheOutcome.STALE)


class MemoryLevel:
    """Bounded by entries and by bytes; the entry that was not asked for the longest goes first.

    What has run out, or come into doubt, stays as a stand-in until its place is needed. What was dropped is gone.
    """

    def __init__(self, *, max_entries: int = 10_000, max_bytes: int = 64 * 1024 * 1024) -> None:
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._keys_by_tag: dict[str, set[str]] = {}
        self._bytes = 0
        self._era = 0

    def true(self, key: str, now: float) -> Entry | None:
        """The entry, while it may be answered as a hit."""
        entry = self._entries.get(key)
        if entry is None or entry.era != self._era or entry.expires_at <= now:
            return None
        self._entries.move_to_end(key)
        return entry

    def stand_in(self, key: str, now: float) -> Entry | None:
        """The entry, be it run out or in doubt."""
        entry = self._entries.get(key)
        return None if entry is None or entry.expires_at + STALE_SECONDS <= now else entry

    def is_doubtful(self, entry: Entry) -> bool:
        return entry.era != self._era

    def put(
        self,
        key: str,
        value: bytes,
        tags: frozenset[str],
        *,
        marks: bytes | None,
        expires_at: float,
        load_seconds: float,
    ) -> None:
        self.forget(key)
        size = len(value) + len(key) + len(marks or b"") + ENTRY_OVERHEAD_BYTES
        size += sum(len(tag) + TAG_OVERHEAD_BYTES for tag in tags)
        if size > self._max_bytes:
            return
        answer = CachedValue(value, CacheOutcome.HIT)
        self._entries[key] = Entry(answer, tags, marks, expires_at, load_seconds, size, self._era)
        self._bytes += size
        for tag in tags:
            self._keys_by_tag.setdefault(tag, set()).add(key)
        while self._bytes > self._max_bytes or len(self._entries) > self._max_entries:
            self.forget(next(iter(self._entries)))

    def drop(self, tags: Collection[str]) -> None:
        for tag in tags:
            for key in list(self._keys_by_tag.get(tag, ())):
                self.forget(key)

    def clear(self) -> None:
        self._entries.clear()
        self._keys_by_tag.clear()
        self._bytes = 0

    def doubt(self) -> None:
        """Something may have been invalidated without our hearing of it: nothing kept so far is a hit any more."""
        self._era += 1

    def forget(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        self._bytes -= entry.size
        for tag in entry.tags:
            keys = self._keys_by_tag[tag]
            keys.discard(key)
            if not keys:
                del self._keys_by_tag[tag]
