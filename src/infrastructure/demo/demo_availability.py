"""When the caregivers of the demonstration are open."""

from datetime import date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from domain.availability.availability import Availability
from domain.availability.open_hours import OpenHours

_DAYS = {
    "office": {day: (OpenHours(8 * 60, 18 * 60),) for day in range(5)},
    "mornings and evenings": {day: (OpenHours(7 * 60, 12 * 60), OpenHours(16 * 60, 21 * 60)) for day in range(6)},
    "every day": {day: (OpenHours(7 * 60, 22 * 60),) for day in range(7)},
    "round the clock": {day: (OpenHours(0, 24 * 60),) for day in range(7)},
    "weekends": {day: (OpenHours(9 * 60, 20 * 60),) for day in (4, 5, 6)},
}


def known_availability(time_zone: str) -> Availability:
    """Every day from 07:00 to 22:00, without notice."""
    return Availability(time_zone=time_zone, weekly=_DAYS["every day"])


def demo_availability(random: Random, time_zone: str, *, now: datetime) -> Availability:
    """A usual week, a few dated exceptions, for some a notice and for a few a vacation."""
    week = random.choices(tuple(_DAYS), weights=(25, 20, 30, 15, 10))[0]
    today = now.astimezone(ZoneInfo(time_zone)).date()
    return Availability(
        time_zone=time_zone,
        weekly=_DAYS[week],
        exceptions=_exceptions(random, today),
        minimum_notice_hours=random.choice((0, 0, 0, 12, 24)),
        vacation_until=today + timedelta(days=random.randint(3, 14)) if random.random() < 0.03 else None,
    )


def _exceptions(random: Random, today: date) -> dict[date, tuple[OpenHours, ...]]:
    closed: dict[date, tuple[OpenHours, ...]] = {
        today + timedelta(days=random.randint(5, 120)): () for _ in range(random.choice((0, 1, 2, 4)))
    }
    if random.random() < 0.3:
        closed[today + timedelta(days=random.randint(121, 180))] = (OpenHours(10 * 60, 14 * 60),)
    return closed
