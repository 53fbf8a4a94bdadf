"""Chargebacks, inside a unit of work."""

from abc import abstractmethod
from typing import Protocol

from domain.bookings.booking_life import BookingId
from domain.payments.chargeback import Chargeback


class ChargebackRepository(Protocol):
    """Keeps chargebacks, unique by the provider's id. Who changes one locks its booking first."""

    @abstractmethod
    async def by_provider_id(self, provider_chargeback_id: str) -> Chargeback | None: ...

    @abstractmethod
    async def is_any_open(self, booking_id: BookingId) -> bool: ...

    @abstractmethod
    async def add(self, chargeback: Chargeback) -> None: ...

    @abstractmethod
    async def save(self, chargeback: Chargeback) -> None:
        """Raises StaleVersion."""
        ...
