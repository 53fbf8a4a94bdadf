"""Moves what was committed to where it is worked on: events become jobs, due jobs become messages."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Row, and_, bindparam, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from application.ports.clock import Clock
from application.ports.event_router import EventRouter, RoutedJob
from application.ports.ids import Ids
from domain.shared.errors import Unavailable
from infrastructure.job_queue.holders import Holders
from infrastructure.job_queue.job_transport import DueJob, JobTransport, TransportUnavailable
from infrastructure.persistence.database import Database
from infrastructure.persistence.dialects import insert_or_ignore, unclaimed
from infrastructure.persistence.jobs.hot_statements import WAITING, room_for, statements_for
from infrastructure.persistence.jobs.job_rescue import rescue_orphans
from infrastructure.persistence.jobs.job_tables import QUEUES, JobStatus, jobs
from infrastructure.persistence.outbox import outbox_events

log = structlog.get_logger(__name__)

# Events in a round, and jobs of each queue.
BATCH = 500
# Messages that wait in a queue of the transport. More would only be sent again and again while they wait.
MOST_WAITING = 1000
MOST_UNROUTABLE = 10_000
POLL_SECONDS = 1.0
FULL_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 10.0
# The relay of the process that has committed is at it already; the others only see to it that nothing stays.
OTHERS_SECONDS = 0.05
# A message that nobody claimed for so long is believed lost and sent again; a second one does no harm.
LOST_AFTER = timedelta(seconds=60)

# Made once: every process runs them at every wake-up, and building them takes longer.
_IS_UNROUTED = and_(
    outbox_events.c.routed_at.is_(None), outbox_events.c.id.not_in(bindparam("unroutable", expanding=True))
)
_HAS_EVENTS = exists().where(_IS_UNROUTED).label("events")
_UNROUTED = unclaimed(select(outbox_events).where(_IS_UNROUTED).order_by(outbox_events.c.id).limit(BATCH))
_ROUTED = (
    update(outbox_events)
    .where(outbox_events.c.id.in_(bindparam("ids", expanding=True)))
    .values(routed_at=bindparam("at"))
)


class OutboxRelay:
    """Runs in every process; several side by side skip each other's rows. Woken at commit, polls as a fallback.

    `transport_forgets` says that what an earlier process had dispatched is gone with it and is dispatched again.
    """

    def __init__(
        self,
        database: Database,
        transport: JobTransport,
        route: EventRouter,
        *,
        clock: Clock,
        ids: Ids,
        transport_forgets: bool = False,
    ) -> None:
        self._database = database
        self._transport = transport
        self._route = route
        self._clock = clock
        self._ids = ids
        self._transport_forgets = transport_forgets
        self._statements = statements_for(database)
        self._look = self._statements.look.add_columns(_HAS_EVENTS)
        self._work = asyncio.Event()
        self._later: asyncio.TimerHandle | None = None
        self._holders = Holders()
        self._is_held_up = False
        # Events of another release, as far as this process has met them: it does not look at them again.
        self._unroutable: set[UUID] = set()
        self._unroutable_names: set[str] = set()

    def wake(self) -> None:
        """There is something to do now."""
        self._work.set()

    def wake_later(self) -> None:
        """Some process has committed work; maybe this one. To be called on the relay's loop."""
        if self._later is None:
            self._later = asyncio.get_running_loop().call_later(OTHERS_SECONDS, self._wake_now)

    def _wake_now(self) -> None:
        self._later = None
        self.wake()

    async def run(self) -> None:
        """Works until cancelled, and backs off while the database or the transport is away, woken or not."""
        pause = POLL_SECONDS
        self._holders.know_nothing()
        while True:
            self._work.clear()
            try:
                if self._transport_forgets:
                    await self._dispatch_anew()
                    self._transport_forgets = False
                moved = await self.pump()
            except Exception as error:
                # Whatever it is: a relay that has died moves nothing ever again.
                expected = isinstance(error, Unavailable | TransportUnavailable)
                reason = type(error).__name__
                log.warning("relay.waiting", reason=reason, pause_seconds=pause, exc_info=None if expected else error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            else:
                pause = POLL_SECONDS
                if moved < BATCH:
                    # A queue that is full and does not empty has workers that are slow or away.
                    await self._rest(FULL_SECONDS if self._is_held_up and moved else pause)

    async def pump(self) -> int:
        """One round; how many events and jobs it moved. Raises TransportUnavailable or DatabaseUnavailable."""
        with self._holders.listening():
            found = await self._found()
        if not (found.events or found.due or found.orphaned or self._is_held_up):
            return 0
        routed = 0
        if found.events or found.orphaned:
            async with self._begun() as connection:
                routed = await self._route_events(connection)
                # Asked after a statement of this very transaction: the database may have fallen silent before it.
                if self._holders.have_had_their_say() and found.orphaned:
                    await rescue_orphans(connection, now=self._clock.now())
        else:
            self._holders.have_had_their_say()
        return max(routed, await self._dispatch())

    async def _dispatch(self) -> int:
        """Sends due jobs where there is room, how many. A full queue holds up no other."""
        backlog = await self._transport.backlog()
        if self._transport.has_forgotten():
            await self._dispatch_anew()
            await self._transport.remember()
        room = {queue: max(0, MOST_WAITING - backlog.get(queue, 0)) for queue in QUEUES}
        due = await self._take_due(room)
        taken = Counter(job.queue for job in due)
        # There may be more where the room was used up.
        self._is_held_up = any(taken[queue] == space for queue, space in room.items())
        try:
            if due:
                await self._transport.send(due)
        except BaseException:
            # Also when this process is told to end in between: nobody else would send them for a minute.
            # What cannot be given back now is sent again as lost.
            with suppress(Unavailable):
                await asyncio.shield(asyncio.ensure_future(self._give_back(due)))
            raise
        return len(due)

    async def _dispatch_anew(self) -> None:
        forgotten = update(jobs).where(jobs.c.status.in_(WAITING), jobs.c.dispatched_at.is_not(None))
        async with self._begun() as connection:
            await connection.execute(forgotten.values(dispatched_at=None))

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._work.wait()
        except TimeoutError:
            return

    async def _found(self) -> Row[Any]:
        """Whether there are events, due jobs and orphaned ones."""
        async with self._database.read() as connection:
            return (await connection.execute(self._look, self._known() | self._instants())).one()

    async def _route_events(self, connection: AsyncConnection) -> int:
        events = (await connection.execute(_UNROUTED, self._known())).all()
        routed = {event.id: rows for event in events if (rows := self._job_rows(event)) is not None}
        if rows := [row for rows in routed.values() for row in rows]:
            await connection.execute(insert_or_ignore(connection, jobs, ["unique_key"]), rows)
        if routed:
            await connection.execute(_ROUTED, {"ids": list(routed), "at": self._clock.now()})
        return len(routed)

    def _job_rows(self, event: Any) -> list[dict[str, Any]] | None:
        """None for an event that cannot be routed, as one of another release may be: it waits and holds up none."""
        try:
            return [self._job_row(event, job) for job in self._route(event.name, event.aggregate_id, event.facts)]
        except Exception as error:
            # The whole story of one of a kind: there may be hundreds.
            story = None if event.name in self._unroutable_names else error
            self._unroutable_names.add(event.name)
            log.error("relay.event_not_routed", event_name=event.name, event_id=str(event.id), exc_info=story)
            if len(self._unroutable) < MOST_UNROUTABLE:
                self._unroutable.add(event.id)
            return None

    def _job_row(self, event: Any, job: RoutedJob) -> dict[str, Any]:
        now = self._clock.now()
        return {
            "id": self._ids.new(),
            "kind": job.kind,
            "payload": dict(job.payload),
            "queue": job.queue,
            "status": JobStatus.QUEUED.value,
            "unique_key": f"event:{event.id}:{job.name}",
            "correlation_id": event.correlation_id,
            "trace_parent": event.trace_parent,
            "attempts": 0,
            "created_at": now,
            "run_at": now,
        }

    async def _take_due(self, room: Mapping[str, int]) -> list[DueJob]:
        rooms = {room_for(queue): min(space, BATCH) for queue, space in room.items()}
        # Not by itself: when this process is told to end before the commit, nothing is taken that would not be sent.
        async with self._begun() as connection:
            due = (await connection.execute(self._statements.dispatch, rooms | self._instants())).all()
        in_order = sorted(due, key=lambda job: (QUEUES.index(job.queue), job.run_at))
        return [DueJob(job.id, job.queue) for job in in_order]

    async def _give_back(self, due: Sequence[DueJob]) -> None:
        async with self._begun() as connection:
            await connection.execute(self._statements.dispatched, {"ids": [job.id for job in due], "at": None})

    @asynccontextmanager
    async def _begun(self) -> AsyncGenerator[AsyncConnection]:
        """A transaction. That the database fell silent in it is found in the next round as well."""
        with self._holders.listening():
            async with self._database.begin() as connection:
                yield connection

    def _known(self) -> dict[str, Any]:
        return {"unroutable": list(self._unroutable)}

    def _instants(self) -> dict[str, Any]:
        now = self._clock.now()
        return {"now": now, "lost": now - LOST_AFTER}
