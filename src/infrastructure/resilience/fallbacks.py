"""What answers instead of a dependency."""

from collections.abc import Awaitable, Callable
from enum import Enum
from inspect import isawaitable
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")


class _Missing(Enum):
    MISSING = "missing"


MISSING = _Missing.MISSING

# A value, or a function, synchronous or not, that gives it.
Fallback: TypeAlias = T | Callable[[], T | Awaitable[T]] | _Missing


async def answer_instead(fallback: Fallback[T]) -> T:
    """The fallback's value; MISSING is nobody's answer and must not come here."""
    answer: Any = fallback() if callable(fallback) else fallback
    return await answer if isawaitable(answer) else answer
