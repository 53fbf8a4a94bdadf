"""A lane of threads for each queue: what waits in one never waits for what runs in another."""

import threading
from collections.abc import Mapping, Sequence

from dramatiq import Broker, Worker

from infrastructure.persistence.jobs.job_tables import QUEUES

# Of the threads asked for, how many each queue has to itself.
SHARES = {"money": 0.25, "mail": 0.5, "default": 0.5, "reports": 0.125}


def lane_threads(queues: Sequence[str], threads: int) -> Mapping[str, int]:
    """Threads by queue (all queues when none is named). Raises ValueError for a queue that does not exist."""
    if unknown := set(queues) - set(QUEUES):
        raise ValueError(f"there is no queue {', '.join(sorted(unknown))}; there are {', '.join(QUEUES)}")
    return {queue: max(1, round(threads * SHARES[queue])) for queue in QUEUES if not queues or queue in queues}


class Lanes:
    """Dramatiq workers over one broker, in one process, one for each queue."""

    def __init__(self, broker: Broker, threads: Mapping[str, int], *, poll_milliseconds: int = 1000) -> None:
        self._workers = [
            Worker(broker, queues={queue}, worker_threads=count, worker_timeout=poll_milliseconds)
            for queue, count in threads.items()
        ]

    def start(self) -> None:
        for worker in self._workers:
            worker.start()

    def stop(self, timeout_seconds: float) -> None:
        """Lets running jobs end, in all lanes at once."""
        stops = [threading.Thread(target=worker.stop, args=(int(timeout_seconds * 1000),)) for worker in self._workers]
        for stop in stops:
            stop.start()
        for stop in stops:
            stop.join()
