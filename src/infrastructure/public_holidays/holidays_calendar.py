"""National public holidays from the `holidays` package.

Its package of countries imports all of them; only the two modules are loaded here, past it (decision 19).
"""

import sys
from datetime import date
from functools import cache
from importlib import import_module
from types import ModuleType

import holidays

from application.ports.public_holidays import PublicHolidays
from domain.shared.languages import Country

_PACKAGE = "holidays.countries"


class HolidaysCalendar(PublicHolidays):
    def is_holiday(self, day: date, *, country: Country) -> bool:
        return day in _of_year(country, day.year)


def _calendars() -> dict[Country, type[holidays.HolidayBase]]:
    belgium, netherlands = (_module_alone(name) for name in ("belgium", "netherlands"))
    return {Country.BE: belgium.Belgium, Country.NL: netherlands.Netherlands}


def _module_alone(name: str) -> ModuleType:
    """The module without what `holidays/countries/__init__.py` would import; that can still be imported later."""
    if _PACKAGE in sys.modules:
        return import_module(f"{_PACKAGE}.{name}")
    bare = ModuleType(_PACKAGE)
    bare.__path__ = [f"{folder}/countries" for folder in holidays.__path__]
    sys.modules[_PACKAGE] = bare
    try:
        return import_module(f"{_PACKAGE}.{name}")
    finally:
        del sys.modules[_PACKAGE]


_CALENDARS = _calendars()


@cache
def _of_year(country: Country, year: int) -> frozenset[date]:
    return frozenset(_CALENDARS[country](years=year))
