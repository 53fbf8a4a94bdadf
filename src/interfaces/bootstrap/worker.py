"""The module a stock Dramatiq command runs: `dramatiq interfaces.bootstrap.worker --queues money mail`."""

import signal
import sys
import threading
from collections.abc import Collection
from typing import Any
from uuid import UUID

import dramatiq
from dramatiq.asyncio import EventLoopThread, async_to_sync, set_event_loop_thread
from dramatiq.middleware import AsyncIO, Middleware

from infrastructure.job_queue.dramatiq_job_queue import redis_broker
from infrastructure.redis.redis_client import redis_address
from interfaces.bootstrap.container import Container
from interfaces.bootstrap.memory import limit_arenas
from interfaces.bootstrap.production import build_parts
from interfaces.bootstrap.settings import BadSettings, Settings
from interfaces.bootstrap.structured_logging import configure_logging
from interfaces.worker.actors import declare_actors

_LOOP_START_SECONDS = 5.0
_DRAIN_SECONDS = 25.0


class _EventLoop(AsyncIO):
    """Dramatiq's event loop, in a thread that ends with the process: a second SIGTERM must not leave it hanging."""

    def before_worker_boot(self, broker: Any, worker: Any) -> None:  # noqa: ARG002
        thread = EventLoopThread(self.logger)
        thread.daemon = True
        thread.start(timeout=_LOOP_START_SECONDS)
        set_event_loop_thread(thread)


class _Runtime(Middleware):
    """Keeps the container on Dramatiq's event loop, from before the first job until after the last."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._container: Container | None = None

    def before_worker_boot(self, broker: Any, worker: Any) -> None:  # noqa: ARG002
        async_to_sync(self._start)()

    def after_worker_shutdown(self, broker: Any, worker: Any) -> None:  # noqa: ARG002
        async_to_sync(self._stop)()

    async def run_job(self, job_id: UUID, version: int) -> None:
        if self._container is None:
            raise RuntimeError("a job arrived before the worker had started")
        await self._container.run_job(job_id, version)

    async def _start(self) -> None:
        self._container = Container(build_parts(self._settings))
        await self._container.start()

    async def _stop(self) -> None:
        if self._container is not None:
            await self._container.stop()


def _configured() -> Settings:
    try:
        settings = Settings.read()
    except BadSettings as error:
        sys.exit(f"tailtribe worker: {error}")
    if settings.redis_url is None:
        sys.stderr.write("tailtribe worker: REDIS_URL is not set; without it jobs run inside `tailtribe serve`\n")
        sys.exit(2)
    return settings


def _declare() -> dramatiq.Broker:
    settings = _configured()
    limit_arenas()
    configure_logging(settings.log_level)
    runtime = _Runtime(settings)
    broker = redis_broker(
        redis_address(settings.redis_url or "", settings.redis_token), middleware=[_EventLoop(), runtime]
    )
    declare_actors(broker, runtime.run_job)
    dramatiq.set_broker(broker)
    return broker


broker = _declare()


def work(*, queues: Collection[str], threads: int) -> None:
    """Runs jobs of the queues (all, when none is named) until SIGTERM or SIGINT, then lets running ones end."""
    stop = threading.Event()

    def on_signal(_number: int, _frame: object) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    worker = dramatiq.Worker(broker, queues=set(queues) or None, worker_threads=threads)
    worker.start()
    stop.wait()
    worker.stop(timeout=int(_DRAIN_SECONDS * 1000))
    broker.close()
