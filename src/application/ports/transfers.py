"""Paying caregivers, and taking back what was paid."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.shared.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderTransfer:
    """A transfer as its provider tells it now. `key` is the idempotency key it was made with, None when somebody else
    made it; `reversed` is how much of `amount` was taken back."""

    id: str
    key: str | None
    destination: str
    amount: Money
    reversed: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderReversal:
    """Part of a transfer, or all of it, taken back; `key` as in ProviderTransfer."""

    id: str
    key: str | None
    amount: Money


class Transfers(Protocol):
    """Transfers from the platform to connected accounts.

    Promises, checked by `tests/contract/test_transfers.py`: the same key with the same parameters answers the same
    object and moves money once; with other parameters it is PaymentRefused; the transfers of a charge never add up to
    more than the charge, nor the reversals of a transfer to more than the transfer. Providers forget keys after a day:
    whoever asks again later looks first (`of_reference`, `reversals_of`) for what came of it.
    Every method raises PaymentsUnavailable (it may have happened) or PaymentRefused of the payments port.
    """

    @abstractmethod
    async def transfer(
        self, *, destination: str, amount: Money, charge_id: str, reference: str, idempotency_key: str
    ) -> ProviderTransfer:
        """Moves `amount` of what `charge_id` brought to the account `destination`; `reference` as for payments."""
        ...

    @abstractmethod
    async def retrieve(self, transfer_id: str) -> ProviderTransfer: ...

    @abstractmethod
    async def of_reference(self, reference: str) -> Sequence[ProviderTransfer]:
        """Every transfer made for a booking."""
        ...

    @abstractmethod
    async def reverse(self, *, transfer_id: str, amount: Money, idempotency_key: str) -> ProviderReversal:
        """Takes `amount` back; PaymentRefused when the account does not hold it any more."""
        ...

    @abstractmethod
    async def reversals_of(self, transfer_id: str) -> Sequence[ProviderReversal]: ...
