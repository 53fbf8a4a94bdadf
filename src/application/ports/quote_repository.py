"""Quotes, inside a unit of work."""

from abc import abstractmethod
from typing import Protocol

from domain.bookings.quote import Quote, QuoteId
from domain.shared.actor import AccountId, CaregiverId


class QuoteRepository(Protocol):
    """Keeps quotes. A quote of another owner is QuoteNotFound."""

    @abstractmethod
    async def get(self, quote_id: QuoteId, *, owner_id: AccountId) -> Quote:
        """The quote as it is now, also when this unit of work read it before. Raises QuoteNotFound."""
        ...

    @abstractmethod
    async def caregiver_of(self, quote_id: QuoteId, *, owner_id: AccountId) -> CaregiverId:
        """Whose quote it is: that never changes, so it can be asked before locks are taken. Raises QuoteNotFound."""
        ...

    @abstractmethod
    async def add(self, quote: Quote) -> None: ...

    @abstractmethod
    async def save(self, quote: Quote) -> None:
        """Raises StaleVersion when somebody else saved it since it was read: of two uses one is kept."""
        ...
