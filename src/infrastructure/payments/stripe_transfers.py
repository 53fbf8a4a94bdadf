"""Transfers to connected accounts at Stripe, and their reversals."""

from collections.abc import Sequence

from msgspec import convert

from application.ports.transfers import ProviderReversal, ProviderTransfer, Transfers
from domain.shared.money import Money
from infrastructure.payments.stripe_client import Answer, Made, Named, StripeCalls, euros, id_of, keyed


class StripeTransfers(Transfers):
    """A transfer names the charge that it comes from, so that it does not wait until that money is available."""

    def __init__(self, stripe: StripeCalls) -> None:
        self._stripe = stripe

    async def transfer(
        self, *, destination: str, amount: Money, charge_id: str, reference: str, idempotency_key: str
    ) -> ProviderTransfer:
        asked = {
            "amount": amount.amount_cents,
            "currency": amount.currency.lower(),
            "destination": destination,
            "source_transaction": charge_id,
            "transfer_group": reference,
            "metadata": {"key": idempotency_key},
        }
        return await self._stripe.ask(lambda v1: v1.transfers.create_async(asked, keyed(idempotency_key)), _transfer)

    async def retrieve(self, transfer_id: str) -> ProviderTransfer:
        return await self._stripe.ask(lambda v1: v1.transfers.retrieve_async(transfer_id), _transfer)

    async def of_reference(self, reference: str) -> Sequence[ProviderTransfer]:
        return [
            transfer
            async for transfer in self._stripe.each(
                lambda v1, place: v1.transfers.list_async({"transfer_group": reference, **place}), _transfer
            )
        ]

    async def reverse(self, *, transfer_id: str, amount: Money, idempotency_key: str) -> ProviderReversal:
        asked = {"amount": euros(amount), "metadata": {"key": idempotency_key}}
        return await self._stripe.ask(
            lambda v1: v1.transfers.reversals.create_async(transfer_id, asked, keyed(idempotency_key)), _reversal
        )

    async def reversals_of(self, transfer_id: str) -> Sequence[ProviderReversal]:
        return [
            reversal
            async for reversal in self._stripe.each(
                lambda v1, place: v1.transfers.reversals.list_async(transfer_id, place), _reversal
            )
        ]


class _Transfer(Made, kw_only=True):
    destination: str | Named
    amount_reversed: int


def _transfer(answer: Answer) -> ProviderTransfer:
    transfer = convert(answer, _Transfer)
    return ProviderTransfer(
        id=transfer.id,
        key=transfer.key,
        destination=id_of(transfer.destination),
        amount=transfer.money,
        reversed=Money(transfer.amount_reversed, transfer.money.currency),
    )


def _reversal(answer: Answer) -> ProviderReversal:
    reversal = convert(answer, Made)
    return ProviderReversal(id=reversal.id, key=reversal.key, amount=reversal.money)
