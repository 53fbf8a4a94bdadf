"""Deletes what has served."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Table, and_, delete

from application.ports.housekeeping import Housekeeping
from infrastructure.persistence.accounts.account_tables import one_time_tokens, refresh_tokens
from infrastructure.persistence.bookings.booking_tables import quotes
from infrastructure.persistence.database import Database
from infrastructure.persistence.jobs.job_tables import JobStatus, jobs
from infrastructure.persistence.operations.breaker_history_tables import breaker_changes
from infrastructure.persistence.operations.watch_tables import alerts, error_groups, minute_figures
from infrastructure.persistence.outbox import outbox_events
from infrastructure.persistence.payments.payment_tables import inbox_events
from infrastructure.persistence.reports.report_tables import reports

# Long enough to look into what happened last week.
KEPT = timedelta(days=30)
KEPT_FIGURES = timedelta(days=2)


class SqlHousekeeping(Housekeeping):
    def __init__(self, database: Database) -> None:
        self._database = database

    async def clean_up(self, *, now: datetime) -> int:
        gone = 0
        for table, served in _served(now):
            async with self._database.begin() as connection:
                gone += (await connection.execute(delete(table).where(served))).rowcount
        return gone


def _served(now: datetime) -> list[tuple[Table, ColumnElement[bool]]]:
    old = now - KEPT
    done = jobs.c.status.in_([JobStatus.SUCCEEDED.value, JobStatus.CANCELLED.value])
    return [
        (jobs, and_(done, jobs.c.finished_at < old)),
        (breaker_changes, breaker_changes.c.at < old),
        (alerts, alerts.c.resolved_at < old),
        (error_groups, error_groups.c.last_seen_at < old),
        (minute_figures, minute_figures.c.minute < now - KEPT_FIGURES),
        (outbox_events, outbox_events.c.routed_at < old),
        (one_time_tokens, one_time_tokens.c.expires_at < old),
        (reports, reports.c.made_at < old),
        (inbox_events, and_(inbox_events.c.applied_at.is_not(None), inbox_events.c.received_at < old)),
        (refresh_tokens, refresh_tokens.c.expires_at < old),
        (quotes, and_(quotes.c.used_at.is_(None), quotes.c.expires_at < old)),
    ]
