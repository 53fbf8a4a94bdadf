"""Dramatiq's Redis broker, told when there is something to fetch instead of asking several times a second.

Hosted servers bill by command: an idle queue is asked once in ten seconds, which is its heartbeat as well.
"""

import random
import threading
import time
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from typing import Any
from uuid import uuid4

import redis
import structlog
from dramatiq import Message, MessageProxy
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import Middleware

IDLE_SECONDS = 10.0
# Between looks of a consumer that holds as much as it may; the end of a job wakes it earlier.
FULL_SECONDS = 1.0
CLOSING_SECONDS = 0.2
QUIET_SECONDS = 30.0
# Between looks of the listener whether it should end.
LOOK_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 5.0


class WakeableBroker(RedisBroker):
    """Has no delay queues: when a job is due is in its record."""

    def __init__(self, *, client: redis.Redis, **options: Any) -> None:
        super().__init__(client=client, **options)
        # Messages are published to every database of a server.
        database = client.connection_pool.connection_kwargs.get("db", 0)
        self._channel = f"{self.namespace}:wake:{database}"
        self._kept = f"{self.namespace}:kept"
        self._wakes: dict[str, threading.Event] = {}
        self._listener: _Listener | None = None
        self.is_closing = False
        self.was_emptied = False
        self._workers = 0
        self._counting = threading.Lock()
        self.add_middleware(_ListenWhileWorking())

    @property
    def consumer_class(self) -> Any:
        return _consumer_class(super().consumer_class)

    def declare_queue(self, queue_name: str) -> None:
        if queue_name not in self.queues:
            self.emit_before("declare_queue", queue_name)
            self.queues.add(queue_name)
            self._wakes[queue_name] = threading.Event()
            self.emit_after("declare_queue", queue_name)

    def enqueue_and_wake(self, messages: Iterable[Message[Any]]) -> None:
        """Hands them over in one round trip, and tells the consumers of their queues."""
        queues = set[str]()
        with self.client.pipeline(transaction=False) as pipeline:
            for message in messages:
                queues.add(message.queue_name)
                self._enqueue_into(pipeline, message)
            if queues:
                pipeline.publish(self._channel, _names(queues))
                pipeline.execute()

    def announce(self, queues: Collection[str]) -> None:
        """Tells the consumers of these queues that there is something to fetch."""
        self.client.publish(self._channel, _names(queues))

    def _enqueue_into(self, pipeline: Any, message: Message[Any]) -> None:
        """What RedisBroker.enqueue does for one message, as a part of something larger."""
        redis_id = str(uuid4())
        message = message.copy(options={"redis_message_id": redis_id})
        self.emit_before("enqueue", message, None)
        now = int(time.time() * 1000)
        arguments = ["enqueue", now, message.queue_name, self.broker_id, self.heartbeat_timeout, self.dead_message_ttl]
        # Workers look after what others left behind; whoever only sends does not.
        arguments += [0, self._max_unpack_size(), redis_id, message.encode()]
        self.scripts["dispatch"](keys=[self.namespace], args=arguments, client=pipeline)
        self.emit_after("enqueue", message, None)

    def backlog(self) -> Mapping[str, int]:
        """Messages of each queue that no worker has fetched. `was_emptied` says whether Redis has lost everything since
        `remember`."""
        names = sorted(self.queues)
        with self.client.pipeline(transaction=False) as pipeline:
            pipeline.exists(self._kept)
            for name in names:
                pipeline.llen(f"{self.namespace}:{name}")
            is_kept, *lengths = pipeline.execute()
        self.was_emptied = not is_kept
        return dict(zip(names, lengths, strict=True))

    def remember(self) -> None:
        """Leaves the sign whose absence tells that Redis was emptied."""
        self.client.set(self._kept, 1)
        self.was_emptied = False

    def wake(self, queues: Iterable[str] | None = None) -> None:
        for name in self.queues if queues is None else queues:
            if name in self._wakes:
                self._wakes[name].set()

    def begin_fetch(self, queue_name: str) -> None:
        """What is told from now on is not overheard."""
        self._wakes[queue_name].clear()

    def rest(self, queue_name: str, *, is_full: bool) -> None:
        self._wakes[queue_name].wait(FULL_SECONDS if is_full else IDLE_SECONDS)

    def worker_comes(self) -> None:
        """The first one needs somebody who listens."""
        with self._counting:
            self._workers += 1
            if self._listener is None:
                self.is_closing = False
                self._listener = _Listener(self.client, self._channel, self.wake)
                self._listener.start()

    def worker_goes(self) -> None:
        with self._counting:
            self._workers -= 1
            if self._workers == 0 and self._listener is not None:
                self._listener.end()
                self._listener = None

    def stop_waiting(self) -> None:
        """Consumers look whether they should end."""
        self.is_closing = True
        self.wake()


class _ListenWhileWorking(Middleware):
    def before_worker_boot(self, broker: Any, worker: Any) -> None:  # noqa: ARG002
        broker.worker_comes()

    def before_worker_shutdown(self, broker: Any, worker: Any) -> None:  # noqa: ARG002
        broker.stop_waiting()

    def after_worker_shutdown(self, broker: Any, worker: Any) -> None:  # noqa: ARG002
        broker.worker_goes()


def _names(queues: Collection[str]) -> str:
    return ",".join(sorted(queues))


def _consumer_class(parent: Any) -> Any:
    class WakeableConsumer(parent):
        """Fetches as its parent does, but rests until it is told."""

        def __init__(self, broker: WakeableBroker, queue_name: str, prefetch: int, _timeout: int) -> None:
            # The parent would sleep for the time-out: a millisecond is none.
            super().__init__(broker, queue_name, prefetch, 1)

        def __next__(self) -> MessageProxy | None:
            if self.broker.is_closing:
                # Whatever was fetched now would only be handed back when the running jobs have ended.
                time.sleep(CLOSING_SECONDS)
                return None
            self.broker.begin_fetch(self.queue_name)
            message = super().__next__()
            if message is None:
                is_full = self.outstanding_message_count >= self.prefetch
                self.broker.rest(self.queue_name, is_full=is_full)
            return message

        def ack(self, message: MessageProxy) -> None:
            super().ack(message)
            self._make_room()

        def nack(self, message: MessageProxy) -> None:
            super().nack(message)
            self._make_room()

        def requeue(self, messages: Iterable[MessageProxy]) -> None:
            messages = list(messages)
            super().requeue(messages)
            if messages:
                self.broker.announce({self.queue_name})

        def _make_room(self) -> None:
            # One by one would be a round trip for each job.
            if self.outstanding_message_count <= self.prefetch * 3 // 4:
                self.broker.wake([self.queue_name])

    return WakeableConsumer


class _Listener(threading.Thread):
    """Hears which queues have got messages. After a time without Redis every queue is looked at."""

    def __init__(self, client: redis.Redis, channel: str, wake: Any) -> None:
        super().__init__(name="queue wake-ups", daemon=True)
        self._client = client
        self._channel = channel
        self._wake = wake
        self._end = threading.Event()

    def run(self) -> None:
        pause = 0.1
        while not self._end.is_set():
            started = time.monotonic()
            with suppress(redis.RedisError, OSError):
                self._hear()
            pause = 0.1 if time.monotonic() - started > QUIET_SECONDS else min(LONGEST_PAUSE_SECONDS, 2 * pause)
            if not self._end.wait(pause * random.uniform(0.5, 1)):
                structlog.get_logger().warning("queues.wake_ups_lost", pause_seconds=round(pause, 1))

    def end(self) -> None:
        """Returns when it has ended: its connection may be closed then."""
        self._end.set()
        self.join()

    def _hear(self) -> None:
        with self._client.pubsub() as pubsub:
            pubsub.subscribe(self._channel)
            is_heard = time.monotonic()
            self._wake()
            while not self._end.is_set():
                message: dict[str, Any] | None = pubsub.get_message(timeout=LOOK_SECONDS)
                if message is not None:
                    is_heard = time.monotonic()
                    if message["type"] == "message":
                        self._wake(message["data"].decode().split(","))
                elif time.monotonic() - is_heard > QUIET_SECONDS + 5:
                    raise redis.ConnectionError("Redis does not answer")
                elif time.monotonic() - is_heard > QUIET_SECONDS:
                    pubsub.ping()
