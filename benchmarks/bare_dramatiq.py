"""Dramatiq as it comes: messages through Redis to an asynchronous actor that does nothing. Prints messages a second.

Usage: `python -m benchmarks.bare_dramatiq REDIS_URL MESSAGES THREADS`; `benchmarks.jobs` compares with it.
"""

import sys
import threading
import time

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import AsyncIO


def main(url: str, messages: int, threads: int) -> None:
    broker = RedisBroker(url=url, namespace="bare", middleware=[AsyncIO()])
    done, ends = threading.Event(), [0, 0.0]

    async def nothing(number: int) -> None:
        del number
        ends[0] += 1
        if ends[0] == 1:
            ends[1] = time.perf_counter()
        if ends[0] == messages:
            done.set()

    actor = dramatiq.actor(broker=broker)(nothing)
    for number in range(messages):
        actor.send(number)
    worker = dramatiq.Worker(broker, worker_threads=threads)
    worker.start()
    done.wait(600)
    print((messages - 1) / (time.perf_counter() - ends[1]))
    worker.stop()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
