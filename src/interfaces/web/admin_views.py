"""The dashboard's pages and parts, rendered with Jinja in the language of whoever looks."""

import tomllib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_time, format_timedelta
from babel.numbers import format_currency, format_decimal, format_percent
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from application.operations.live_view import LiveView
from application.ports.views import MoneyView
from domain.shared.languages import Language
from domain.shared.money import Money

_WEB = Path(__file__).parent
_LOCALES = {Language.NL: "nl_BE", Language.FR: "fr_BE", Language.EN: "en_GB"}
# The people who operate the product live there.
_ZONE = ZoneInfo("Europe/Brussels")
_MEGABYTE = 1024 * 1024

# Swapped by themselves as they change, so that what somebody is typing into elsewhere stays.
PARTS = ("status", "score", "figures", "breakers", "queues", "alerts", "processes", "happenings")


class AdminViews:
    """Renders; holds no state but the compiled templates and the words of the languages."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(_WEB / "templates" / "admin"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(_FILTERS)  # pyright: ignore[reportUnknownMemberType]
        self._words = {
            language: tomllib.loads((_WEB / "words" / f"{language.value}.toml").read_text()) for language in Language
        }

    def page(self, name: str, language: Language, **values: Any) -> bytes:
        """A whole document, or a part of one, by the name of its template."""
        template = self._environment.get_template(f"{name}.html")
        known = {"language": language.value, "locale": _LOCALES[language], "words": self._words[language]}
        return template.render(known | values).encode()

    def parts(self, view: LiveView, language: Language) -> Mapping[str, bytes]:
        """Every part of the overview by its name."""
        return {name: self.page(f"parts/{name}", language, view=view) for name in PARTS}

    def word(self, language: Language, section: str, name: str) -> str:
        return self._words[language][section][name]


def _clock(instant: datetime, locale: str) -> str:
    return format_time(instant.astimezone(_ZONE), "HH:mm:ss", locale=locale)


def _moment(instant: datetime, locale: str) -> str:
    return format_datetime(instant, "d MMM HH:mm", tzinfo=_ZONE, locale=locale)


def _day(day: date | datetime, locale: str) -> str:
    if isinstance(day, datetime):
        day = day.astimezone(_ZONE).date()
    return format_date(day, "d MMM y", locale=locale)


def _span(seconds: float, locale: str) -> str:
    return format_timedelta(timedelta(seconds=seconds), threshold=1.5, locale=locale)


def _number(value: float, locale: str, digits: int = 0) -> str:
    return format_decimal(round(value, digits), locale=locale)


def _share(value: float, locale: str) -> str:
    return format_percent(value, "#,##0.0 %", locale=locale)


def _money(money: Money | MoneyView, locale: str) -> str:
    return format_currency(Decimal(money.amount_cents) / 100, money.currency, locale=locale)


def _megabytes(size: int, locale: str) -> str:
    return f"{format_decimal(size // _MEGABYTE, locale=locale)} MB"


_FILTERS = {
    "clock": _clock,
    "moment": _moment,
    "day": _day,
    "money": _money,
    "span": _span,
    "number": _number,
    "share": _share,
    "megabytes": _megabytes,
}
