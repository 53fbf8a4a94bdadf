"""Every kind of mail in every language."""

from datetime import datetime
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest

from application.ports.mail_templates import MailTemplates, WrittenMail
from domain.caregivers.services import Service
from domain.shared.money import Money
from infrastructure.mail.jinja_mail_templates import MAIL_KINDS, JinjaMailTemplates

LANGUAGES = ("nl", "fr", "en")
ROLES = ("owner", "caregiver")
LINK = "https://tailtribe.be/verify-email?token=abcdefghijklmnop.1234_-&from=mail"
BRUSSELS = ZoneInfo("Europe/Brussels")


def _values(**changes: object) -> dict[str, object]:
    return {
        "name": "An",
        "other_name": "Bo P.",
        "role": "owner",
        "service": "dog_walking",
        "start_at": datetime(2026, 12, 1, 9, 0, tzinfo=BRUSSELS),
        "end_at": datetime(2026, 12, 1, 10, 30, tzinfo=BRUSSELS),
        "pets": ["Rex", "Mia"],
        "gross": Money(123_456),
        "net": Money(98_765),
        "refund": Money(61_728),
        "fee": Money(61_728),
        "deadline": datetime(2026, 11, 30, 18, 5, tzinfo=BRUSSELS),
        "pay_from": None,
        "payout": Money(49_382),
        "disputable_until": datetime(2026, 12, 4, 10, 45, tzinfo=BRUSSELS),
        "dispute_refund": None,
        "answerable": True,
        "is_meeting": False,
        "payable": True,
        "instant": False,
        "series_length": 1,
        "went_back": Money(0),
        "reason": None,
        "owner_name": "An Peeters",
        "caregiver_name": "Bo Claes",
        "paid_out": Money(49_382),
        "netted": None,
        "month": "2026-11",
        "title": "Circuit breaker email opened",
        "details": "email: 1 open (limit 0)",
        "runbook": "docs/runbooks/breaker-open.md",
        "is_over": False,
        "cancelled_by": "owner",
        "link": LINK,
        **changes,
    }


@pytest.fixture(scope="module")
def templates() -> MailTemplates:
    return JinjaMailTemplates(support_email="steven@tailtribe.be")


class _Links(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str | None] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "meta":
            self.open.append(tag)
        if tag == "a":
            self.found.append(dict(attrs)["href"])

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def _every_mail(templates: MailTemplates, **changes: object) -> list[tuple[str, WrittenMail]]:
    return [
        (f"{kind} {language} {role}", templates.write(kind, language=language, values=_values(role=role, **changes)))
        for kind in MAIL_KINDS
        for language in LANGUAGES
        for role in ROLES
    ]


def test_every_mail_has_all_its_parts_and_one_link(templates: MailTemplates) -> None:
    for which, mail in _every_mail(templates):
        assert mail.subject.strip(), which
        assert "\n" not in mail.subject, which
        assert mail.text.count(LINK) == 1, which
        assert mail.text.count("token=") == 1, which
        parsed = _Links(mail.html)
        assert parsed.found == [LINK], which
        assert parsed.open == [], which
        assert mail.html.count("token=") == 1, which
        assert "steven@tailtribe.be" in mail.text, which
        assert "steven@tailtribe.be" in mail.html, which


def test_no_mail_shows_its_machinery(templates: MailTemplates) -> None:
    for which, mail in _every_mail(templates):
        for text in (mail.subject, mail.text, mail.html):
            assert not any(trace in text for trace in ("{{", "{%", "}}", "%}", "None", "Undefined", "Money(")), which
        assert "\n\n\n" not in mail.text, which
        assert ".." not in mail.text, which
        assert "<p></p>" not in mail.html, which


def test_values_are_escaped_in_html_and_plain_in_text(templates: MailTemplates) -> None:
    evil = "<script>alert(1)</script>"
    for which, mail in _every_mail(templates, name=evil, other_name=evil, pets=[evil], reason=evil):
        assert "<script>" not in mail.html, which
        assert "&lt;script&gt;" in mail.html, which
        assert evil in mail.text, which


def test_a_name_with_line_ends_leaves_the_subject_one_line(templates: MailTemplates) -> None:
    mail = templates.write("welcome", language="nl", values=_values(name="An\r\nBcc: eve@example.com"))
    assert mail.subject == "Welkom bij TailTribe, An Bcc: eve@example.com"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("service", [service.value for service in Service])
def test_every_service_has_a_name(templates: MailTemplates, language: str, service: str) -> None:
    mail = templates.write("booking_paid", language=language, values=_values(service=service))
    assert service not in mail.text


@pytest.mark.parametrize(
    ("language", "when", "until", "money", "pets"),
    [
        ("nl", "dinsdag 1 december 2026, 09:00 – 10:30", "maandag 30 november 2026 om 18:05", "€ 987,65", "Rex en Mia"),
        ("fr", "mardi 1 décembre 2026, 09:00 – 10:30", "lundi 30 novembre 2026 à 18:05", "987,65 €", "Rex et Mia"),
        ("en", "Tuesday 1 December 2026, 09:00 – 10:30", "Monday 30 November 2026 at 18:05", "€987.65", "Rex and Mia"),
    ],
)
def test_instants_sums_and_lists_are_written_as_the_reader_writes_them(
    templates: MailTemplates, language: str, when: str, until: str, money: str, pets: str
) -> None:
    mail = templates.write("booking_requested", language=language, values=_values(role="caregiver"))
    text = mail.text.replace("\xa0", " ")
    assert all(expected in text for expected in (when, until, money, pets))


def test_a_period_over_days_names_both_days(templates: MailTemplates) -> None:
    end_at = datetime(2026, 12, 4, 10, 0, tzinfo=BRUSSELS)
    mail = templates.write("booking_paid", language="nl", values=_values(end_at=end_at))
    assert "dinsdag 1 december 2026, 09:00 – vrijdag 4 december 2026, 10:00" in mail.text


def test_the_owner_reads_what_he_pays_and_the_caregiver_what_he_earns(templates: MailTemplates) -> None:
    for kind in ("booking_requested", "booking_paid"):
        owner = templates.write(kind, language="en", values=_values(role="owner")).text
        caregiver = templates.write(kind, language="en", values=_values(role="caregiver")).text
        assert "€1,234.56" in owner
        assert "€987.65" not in owner
        assert "€987.65" in caregiver
        assert "€1,234.56" not in caregiver


@pytest.mark.parametrize(
    ("role", "cancelled_by", "sentence"),
    [
        ("owner", "owner", "You have cancelled your booking with Bo P."),
        ("owner", "caregiver", "Bo P. has cancelled the booking."),
        ("caregiver", "owner", "Bo P. has cancelled the booking."),
        ("caregiver", "caregiver", "You have cancelled your booking with Bo P."),
        ("caregiver", "admin", "TailTribe has cancelled your booking with Bo P."),
    ],
)
def test_a_cancellation_says_who_cancelled(
    templates: MailTemplates, role: str, cancelled_by: str, sentence: str
) -> None:
    mail = templates.write("booking_cancelled", language="en", values=_values(role=role, cancelled_by=cancelled_by))
    assert sentence in mail.text


def test_a_cancellation_tells_the_sums(templates: MailTemplates) -> None:
    half = templates.write("booking_cancelled", language="en", values=_values()).text
    assert "Of the €1,234.56 you will get €617.28 back. The cancellation fee is €617.28." in half
    everything = _values(refund=Money(123_456), fee=Money(0))
    assert "fee" not in templates.write("booking_cancelled", language="en", values=everything).text
    unpaid = _values(refund=Money(0), fee=Money(0))
    assert "Nothing had been paid yet" in templates.write("booking_cancelled", language="en", values=unpaid).text


def test_who_completed_a_booking_reads_what_comes_next(templates: MailTemplates) -> None:
    owner = templates.write("booking_completed", language="en", values=_values(role="owner")).text
    caregiver = templates.write("booking_completed", language="en", values=_values(role="caregiver")).text
    assert "before Friday 4 December 2026 at 10:45" in owner
    assert "€493.82" in caregiver
    assert "€493.82" not in owner


def test_a_meeting_is_told_to_be_free(templates: MailTemplates) -> None:
    for kind in ("booking_requested", "booking_accepted"):
        for role in ROLES:
            values = _values(role=role, is_meeting=True, payable=False, instant=True)
            text = templates.write(kind, language="en", values=values).text
            assert "free" in text or "nothing to pay" in text
            assert "€" not in text


def test_who_must_answer_a_changed_request_reads_until_when(templates: MailTemplates) -> None:
    values = _values(role="caregiver")
    for_caregiver = templates.write("booking_changed", language="en", values=values).text
    assert "Please answer before Monday 30 November 2026 at 18:05" in for_caregiver
    assert "answer" not in templates.write("booking_changed", language="en", values=values | {"answerable": False}).text
    paid = _values(role="owner", answerable=False, went_back=Money(500))
    assert (
        "€5.00 of what you paid is on its way back"
        in templates.write("booking_changed", language="en", values=paid).text
    )
    same = _values(role="owner", answerable=False)
    assert "on its way back" not in templates.write("booking_changed", language="en", values=same).text


@pytest.mark.parametrize(
    ("role", "refund", "sentence"),
    [
        ("owner", Money(0), "Nothing will be refunded."),
        ("owner", Money(500), "You will get €5.00 back."),
        ("caregiver", Money(500), "Bo P. will get €5.00 back."),
        ("caregiver", Money(0), "We will pay out €493.82 to you."),
    ],
)
def test_a_decision_tells_the_sums(templates: MailTemplates, role: str, refund: Money, sentence: str) -> None:
    mail = templates.write("dispute_decided", language="en", values=_values(role=role, dispute_refund=refund))
    assert sentence in mail.text


REASONED = [
    "booking_declined",
    "booking_cancelled",
    "caregiver_rejected",
    "dispute_opened",
    "dispute_decided",
    "dispute_to_decide",
]


@pytest.mark.parametrize("kind", REASONED)
def test_a_reason_is_told_when_there_is_one(templates: MailTemplates, kind: str) -> None:
    assert "reason" not in templates.write(kind, language="en", values=_values()).text
    told = templates.write(kind, language="en", values=_values(reason="We are on holiday."))
    assert "The reason: We are on holiday." in told.text
    assert "The reason: We are on holiday." in told.html


@pytest.mark.parametrize(
    "missing", ["name", "other_name", "link", "deadline", "net", "service", "pets", "end_at", "role"]
)
def test_a_missing_value_is_an_error_and_half_a_mail_is_never_written(templates: MailTemplates, missing: str) -> None:
    values = _values(role="caregiver")
    del values[missing]
    with pytest.raises(KeyError):
        templates.write("booking_requested", language="nl", values=values)


def test_unknown_kinds_languages_and_services_are_errors(templates: MailTemplates) -> None:
    with pytest.raises(KeyError):
        templates.write("spam", language="nl", values=_values())
    with pytest.raises(KeyError):
        templates.write("welcome", language="de", values=_values())
    with pytest.raises(KeyError):
        templates.write("booking_paid", language="nl", values=_values(service="surfing"))
