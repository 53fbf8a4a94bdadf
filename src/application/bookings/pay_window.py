"""Telling the owner when paying becomes possible."""

from datetime import datetime

from application.ports.unit_of_work import UnitOfWork
from domain.bookings.booking import Booking
from domain.bookings.booking_life import BookingStatus


async def announce_pay_window(uow: UnitOfWork, booking: Booking, *, now: datetime) -> None:
    """Has the owner of an accepted booking written to again when the pay window opens, if that is later than now.
    Nothing is written when the booking has other terms by then: those have a mail of their own."""
    opens = booking.pay_window_opens_at
    if booking.status is not BookingStatus.ACCEPTED or opens is None or opens <= now:
        return
    payload = {
        "mail": "booking_accepted",
        "booking_id": str(booking.id),
        "to": "owner",
        "while": "accepted",
        "quote_id": str(booking.quote_id),
    }
    key = f"pay-window:{booking.quote_id}"
    await uow.jobs.enqueue("mail.send", payload, queue="mail", run_at=opens, unique_key=key)
