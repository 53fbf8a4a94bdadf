"""The languages and countries TailTribe speaks to."""

from enum import StrEnum


class Language(StrEnum):
    NL = "nl"
    FR = "fr"
    EN = "en"


class Country(StrEnum):
    BE = "BE"
    NL = "NL"

    @property
    def time_zone(self) -> str:
        return "Europe/Brussels" if self is Country.BE else "Europe/Amsterdam"
