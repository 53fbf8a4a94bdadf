"""An alert from the first sign to its end, and what is told of it: beginning, end, and a reminder every hour."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby
from typing import NewType
from uuid import UUID

from domain.operations.alert_rules import ALERT_RULES, RULES_BY_NAME, AlertRule, Observations
from domain.shared.errors import Conflict, NotFound

AlertId = NewType("AlertId", UUID)
REMIND_EVERY = timedelta(hours=1)


class AlertState(StrEnum):
    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"


class NoticeKind(StrEnum):
    STARTED = "started"
    GOES_ON = "goes_on"
    ENDED = "ended"


class AlertNotFound(NotFound):
    title = "There is no such alert"


class AlertHasEnded(Conflict):
    title = "The alert has ended"


@dataclass(slots=True, kw_only=True)
class Alert:
    """One rule about one thing. `since` is the first sign, `started_at` when it began to fire, `notified_at` when it
    was last told, None while nobody knows of it."""

    id: AlertId
    rule: str
    subject: str
    value: float
    since: datetime
    last_seen_at: datetime
    state: AlertState = AlertState.PENDING
    started_at: datetime | None = None
    notified_at: datetime | None = None
    resolved_at: datetime | None = None
    silenced_until: datetime | None = None
    silence_reason: str | None = None

    @property
    def never_fired(self) -> bool:
        return self.started_at is None and self.state is AlertState.RESOLVED

    @property
    def lasted(self) -> timedelta:
        return (self.resolved_at or self.last_seen_at) - (self.started_at or self.since)

    def is_silenced(self, at: datetime) -> bool:
        return self.silenced_until is not None and at < self.silenced_until

    def silence(self, *, until: datetime, reason: str) -> None:
        """Nothing is told of it until then, its end included. Raises AlertHasEnded."""
        if self.state is AlertState.RESOLVED:
            raise AlertHasEnded
        self.silenced_until, self.silence_reason = until, reason

    def see(self, value: float, rule: AlertRule, at: datetime) -> None:
        self.value, self.last_seen_at = value, at
        if self.state is AlertState.PENDING and at - self.since >= rule.hold_for:
            self.state, self.started_at = AlertState.FIRING, at

    def miss(self, rule: AlertRule, at: datetime) -> None:
        """What has not begun to fire is forgotten at once."""
        if self.state is AlertState.PENDING or at - self.last_seen_at >= rule.calm_for:
            self.state, self.resolved_at = AlertState.RESOLVED, at

    def due_notice(self, at: datetime, *, is_consequence: bool) -> NoticeKind | None:
        """What is to be told of it now that it was looked at, and is taken as told. A consequence of another alert is
        not told; what was told
        before it became one is told to have ended."""
        kind = self._news(at)
        if kind is None or self.is_silenced(at) or (is_consequence and kind is not NoticeKind.ENDED):
            return None
        self.notified_at = at
        return kind

    def _news(self, at: datetime) -> NoticeKind | None:
        if self.state is AlertState.FIRING:
            if self.notified_at is None:
                return NoticeKind.STARTED
            return NoticeKind.GOES_ON if at - self.notified_at >= REMIND_EVERY else None
        is_over = self.state is AlertState.RESOLVED
        return NoticeKind.ENDED if is_over and self.notified_at is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What is told of alerts of one rule that came to the same together."""

    kind: NoticeKind
    alerts: tuple[Alert, ...]

    @property
    def rule(self) -> AlertRule:
        return RULES_BY_NAME[self.alerts[0].rule]

    @property
    def title(self) -> str:
        title = self.rule.titled(", ".join(alert.subject for alert in self.alerts))
        lasted = _spoken(max(alert.lasted for alert in self.alerts))
        match self.kind:
            case NoticeKind.STARTED:
                return title
            case NoticeKind.GOES_ON:
                return f"Still after {lasted}: {title}"
            case NoticeKind.ENDED:
                return f"Over after {lasted}: {title}"

    @property
    def details(self) -> str:
        """The figures, each with its limit."""
        rule = self.rule
        values = (
            f"{alert.subject + ': ' if alert.subject else ''}{alert.value:g} {rule.unit}" for alert in self.alerts
        )
        return f"{'; '.join(values)} (limit {rule.limit:g})"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The alerts that are another now, and what is to be told."""

    changed: list[Alert] = field(default_factory=list[Alert])
    notices: list[Notice] = field(default_factory=list[Notice])


def evaluate(
    seen: Observations,
    known: Sequence[Alert],
    *,
    at: datetime,
    new_id: Callable[[], UUID],
    rules: Sequence[AlertRule] = ALERT_RULES,
) -> Evaluation:
    """One look at everything. `known` are the open alerts, and those that ended not long ago."""
    alerts, over = [*known], {alert.id for alert in known if alert.state is AlertState.RESOLVED}
    for rule in rules:
        _look(rule, seen, alerts, at, new_id)
    names = {rule.name for rule in rules}
    for alert in alerts:
        if alert.rule not in names and alert.state is not AlertState.RESOLVED:
            # Of a rule that this release does not know any more: nobody would ever tell its end.
            alert.state, alert.resolved_at, alert.notified_at = AlertState.RESOLVED, at, None
    consequences = _consequences(rules, alerts, at)
    touched = [alert for alert in alerts if alert.id not in over]
    told = [
        (kind, alert)
        for alert in touched
        if (kind := alert.due_notice(at, is_consequence=alert.rule in consequences)) is not None
    ]
    return Evaluation(touched, _grouped(told))


def _look(rule: AlertRule, seen: Observations, alerts: list[Alert], at: datetime, new_id: Callable[[], UUID]) -> None:
    own = {
        alert.subject: alert for alert in alerts if alert.rule == rule.name and alert.state is not AlertState.RESOLVED
    }
    news = _unseen(rule, seen, alerts)
    for subject in sorted({*seen.get(rule.figure, {}), *news, *own}):
        holds, alert = subject in news or rule.holds(seen, subject), own.get(subject)
        if holds and alert is None:
            alert = _begun(rule, subject, alerts, at, new_id)
            alerts.append(alert)
        if alert is not None and holds is not None:
            value = max(seen.get(rule.figure, {}).get(subject, 0), 1 if subject in news else 0)
            alert.see(value, rule, at) if holds else alert.miss(rule, at)


def _unseen(rule: AlertRule, seen: Observations, alerts: Iterable[Alert]) -> set[str]:
    """Of what did it come about since an alert of it was last seen? What is older belongs to that alert."""
    last: dict[str, float] = {}
    for alert in alerts:
        if alert.rule == rule.name:
            last[alert.subject] = max(last.get(alert.subject, 0), alert.last_seen_at.timestamp())
    instants = None if rule.came_about is None else seen.get(rule.came_about)
    return {subject for subject, instant in (instants or {}).items() if instant > last.get(subject, 0)}


def _begun(rule: AlertRule, subject: str, alerts: Iterable[Alert], at: datetime, new_id: Callable[[], UUID]) -> Alert:
    """The silence of its forerunner is its own."""
    alert = Alert(id=AlertId(new_id()), rule=rule.name, subject=subject, value=0, since=at, last_seen_at=at)
    for before in alerts:
        if (before.rule, before.subject) == (rule.name, subject) and before.is_silenced(at):
            alert.silenced_until, alert.silence_reason = before.silenced_until, before.silence_reason
    return alert


def _consequences(rules: Sequence[AlertRule], alerts: Iterable[Alert], at: datetime) -> set[str]:
    """The rules that say nothing now, because another one does."""
    by_name = {rule.name: rule for rule in rules}
    found: set[str] = set()
    for alert in alerts:
        for name in by_name[alert.rule].silences if alert.rule in by_name and alert.started_at is not None else ():
            still_felt = alert.resolved_at is None or at - alert.resolved_at <= by_name[name].window
            if still_felt and name in by_name:
                found.add(name)
    return found


def _grouped(told: Iterable[tuple[NoticeKind, Alert]]) -> list[Notice]:
    ordered = sorted(told, key=lambda item: (item[1].rule, item[0], item[1].subject))
    return [
        Notice(kind=kind, alerts=tuple(alert for _, alert in group))
        for (_, kind), group in groupby(ordered, key=lambda item: (item[1].rule, item[0]))
    ]


def _spoken(lasted: timedelta) -> str:
    seconds = round(lasted.total_seconds())
    if seconds < 120:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
