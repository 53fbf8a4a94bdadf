"""From rows to what the pages of bookings show."""

from typing import Any, TypeAlias
from uuid import UUID

from msgspec import UNSET
from sqlalchemy import exists, select

from application.ports.booking_queries import (
    BookedPetView,
    BookingDisputeView,
    BookingView,
    PartyView,
    PayoutView,
    ProposedChangeView,
)
from application.ports.views import MoneyView
from domain.bookings.booking_life import STATUSES_THAT_REVEAL, BookingStatus
from domain.bookings.booking_state import disputable_until, payout_state, share_of_caregiver
from domain.bookings.dispute import DisputeDecision
from domain.caregivers.caregiver_profile import CancellationPolicy
from domain.caregivers.services import Service
from domain.shared.actor import Actor
from domain.shared.money import Money
from domain.shared.names import gated_name
from infrastructure.persistence.accounts.account_tables import accounts
from infrastructure.persistence.bookings.booking_tables import bookings, disputes
from infrastructure.persistence.caregivers.caregiver_tables import caregivers
from infrastructure.persistence.enum_values import by_value
from infrastructure.persistence.tables import AnySelect, is_one_of

_owner = accounts.alias("owner_account")
_caregiver = accounts.alias("caregiver_account")
_known = bookings.alias("known")
_STATUSES, _SERVICES, _POLICIES = by_value(BookingStatus), by_value(Service), by_value(CancellationPolicy)


def _selected_bookings() -> AnySelect:
    """Bookings with what their views show besides; of the other party, only whether it may be known."""
    revealed = exists().where(
        _known.c.owner_id == bookings.c.owner_id,
        _known.c.caregiver_id == bookings.c.caregiver_id,
        is_one_of(_known.c.status, sorted(STATUSES_THAT_REVEAL)),
        _known.c.meet_and_greet.is_(False),
    )
    return (
        select(
            bookings,
            caregivers.c.account_id.label("caregiver_account_id"),
            _owner.c.first_name.label("owner_first"),
            _owner.c.last_name.label("owner_last"),
            _owner.c.phone.label("owner_phone"),
            _owner.c.address.label("owner_address"),
            _caregiver.c.first_name.label("caregiver_first"),
            _caregiver.c.last_name.label("caregiver_last"),
            _caregiver.c.phone.label("caregiver_phone"),
            _caregiver.c.address.label("caregiver_address"),
            revealed.label("revealed"),
            disputes.c.opened_at.label("dispute_opened_at"),
            disputes.c.reason.label("dispute_reason"),
            disputes.c.decision.label("dispute_decision"),
            disputes.c.decided_at.label("dispute_decided_at"),
            disputes.c.decision_reason.label("dispute_decision_reason"),
            disputes.c.refund_cents.label("dispute_refund_cents"),
        )
        .join(caregivers, caregivers.c.id == bookings.c.caregiver_id)
        .join(_owner, _owner.c.id == bookings.c.owner_id)
        .join(_caregiver, _caregiver.c.id == caregivers.c.account_id)
        .outerjoin(disputes, disputes.c.booking_id == bookings.c.id)
    )


QuoteRows: TypeAlias = tuple[Any, list[BookedPetView]]
"""A quote, and the pets it is for."""

SELECTED_BOOKINGS = _selected_bookings()


def booking_view(row: Any, booked: list[BookedPetView], viewer: Actor, *, proposal: QuoteRows | None) -> BookingView:
    """The booking as this viewer may see it. `proposal` is the quote of a change that is asked for."""
    is_owner = row.owner_id == viewer.account_id
    is_caregiver = row.caregiver_id == viewer.caregiver_id
    may_know = row.revealed or not (is_owner or is_caregiver)
    status = _STATUSES[row.status]
    sees_shares = is_caregiver or (viewer.is_admin and not is_owner)
    return BookingView(
        id=row.id,
        quote_id=row.quote_id,
        status=status,
        caregiver=party_view(row.caregiver_id, row.caregiver_first, row.caregiver_last, shown=may_know or is_caregiver),
        owner=party_view(row.owner_id, row.owner_first, row.owner_last, shown=may_know or is_owner),
        service=_SERVICES[row.service],
        start_at=row.start_at,
        end_at=row.end_at,
        time_zone=row.time_zone,
        pets=booked,
        gross=money_view(row.gross_cents, row),
        captured=money_view(row.captured_cents, row),
        refunded=money_view(row.refunded_cents, row),
        policy=_POLICIES[row.policy],
        requested_at=row.requested_at,
        answer_until=row.answer_until,
        accepted_at=row.accepted_at,
        pay_window_opens_at=row.pay_window_opens_at,
        pay_until=None if row.meet_and_greet else row.pay_until,
        paid_at=row.paid_at,
        notes=row.notes,
        vet=row.vet,
        off_leash_allowed=row.off_leash_allowed,
        series_id=row.series_id,
        meet_and_greet=row.meet_and_greet,
        completed_at=row.completed_at,
        disputable_until=disputable_until(
            status,
            row.completed_at,
            was_disputed=row.dispute_opened_at is not None,
            meet_and_greet=row.meet_and_greet,
        ),
        dispute=_dispute(row),
        payout=_payout(row, status, sees_amount=sees_shares),
        proposed_change=None if proposal is None else _change(row, *proposal, sees_net=sees_shares),
        commission=money_view(row.commission_cents, row) if sees_shares else UNSET,
        net=money_view(row.net_cents, row) if sees_shares else UNSET,
    )


def _dispute(row: Any) -> BookingDisputeView | None:
    if row.dispute_opened_at is None:
        return None
    return BookingDisputeView(
        opened_at=row.dispute_opened_at,
        reason=row.dispute_reason,
        decision=None if row.dispute_decision is None else DisputeDecision(row.dispute_decision),
        decided_at=row.dispute_decided_at,
        decision_reason=row.dispute_decision_reason,
        refund=None if row.dispute_refund_cents is None else money_view(row.dispute_refund_cents, row),
    )


def _change(row: Any, quote: Any, pets: list[BookedPetView], *, sees_net: bool) -> ProposedChangeView:
    return ProposedChangeView(
        quote_id=quote.id,
        start_at=quote.start_at,
        end_at=quote.end_at,
        pets=pets,
        gross=money_view(quote.gross_cents, quote),
        asked_at=row.change_asked_at,
        until=row.change_until,
        accepted_at=row.change_accepted_at,
        net=money_view(quote.net_cents, quote) if sees_net else UNSET,
    )


def _payout(row: Any, status: BookingStatus, *, sees_amount: bool) -> PayoutView:
    state = payout_state(status, due_at=row.payout_due_at, is_frozen=row.payout_is_frozen, paid_out_at=row.paid_out_at)
    if not sees_amount:
        return PayoutView(state=state, due_at=row.payout_due_at, paid_at=row.paid_out_at)
    kept = Money(row.captured_cents - row.refunded_cents, row.currency)
    share = share_of_caregiver(kept, row.commission_basis_points)
    return PayoutView(state=state, due_at=row.payout_due_at, paid_at=row.paid_out_at, amount=MoneyView.of(share))


def party_view(party_id: UUID, first_name: str, last_name: str, *, shown: bool) -> PartyView:
    name = f"{first_name} {last_name}" if shown else gated_name(first_name, last_name)
    return PartyView(id=party_id, display_name=name)


def money_view(cents: int, row: Any) -> MoneyView:
    return MoneyView(amount_cents=cents, currency=row.currency)
