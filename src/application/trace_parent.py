"""The span under way, as W3C Trace Context writes it: what a request causes later is part of its trace."""

from contextvars import ContextVar

trace_parent: ContextVar[str | None] = ContextVar("trace_parent", default=None)
