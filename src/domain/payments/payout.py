"""A caregiver's share of what a booking kept, on its way to him."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType, Self
from uuid import UUID

from domain.bookings.booking_life import BookingId
from domain.payments.idempotency_keys import KeyKind, key_of, subject_of
from domain.shared.actor import CaregiverId
from domain.shared.errors import Conflict, NotFound, Unavailable
from domain.shared.events import DomainEvent
from domain.shared.money import Money

PayoutId = NewType("PayoutId", UUID)
ReversalId = NewType("ReversalId", UUID)


class PayoutStatus(StrEnum):
    """`sending`: decided, and not asked for yet; `unknown`: asked for, and not answered until it is looked up;
    `netted`: nothing was to be transferred, since all of it paid a debt or went back. What was taken back again is told
    by `reversed`."""

    SENDING = "sending"
    UNKNOWN = "unknown"
    PAID = "paid"
    NETTED = "netted"
    FAILED = "failed"


class ReversalStatus(StrEnum):
    """`refused`: the caregiver's account did not hold the money any more; it is his debt now."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    REFUSED = "refused"


class PayoutNotFound(NotFound):
    title = "There is no such payout"


class PayoutUnsettled(Unavailable):
    """What came of the transfer is not known yet; until then nothing more is done with the booking's money."""

    title = "The payout of the booking is under way"


class PayoutNotFailed(Conflict):
    title = "Only a failed payout can be sent again"


class PayoutNotHeld(Conflict):
    title = "Nothing holds the payout"


class PayoutAccountMissing(Conflict):
    title = "The caregiver's account cannot receive transfers"


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutEvent(DomainEvent):
    payout_id: PayoutId
    booking_id: BookingId
    caregiver_id: CaregiverId


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutSent(PayoutEvent): ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutFailed(PayoutEvent):
    """The provider said no for good: a task for an admin."""


@dataclass(slots=True, kw_only=True)
class Payout:
    """The one payout of a booking, ever. Recorded before the provider is asked, so its id there comes later.

    `amount` is what is transferred, after `netted` of the share paid the caregiver's debt. Of what was transferred
    `reversed` was taken back, and `owed` is what should have been but could not: his debt. `decided_at` is when this
    `attempt` (1, 2, …) was.
    """

    id: PayoutId
    booking_id: BookingId
    caregiver_id: CaregiverId
    destination: str
    charge_id: str
    amount: Money
    netted: Money
    decided_at: datetime
    attempt: int = 1
    status: PayoutStatus = PayoutStatus.SENDING
    transfer_id: str | None = None
    error: str | None = None
    settled_at: datetime | None = None
    reversed: Money = field(default_factory=Money.zero)
    owed: Money = field(default_factory=Money.zero)
    reversal_count: int = 0
    version: int = 0
    events: list[DomainEvent] = field(default_factory=list[DomainEvent])

    @classmethod
    def decide(
        cls,
        *,
        id: PayoutId,  # noqa: A002
        booking_id: BookingId,
        caregiver_id: CaregiverId,
        destination: str,
        charge_id: str,
        share: Money,
        debt: Money,
        at: datetime,
    ) -> Self:
        """Of the `share` as much as there is `debt` pays that; the rest is to be transferred."""
        netted = min(share, debt)
        payout = cls(
            id=id,
            booking_id=booking_id,
            caregiver_id=caregiver_id,
            destination=destination,
            charge_id=charge_id,
            amount=share - netted,
            netted=netted,
            decided_at=at,
        )
        payout._settle_if_nothing_is_left(at)
        return payout

    @property
    def key(self) -> str:
        """The idempotency key of the transfer."""
        return key_of(KeyKind.TRANSFER, self.booking_id, self.attempt)

    @property
    def reference(self) -> str:
        """Groups at the provider what belongs to one booking."""
        return f"booking_{self.booking_id}"

    def is_transferred_by(self, key: str | None) -> bool:
        """Whether a transfer with that key is the one of this payout, whichever attempt made it: there is one."""
        subject = subject_of(key, KeyKind.TRANSFER)
        return subject is not None and subject[0] == self.booking_id

    @property
    def is_unsettled(self) -> bool:
        """Whether the transfer may have happened or is still to happen."""
        return self.status in (PayoutStatus.SENDING, PayoutStatus.UNKNOWN)

    @property
    def transferred(self) -> Money:
        """What the provider moved, whatever was taken back of it since."""
        return self.amount if self.status is PayoutStatus.PAID else Money.zero(self.amount.currency)

    def to_reverse(self, share: Money) -> Money:
        """How much of the transfer is too much now that the caregiver's share is `share`. Raises PayoutUnsettled while
        that is not known; what was not asked for yet is asked for at the share of then.

        What paid a debt cannot be taken back from the provider, but is owed; so is what a reversal could not get."""
        if self.status is PayoutStatus.UNKNOWN:
            raise PayoutUnsettled
        received = self.transferred + self.netted - self.reversed - self.owed
        return max(received - share, Money.zero(share.currency))

    def ask(self, *, share: Money, at: datetime) -> bool:
        """The provider is about to be asked, for what is left of the share as it is now; False when nothing is. What
        was asked for before is asked for as it was."""
        if self.status is PayoutStatus.SENDING:
            self.amount = max(share - self.netted, Money.zero(share.currency))
            self.status = PayoutStatus.UNKNOWN
            self._settle_if_nothing_is_left(at)
        return self.status is PayoutStatus.UNKNOWN

    def was_not_sent(self) -> None:
        """What was to be asked for the first time did not leave us."""
        if self.status is PayoutStatus.UNKNOWN:
            self.status = PayoutStatus.SENDING

    def observe(self, transfer_id: str, *, amount: Money, at: datetime) -> bool:
        """The transfer was made, of `amount`; True exactly once."""
        if not self.is_unsettled:
            return False
        self.transfer_id, self.amount = transfer_id, amount
        self._settle(PayoutStatus.PAID, at)
        self._report(PayoutSent, at)
        return True

    def fail(self, error: str, *, at: datetime) -> None:
        """The provider will not make the transfer. Failing twice is harmless."""
        if not self.is_unsettled:
            return
        self.error = error
        self._settle(PayoutStatus.FAILED, at)
        self._report(PayoutFailed, at)

    def send_again(self, *, destination: str, share: Money, debt: Money, at: datetime) -> Money:
        """Another attempt after a failure, of the share as it is now; answers what is netted this time. Raises
        PayoutNotFailed."""
        if self.status is not PayoutStatus.FAILED:
            raise PayoutNotFailed(f"The payout is {self.status.value}.")
        left = max(share - self.netted, Money.zero(share.currency))
        netted = min(left, debt)
        self.attempt += 1
        self.destination, self.decided_at, self.error, self.settled_at = destination, at, None, None
        self.amount, self.netted, self.status = left - netted, self.netted + netted, PayoutStatus.SENDING
        self._settle_if_nothing_is_left(at)
        return netted

    def take_back(self, amount: Money, *, id: ReversalId, at: datetime) -> "Reversal":  # noqa: A002
        """A pending reversal of `amount`."""
        self.reversal_count += 1
        return Reversal(
            id=id,
            payout_id=self.id,
            booking_id=self.booking_id,
            number=self.reversal_count,
            amount=amount,
            created_at=at,
        )

    def _settle_if_nothing_is_left(self, at: datetime) -> None:
        if self.amount == Money.zero(self.amount.currency):
            self._settle(PayoutStatus.NETTED, at)

    def _settle(self, status: PayoutStatus, at: datetime) -> None:
        self.status, self.settled_at = status, at

    def _report(self, event: type[PayoutEvent], at: datetime) -> None:
        self.events.append(event(at=at, payout_id=self.id, booking_id=self.booking_id, caregiver_id=self.caregiver_id))


@dataclass(slots=True, kw_only=True)
class Reversal:
    """Part of a transfer, or all of it, on its way back; number `number` (1, 2, …) of its booking."""

    id: ReversalId
    payout_id: PayoutId
    booking_id: BookingId
    number: int
    amount: Money
    created_at: datetime
    status: ReversalStatus = ReversalStatus.PENDING
    provider_reversal_id: str | None = None
    error: str | None = None
    settled_at: datetime | None = None
    version: int = 0

    @property
    def key(self) -> str:
        """The idempotency key of taking the money back."""
        return key_of(KeyKind.REVERSAL, self.booking_id, self.number)

    def succeed(self, provider_reversal_id: str, *, at: datetime) -> bool:
        """True exactly once."""
        if self.status is not ReversalStatus.PENDING:
            return False
        self.provider_reversal_id = provider_reversal_id
        self.status, self.settled_at = ReversalStatus.SUCCEEDED, at
        return True

    def refuse(self, error: str, *, at: datetime) -> bool:
        """The account does not hold the money any more. True exactly once."""
        if self.status is not ReversalStatus.PENDING:
            return False
        self.status, self.error, self.settled_at = ReversalStatus.REFUSED, error, at
        return True
