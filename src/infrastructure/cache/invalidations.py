"""What has become untrue: who has to hear of it, from whom it is heard, and what Redis has yet to take.

Every change is written down in the database with what it makes untrue (the journal), and PostgreSQL announces that at
the commit. Whoever writes tells Redis, which tells everybody else. Either word is enough for this process; what Redis
has not been heard to have taken, it is not trusted about, and whoever finds that nobody else does it tells Redis.
"""

import asyncio
import math
import random
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from uuid import UUID, uuid4

import msgspec

from domain.shared.errors import Unavailable
from infrastructure.cache.invalidation import Invalidation
from infrastructure.cache.invalidation_journal import InvalidationJournal
from infrastructure.cache.owed_invalidations import OwedInvalidations
from infrastructure.cache.redis_level import RedisLevel
from infrastructure.persistence.operations.cache_invalidation_tables import CHANNEL

# Everybody hears of a commit within this time.
EVERYBODY_HEARS_SECONDS = 0.1
# So long a look into the journal holds, where nobody announces commits; half of the time that everybody may take.
LOOK_HOLDS_SECONDS = EVERYBODY_HEARS_SECONDS / 2
# What Redis has taken stays in the journal for a while, for who cannot hear and looks.
KEPT_SECONDS = 10.0
# Whoever cannot hear looks so often when nobody asks, so as to miss nothing that is removed: what he remembers lasts.
LOOK_AGAIN_SECONDS = KEPT_SECONDS / 5
# Who did not ask for the truth waits no longer for a look, and for none so soon after one that came to nothing.
BRIEF_LOOK_SECONDS = 0.5
REST_SECONDS = 1.0
# In several steps: when a process goes on after it stood still, the answer that is there is heard before time is over.
BRIEF_LOOK_STEPS = 5
# So long before its commit an invalidation may have been written: three times what a commit may take.
LATE_COMMIT_SECONDS = 30.0
MOST_REMEMBERED = 20_000
MOST_AT_ONCE = 500
OTHERS_DO_IT_SECONDS = (0.5, 1.5)
RETRY_SECONDS = 0.2
SWEEP_SECONDS = 30.0


class Invalidations:
    """`drop` forgets what an invalidation makes untrue in this process, `doubt` all that it cannot be sure of.

    `announced`: that the database announces commits, so that `listening` and `deaf` will be called.
    """

    def __init__(
        self,
        *,
        drop: Callable[[Invalidation], None],
        doubt: Callable[[], None],
        redis: RedisLevel | None,
        journal: InvalidationJournal | None,
        announced: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._drop = drop
        self._doubt = doubt
        self._redis = redis
        self._journal = journal
        self.is_announced = announced
        self._monotonic = monotonic
        self.is_subscribed = self._is_listening = False
        self._looked_at = self._rests_until = -math.inf
        self._looks = set[asyncio.Task[bool]]()
        self._late_look: asyncio.Task[bool] | None = None
        self._heard: OrderedDict[UUID, None] = OrderedDict()
        self._owed = OwedInvalidations()
        self._to_remove: dict[UUID, float] = {}
        self._next_sweep = monotonic()
        self._next_look = monotonic() + LOOK_AGAIN_SECONDS
        self._wake = asyncio.Event()
        self.channel = CHANNEL
        self.count = 0

    @property
    def is_told(self) -> bool:
        """Whether this process is told of everything, at once: then what it has kept may be answered without asking."""
        if self._journal is not None:
            return self._is_listening
        return self._redis is None or self.is_subscribed

    @property
    def is_certain(self) -> bool:
        return self.is_told or self._monotonic() < self._looked_at + LOOK_HOLDS_SECONDS

    def is_owed(self, tags: Collection[str]) -> bool:
        """Whether Redis may still hold what has become untrue under the tags."""
        return self._owed.touch(tags)

    async def carry_out(self, invalidation: Invalidation) -> None:
        """By who made it, after his commit. It returns when every process that asks for the truth will find it."""
        began = self._monotonic()
        self._hear_first(invalidation)
        if self._redis is None:
            self._done([invalidation.id])
            return
        self._owed.add(invalidation, due=began)
        if await self._redis.invalidate_at_once([invalidation]):
            self._done([invalidation.id])
        elif self._journal is not None and self.is_announced:
            # The others may well trust Redis: they must have heard the database before this is acknowledged.
            await asyncio.sleep(began + EVERYBODY_HEARS_SECONDS - self._monotonic())
        self._wake.set()

    async def invalidate(self, tags: Collection[str] | None) -> None:
        """For what is not part of a change in the database; None is everything."""
        invalidation = Invalidation(uuid4(), None if tags is None else frozenset(tags))
        if self._journal is not None:
            # Without the database it is told by Redis alone, or owed to it.
            with suppress(Unavailable):
                invalidation = await self._journal.write(tags)
        await self.carry_out(invalidation)

    def hear(self, text: str) -> None:
        try:
            self._learn(Invalidation.decoded(text))
        except msgspec.DecodeError:
            # Of another release.
            self._be_in_doubt()

    def hear_published(self, message: bytes) -> None:
        """The number of the message, and what Redis has taken."""
        written, _, body = message.partition(b" ")
        try:
            number = int(written)
            author, invalidations = msgspec.json.decode(body, type=tuple[str, list[Invalidation]])
        except (ValueError, msgspec.DecodeError):
            # Of another release.
            self._be_in_doubt()
            return
        if self._redis is None or author == self._redis.author:
            return
        self._redis.heard_number(number)
        for invalidation in invalidations:
            if invalidation.id not in self._heard:
                self._hear_first(invalidation)
            self._owed.discard(invalidation.id)

    async def listening(self) -> None:
        """Announcements are heard from now on; what came before is looked up. Raises Unavailable."""
        if self._journal is not None:
            await self._look(self._journal, is_new=True)
            self._is_listening = True

    def deaf(self, *, for_good: bool = False) -> None:
        """Announcements are not heard any more, or never will be."""
        if for_good:
            self.is_announced = False
        was_told, self._is_listening = self.is_told, False
        if was_told:
            self._be_in_doubt()
        self._wake.set()

    def subscribed(self, is_subscribed: bool) -> None:
        was_told, self.is_subscribed = self.is_told, is_subscribed
        if was_told is not self.is_told:
            # Of what came before nothing is known, nor of what is to come.
            self._be_in_doubt()

    async def look(self) -> bool:
        """Looks up what was not heard. False without a journal, and while the database is away."""
        if self._journal is None:
            return False
        try:
            await self._look(self._journal, is_new=not self._is_listening)
        except Unavailable:
            return False
        return True

    async def look_briefly(self) -> bool:
        """The same for who did not ask for the truth. A look that takes long goes on, and nobody else waits for one
        meanwhile."""
        is_late = self._late_look is not None and not self._late_look.done()
        if self._journal is None or is_late or self._monotonic() < self._rests_until:
            return False
        looking = self._begin_look()
        if not await _ended({looking}):
            self._late_look = looking
            return False
        return not looking.cancelled() and looking.result()

    def sweep_soon(self) -> None:
        self._next_sweep = self._monotonic()
        self._wake.set()

    async def run(self) -> None:
        """Tells Redis what it has yet to take, and tidies the journal, until cancelled."""
        self._next_sweep = self._monotonic() + random.uniform(0, SWEEP_SECONDS)
        try:
            await self._work()
        finally:
            await self._end_looks()

    async def _work(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._pause()):
                    await self._wake.wait()
            except TimeoutError:
                ...
            self._wake.clear()
            await self._pay()
            if self._journal is not None:
                now = self._monotonic()
                if not self._is_listening and now >= self._next_look:
                    self._next_look = now + LOOK_AGAIN_SECONDS
                    if not self._looks:
                        self._begin_look()
                if now >= self._next_sweep:
                    self._next_sweep = now + SWEEP_SECONDS * random.uniform(0.75, 1.25)
                    await self._sweep(self._journal)
                await self._remove(self._journal)

    def _begin_look(self) -> asyncio.Task[bool]:
        """By itself: it holds up nobody who does not wait for it, and nobody who leaves ends it."""
        looking = asyncio.create_task(self._look_or_rest(), name="look into the journal")
        self._looks.add(looking)
        looking.add_done_callback(self._looks.discard)
        return looking

    async def _look_or_rest(self) -> bool:
        has_looked = await self.look()
        if not has_looked:
            self._rests_until = self._monotonic() + REST_SECONDS
        return has_looked

    async def _end_looks(self) -> None:
        """What the database was asked is not left behind, unless it hangs."""
        looks = set(self._looks)
        if looks and not await _ended(looks):
            for looking in looks:
                looking.cancel()
            await asyncio.gather(*looks, return_exceptions=True)

    async def _look(self, journal: InvalidationJournal, *, is_new: bool) -> None:
        began = self._monotonic()
        since = began - self._looked_at
        written = await journal.read(back_seconds=since + LATE_COMMIT_SECONDS if math.isfinite(since) else None)
        if is_new and self._monotonic() > self._looked_at + KEPT_SECONDS / 2:
            # What came and was removed before the database answered was missed.
            self._be_in_doubt()
        for invalidation in written:
            self._learn(invalidation)
        self._looked_at = max(self._looked_at, began)

    def _be_in_doubt(self) -> None:
        self.count += 1
        self._doubt()

    def _learn(self, invalidation: Invalidation) -> None:
        if invalidation.id in self._heard:
            return
        self._hear_first(invalidation)
        if self._redis is not None:
            self._owed.add(invalidation, due=self._monotonic() + random.uniform(*OTHERS_DO_IT_SECONDS))
            self._wake.set()

    def _hear_first(self, invalidation: Invalidation) -> None:
        self.count += 1
        self._heard[invalidation.id] = None
        if len(self._heard) > MOST_REMEMBERED:
            self._heard.popitem(last=False)
        self._drop(invalidation)

    def _done(self, ids: Iterable[UUID]) -> None:
        now = self._monotonic()
        for invalidation_id in ids:
            self._owed.discard(invalidation_id)
            if self._journal is not None:
                self._to_remove[invalidation_id] = now + KEPT_SECONDS

    def _pause(self) -> float:
        now = self._monotonic()
        due = [self._next_sweep] if self._journal is not None else [now + SWEEP_SECONDS]
        if self._journal is not None and not self._is_listening:
            due.append(self._next_look)
        if (owed := self._owed.next_due()) is not None:
            due.append(max(now + RETRY_SECONDS, owed))
        if self._to_remove:
            due.append(max(now + RETRY_SECONDS, min(self._to_remove.values())) + 1)
        return max(0.0, min(due) - now)

    async def _pay(self) -> None:
        """Its being told by another process meanwhile does no harm."""
        now = self._monotonic()
        owed = self._owed.due(now)[:MOST_AT_ONCE]
        if owed and self._redis is not None and await self._redis.invalidate(owed):
            self._done(invalidation.id for invalidation in owed)

    async def _sweep(self, journal: InvalidationJournal) -> None:
        """What processes that died left behind: told to Redis by whoever comes first, then removed."""
        try:
            left = await journal.read_left_behind()
        except Unavailable:
            return
        if left and (self._redis is None or await self._redis.invalidate(left)):
            self._to_remove.update((invalidation.id, 0.0) for invalidation in left)

    async def _remove(self, journal: InvalidationJournal) -> None:
        now = self._monotonic()
        served = [written for written, due in self._to_remove.items() if due <= now][:MOST_AT_ONCE]
        if served:
            # What is left because the database is away is found by whoever sweeps.
            with suppress(Unavailable):
                await journal.remove(served)
            for written in served:
                del self._to_remove[written]


async def _ended(looks: Collection[asyncio.Task[bool]]) -> bool:
    """Whether all of them end within the time of a brief look."""
    for _ in range(BRIEF_LOOK_STEPS):
        _, late = await asyncio.wait(looks, timeout=BRIEF_LOOK_SECONDS / BRIEF_LOOK_STEPS)
        if not late:
            return True
    return False
