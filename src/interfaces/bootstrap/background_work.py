"""Work that goes on for as long as the process does."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

BackgroundWork = Callable[[], Coroutine[Any, Any, None]]
PAUSE_SECONDS = 1.0

log = structlog.get_logger(__name__)


async def kept_going(work: BackgroundWork, *, pause_seconds: float = PAUSE_SECONDS) -> None:
    """Until it says itself that it is done, or is cancelled. After an error that it did not foresee it is begun anew:
    a process that goes on serving without it would be wrong and not know it."""
    while True:
        try:
            return await work()
        except Exception:
            log.exception("background_work_died", work=getattr(work, "__qualname__", repr(work)))
        await asyncio.sleep(pause_seconds)
