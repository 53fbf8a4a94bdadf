"""What the owner's bank would do, when the payment provider is the sandbox."""

from abc import abstractmethod
from typing import Protocol

from application.ports.payments import ProviderPayment


class SandboxBank(Protocol):
    """Settles sandbox payments. A payment that is settled already stays as it is; an unknown one is PaymentRefused."""

    @abstractmethod
    async def pay(self, payment_id: str) -> ProviderPayment: ...

    @abstractmethod
    async def decline(self, payment_id: str, *, error: str) -> ProviderPayment:
        """The bank says no, or asks for more; the payment goes on waiting, with `error` for a reason."""
        ...
