"""The public holidays that a surcharge falls on."""

import subprocess
import sys
from datetime import date, timedelta

import pytest

from domain.shared.languages import Country
from infrastructure.public_holidays.holidays_calendar import HolidaysCalendar

BELGIAN = "01-01 03-29 05-01 05-06 05-17 07-21 08-15 11-01 11-11 12-25"


@pytest.mark.parametrize(
    ("country", "day", "expected"),
    [
        (Country.NL, date(2027, 4, 27), True),
        (Country.NL, date(2025, 4, 26), True),
        (Country.NL, date(2025, 4, 27), False),
        (Country.NL, date(2027, 12, 26), True),
        (Country.NL, date(2027, 7, 21), False),
        (Country.BE, date(2027, 4, 27), False),
        (Country.BE, date(2027, 12, 26), False),
        (Country.BE, date(2027, 12, 24), False),
    ],
)
def test_each_country_has_its_own(country: Country, day: date, *, expected: bool) -> None:
    assert HolidaysCalendar().is_holiday(day, country=country) is expected


def test_the_ten_of_belgium_move_with_easter() -> None:
    calendar = HolidaysCalendar()
    year = [date(2027, 1, 1) + timedelta(days=at) for at in range(365)]
    found = {f"{day:%m-%d}" for day in year if calendar.is_holiday(day, country=Country.BE)}
    # Easter itself and Whit Sunday are Sundays that the package counts, too.
    assert found - {"03-28", "05-16"} == set(BELGIAN.split())


def test_no_other_country_is_loaded() -> None:
    program = (
        "import sys, infrastructure.public_holidays.holidays_calendar;"
        "print(*sorted(name for name in sys.modules if name.startswith('holidays.countries.')));"
        "import holidays; print(holidays.country_holidays('AR', years=2027).country)"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert loaded.split() == ["holidays.countries.belgium", "holidays.countries.netherlands", "AR"]
