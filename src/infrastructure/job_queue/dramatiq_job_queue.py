"""Jobs through Dramatiq on Redis, to worker processes."""

import asyncio
from collections.abc import Sequence

import redis
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import Middleware, ShutdownNotifications
from redis.backoff import NoBackoff
from redis.retry import Retry

from infrastructure.job_queue.job_transport import DueJob, JobTransport, TransportUnavailable, enqueue_all
from infrastructure.persistence.jobs.job_tables import QUEUES

SOCKET_TIMEOUT_SECONDS = 0.5


def redis_broker(address: str, *, middleware: Sequence[Middleware] = ()) -> RedisBroker:
    """A broker that notices a dead worker within seconds (Dramatiq's defaults take minutes) and never blocks for long.

    Retries are ours: they live in the job records and survive Redis.
    """
    client = redis.Redis.from_url(
        address,
        socket_timeout=SOCKET_TIMEOUT_SECONDS,
        socket_connect_timeout=SOCKET_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
    broker = RedisBroker(
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
    def __init__(self, broker: RedisBroker) -> None:
        self._broker = broker

    async def send(self, due: Sequence[DueJob]) -> None:
        try:
            await asyncio.to_thread(enqueue_all, self._broker, due)
        except (redis.RedisError, OSError) as error:
            raise TransportUnavailable(str(error)) from error
