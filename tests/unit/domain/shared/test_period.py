"""Half-open spans of time."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from domain.shared.period import AMSTERDAM, BRUSSELS, EndBeforeStart, InstantNotUsable, Period, checked_instant

NINE = datetime(2026, 12, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_instants_are_kept_in_utc() -> None:
    elsewhere = timezone(timedelta(hours=5))
    period = Period(NINE.astimezone(elsewhere), (NINE + HOUR).astimezone(elsewhere))
    assert (period.start.tzinfo, period.end.tzinfo) == (UTC, UTC)
    assert (period.start, period.duration) == (NINE, HOUR)


@pytest.mark.parametrize("length", [timedelta(), -HOUR])
def test_a_period_ends_after_it_starts(length: timedelta) -> None:
    with pytest.raises(EndBeforeStart) as refused:
        Period(NINE, NINE + length)
    assert refused.value.field == "endAt"


def test_instants_need_an_offset_and_a_year_of_our_time_and_name_their_field() -> None:
    for unusable in (NINE.replace(tzinfo=None), NINE.replace(year=1999), NINE.replace(year=2201)):
        with pytest.raises(InstantNotUsable) as refused:
            checked_instant(unusable, field="from")
        assert refused.value.field == "from"
        with pytest.raises(InstantNotUsable) as refused:
            Period(unusable, NINE + HOUR)
        assert refused.value.field == "startAt"
        with pytest.raises(InstantNotUsable) as refused:
            Period(NINE, unusable)
        assert refused.value.field == "endAt"
    for usable in (NINE.replace(year=2000), NINE.replace(year=2200)):
        assert checked_instant(usable, field="from") == usable


def test_periods_that_touch_do_not_overlap() -> None:
    period = Period(NINE, NINE + HOUR)
    moment = timedelta(microseconds=1)
    assert not period.overlaps(Period(NINE - HOUR, NINE))
    assert not period.overlaps(Period(NINE + HOUR, NINE + 2 * HOUR))
    assert period.overlaps(Period(NINE - HOUR, NINE + moment))
    assert period.overlaps(Period(NINE + HOUR - moment, NINE + 2 * HOUR))
    assert period.overlaps(Period(NINE - HOUR, NINE + 2 * HOUR))
    assert period.overlaps(period)


def test_days_and_nights_are_those_of_the_zone() -> None:
    period = Period(datetime(2026, 12, 1, 22, 59, tzinfo=UTC), datetime(2026, 12, 2, 23, 0, tzinfo=UTC))
    for time_zone in (BRUSSELS, AMSTERDAM):
        assert f"{period.local_start(time_zone):%d %H:%M}" == "01 23:59"
        assert f"{period.local_end(time_zone):%d %H:%M}" == "03 00:00"
        assert period.midnights(time_zone) == 2
        assert period.local_dates(time_zone) == [date(2026, 12, 1), date(2026, 12, 2), date(2026, 12, 3)]
    assert period.midnights("UTC") == 1
