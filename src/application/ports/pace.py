"""Not asking a provider more often than it likes."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Turn:
    """When one may call: after so many seconds if a place in the row `is_reserved`, else one may try again then."""

    seconds: float
    is_reserved: bool


class Pace(Protocol):
    """A common row of all processes for each provider.

    Promises, checked by `tests/contract/test_pace.py`: over any time no more turns come than the rate allows, and one
    more; a turn that is too far off is not reserved; without its server each process keeps the pace for itself.
    """

    @abstractmethod
    async def turn(self, provider: str, *, per_second: float, longest_wait_seconds: float) -> Turn:
        """The next turn. Never raises because a server is away."""
        ...
