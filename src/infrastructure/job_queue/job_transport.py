"""How a job's id travels from the relay to a worker. Losing a message loses nothing: the record is dispatched again."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from dramatiq import Message

MESSAGE_VERSION = 1
ACTOR_NAME = "jobs.run"


class TransportUnavailable(Exception):
    """The messages could not be handed over; some of them may have arrived."""


@dataclass(frozen=True, slots=True)
class DueJob:
    id: UUID
    queue: str


class JobTransport(Protocol):
    """Carries ids of due jobs to the workers, at least once while it works at all."""

    @abstractmethod
    async def send(self, due: Sequence[DueJob]) -> None:
        """Raises TransportUnavailable."""
        ...

    @abstractmethod
    async def backlog(self) -> Mapping[str, int]:
        """Messages by queue that no worker has taken. Raises TransportUnavailable."""
        ...

    def has_forgotten(self) -> bool:
        """Whether the last backlog showed that what had been sent before is gone; told until `remember`."""
        return False

    async def remember(self) -> None:
        """What had been sent before is about to be sent again. Raises TransportUnavailable."""


def message_of(job: DueJob) -> Message[None]:
    """The `jobs.run` message about a job."""
    return Message(
        queue_name=job.queue,
        actor_name=ACTOR_NAME,
        args=(),
        kwargs={"job_id": str(job.id), "version": MESSAGE_VERSION},
        options={},
    )
