"""The books: every movement of money, twice, and never changed again.

Double entry (L. Pacioli, Summa de arithmetica, 1494): each posting takes an amount from one account and gives it to
another, so that the sum over all accounts is 0 whatever is posted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from domain.bookings.booking_life import BookingId
from domain.shared.actor import CaregiverId
from domain.shared.money import Money

LedgerTransactionId = NewType("LedgerTransactionId", UUID)
_WHOLE = 10_000  # basis points


class LedgerAccount(StrEnum):
    """`provider`: what the payment provider holds for us. `owed_to_owners`: decided to go back, not there yet.
    `earnings`: caregivers' shares not paid out yet. `commission`: the platform's share. `caregiver_debt`: what
    caregivers were paid too much. `chargebacks`: what banks took while nothing is decided. `losses` and `fees`: what
    the platform bears. `bank`: what went to the platform's own bank."""

    PROVIDER = "provider"
    OWED_TO_OWNERS = "owed_to_owners"
    EARNINGS = "earnings"
    COMMISSION = "commission"
    CAREGIVER_DEBT = "caregiver_debt"
    CHARGEBACKS = "chargebacks"
    LOSSES = "losses"
    FEES = "fees"
    BANK = "bank"


class TransactionKind(StrEnum):
    """Why money moved. Those before `payout` change what was sold; the others only where it is."""

    CHARGE = "charge"
    REFUND_DECIDED = "refund_decided"
    CHARGEBACK_LOST = "chargeback_lost"
    PAYOUT = "payout"
    STRAY_CHARGE = "stray_charge"
    REFUND = "refund"
    REFUND_FAILED = "refund_failed"
    REVERSAL = "reversal"
    DEBT = "debt"
    DEBT_NETTED = "debt_netted"
    CHARGEBACK_OPENED = "chargeback_opened"
    CHARGEBACK_WON = "chargeback_won"
    REFUND_BY_BANK = "refund_by_bank"
    FEE = "fee"
    BANKED = "banked"


SALES = frozenset({TransactionKind.CHARGE, TransactionKind.REFUND_DECIDED, TransactionKind.CHARGEBACK_LOST})
"""What the gross merchandise value and the commission are read from."""


@dataclass(frozen=True, slots=True)
class Posting:
    """`amount`, more than 0, leaves `credit` for `debit`: the balance of an account is its debits less its credits."""

    debit: LedgerAccount
    credit: LedgerAccount
    amount: Money

    def __post_init__(self) -> None:
        if self.debit == self.credit or self.amount <= Money.zero(self.amount.currency):
            raise ValueError(f"{self.amount} from {self.credit} to {self.debit} is no posting")


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerTransaction:
    """Postings that belong together. `reference` is the provider's id of what moved the money, or the key of our own
    decision; the ledger keeps one transaction of each."""

    id: LedgerTransactionId
    kind: TransactionKind
    reference: str
    at: datetime
    postings: tuple[Posting, ...]
    booking_id: BookingId | None = None
    caregiver_id: CaregiverId | None = None


@dataclass(frozen=True, slots=True)
class Shares:
    """How an amount of one booking is split between the platform and the caregiver."""

    commission: Money
    earnings: Money


def shares_between(before: Money, after: Money, *, commission_basis_points: int) -> Shares:
    """What the platform and the caregiver lose when of a price `before` only `after` is kept (gain, the other way).

    The commission of what is kept is rounded half up to the cent, so that the sums over any steps are those of one.
    """
    commission = before.share(commission_basis_points, _WHOLE) - after.share(commission_basis_points, _WHOLE)
    return Shares(commission, before - after - commission)


def sold(shares: Shares) -> Sequence[Posting]:
    """Money that came for a booking."""
    return _postings(
        (LedgerAccount.PROVIDER, LedgerAccount.COMMISSION, shares.commission),
        (LedgerAccount.PROVIDER, LedgerAccount.EARNINGS, shares.earnings),
    )


def taken_back(shares: Shares, *, to: LedgerAccount) -> Sequence[Posting]:
    """What both lose of a booking, owed to its owner or gone to his bank."""
    return _postings((LedgerAccount.COMMISSION, to, shares.commission), (LedgerAccount.EARNINGS, to, shares.earnings))


def moved(debit: LedgerAccount, credit: LedgerAccount, amount: Money) -> Sequence[Posting]:
    return _postings((debit, credit, amount))


def _postings(*moves: tuple[LedgerAccount, LedgerAccount, Money]) -> Sequence[Posting]:
    """None for what is nothing. The shares of a cent may be the one or the other's whole."""
    return [Posting(debit, credit, amount) for debit, credit, amount in moves if amount != Money.zero(amount.currency)]
