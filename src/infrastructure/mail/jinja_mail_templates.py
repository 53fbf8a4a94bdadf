"""Mails written with Jinja: two layouts, and the words of each language in a catalogue."""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from babel.dates import format_datetime
from babel.lists import format_list
from babel.numbers import format_currency
from jinja2 import Environment, StrictUndefined, Template, UndefinedError

from application.ports.mail_templates import MailTemplates, WrittenMail
from domain.shared.money import Money

TEMPLATES = Path(__file__).parent / "templates"
LOCALES = {"nl": "nl_BE", "fr": "fr_BE", "en": "en_GB"}
DAY = "EEEE d MMMM y"
HOUR = "HH:mm"
TWO_FULL_STOPS = re.compile(r"(?<!\.)\.\.(?!\.)")
MAIL_KINDS = (
    "alert",
    "verify_address",
    "welcome",
    "reset_password",
    "booking_requested",
    "booking_accepted",
    "booking_changed",
    "change_proposed",
    "change_accepted",
    "change_declined",
    "change_withdrawn",
    "change_lapsed",
    "booking_declined",
    "booking_expired",
    "booking_paid",
    "booking_cancelled",
    "booking_completed",
    "meet_and_greet_held",
    "dispute_opened",
    "dispute_decided",
    "dispute_to_decide",
    "refund_made",
    "refund_failed",
    "payout_sent",
    "payout_failed",
    "chargeback_opened",
    "earnings_statement",
    "caregiver_submitted",
    "caregiver_approved",
    "caregiver_rejected",
)


class JinjaMailTemplates(MailTemplates):
    """Writes the mails of `MAIL_KINDS`; the catalogues show which values each kind takes."""

    def __init__(self, *, support_email: str) -> None:
        self._support_email = support_email
        self._catalogues = {language: _Catalogue(language) for language in LOCALES}

    def write(self, kind: str, *, language: str, values: Mapping[str, object]) -> WrittenMail:
        catalogue = self._catalogues[language]
        facts = {**values, "support_email": self._support_email}
        try:
            return WrittenMail(
                subject=" ".join(catalogue.line(catalogue.mail(kind)["subject"], facts).split()),
                text=catalogue.text(kind, facts),
                html=catalogue.html(kind, facts),
            )
        except UndefinedError as error:
            raise KeyError(f"{kind}: {error}") from error


class _Catalogue:
    """The words of one language, as templates that are compiled once."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._locale = LOCALES[language]
        self._words: dict[str, Any] = tomllib.loads((TEMPLATES / f"{language}.toml").read_text(encoding="utf-8"))
        self._compiled: dict[tuple[str, bool], Template] = {}
        self._plain = self._environment(autoescape=False)
        self._escaping = self._environment(autoescape=True)

    def mail(self, kind: str) -> dict[str, Any]:
        return self._words["mails"][kind]

    def line(self, template: str, facts: Mapping[str, object], *, escape: bool = False) -> str:
        """One sentence or paragraph. A name may end in a full stop already, as `An P.` does."""
        return TWO_FULL_STOPS.sub(".", self._template(template, escape=escape).render(facts))

    def text(self, kind: str, facts: Mapping[str, object]) -> str:
        return self._layout("layout.txt.jinja", kind, facts, escape=False)

    def html(self, kind: str, facts: Mapping[str, object]) -> str:
        return self._layout("layout.html.jinja", kind, facts, escape=True)

    def _layout(self, name: str, kind: str, facts: Mapping[str, object], *, escape: bool) -> str:
        mail = self.mail(kind)

        def written(template: str) -> str:
            return self.line(template, facts, escape=escape)

        def all_written(templates: Sequence[str]) -> list[str]:
            return [line for template in templates if (line := written(template))]

        layout = self._template((TEMPLATES / name).read_text(encoding="utf-8"), escape=escape)
        return layout.render(
            language=self._language,
            greeting=written(self._words["greeting"]),
            heading=written(mail["heading"]),
            paragraphs=all_written(mail["paragraphs"]),
            facts=all_written(self._words["booking_facts"] if mail.get("about_booking") else []),
            button=written(mail["button"]),
            colon=self._words["colon"],
            link=facts["link"],
            after=all_written(mail.get("after", [])),
            signature=written(self._words["signature"]),
            footer=written(self._words["footer"]),
        )

    def _template(self, source: str, *, escape: bool) -> Template:
        template = self._compiled.get((source, escape))
        if template is None:
            template = (self._escaping if escape else self._plain).from_string(source)
            self._compiled[source, escape] = template
        return template

    def _environment(self, *, autoescape: bool) -> Environment:
        environment = Environment(
            autoescape=autoescape,  # noqa: S701 - the text part is not HTML
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        filters = cast("dict[str, Callable[..., str]]", environment.filters)  # pyright: ignore[reportUnknownMemberType]
        filters |= {"money": self._money, "moment": self._moment, "listed": self._listed, "service": self._service}
        environment.globals["period"] = self._period  # pyright: ignore[reportUnknownMemberType]
        return environment

    def _money(self, amount: Money) -> str:
        return format_currency(Decimal(amount.amount_cents) / 100, amount.currency, locale=self._locale)

    def _moment(self, at: datetime) -> str:
        return self._words["moment"].format(day=self._formatted(at, DAY), hour=self._formatted(at, HOUR))

    def _period(self, start: datetime, end: datetime) -> str:
        """The end's day only when it is another one."""
        begins = self._formatted(start, f"{DAY}, {HOUR}")
        same_day = start.date() == end.date()
        return f"{begins} – {self._formatted(end, HOUR if same_day else f'{DAY}, {HOUR}')}"

    def _listed(self, words: Sequence[str]) -> str:
        return format_list(list(words), locale=self._locale)

    def _service(self, code: str) -> str:
        return self._words["services"][code]

    def _formatted(self, at: datetime, pattern: str) -> str:
        """In the zone the instant is given in."""
        return format_datetime(at, pattern, tzinfo=at.tzinfo, locale=self._locale)
