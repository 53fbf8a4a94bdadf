"""What happened in each of the last seconds: small counts that can be added up over any window."""

import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

SMALLEST_SECONDS = 0.0001
GROWTH = 1.1


@dataclass(slots=True)
class Tally:
    """Counts of one second, or of several added up. Durations are counted in buckets that grow by a tenth."""

    requests: int = 0
    errors: int = 0
    request_seconds: float = 0.0
    request_buckets: Counter[int] = field(default_factory=Counter[int])
    queries: int = 0
    query_seconds: float = 0.0
    cache: Counter[str] = field(default_factory=Counter[str])

    def add(self, other: "Tally") -> None:
        self.requests += other.requests
        self.errors += other.errors
        self.request_seconds += other.request_seconds
        self.request_buckets.update(other.request_buckets)
        self.queries += other.queries
        self.query_seconds += other.query_seconds
        self.cache.update(other.cache)

    def quantile_seconds(self, share: float) -> float:
        """The duration that `share` of the requests did not exceed, right to a tenth; 0 without requests."""
        rank = share * self.requests
        below = 0
        for bucket in sorted(self.request_buckets):
            count = self.request_buckets[bucket]
            if below + count >= rank:
                return SMALLEST_SECONDS * GROWTH ** (bucket - 1 + (rank - below) / count)
            below += count
        return 0.0


def bucket_of(seconds: float) -> int:
    return max(0, math.ceil(math.log(seconds / SMALLEST_SECONDS, GROWTH))) if seconds > SMALLEST_SECONDS else 0


class RecentSeconds:
    """A ring of tallies, one per second; the oldest is overwritten."""

    def __init__(self, seconds: int, time: Callable[[], float]) -> None:
        self._time = time
        self._ring: list[tuple[int, Tally]] = [(-1, Tally()) for _ in range(seconds)]

    def now(self) -> Tally:
        """The tally of the present second, to be counted up."""
        second = int(self._time())
        place = second % len(self._ring)
        if self._ring[place][0] != second:
            self._ring[place] = (second, Tally())
        return self._ring[place][1]

    def last(self, seconds: int) -> Tally:
        """The sum of the last `seconds`, the present one included."""
        total = Tally()
        for tally in self._since(int(self._time()) - seconds):
            total.add(tally)
        return total

    def _since(self, second: int) -> Iterable[Tally]:
        return (tally for at, tally in self._ring if at > second)
