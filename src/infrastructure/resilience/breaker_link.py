"""What a breaker tells the breakers of the same name in other processes, and learns from them."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Protocol

from application.ports.circuit_breakers import BreakerState


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerPosition:
    """Where a breaker stands. `reopened` counts failed probes since it was closed; `wait_seconds` are left until the
    next probe may be tried; `age_seconds` have passed since it took this state."""

    state: BreakerState
    failures: int = 0
    successes: int = 0
    reopened: int = 0
    wait_seconds: float = 0.0
    age_seconds: float = 0.0
    reason: str = ""


class BreakerLink(Protocol):
    """The methods that are not awaited only note what is to be told: they do no I/O."""

    @abstractmethod
    def failed(self, open_seconds: float) -> None:
        """A call failed and the breaker is still closed here; the others' failures may open it for `open_seconds`."""
        ...

    @abstractmethod
    def recovered(self) -> None:
        """A call succeeded after failures."""
        ...

    @abstractmethod
    def changed(self, *, probe: str | None = None, forced: bool = False) -> None:
        """The position is another, as the outcome of `probe` if given; a forced one overrules what others know."""
        ...

    @abstractmethod
    async def claim(self, probe: str, seconds: float) -> bool:
        """Whether this process may make the one probe. What others know is adopted before it returns."""
        ...

    @abstractmethod
    def release(self, probe: str) -> None:
        """The probe has no outcome."""
        ...
