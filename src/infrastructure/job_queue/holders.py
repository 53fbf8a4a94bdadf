"""Whether those who hold leases could have renewed them."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from domain.shared.errors import Unavailable

SILENCE_SECONDS = 3.0
# For a statement of theirs that still waits in the silence to be given up, and for the next one.
SAY_SECONDS = 5.0
# However often the database falls silent: the dead are not to wait for ever.
LONGEST_SECONDS = 8.0


class Holders:
    """When the database was away, the leases of the living have run out as those of the dead have: the living come
    first, with renewals and outcomes, before anybody's job is taken up by another."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._asked_at = self._say_until = monotonic()
        self._was_silent = False
        self._postponed_at: float | None = None

    @contextmanager
    def listening(self) -> Generator[None]:
        """Around a small question to the database: notices when it is away or takes long to answer."""
        self._asked_at = self._monotonic()
        try:
            yield
        except Unavailable:
            self._was_silent = True
            raise
        finally:
            self._listen()

    def have_had_their_say(self) -> bool:
        """Asked while the database answers."""
        self._listen()
        now = self._monotonic()
        if self._was_silent:
            self._was_silent, self._asked_at = False, now
            self._postponed_at = now if self._postponed_at is None else self._postponed_at
            self._say_until = min(now + SAY_SECONDS, self._postponed_at + LONGEST_SECONDS)
        if now < self._say_until:
            return False
        self._postponed_at = None
        return True

    def know_nothing(self) -> None:
        """Whoever has just come does not know how long the database was away."""
        self._was_silent = True

    def _listen(self) -> None:
        self._was_silent = self._was_silent or self._monotonic() - self._asked_at > SILENCE_SECONDS
