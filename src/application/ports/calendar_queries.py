"""When a caregiver is open, and what takes him up."""

from abc import abstractmethod
from typing import Protocol

from domain.bookings.free_periods import CaregiverCalendar
from domain.shared.actor import CaregiverId
from domain.shared.period import Period


class CalendarQueries(Protocol):
    """Reads of calendars without a transaction."""

    @abstractmethod
    async def calendar(self, caregiver_id: CaregiverId, within: Period) -> CaregiverCalendar:
        """As it is in that period. Raises CaregiverNotFound, also for one who is not visible to everybody."""
        ...
