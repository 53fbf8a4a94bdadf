"""Clients of Redis that give up quickly: redis-py's own defaults wait for a hung server for a minute."""

from urllib.parse import quote, urlsplit

from redis.asyncio import Redis
from redis.asyncio.connection import Connection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff

from infrastructure.redis.fair_pool import FairPool
from infrastructure.redis.sound_connections import SOUND_CONNECTIONS

UPSTASH_DOMAIN = ".upstash.io"
REDIS_SCHEMES = ("redis", "rediss", "unix")
# What operators look for in the log (docs/operating.md).
CONNECTION_FAILED = "Redis connection failed"


def create_redis(
    url: str, token: str | None = None, *, timeout_seconds: float = 0.25, retries: int = 1, max_connections: int = 20
) -> Redis:
    """A client whose calls end within about twice `timeout_seconds` and a queue for the connections.

    It speaks RESP2 and sends no CLIENT commands: hosted servers bill or refuse the greetings of newer protocols.
    """
    settings = parse_url(redis_address(url, token))
    settings["connection_class"] = SOUND_CONNECTIONS[settings.get("connection_class", Connection)]
    pool = FairPool(
        max_connections=max_connections,
        wait_seconds=4 * timeout_seconds,
        protocol=2,
        driver_info=None,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=timeout_seconds,
        retry=Retry(ExponentialWithJitterBackoff(base=0.01, cap=0.05), retries),
        **settings,
    )
    return Redis.from_pool(pool)


def create_quick_redis(url: str, token: str | None = None) -> Redis:
    """For what has an answer without Redis as well (cache reads, rate limits): a tenth of a second, no second try."""
    return create_redis(url, token, timeout_seconds=0.1, retries=0)


def redis_address(url: str, token: str | None) -> str:
    """The address to connect to: an Upstash REST address and its token name the same database over TLS.

    Raises ValueError when the address cannot be used.
    """
    parts = urlsplit(url.strip())
    if parts.scheme in REDIS_SCHEMES:
        return url.strip()
    host = parts.hostname or ""
    if parts.scheme != "https" or not host.endswith(UPSTASH_DOMAIN):
        raise ValueError("REDIS_URL must be redis://, rediss:// or an https:// address of upstash.io")
    if not token:
        raise ValueError("an https:// address of upstash.io needs REDIS_TOKEN")
    return f"rediss://default:{quote(token.strip(), safe='')}@{host}:6379"
