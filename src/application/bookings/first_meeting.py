"""What holds for a meet-and-greet besides the rules of every request."""

from application.ports.unit_of_work import UnitOfWork
from domain.bookings.booking_refusals import AlreadyMet
from domain.bookings.request_rules import check_meet_and_greet
from domain.shared.actor import Actor, CaregiverId
from domain.shared.period import Period


async def require_first_meeting(uow: UnitOfWork, period: Period, *, owner: Actor, caregiver_id: CaregiverId) -> None:
    """Raises MeetAndGreetLength, and AlreadyMet for two of whom a meeting stands or who had a paid booking."""
    check_meet_and_greet(period)
    if await uow.bookings.have_met(owner.account_id, caregiver_id):
        raise AlreadyMet
