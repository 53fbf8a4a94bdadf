"""How many commands an idle system sends to Redis: hosted ones are paid by command.

One API process and one worker over a PostgreSQL and a Redis of their own, with nobody there.

Usage: `python -m benchmarks.idle_redis [seconds]`.
"""

import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import redis

from tests.support.databases import create_database
from tests.support.product import Product
from tests.support.servers import PostgresProcess, RedisProcess, postgres_binaries, redis_binary

SETTLE_SECONDS = 15.0
END = "ECHO that's all"


@dataclass(frozen=True, slots=True)
class Counted:
    """Commands by name: those that clients sent, and those that their scripts ran on the server."""

    sent: Counter[str]
    in_scripts: Counter[str]


def commands_while_idle(redis_url: str, seconds: float) -> Counted:
    sent, in_scripts = Counter[str](), Counter[str]()
    with redis.Redis.from_url(redis_url, socket_timeout=None) as client, client.monitor() as monitor:
        end = threading.Timer(seconds, client.echo, [END.partition(" ")[2]])
        end.start()
        for told in monitor.listen():
            assert told is not None
            command: str = told["command"]
            if command == END:
                break
            (in_scripts if told["client_type"] == "lua" else sent)[command.split()[0].upper()] += 1
        end.join()
    return Counted(sent, in_scripts)


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 120.0
    with ExitStack() as servers, tempfile.TemporaryDirectory() as folder:
        postgres, redis_server = PostgresProcess(postgres_binaries()), RedisProcess(redis_binary())
        servers.callback(postgres.stop)
        servers.callback(redis_server.stop)
        environment = {"DATABASE_URL": create_database(postgres.start(), "idle"), "REDIS_URL": redis_server.start()}
        product = Product(Path(folder), environment, with_worker=True)
        product.command("migrate")
        servers.callback(product.stop)
        product.start()
        time.sleep(SETTLE_SECONDS)
        counted = commands_while_idle(redis_server.url, seconds)
    for title, calls in (("sent by clients", counted.sent), ("run by their scripts", counted.in_scripts)):
        print(f"{title}: {calls.total() * 3600 / seconds:.0f} an hour")
        for name, count in calls.most_common():
            print(f"    {name:<16} {count:5} in {seconds:.0f} s {count * 3600 / seconds:8.0f} an hour")


if __name__ == "__main__":
    main()
