"""Writing down what money did: the one place where the ledger is posted to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from application.ports.ids import Ids
from application.ports.unit_of_work import UnitOfWork
from domain.bookings.booking import Booking
from domain.bookings.booking_life import BookingId
from domain.payments.chargeback import Chargeback
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
from domain.payments.payment import Payment
from domain.payments.payout import Payout, Reversal
from domain.payments.refund import Refund
from domain.shared.actor import CaregiverId
from domain.shared.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """Posts in the caller's unit of work. Whatever is posted has a reference of its own: doing it again is harmless."""

    uow: UnitOfWork
    ids: Ids
    now: datetime

    async def charge(self, booking: Booking, payment: Payment) -> None:
        """Money that the booking counts, which is in its `captured` already."""
        shares = shares_between(
            booking.kept, booking.kept - payment.captured, commission_basis_points=booking.commission_basis_points
        )
        await self._post(
            TransactionKind.CHARGE, payment.captured_charge_id, sold(shares), booking.id, booking.caregiver_id
        )

    async def stray_charge(self, booking: Booking, payment: Payment) -> None:
        """Money that the booking has no use for: all of it is owed to the owner."""
        postings = moved(LedgerAccount.PROVIDER, LedgerAccount.OWED_TO_OWNERS, payment.captured)
        await self._post(
            TransactionKind.STRAY_CHARGE, payment.captured_charge_id, postings, booking.id, booking.caregiver_id
        )

    async def refund_decided(self, booking: Booking, refund: Refund) -> None:
        """Of what the booking kept, which is in its `refunded` already."""
        shares = shares_between(
            booking.kept + refund.amount, booking.kept, commission_basis_points=booking.commission_basis_points
        )
        postings = taken_back(shares, to=LedgerAccount.OWED_TO_OWNERS)
        await self._post(TransactionKind.REFUND_DECIDED, refund.key, postings, booking.id, booking.caregiver_id)

    async def refund(self, refund: Refund) -> None:
        """As far as the provider has told of it."""
        if refund.provider_refund_id is None:
            return
        made = moved(LedgerAccount.OWED_TO_OWNERS, LedgerAccount.PROVIDER, refund.amount)
        await self._post(TransactionKind.REFUND, refund.provider_refund_id, made, refund.booking_id)
        if refund.is_failed:
            back = moved(LedgerAccount.PROVIDER, LedgerAccount.OWED_TO_OWNERS, refund.amount)
            reference = f"{refund.provider_refund_id}:failed"
            await self._post(TransactionKind.REFUND_FAILED, reference, back, refund.booking_id)

    async def refund_by_bank(self, refund: Refund) -> None:
        """What was owed to the owner his bank has got him: what that cost the platform was no loss."""
        postings = moved(LedgerAccount.OWED_TO_OWNERS, LedgerAccount.LOSSES, refund.amount)
        await self._post(TransactionKind.REFUND_BY_BANK, f"{refund.key}:bank", postings, refund.booking_id)

    async def netted(self, payout: Payout, amount: Money) -> None:
        """Part of the share pays what the caregiver owes."""
        postings = moved(LedgerAccount.EARNINGS, LedgerAccount.CAREGIVER_DEBT, amount)
        reference = f"net:{payout.booking_id}:{payout.attempt}"
        await self._post(TransactionKind.DEBT_NETTED, reference, postings, payout.booking_id, payout.caregiver_id)

    async def payout(self, payout: Payout) -> None:
        if payout.transfer_id is None:
            raise ValueError(f"payout {payout.id} was not transferred")
        postings = moved(LedgerAccount.EARNINGS, LedgerAccount.PROVIDER, payout.amount)
        await self._post(TransactionKind.PAYOUT, payout.transfer_id, postings, payout.booking_id, payout.caregiver_id)

    async def reversal(self, payout: Payout, reversal: Reversal) -> None:
        if reversal.provider_reversal_id is None:
            raise ValueError(f"reversal {reversal.id} was not made")
        postings = moved(LedgerAccount.PROVIDER, LedgerAccount.EARNINGS, reversal.amount)
        await self._post(
            TransactionKind.REVERSAL,
            reversal.provider_reversal_id,
            postings,
            payout.booking_id,
            payout.caregiver_id,
        )

    async def debt(self, payout: Payout, amount: Money, *, reference: str) -> None:
        """What was paid too much and cannot be taken back."""
        postings = moved(LedgerAccount.CAREGIVER_DEBT, LedgerAccount.EARNINGS, amount)
        await self._post(TransactionKind.DEBT, reference, postings, payout.booking_id, payout.caregiver_id)

    async def chargeback_opened(self, chargeback: Chargeback) -> None:
        """The bank has taken the money; who bears it is open."""
        postings = moved(LedgerAccount.CHARGEBACKS, LedgerAccount.PROVIDER, chargeback.amount)
        reference = chargeback.provider_chargeback_id
        await self._post(TransactionKind.CHARGEBACK_OPENED, reference, postings, chargeback.booking_id)

    async def chargeback_won(self, chargeback: Chargeback) -> None:
        postings = moved(LedgerAccount.PROVIDER, LedgerAccount.CHARGEBACKS, chargeback.amount)
        reference = f"{chargeback.provider_chargeback_id}:won"
        await self._post(TransactionKind.CHARGEBACK_WON, reference, postings, chargeback.booking_id)

    async def chargeback_lost(self, booking: Booking, chargeback: Chargeback, *, taken: Money) -> None:
        """`taken` of it is what the booking had kept, and is in its `refunded` already; the platform bears the rest."""
        shares = shares_between(
            booking.kept + taken, booking.kept, commission_basis_points=booking.commission_basis_points
        )
        postings = [
            *taken_back(shares, to=LedgerAccount.CHARGEBACKS),
            *moved(LedgerAccount.LOSSES, LedgerAccount.CHARGEBACKS, chargeback.amount - taken),
        ]
        reference = f"{chargeback.provider_chargeback_id}:lost"
        await self._post(TransactionKind.CHARGEBACK_LOST, reference, postings, booking.id, booking.caregiver_id)

    async def fee(self, reference: str, amount: Money, *, at: datetime) -> None:
        """What the provider kept for its service; negative when it gave that back."""
        await self._lost_at_provider(TransactionKind.FEE, f"fee:{reference}", LedgerAccount.FEES, amount, at)

    async def banked(self, reference: str, gained: Money, *, at: datetime) -> None:
        """What went to the platform's own bank (`gained` is negative then), or came from there."""
        lost = Money.zero(gained.currency) - gained
        await self._lost_at_provider(TransactionKind.BANKED, f"bank:{reference}", LedgerAccount.BANK, lost, at)

    async def _lost_at_provider(
        self, kind: TransactionKind, reference: str, to: LedgerAccount, amount: Money, at: datetime
    ) -> None:
        zero = Money.zero(amount.currency)
        debit, credit = (to, LedgerAccount.PROVIDER) if amount > zero else (LedgerAccount.PROVIDER, to)
        await self._post(kind, reference, moved(debit, credit, max(amount, zero - amount)), at=at)

    async def _post(
        self,
        kind: TransactionKind,
        reference: str,
        postings: Sequence[Posting],
        booking_id: BookingId | None = None,
        caregiver_id: CaregiverId | None = None,
        *,
        at: datetime | None = None,
    ) -> None:
        if not postings:
            return
        await self.uow.ledger.post(
            LedgerTransaction(
                id=LedgerTransactionId(self.ids.new()),
                kind=kind,
                reference=reference,
                at=at or self.now,
                postings=tuple(postings),
                booking_id=booking_id,
                caregiver_id=caregiver_id,
            )
        )
