"""Jobs through Dramatiq in this very process, when there is no Redis: same actors, same records, no second process."""

import asyncio
import logging
import threading
from collections.abc import Sequence
from typing import Any

from dramatiq import Worker
from dramatiq.asyncio import EventLoopThread, set_event_loop_thread
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import Middleware, ShutdownNotifications

from infrastructure.job_queue.job_transport import DueJob, JobTransport, enqueue_all
from infrastructure.persistence.jobs.job_tables import QUEUES

_STOP_TIMEOUT_MS = 10_000


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

    def after_worker_shutdown(self, broker: Any, worker: Any) -> None:  # noqa: ARG002
        set_event_loop_thread(None)


class InProcessJobTransport(JobTransport):
    """A StubBroker and its worker threads, whose actors run on the loop that called `start`."""

    def __init__(self, *, threads: int = 8) -> None:
        self._on_this_loop = _UseApplicationLoop()
        self.broker = StubBroker(middleware=[ShutdownNotifications(), self._on_this_loop])
        for queue in QUEUES:
            self.broker.declare_queue(queue)
        self._threads = threads
        self._worker: Worker | None = None

    async def start(self) -> None:
        self._on_this_loop.loop = asyncio.get_running_loop()
        self.broker.emit_after("process_boot")
        self._worker = Worker(self.broker, worker_threads=self._threads, worker_timeout=100)
        self._worker.start()

    async def stop(self) -> None:
        """Lets running jobs finish for a while, then stops."""
        if self._worker is not None:
            await asyncio.to_thread(self._worker.stop, _STOP_TIMEOUT_MS)
            self._worker = None
        self.broker.close()

    async def send(self, due: Sequence[DueJob]) -> None:
        enqueue_all(self.broker, due)
