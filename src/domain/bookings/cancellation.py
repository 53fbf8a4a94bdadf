"""Who gets what when a booking is cancelled. Preview and execution ask the same function."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.caregivers.caregiver_profile import CancellationPolicy
from domain.shared.money import Money

_NOON = time(12)

_FULL_REFUND_DAYS = {
    CancellationPolicy.FLEXIBLE: 1,
    CancellationPolicy.MODERATE: 7,
    CancellationPolicy.STRICT: 14,
}
_STRICT_HALF_REFUND_DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class CancellationTerms:
    """`refund` goes back to the owner, `fee` is kept; `deadline` is the last instant of the 100 % period."""

    refund: Money
    fee: Money
    deadline: datetime
    policy: CancellationPolicy


def cancellation_terms(
    *,
    policy: CancellationPolicy,
    start: datetime,
    time_zone: str,
    at: datetime,
    captured: Money,
    refunded: Money,
    caregiver_fault: bool,
) -> CancellationTerms:
    """The terms of a cancellation at `at`; `caregiver_fault` (he cancels, or causes it) gives everything back.

    Never refunds more than `captured - refunded`; before anything is captured refund and fee are 0.
    """
    percent = 100 if caregiver_fault else refund_percent(policy, start=start, time_zone=time_zone, at=at)
    left = captured - refunded
    refund = min(captured.share(percent, 100), left)
    deadline = noon_before(start, time_zone, days=_FULL_REFUND_DAYS[policy])
    return CancellationTerms(refund=refund, fee=left - refund, deadline=deadline, policy=policy)


def refund_percent(policy: CancellationPolicy, *, start: datetime, time_zone: str, at: datetime) -> int:
    """The share of gross the owner gets back when he cancels at `at`: 100, 50 or 0. Deadlines are still in time."""
    if at >= start:
        return 0
    if at <= noon_before(start, time_zone, days=_FULL_REFUND_DAYS[policy]):
        return 100
    if policy is not CancellationPolicy.STRICT:
        return 50
    return 50 if at <= noon_before(start, time_zone, days=_STRICT_HALF_REFUND_DAYS) else 0


def noon_before(start: datetime, time_zone: str, *, days: int) -> datetime:
    """12:00 local time, `days` local days before the day of `start`, whatever the clocks do in between."""
    zone = ZoneInfo(time_zone)
    day = start.astimezone(zone).date() - timedelta(days=days)
    return datetime.combine(day, _NOON, tzinfo=zone).astimezone(start.tzinfo)
