"""Stripe's balance transactions: every cent that came into or left the platform's balance."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from math import ceil

from msgspec import convert

from application.ports.provider_books import MovementKind, ProviderBooks, ProviderMovement
from domain.shared.money import Money
from infrastructure.payments.stripe_client import Answer, Made, Named, StripeCalls, id_of

# By Stripe's reporting categories, which tell apart what its types put together as adjustments.
KINDS: Mapping[str, MovementKind] = {
    "charge": MovementKind.CHARGE,
    "refund": MovementKind.REFUND,
    "refund_failure": MovementKind.REFUND_FAILURE,
    "transfer": MovementKind.TRANSFER,
    "transfer_reversal": MovementKind.REVERSAL,
    "dispute": MovementKind.CHARGEBACK,
    "dispute_reversal": MovementKind.CHARGEBACK_WON,
    "fee": MovementKind.FEE,
    "network_cost": MovementKind.FEE,
    "tax": MovementKind.FEE,
    "payout": MovementKind.BANK,
    "payout_reversal": MovementKind.BANK,
    "topup": MovementKind.BANK,
    "topup_reversal": MovementKind.BANK,
}


class StripeBooks(ProviderBooks):
    def __init__(self, stripe: StripeCalls) -> None:
        self._stripe = stripe

    def movements(self, *, since: datetime, until: datetime) -> AsyncIterator[ProviderMovement]:
        # Stripe keeps whole seconds: a part of one is after the beginning and before the end of it.
        within = {"gte": ceil(since.timestamp()), "lt": ceil(until.timestamp())}
        return self._stripe.each(
            lambda v1, place: v1.balance_transactions.list_async({"created": within, **place}), _movement
        )


class _Line(Made, kw_only=True):
    reporting_category: str
    fee: int
    created: int
    source: str | Named | None = None


def _movement(answer: Answer) -> ProviderMovement:
    line = convert(answer, _Line)
    return ProviderMovement(
        id=line.id,
        kind=KINDS.get(line.reporting_category, MovementKind.OTHER),
        # What is charged for the account as a whole has no object behind it.
        source_id=id_of(line.source) if line.source else line.id,
        amount=line.money,
        fee=Money(line.fee, line.money.currency),
        at=datetime.fromtimestamp(line.created, UTC),
    )
