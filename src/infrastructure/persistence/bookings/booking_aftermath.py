"""Service report and dispute of a booking: rows of their own, there only once the booking was paid."""

from typing import Any

from sqlalchemy import Row, delete, select

from domain.bookings.booking import Booking
from domain.bookings.booking_life import BookingStatus
from domain.bookings.care_report import CareReport
from domain.bookings.dispute import Dispute, DisputeDecision
from domain.shared.money import Money
from infrastructure.persistence.bookings.booking_tables import care_reports, disputes
from infrastructure.persistence.transaction import Transaction

CHECK_IN, CHECK_OUT = "check_in", "check_out"
_BEFORE_CARE = frozenset({BookingStatus.PENDING, BookingStatus.ACCEPTED, BookingStatus.PAID})


async def read_aftermath(transaction: Transaction, booking: Booking) -> None:
    """Fills them in; asks nothing about a booking that cannot have any yet."""
    if booking.status in _BEFORE_CARE:
        return
    rows = await transaction.all(select(care_reports).where(care_reports.c.booking_id == booking.id))
    reports = {row.moment: report_from(row) for row in rows}
    booking.check_in_report, booking.check_out_report = reports.get(CHECK_IN), reports.get(CHECK_OUT)
    if booking.completed_at is not None:
        row = await transaction.first(select(disputes).where(disputes.c.booking_id == booking.id))
        booking.dispute = None if row is None else dispute_from(row, booking.gross.currency)


async def write_aftermath(transaction: Transaction, booking: Booking) -> None:
    """Replaces what is stored of them; writes nothing for a booking that has none."""
    reports = [
        _report_row(booking, moment, report)
        for moment, report in ((CHECK_IN, booking.check_in_report), (CHECK_OUT, booking.check_out_report))
        if report is not None
    ]
    if reports:
        await transaction.execute(delete(care_reports).where(care_reports.c.booking_id == booking.id))
        await transaction.execute(care_reports.insert(), reports)
    if booking.dispute is not None:
        await transaction.execute(delete(disputes).where(disputes.c.booking_id == booking.id))
        await transaction.execute(disputes.insert().values(_dispute_row(booking, booking.dispute)))


def report_from(row: Row[Any]) -> CareReport:
    return CareReport(at=row.at, lat=row.lat, lng=row.lng, notes=row.notes, photos=tuple(row.photos))


def dispute_from(row: Row[Any], currency: str) -> Dispute:
    return Dispute(
        opened_at=row.opened_at,
        reason=row.reason,
        decision=None if row.decision is None else DisputeDecision(row.decision),
        decided_at=row.decided_at,
        decision_reason=row.decision_reason,
        refund=None if row.refund_cents is None else Money(row.refund_cents, currency),
    )


def _report_row(booking: Booking, moment: str, report: CareReport) -> dict[str, Any]:
    return {
        "booking_id": booking.id,
        "moment": moment,
        "at": report.at,
        "lat": report.lat,
        "lng": report.lng,
        "notes": report.notes,
        "photos": list(report.photos),
    }


def _dispute_row(booking: Booking, dispute: Dispute) -> dict[str, Any]:
    return {
        "booking_id": booking.id,
        "opened_at": dispute.opened_at,
        "reason": dispute.reason,
        "decision": None if dispute.decision is None else dispute.decision.value,
        "decided_at": dispute.decided_at,
        "decision_reason": dispute.decision_reason,
        "refund_cents": None if dispute.refund is None else dispute.refund.amount_cents,
    }
