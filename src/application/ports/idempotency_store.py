"""First answers to requests that carry an `Idempotency-Key`."""

from abc import abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from msgspec import Struct

from domain.shared.errors import Conflict, InvalidInput


class KeyUsedForOtherRequest(InvalidInput):
    title = "The Idempotency-Key was used for another request"


class FirstRequestStillRunning(Conflict):
    title = "The first request with this Idempotency-Key is still running"


class StoredAnswer(Struct, frozen=True, kw_only=True):
    """A response as it was sent: the headers worth repeating in lower case, and the body."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyScope:
    """Whose key for which route. `holder` is an account id, or what stands for callers without one."""

    holder: str
    method: str
    path: str
    key: str


@dataclass(frozen=True, slots=True)
class Reservation:
    """The right to run the first request. A later owner of the same scope has another id."""

    id: UUID


class IdempotencyStore(Protocol):
    """Lets one of many requests with the same key run, and keeps its answer.

    Promises, checked by `tests/contract/test_idempotency_store.py`: of any number of concurrent calls of `reserve` for
    a scope one gets the reservation; a reservation neither completed nor released counts as abandoned after 60 s and is
    given to the next who asks; the old owner can then neither complete nor release it; answers are kept for 24 h.
    """

    @abstractmethod
    async def reserve(self, scope: IdempotencyScope, *, fingerprint: bytes, at: datetime) -> Reservation | StoredAnswer:
        """The right to run, or the first answer. Raises KeyUsedForOtherRequest or FirstRequestStillRunning."""
        ...

    @abstractmethod
    async def complete(self, reservation: Reservation, answer: StoredAnswer) -> None: ...

    @abstractmethod
    async def release(self, reservation: Reservation) -> None:
        """Gives the key back, as if the request had never come."""
        ...

    @abstractmethod
    async def purge(self, *, at: datetime) -> int:
        """Forgets what is older than 24 h; how many that were."""
        ...
