"""What must not be, as data: the limit of each figure, and how it is told."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TypeAlias

# A figure → what it was measured of ("" for the whole system) → its value. A figure that could not be had is absent.
Observations: TypeAlias = Mapping[str, Mapping[str, float]]
WHOLE_SYSTEM = ""


class Severity(StrEnum):
    CRITICAL = "critical"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRule:
    """Holds when `figure` is above `limit`, for `hold_for` at a stretch; it is over when it was not for `calm_for`.

    `came_about` names a figure whose values are instants, in seconds since 1970: one that nobody has seen counts as a
    value of 1, also when it was over before anybody looked. `window` is the time the figure looks back. `needs` names
    another figure and its least value for this one to mean anything. While one of these rules fires, and as long
    afterwards as their windows look back, what `silences` names is not told.
    """

    name: str
    title: str
    figure: str
    came_about: str | None = None
    limit: float
    unit: str
    severity: Severity = Severity.CRITICAL
    window: timedelta = timedelta(0)
    hold_for: timedelta = timedelta(0)
    calm_for: timedelta = timedelta(0)
    needs: tuple[str, float] | None = None
    silences: tuple[str, ...] = ()

    @property
    def runbook(self) -> str:
        return f"docs/runbooks/{self.name.replace('_', '-')}.md"

    def holds(self, seen: Observations, subject: str) -> bool | None:
        """None when it cannot be told."""
        if self.figure not in seen:
            return None
        if self.needs is not None and seen.get(self.needs[0], {}).get(WHOLE_SYSTEM, 0) < self.needs[1]:
            return False
        return seen[self.figure].get(subject, 0) > self.limit

    def titled(self, subjects: str) -> str:
        return self.title.format(subject=subjects)


DATABASE_AWAY = "database_away"
_MINUTE = timedelta(minutes=1)
# What hovers about its limit is one alert.
_CALM = timedelta(minutes=2)

ALERT_RULES = (
    AlertRule(
        name=DATABASE_AWAY,
        title="Database connection failed",
        figure="database_away_seconds",
        limit=15,
        unit="s away",
        silences=("errors", "slow_responses", "queue_waits", "outbox_waits"),
    ),
    AlertRule(
        name="breaker_open",
        title="Circuit breaker {subject} opened",
        figure="open_breakers",
        came_about="breaker_opened_at",
        limit=0,
        unit="open",
        # A probe that succeeds and a call that fails right after it are the same outage.
        calm_for=timedelta(seconds=5),
    ),
    AlertRule(
        name="errors",
        title="More than 10 errors a minute",
        figure="errors_of_minute",
        limit=10,
        unit="errors in a minute",
        window=_MINUTE,
        calm_for=_CALM,
    ),
    AlertRule(
        name="slow_responses",
        title="Slow performance",
        figure="p95_ms_of_minute",
        limit=1000,
        unit="ms at p95 of a minute",
        severity=Severity.WARNING,
        window=_MINUTE,
        calm_for=_CALM,
        needs=("requests_of_minute", 10),
    ),
    AlertRule(
        name="memory",
        title="Memory of {subject} nearly used up",
        figure="memory_share",
        limit=0.9,
        unit="of the limit",
        hold_for=timedelta(seconds=30),
        calm_for=timedelta(seconds=30),
    ),
    AlertRule(
        name="queue_waits",
        title="Jobs wait in queue {subject}",
        figure="queue_oldest_seconds",
        limit=60,
        unit="s for the oldest",
        severity=Severity.WARNING,
        window=_MINUTE,
        calm_for=_CALM,
    ),
    AlertRule(
        name="dead_jobs",
        title="Dead jobs in queue {subject}",
        figure="dead_jobs",
        limit=0,
        unit="dead",
        severity=Severity.WARNING,
    ),
    AlertRule(
        name="outbox_waits",
        title="Events wait in the outbox",
        figure="outbox_age_seconds",
        limit=60,
        unit="s for the oldest",
        window=_MINUTE,
        calm_for=_CALM,
    ),
    AlertRule(
        name="over_capacity",
        title="More animals in care than a caregiver takes",
        figure="over_capacity",
        limit=0,
        unit="bookings",
    ),
    AlertRule(
        name="ledger_off",
        title="The ledger does not add up to 0",
        figure="ledger_off_cents",
        limit=0,
        unit="cents off",
    ),
    AlertRule(
        name="reconciliation",
        title="Ledger and payment provider differ",
        figure="reconciliation_differences",
        limit=0,
        unit="differences",
    ),
)
RULES_BY_NAME = {rule.name: rule for rule in ALERT_RULES}
