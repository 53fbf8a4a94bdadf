"""National public holidays from the `holidays` package."""

from datetime import date
from functools import cache

import holidays

from application.ports.public_holidays import PublicHolidays
from domain.shared.languages import Country


class HolidaysCalendar(PublicHolidays):
    def is_holiday(self, day: date, *, country: Country) -> bool:
        return day in _of_year(country.value, day.year)


@cache
def _of_year(country: str, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays(country, years=year))
