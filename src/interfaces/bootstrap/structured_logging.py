"""One JSON object a line on standard output, also for what libraries log."""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog
from structlog.typing import Processor

from application.correlation import correlation_id
from domain.operations.redaction import redacted

# Made of names and numbers of our own, and written for every request.
_WITHOUT_DATA = frozenset({"request", "slow_request"})


def configure_logging(level: str = "INFO") -> None:
    """For the whole process; calling it again replaces the settings. Tracebacks carry no local variables."""
    logging.captureWarnings(True)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_processors(),
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _redact,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # They tell every job they add and every message they carry; how a job went is told by our own lines.
    for talkative in ("apscheduler", "dramatiq"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
    # It warns of the second lane of a process, whose middleware is of the same type as the first one's.
    logging.getLogger("dramatiq.broker").setLevel(logging.ERROR)
    structlog.configure(
        # First of all, so that what is not logged costs next to nothing.
        processors=[
            structlog.stdlib.filter_by_level,
            *_processors(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _processors() -> list[Processor]:
    return [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.contextvars.merge_contextvars,
        _add_correlation_id,
        structlog.stdlib.PositionalArgumentsFormatter(),
    ]


def _add_correlation_id(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    if (current := correlation_id.get()) is not None:
        event.setdefault("correlation_id", current)
    return event


def _redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Whoever wrote the line, and whatever an exception says."""
    if event.get("event") in _WITHOUT_DATA:
        return event
    return {name: redacted(value) if isinstance(value, str) else value for name, value in event.items()}
