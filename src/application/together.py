"""Doing several things at the same time."""

import asyncio
from collections.abc import Awaitable, Iterable


async def together(work: Iterable[Awaitable[object]]) -> None:
    """Waits for all of it, also when some fails, so that nothing is left at work; then raises the first failure."""
    for outcome in await asyncio.gather(*work, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome
