"""When each rule tells people, and what."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from domain.operations.alert import Alert, AlertHasEnded, AlertId, AlertState, Notice, NoticeKind, evaluate
from domain.operations.alert_rules import ALERT_RULES, RULES_BY_NAME, AlertRule, Observations
from tests.support.builders import NOW

ROOT = Path(__file__).parents[4]
STEP = timedelta(seconds=5)
LONG = timedelta(seconds=180)
CALM: Observations = {**{rule.figure: {} for rule in ALERT_RULES}, "requests_of_minute": {"": 100}}


@dataclass
class Watched:
    """Looks at the system every five seconds."""

    at: datetime = NOW
    known: list[Alert] = field(default_factory=list[Alert])
    told: list[Notice] = field(default_factory=list[Notice])
    titles: list[tuple[NoticeKind, str]] = field(default_factory=list[tuple[NoticeKind, str]])

    def see(
        self,
        seen: Mapping[str, Mapping[str, float]] = {},
        *,
        during: timedelta = timedelta(0),
        **figures: Mapping[str, float],
    ) -> list[tuple[NoticeKind, str]]:
        """What was told meanwhile."""
        before, end = len(self.titles), self.at + during
        while self.at <= end:
            found = evaluate({**CALM, **seen, **figures}, self.known, at=self.at, new_id=uuid4)
            ids = {alert.id for alert in found.changed}
            kept = [alert for alert in self.known if alert.id not in ids]
            self.known = [alert for alert in kept + found.changed if not alert.never_fired]
            self.told += found.notices
            self.titles += [(notice.kind, notice.title) for notice in found.notices]
            self.at += STEP
        return self.titles[before:]


@dataclass(frozen=True)
class Case:
    """A figure of the rule's subject that is too much, and one that is just right."""

    too_much: dict[str, float]
    just_right: dict[str, float]
    title: str


CASES = {
    "database_away": Case({"": 16}, {"": 15}, "Database connection failed"),
    "breaker_open": Case({"email": 1}, {"email": 0}, "Circuit breaker email opened"),
    "errors": Case({"": 11}, {"": 10}, "More than 10 errors a minute"),
    "slow_responses": Case({"": 1001}, {"": 1000}, "Slow performance"),
    "memory": Case({"host:1": 0.91}, {"host:1": 0.9}, "Memory of host:1 nearly used up"),
    "queue_waits": Case({"mail": 61}, {"mail": 60}, "Jobs wait in queue mail"),
    "dead_jobs": Case({"money": 1}, {"money": 0}, "Dead jobs in queue money"),
    "outbox_waits": Case({"": 61}, {"": 60}, "Events wait in the outbox"),
    "over_capacity": Case({"": 1}, {"": 0}, "More animals in care than a caregiver takes"),
    "ledger_off": Case({"": 1}, {"": 0}, "The ledger does not add up to 0"),
    "reconciliation": Case({"": 1}, {"": 0}, "Ledger and payment provider differ"),
}
RULES = pytest.mark.parametrize("rule", ALERT_RULES, ids=lambda rule: rule.name)


def test_every_rule_has_its_case_and_its_runbook() -> None:
    assert set(CASES) == set(RULES_BY_NAME)
    assert [rule.runbook for rule in ALERT_RULES if not (ROOT / rule.runbook).is_file()] == []
    assert {name for rule in ALERT_RULES for name in rule.silences} <= set(RULES_BY_NAME)


@RULES
def test_the_rule_fires_once_when_its_figure_is_too_much_and_tells_its_end(rule: AlertRule) -> None:
    watched, case = Watched(), CASES[rule.name]
    assert watched.see(during=LONG, seen={rule.figure: case.too_much}) == [(NoticeKind.STARTED, case.title)]
    (ended,) = watched.see(during=LONG, seen={rule.figure: case.just_right})
    assert ended[0] is NoticeKind.ENDED
    assert ended[1].startswith("Over after ")
    assert ended[1].endswith(case.title)
    (alert,) = watched.known
    assert alert.state is AlertState.RESOLVED


@RULES
def test_the_rule_does_not_fire_at_its_limit(rule: AlertRule) -> None:
    watched = Watched()
    assert watched.see(during=LONG, seen={rule.figure: CASES[rule.name].just_right}) == []
    assert watched.known == []


@RULES
def test_a_figure_that_could_not_be_had_begins_and_ends_nothing(rule: AlertRule) -> None:
    watched = Watched()
    watched.see(during=LONG, seen={rule.figure: CASES[rule.name].too_much})
    unknown = {figure: seen for figure, seen in CALM.items() if figure != rule.figure}
    found = evaluate(unknown, watched.known, at=watched.at, new_id=uuid4)
    assert (found.notices, watched.known[0].state) == ([], AlertState.FIRING)
    assert evaluate(unknown, [], at=watched.at, new_id=uuid4).changed == []


def test_nothing_is_told_of_what_flaps_inside_the_time_it_must_hold() -> None:
    watched = Watched()
    for _ in range(20):
        assert watched.see(during=4 * STEP, memory_share={"host:1": 0.95}) == []
        assert watched.see(memory_share={"host:1": 0.5}) == []
    assert watched.known == []


@pytest.mark.parametrize("rule", [rule for rule in ALERT_RULES if rule.window], ids=lambda rule: rule.name)
def test_what_hovers_about_its_limit_for_an_hour_is_one_alert(rule: AlertRule) -> None:
    watched, case = Watched(), CASES[rule.name]
    for _ in range(60):
        watched.see(during=4 * STEP, seen={rule.figure: case.too_much})
        watched.see(during=4 * STEP, seen={rule.figure: case.just_right})
    assert [kind for kind, _ in watched.titles if kind is not NoticeKind.GOES_ON] == [NoticeKind.STARTED]


def test_an_alert_of_a_rule_that_is_gone_ends_without_a_word() -> None:
    alert = Alert(id=AlertId(uuid4()), rule="no_more", subject="", value=1, since=NOW, last_seen_at=NOW)
    alert.state, alert.started_at, alert.notified_at = AlertState.FIRING, NOW, NOW
    found = evaluate(CALM, [alert], at=NOW + timedelta(hours=2), new_id=uuid4)
    assert (found.changed, found.notices, alert.state) == ([alert], [], AlertState.RESOLVED)


def test_few_slow_requests_are_no_slow_performance() -> None:
    watched = Watched()
    assert watched.see(p95_ms_of_minute={"": 5000}, requests_of_minute={"": 9}) == []
    assert watched.see(p95_ms_of_minute={"": 5000}, requests_of_minute={"": 10}) != []


def test_a_probe_that_succeeds_for_a_moment_is_the_same_outage() -> None:
    watched = Watched()
    assert len(watched.see(during=LONG, open_breakers={"email": 1})) == 1
    watched.at -= STEP - timedelta(seconds=2)
    assert watched.see() == []
    watched.at -= STEP - timedelta(seconds=2)
    assert watched.see(during=LONG, open_breakers={"email": 1}) == []


def test_an_opening_that_was_over_before_anybody_looked_is_told_once_and_so_is_its_end() -> None:
    watched = Watched()
    opened = {"email": (watched.at - timedelta(seconds=2)).timestamp()}
    told = watched.see(during=LONG, breaker_opened_at=opened)
    assert told == [
        (NoticeKind.STARTED, "Circuit breaker email opened"),
        (NoticeKind.ENDED, "Over after 5 s: Circuit breaker email opened"),
    ]
    assert watched.told[0].details == "email: 1 open (limit 0)"


def test_an_opening_that_was_seen_while_it_lasted_is_not_told_again_from_its_record() -> None:
    watched = Watched()
    opened = {"email": (watched.at - timedelta(seconds=2)).timestamp()}
    watched.see(during=timedelta(seconds=30), open_breakers={"email": 1})
    watched.see(during=timedelta(minutes=10), breaker_opened_at=opened)
    assert [kind for kind, _ in watched.titles] == [NoticeKind.STARTED, NoticeKind.ENDED]


def test_short_openings_one_after_the_other_are_one_outage_and_a_later_one_is_another() -> None:
    watched = Watched()
    for _ in range(10):
        watched.see(breaker_opened_at={"email": (watched.at - timedelta(seconds=1)).timestamp()})
    last = watched.at - STEP - timedelta(seconds=1)
    watched.see(during=LONG, breaker_opened_at={"email": last.timestamp()})
    assert [kind for kind, _ in watched.titles] == [NoticeKind.STARTED, NoticeKind.ENDED]
    again = {"email": (watched.at - timedelta(seconds=4)).timestamp()}
    assert watched.see(breaker_opened_at=again) == [(NoticeKind.STARTED, "Circuit breaker email opened")]


def test_the_end_says_how_long_it_lasted() -> None:
    watched = Watched()
    watched.see(during=timedelta(seconds=25), dead_jobs={"mail": 2})
    assert watched.see()[0][1] == "Over after 30 s: Dead jobs in queue mail"
    watched.see(during=timedelta(minutes=42), dead_jobs={"mail": 2})
    assert watched.see()[0][1] == "Over after 42 min: Dead jobs in queue mail"


def test_what_goes_on_is_told_again_every_hour() -> None:
    watched = Watched()
    watched.see(dead_jobs={"mail": 1})
    assert watched.see(during=timedelta(minutes=59), dead_jobs={"mail": 1}) == []
    reminders = watched.see(during=timedelta(minutes=62), dead_jobs={"mail": 1})
    assert reminders == [
        (NoticeKind.GOES_ON, "Still after 60 min: Dead jobs in queue mail"),
        (NoticeKind.GOES_ON, "Still after 2 h 0 min: Dead jobs in queue mail"),
    ]


def test_what_begins_together_is_told_together() -> None:
    watched = Watched()
    watched.see(open_breakers={"email": 1, "payments": 1}, dead_jobs={"mail": 3})
    assert [(notice.title, notice.details) for notice in watched.told] == [
        ("Circuit breaker email, payments opened", "email: 1 open; payments: 1 open (limit 0)"),
        ("Dead jobs in queue mail", "mail: 3 dead (limit 0)"),
    ]


def test_what_follows_from_a_lost_database_is_not_told_until_its_traces_are_gone() -> None:
    watched = Watched()
    watched.see(database_away_seconds={"": 20})
    follows: dict[str, dict[str, float]] = {"errors_of_minute": {"": 50}, "queue_oldest_seconds": {"mail": 90}}
    assert watched.see(follows, during=LONG, database_away_seconds={"": 30}) == []
    (ended,) = watched.see(follows)
    assert ended[1].endswith("Database connection failed")
    # The errors of the outage are still among those of the last minute.
    assert watched.see(follows, during=timedelta(seconds=50)) == []
    assert len(watched.see(follows, during=timedelta(seconds=20))) == 2


def test_what_was_told_before_it_became_a_consequence_is_told_to_be_over() -> None:
    watched = Watched()
    watched.see(errors_of_minute={"": 50})
    watched.see(errors_of_minute={"": 50}, database_away_seconds={"": 20})
    told = watched.see(database_away_seconds={"": 30}, during=LONG)
    assert [kind for kind, title in told if title.endswith("More than 10 errors a minute")] == [NoticeKind.ENDED]


def test_of_what_is_silenced_nothing_is_told_not_even_its_end_nor_its_return() -> None:
    watched = Watched()
    watched.see(open_breakers={"email": 1})
    watched.known[0].silence(until=watched.at + timedelta(minutes=10), reason="known")
    assert watched.see(during=timedelta(minutes=1), open_breakers={"email": 1}) == []
    assert watched.see(during=timedelta(seconds=30)) == []
    assert watched.see(during=timedelta(minutes=5), open_breakers={"email": 1}) == []
    assert watched.see(during=timedelta(minutes=5), open_breakers={"email": 1}) == [
        (NoticeKind.STARTED, "Circuit breaker email opened")
    ]


def test_what_has_ended_cannot_be_silenced() -> None:
    watched = Watched()
    watched.see(dead_jobs={"mail": 1})
    watched.see()
    with pytest.raises(AlertHasEnded):
        watched.known[0].silence(until=watched.at, reason="late")


def test_a_rule_of_two_things_ends_for_each_alone() -> None:
    watched = Watched()
    watched.see(dead_jobs={"mail": 1, "money": 1})
    assert watched.see(dead_jobs={"money": 1})[0][1].endswith("Dead jobs in queue mail")
    assert watched.see()[0][1].endswith("Dead jobs in queue money")


def test_alerts_have_ids_of_their_own() -> None:
    first, second = Watched(), Watched()
    first.see(dead_jobs={"mail": 1})
    second.see(dead_jobs={"mail": 1})
    assert isinstance(first.known[0].id, UUID)
    assert first.known[0].id != second.known[0].id
    assert replace(first.known[0], id=second.known[0].id) == second.known[0]
