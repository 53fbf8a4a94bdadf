"""What the stories of the demonstration did to the ledger, and to the books of the sandbox provider."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from application.ports.ids import Ids
from application.ports.provider_books import MovementKind
from domain.bookings.booking import Booking
from domain.payments.ledger import (
    LedgerAccount,
    LedgerTransaction,
    LedgerTransactionId,
    Posting,
    TransactionKind,
    moved,
    shares_between,
    sold,
    taken_back,
)
from domain.payments.refund import Refund
from domain.shared.money import Money
from infrastructure.demo.collected_inserts import Row
from infrastructure.demo.demo_bookings import DemoBooking
from infrastructure.payments.sandbox_books import fee_of


def ledger_of(made: DemoBooking, ids: Ids) -> Iterator[LedgerTransaction]:
    """Of a booking that was paid once, and perhaps given back."""
    booking, payment = made.booking, made.payment
    if payment is None or booking.paid_at is None:
        return
    rate, kept = booking.commission_basis_points, payment.captured
    shares = shares_between(kept, Money.zero(), commission_basis_points=rate)
    charge_id = payment.captured_charge_id
    yield _transaction(ids, TransactionKind.CHARGE, charge_id, booking, booking.paid_at, sold(shares))
    for refund in made.refunds:
        shares = shares_between(kept, kept - refund.amount, commission_basis_points=rate)
        kept -= refund.amount
        decided = taken_back(shares, to=LedgerAccount.OWED_TO_OWNERS)
        yield _transaction(ids, TransactionKind.REFUND_DECIDED, refund.key, booking, refund.created_at, decided)
        went = moved(LedgerAccount.OWED_TO_OWNERS, LedgerAccount.PROVIDER, refund.amount)
        yield _transaction(ids, TransactionKind.REFUND, _refund_id(refund), booking, _settled_at(refund), went)


def movement_rows(made: DemoBooking) -> Iterator[Row]:
    """The provider's side of it."""
    booking, payment = made.booking, made.payment
    if payment is None or booking.paid_at is None:
        return
    fee = fee_of(payment.captured)
    yield _movement(MovementKind.CHARGE, payment.captured_charge_id, payment.captured, booking.paid_at, fee)
    for refund in made.refunds:
        lost = Money.zero() - refund.amount
        yield _movement(MovementKind.REFUND, _refund_id(refund), lost, _settled_at(refund), Money.zero())


def _transaction(
    ids: Ids, kind: TransactionKind, reference: str, booking: Booking, at: datetime, postings: Sequence[Posting]
) -> LedgerTransaction:
    return LedgerTransaction(
        id=LedgerTransactionId(ids.new()),
        kind=kind,
        reference=reference,
        at=at,
        postings=tuple(postings),
        booking_id=booking.id,
        caregiver_id=booking.caregiver_id,
    )


def _movement(kind: MovementKind, source_id: str, amount: Money, at: datetime, fee: Money) -> Row:
    return {
        "id": f"sbx_txn_{source_id}",
        "kind": kind.value,
        "source_id": source_id,
        "amount_cents": amount.amount_cents,
        "fee_cents": fee.amount_cents,
        "currency": amount.currency,
        "at": at,
    }


def _refund_id(refund: Refund) -> str:
    if refund.provider_refund_id is None:
        raise ValueError(f"refund {refund.id} of the demonstration was not made")
    return refund.provider_refund_id


def _settled_at(refund: Refund) -> datetime:
    return refund.settled_at or refund.created_at
