"""The months that statements are of."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from domain.shared.errors import InvalidInput
from domain.shared.period import BRUSSELS, Period

# Belgium and the Netherlands share their days.
ZONE = ZoneInfo(BRUSSELS)
# Nobody earned anything before.
EARLIEST = date(2025, 1, 1)


class MonthNotBegun(InvalidInput):
    title = "The month has not begun, is too long ago, or is none"


def first_day(month: str, *, now: datetime) -> date:
    """Of `2026-10`. Raises MonthNotBegun (field `month`)."""
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        raise MonthNotBegun(field="month") from None
    if first < EARLIEST or first > now.astimezone(ZONE).date():
        raise MonthNotBegun(field="month")
    return first


def period_of_month(first: date) -> Period:
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    start, end = (datetime.combine(day, time(), ZONE).astimezone(UTC) for day in (first, after))
    return Period(start, end)


def month_before(now: datetime) -> date:
    today = now.astimezone(ZONE).date()
    return date(today.year - (today.month == 1), (today.month - 2) % 12 + 1, 1)
