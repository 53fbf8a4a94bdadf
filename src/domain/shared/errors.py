"""The five kinds of error. A new error subclasses a kind next to its rule and is named by what is wrong."""

import re
from typing import ClassVar


class DomainError(Exception):
    """Something the rules refuse. `str(error)` is a sentence for the caller; it never holds personal data."""

    title: ClassVar[str] = "The request was refused"

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail or self.title)

    @classmethod
    def code(cls) -> str:
        """The stable, kebab-case name of the error: `BookingAlreadyAccepted` → `booking-already-accepted`."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", cls.__name__).lower()


class NotFound(DomainError):
    """It does not exist, or it is not the caller's to know about."""

    title = "Not found"


class Conflict(DomainError):
    """The state of things does not allow it; the detail names the state."""

    title = "The state does not allow this"


class NotAllowed(DomainError):
    """The caller may know about it, but may not do this."""

    title = "Not allowed"


class InvalidInput(DomainError):
    """The input means nothing sensible. `field` is the camelCase path of the culprit, or None for the whole body."""

    title = "The input is invalid"

    def __init__(self, detail: str = "", *, field: str | None = None) -> None:
        super().__init__(detail)
        self.field = field


class Unavailable(DomainError):
    """A part that is needed is away; try again after `retry_after` seconds."""

    title = "Temporarily unavailable"

    def __init__(self, detail: str = "", *, retry_after: int = 5) -> None:
        super().__init__(detail)
        self.retry_after = retry_after
