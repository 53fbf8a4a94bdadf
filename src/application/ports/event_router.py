"""What follows from an event."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from application.ports.job_queue import JobPayload

EventFacts = Mapping[str, str | int | bool | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutedJob:
    """A job that an event asks for. `name` tells several jobs of one event apart and must not change."""

    name: str
    kind: str
    payload: JobPayload
    queue: str


# (event name, aggregate id, facts) → the jobs that follow; an event nobody cares about gives none.
EventRouter = Callable[[str, UUID, EventFacts], Sequence[RoutedJob]]
