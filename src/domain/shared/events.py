"""Facts that aggregates report: past tense, ids and instants only, kept in the outbox."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainEvent:
    """Something that happened at `at`. The class name is the event's name in the outbox and in `event_routes.py`."""

    at: datetime
