"""The calendar of one caregiver in SQL."""

from application.ports.calendar_queries import CalendarQueries
from domain.bookings.free_periods import CaregiverCalendar
from domain.caregivers.caregiver_profile import CaregiverNotFound
from domain.shared.actor import CaregiverId
from domain.shared.period import Period
from infrastructure.persistence.bookings.calendars import load_calendars
from infrastructure.persistence.database import Database


class SqlCalendarQueries(CalendarQueries):
    def __init__(self, database: Database) -> None:
        self._database = database

    async def calendar(self, caregiver_id: CaregiverId, within: Period) -> CaregiverCalendar:
        async with self._database.read() as connection:
            calendars = await load_calendars(connection, [caregiver_id], within)
        calendar = calendars.of(caregiver_id)
        if calendar is None:
            raise CaregiverNotFound
        return calendar
