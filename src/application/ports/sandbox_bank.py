"""What the owner's bank would do, when the payment provider is the sandbox."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from application.ports.payments import ProviderChargeback, ProviderPayment, ProviderRefund


class SandboxBank(Protocol):
    """Settles sandbox payments. What is settled already stays as it is; an unknown payment is PaymentRefused."""

    @abstractmethod
    async def pay(self, payment_id: str) -> ProviderPayment: ...

    @abstractmethod
    async def decline(self, payment_id: str, *, error: str) -> ProviderPayment:
        """The bank says no, or asks for more; the payment goes on waiting, with `error` for a reason."""
        ...

    @abstractmethod
    async def charge_back(self, payment_id: str) -> ProviderChargeback:
        """The bank takes the whole charge back, until it has decided. PaymentRefused when nothing was charged."""
        ...

    @abstractmethod
    async def decide_chargeback(self, payment_id: str, *, won: bool) -> ProviderChargeback:
        """`won` by the platform, which has the money again. PaymentRefused without a chargeback."""
        ...

    @abstractmethod
    async def return_refunds(self, payment_id: str) -> Sequence[ProviderRefund]:
        """The bank cannot credit the owner: the refunds of the payment fail after all, and the money is here again."""
        ...
