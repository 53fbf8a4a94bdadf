"""Jobs through Dramatiq on Redis, to worker processes."""

import asyncio
from collections.abc import Mapping, Sequence

import redis
from dramatiq.middleware import Middleware, ShutdownNotifications
from redis.backoff import NoBackoff
from redis.retry import Retry

from infrastructure.job_queue.job_transport import DueJob, JobTransport, TransportUnavailable, message_of
from infrastructure.job_queue.wakeable_broker import WakeableBroker
from infrastructure.persistence.jobs.job_tables import QUEUES

SOCKET_TIMEOUT_SECONDS = 0.5


def redis_broker(address: str, *, middleware: Sequence[Middleware] = ()) -> WakeableBroker:
    """A broker that notices a dead worker within seconds (Dramatiq's defaults take minutes) and never blocks for long.

    Retries are ours: they live in the job records and survive Redis.
    """
    client = redis.Redis.from_url(
        address,
        socket_timeout=SOCKET_TIMEOUT_SECONDS,
        socket_connect_timeout=SOCKET_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
    broker = WakeableBroker(
        client=client,
        middleware=[ShutdownNotifications(), *middleware],
        namespace="tailtribe",
        heartbeat_timeout=15_000,
        maintenance_chance=1_000_000,
    )
    for queue in QUEUES:
        broker.declare_queue(queue)
    return broker


class DramatiqJobTransport(JobTransport):
    def __init__(self, broker: WakeableBroker) -> None:
        self._broker = broker

    async def send(self, due: Sequence[DueJob]) -> None:
        try:
            await asyncio.to_thread(self._broker.enqueue_and_wake, [message_of(job) for job in due])
        except (redis.RedisError, OSError) as error:
            raise TransportUnavailable(str(error)) from error

    async def backlog(self) -> Mapping[str, int]:
        try:
            return await asyncio.to_thread(self._broker.backlog)
        except (redis.RedisError, OSError) as error:
            raise TransportUnavailable(str(error)) from error

    def has_forgotten(self) -> bool:
        return self._broker.was_emptied

    async def remember(self) -> None:
        try:
            await asyncio.to_thread(self._broker.remember)
        except (redis.RedisError, OSError) as error:
            raise TransportUnavailable(str(error)) from error
