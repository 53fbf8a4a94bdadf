"""Which days are public holidays."""

from abc import abstractmethod
from datetime import date
from typing import Protocol

from domain.shared.languages import Country


class PublicHolidays(Protocol):
    """Knows the national public holidays of Belgium and the Netherlands."""

    @abstractmethod
    def is_holiday(self, day: date, *, country: Country) -> bool: ...
