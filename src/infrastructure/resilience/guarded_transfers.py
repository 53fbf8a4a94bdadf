"""Transfers behind the breaker of payments: they are the same provider."""

from collections.abc import Sequence

from application.ports.transfers import ProviderReversal, ProviderTransfer, Transfers
from domain.shared.money import Money
from infrastructure.resilience.breaker import Breaker
from infrastructure.resilience.guarded_payments import call_provider


class GuardedTransfers(Transfers):
    """The transfers of another adapter, through `breaker`. Raises CircuitOpen as GuardedPayments does."""

    def __init__(self, transfers: Transfers, breaker: Breaker) -> None:
        self._transfers = transfers
        self._breaker = breaker

    async def transfer(
        self, *, destination: str, amount: Money, charge_id: str, reference: str, idempotency_key: str
    ) -> ProviderTransfer:
        return await call_provider(
            self._breaker,
            lambda: self._transfers.transfer(
                destination=destination,
                amount=amount,
                charge_id=charge_id,
                reference=reference,
                idempotency_key=idempotency_key,
            ),
        )

    async def retrieve(self, transfer_id: str) -> ProviderTransfer:
        return await call_provider(self._breaker, lambda: self._transfers.retrieve(transfer_id))

    async def of_reference(self, reference: str) -> Sequence[ProviderTransfer]:
        return await call_provider(self._breaker, lambda: self._transfers.of_reference(reference))

    async def reverse(self, *, transfer_id: str, amount: Money, idempotency_key: str) -> ProviderReversal:
        return await call_provider(
            self._breaker,
            lambda: self._transfers.reverse(transfer_id=transfer_id, amount=amount, idempotency_key=idempotency_key),
        )

    async def reversals_of(self, transfer_id: str) -> Sequence[ProviderReversal]:
        return await call_provider(self._breaker, lambda: self._transfers.reversals_of(transfer_id))
