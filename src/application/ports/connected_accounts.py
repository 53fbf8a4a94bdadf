"""The accounts through which caregivers receive money."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectedAccount:
    id: str
    can_receive_transfers: bool


class ConnectedAccounts(Protocol):
    """Connected accounts at the payment provider.

    Promises, checked by `tests/contract/test_connected_accounts.py`: the same key answers the same account. Raises
    PaymentsUnavailable or PaymentRefused of the payments port.
    """

    @abstractmethod
    async def create(self, *, country: str, idempotency_key: str) -> ConnectedAccount:
        """Who the caregiver is the provider asks himself: nothing personal is handed over."""
        ...

    @abstractmethod
    async def retrieve(self, account_id: str) -> ConnectedAccount: ...

    @abstractmethod
    async def onboarding_link(self, account_id: str, *, return_url: str) -> str:
        """A single-use address where the caregiver completes the account; never stored, never logged."""
        ...
