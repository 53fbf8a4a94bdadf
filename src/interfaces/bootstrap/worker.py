"""The module a stock Dramatiq command runs: `dramatiq interfaces.bootstrap.worker --queues money mail`."""

import sys
from typing import Any
from uuid import UUID

import dramatiq
from dramatiq.asyncio import async_to_sync
from dramatiq.middleware import AsyncIO, Middleware

from infrastructure.job_queue.dramatiq_job_queue import redis_broker
from infrastructure.redis.redis_client import redis_address
from interfaces.bootstrap.container import Container
from interfaces.bootstrap.production import build_parts
from interfaces.bootstrap.settings import BadSettings, Settings
from interfaces.bootstrap.structured_logging import configure_logging
from interfaces.worker.actors import declare_actors


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
    configure_logging(settings.log_level)
    runtime = _Runtime(settings)
    broker = redis_broker(
        redis_address(settings.redis_url or "", settings.redis_token), middleware=[AsyncIO(), runtime]
    )
    declare_actors(broker, runtime.run_job)
    dramatiq.set_broker(broker)
    return broker


broker = _declare()
