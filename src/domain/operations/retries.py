"""How often and how long a job is tried."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Exponential back-off: 2 s, 4 s, 8 s … never more than `longest_delay`, until tries or time run out.

    `give_up_after` counts from the job's creation, or from when somebody had it tried again; with it, the number of
    tries does not matter.
    """

    max_tries: int | None = 5
    give_up_after: timedelta | None = None
    longest_delay: timedelta = timedelta(minutes=15)

    def next_delay(self, *, attempts: int, age: timedelta, jitter: float) -> timedelta | None:
        """How long to wait after the `attempts`-th failure, or None to give up. `jitter` in [0, 1) takes off up to
        half."""
        if self.max_tries is not None and attempts >= self.max_tries:
            return None
        if self.give_up_after is not None and age >= self.give_up_after:
            return None
        full = min(timedelta(seconds=2 ** min(attempts, 20)), self.longest_delay)
        return full * (1 - jitter / 2)


FIVE_TRIES = RetryPolicy()
MONEY = RetryPolicy(max_tries=None, give_up_after=timedelta(hours=72))
# The breaker asks a dead mail server once a minute for all of them; none should wait longer when it is back.
MAIL = RetryPolicy(max_tries=None, give_up_after=timedelta(hours=24), longest_delay=timedelta(minutes=1))
