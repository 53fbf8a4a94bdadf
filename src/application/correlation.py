"""The id that ties a request to the jobs and mails it causes."""

from contextvars import ContextVar

correlation_id: ContextVar[str | None] = ContextVar("correlation_id", default=None)
