"""Public reads that were understood before: a request in the same words needs no router and no parsing."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from litestar.types import Scope

from application.cached_read import CachedRead
from interfaces.http.asgi_messages import method_of, route_of, state_of

MOST_READS = 4_096
LONGEST_WORDS = 512
# A place's name was looked up to understand a search. What names mean may change, though hardly ever.
SECONDS_KEPT = 600.0

_READ = "public_read"

Words = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class KnownRead:
    read: CachedRead
    route: str
    until: float


class KnownReads:
    """Bounded; what was not asked for the longest goes first. Keeps how to answer, never an answer."""

    def __init__(self, *, most: int = MOST_READS, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._monotonic = monotonic
        self._reads: OrderedDict[Words, KnownRead] = OrderedDict()

    def __len__(self) -> int:
        return len(self._reads)

    def find(self, scope: Scope) -> KnownRead | None:
        known = self._reads.get(words := words_of(scope))
        if known is None or method_of(scope) != "GET":
            return None
        if known.until <= self._monotonic():
            del self._reads[words]
            return None
        self._reads.move_to_end(words)
        return known

    def learn(self, words: Words, scope: Scope) -> None:
        """Remembers what the handler noted about a request in these words, if it is worth it."""
        read, route = _noted_read(scope), route_of(scope)
        if read is None or route is None or not read.remembered or len(words[0]) + len(words[1]) > LONGEST_WORDS:
            return
        self._reads[words] = KnownRead(read, route, self._monotonic() + SECONDS_KEPT)
        if len(self._reads) > self._most:
            self._reads.popitem(last=False)


def words_of(scope: Scope) -> Words:
    """To be taken before the router, which tidies the path up."""
    return scope["path"], scope["query_string"]


def note_read(scope: Scope, read: CachedRead) -> None:
    """For handlers: what the request turned out to ask."""
    state_of(scope)[_READ] = read


def _noted_read(scope: Scope) -> CachedRead | None:
    return state_of(scope).get(_READ)
