"""What one request has asked of the database so far."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class RequestLoad:
    queries: int = 0
    query_seconds: float = 0.0


request_load: ContextVar[RequestLoad | None] = ContextVar("request_load", default=None)
