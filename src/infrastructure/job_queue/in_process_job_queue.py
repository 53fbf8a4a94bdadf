"""Jobs through Dramatiq in this very process, when there is no Redis: same actors, same records, no second process."""

import asyncio
import logging
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from dramatiq.asyncio import EventLoopThread, set_event_loop_thread
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import Middleware, ShutdownNotifications

from infrastructure.job_queue.job_transport import DueJob, JobTransport, message_of
from infrastructure.job_queue.lanes import Lanes, lane_threads
from infrastructure.persistence.jobs.job_tables import QUEUES


class _ApplicationLoop(EventLoopThread):
    """Dramatiq's handle on an event loop, for a loop that somebody else (the API) already runs."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        # The parent's initialiser would make a loop and a thread of its own.
        threading.Thread.__init__(self)
        self.loop = loop
        self.interrupt_check_ival = 0.1
        self.logger = logging.getLogger(__name__)


class _UseApplicationLoop(Middleware):
    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None

    def before_worker_boot(self, broker: Any, worker: Any) -> None:  # noqa: ARG002
        if self.loop is None:
            raise RuntimeError("the in-process worker was started outside an event loop")
        set_event_loop_thread(_ApplicationLoop(self.loop))


class InProcessJobTransport(JobTransport):
    """A StubBroker and its worker threads, whose actors run on the loop that called `start`."""

    def __init__(self, *, threads: int = 8) -> None:
        self._on_this_loop = _UseApplicationLoop()
        self.broker = StubBroker(middleware=[ShutdownNotifications(), self._on_this_loop])
        for queue in QUEUES:
            self.broker.declare_queue(queue)
        self._threads = threads
        self._lanes: Lanes | None = None

    async def start(self) -> None:
        self._on_this_loop.loop = asyncio.get_running_loop()
        self.broker.emit_after("process_boot")
        self._lanes = Lanes(self.broker, lane_threads((), self._threads), poll_milliseconds=100)
        self._lanes.start()

    async def stop(self, timeout_seconds: float = 10.0) -> None:
        """Lets running jobs finish for a while, then stops."""
        if self._lanes is not None:
            await asyncio.to_thread(self._lanes.stop, timeout_seconds)
            self._lanes = None
            set_event_loop_thread(None)
        self.broker.close()

    async def send(self, due: Sequence[DueJob]) -> None:
        for job in due:
            self.broker.enqueue(message_of(job))

    async def backlog(self) -> Mapping[str, int]:
        return {queue: self.broker.queues[queue].qsize() for queue in QUEUES}
