"""What a worker process needs around Dramatiq: an event loop, a container, lanes of threads, an end in good order."""

import logging
import os
import signal
import threading
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import dramatiq
import uvloop
from dramatiq.asyncio import EventLoopThread, async_to_sync, get_event_loop_thread, set_event_loop_thread
from dramatiq.middleware import Middleware

from infrastructure.job_queue.dramatiq_job_queue import redis_broker
from infrastructure.job_queue.lanes import Lanes, lane_threads
from infrastructure.redis.redis_client import redis_address
from interfaces.bootstrap.container import Container
from interfaces.bootstrap.memory import limit_heaps
from interfaces.bootstrap.production import build_parts
from interfaces.bootstrap.settings import Settings
from interfaces.bootstrap.structured_logging import configure_logging
from interfaces.worker.actors import declare_actors
from interfaces.worker.job_kinds import KindsOf, job_kinds

_LOOP_START_SECONDS = 5.0
# After the drain, for handing jobs back and closing connections.
_GOODBYE_SECONDS = 10.0


class _Once(Middleware):
    """For what the lanes of a process share: it starts with the first and stops with the last."""

    def __init__(self) -> None:
        self._lanes = 0
        self._counting = threading.Lock()

    def before_worker_boot(self, broker: Any, worker: Any) -> None:  # noqa: ARG002
        with self._counting:
            self._lanes += 1
            if self._lanes == 1:
                self.start()

    def after_worker_shutdown(self, broker: Any, worker: Any) -> None:  # noqa: ARG002
        with self._counting:
            self._lanes -= 1
            if self._lanes == 0:
                self.stop()

    def start(self) -> None: ...

    def stop(self) -> None: ...


class _UvloopThread(EventLoopThread):
    def __init__(self) -> None:
        super().__init__(logging.getLogger(__name__))  # pyright: ignore[reportUnknownMemberType]
        # Nothing has run on the one that the parent made.
        self.loop.close()
        self.loop = uvloop.new_event_loop()


class SharedEventLoop(_Once):
    """Dramatiq's event loop, one for all lanes (`AsyncIO` of the library makes one for each, and stops only the last),
    in a thread that ends with the process: a second SIGTERM must not leave it hanging."""

    def start(self) -> None:
        thread = _UvloopThread()
        thread.daemon = True
        thread.start(timeout=_LOOP_START_SECONDS)
        set_event_loop_thread(thread)

    def stop(self) -> None:
        thread = get_event_loop_thread()
        if thread is not None:
            thread.stop()
        set_event_loop_thread(None)


class WorkerRuntime(_Once):
    """Keeps the container on Dramatiq's event loop, from before the first job until after the last."""

    def __init__(self, settings: Settings, kinds: KindsOf = job_kinds) -> None:
        super().__init__()
        self._settings = settings
        self._kinds = kinds
        self._container: Container | None = None

    def start(self) -> None:
        try:
            async_to_sync(self._start)()
        except BaseException:
            # Dramatiq would go on without it, and every job would fail.
            logging.getLogger(__name__).critical("the worker could not start", exc_info=True)
            os._exit(1)

    def before_worker_shutdown(self, broker: Any, worker: Any) -> None:  # noqa: ARG002
        async_to_sync(self._drain)()

    def stop(self) -> None:
        async_to_sync(self._stop)()

    async def run_job(self, job_id: UUID, version: int) -> None:
        if self._container is None:
            raise RuntimeError("a job arrived before the worker had started")
        await self._container.run_job(job_id, version)

    async def _start(self) -> None:
        self._container = Container(build_parts(self._settings), self._kinds, role="worker")
        await self._container.start()

    async def _drain(self) -> None:
        if self._container is not None:
            self._container.drain()

    async def _stop(self) -> None:
        if self._container is not None:
            await self._container.stop()


def declare_worker(settings: Settings, kinds: KindsOf = job_kinds) -> dramatiq.Broker:
    """The broker of this process, its actors declared. Raises ValueError without REDIS_URL."""
    if settings.redis_url is None:
        raise ValueError("REDIS_URL is not set; without it jobs run inside `tailtribe serve`")
    limit_heaps()
    configure_logging(settings.log_level)
    runtime = WorkerRuntime(settings, kinds)
    broker = redis_broker(
        redis_address(settings.redis_url, settings.redis_token), middleware=[SharedEventLoop(), runtime]
    )
    declare_actors(broker, runtime.run_job)
    dramatiq.set_broker(broker)
    return broker


def work(broker: dramatiq.Broker, *, queues: Sequence[str], threads: int, drain_seconds: float) -> None:
    """Runs jobs of the queues (all, when none is named) until SIGTERM or SIGINT. Running ones have `drain_seconds` to
    end; what is left then is handed back. Raises ValueError for a queue that does not exist."""
    lanes = Lanes(broker, lane_threads(queues, threads))
    stop = threading.Event()

    def on_signal(_number: int, _frame: object) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    lanes.start()
    stop.wait()
    lanes.stop(drain_seconds + _GOODBYE_SECONDS)
    broker.close()
