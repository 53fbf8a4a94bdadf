"""What a period of care costs."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.bookings.pricing import LineItem, LineKind, Price, commission_of, nothing_to_pay, price_quote
from domain.caregivers.caregiver_profile import Offer
from domain.caregivers.services import Service
from domain.shared.money import Money
from domain.shared.period import AMSTERDAM, BRUSSELS, Period
from tests.support.builders import an_offer, euros, period_of

CHRISTMAS = date(2026, 12, 25)

offers = st.builds(
    Offer,
    service=st.sampled_from(Service),
    price=st.builds(Money, st.integers(1, 1_000_000)),
    extra_pet_price=st.builds(Money, st.integers(0, 100_000)),
    holiday_surcharge_percent=st.integers(0, 100),
)
periods = st.builds(
    lambda start, length: Period(start, start + length),
    st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.timedeltas(timedelta(minutes=1), timedelta(days=30)),
)


def price_of(
    offer: Offer,
    start: str,
    end: str,
    *,
    pet_count: int = 1,
    holidays: tuple[date, ...] = (),
    time_zone: str = BRUSSELS,
) -> Price:
    return price_quote(
        offer=offer,
        period=period_of(start, end, time_zone),
        time_zone=time_zone,
        pet_count=pet_count,
        is_holiday=lambda day: day in holidays,
    )


def quantity(price: Price, kind: LineKind = LineKind.SERVICE) -> Decimal:
    return next((line.quantity for line in price.line_items if line.kind is kind), Decimal(0))


@pytest.mark.parametrize(
    ("end", "hours"),
    [
        ("09:01", "0.5"),
        ("09:30", "0.5"),
        ("09:31", "1"),
        ("10:00", "1"),
        ("10:30", "1.5"),
        ("10:31", "2"),
    ],
)
def test_an_hour_is_counted_in_started_half_hours(end: str, hours: str) -> None:
    assert quantity(price_of(an_offer(), "2026-11-10 09:00", f"2026-11-10 {end}")) == Decimal(hours)


def test_half_hours_are_rounded_once_half_up() -> None:
    assert price_of(an_offer(price="33.33"), "2026-11-10 09:00", "2026-11-10 09:30").gross == euros("16.67")
    assert price_of(an_offer(price="33.33"), "2026-11-10 09:00", "2026-11-10 10:30").gross == euros("50.00")


@pytest.mark.parametrize(
    ("start", "end", "nights"),
    [
        ("2026-11-10 09:00", "2026-11-10 20:00", 1),
        ("2026-11-10 23:59", "2026-11-11 00:01", 1),
        ("2026-11-10 09:00", "2026-11-13 08:00", 3),
        ("2026-11-10 09:00", "2026-11-13 00:00", 3),
        ("2027-03-27 20:00", "2027-03-29 08:00", 2),
        ("2027-10-30 20:00", "2027-11-01 08:00", 2),
    ],
)
def test_a_night_is_a_local_midnight_and_there_is_at_least_one(start: str, end: str, nights: int) -> None:
    price = price_of(an_offer(Service.PET_BOARDING, price="30.00"), start, end)
    assert quantity(price) == nights
    assert price.gross == Money(3000 * nights)


@pytest.mark.parametrize("service", [Service.HOME_CARE, Service.SMALL_ANIMAL_CARE, Service.PET_TRANSPORT])
def test_a_visit_or_a_trip_is_one_however_long_it_takes(service: Service) -> None:
    price = price_of(an_offer(service, price="15.00"), "2026-11-10 09:00", "2026-11-11 12:00")
    assert (quantity(price), price.gross) == (1, euros("15.00"))


@pytest.mark.parametrize(("day", "hours"), [("2027-03-28", 3), ("2027-10-31", 5), ("2027-06-01", 4)])
def test_hours_are_counted_as_they_pass_when_the_clocks_change(day: str, hours: int) -> None:
    assert quantity(price_of(an_offer(), f"{day} 00:00", f"{day} 04:00")) == hours


def test_extra_pets_cost_their_own_price_per_unit() -> None:
    price = price_of(
        an_offer(price="20.00", extra_pet_price="5.00"), "2026-11-10 09:00", "2026-11-10 10:30", pet_count=3
    )
    service, extra = price.line_items
    assert (service.quantity, service.total) == (Decimal("1.5"), euros("30.00"))
    assert (extra.kind, extra.quantity, extra.unit_price, extra.total) == (
        LineKind.EXTRA_PETS,
        3,
        euros("5.00"),
        euros("15.00"),
    )
    assert price.gross == euros("45.00")


def test_each_line_says_what_it_is_for() -> None:
    offer = an_offer(Service.GROUP_DOG_WALKING, extra_pet_price="5.00", holiday_surcharge_percent=50)
    price = price_of(offer, "2026-12-25 09:00", "2026-12-25 10:00", pet_count=2, holidays=(CHRISTMAS,))
    assert [line.label for line in price.line_items] == ["Group dog walking", "Extra pets", "Public holiday surcharge"]


def test_lines_of_nothing_are_left_out() -> None:
    offer = an_offer(extra_pet_price="0", holiday_surcharge_percent=0)
    price = price_of(offer, "2026-12-25 09:00", "2026-12-25 10:00", pet_count=2, holidays=(CHRISTMAS,))
    assert [line.kind for line in price.line_items] == [LineKind.SERVICE]


def test_the_holiday_surcharge_is_on_the_nights_that_begin_on_the_holiday() -> None:
    offer = an_offer(Service.PET_SITTING, price="40.00", holiday_surcharge_percent=25)
    price = price_of(offer, "2026-12-24 18:00", "2026-12-27 09:00", holidays=(CHRISTMAS,))
    surcharge = price.line_items[-1]
    assert (surcharge.kind, surcharge.quantity, surcharge.unit_price) == (LineKind.HOLIDAY_SURCHARGE, 1, euros("10.00"))
    assert price.gross == euros("130.00")


def test_a_night_that_ends_on_the_holiday_bears_no_surcharge() -> None:
    offer = an_offer(Service.PET_SITTING, price="40.00", holiday_surcharge_percent=25)
    assert price_of(offer, "2026-12-24 18:00", "2026-12-25 23:00", holidays=(CHRISTMAS,)).gross == euros("40.00")


def test_the_holiday_surcharge_is_on_the_half_hours_that_begin_on_the_holiday() -> None:
    offer = an_offer(price="20.00", holiday_surcharge_percent=50)
    price = price_of(offer, "2026-12-24 22:45", "2026-12-25 00:45", holidays=(CHRISTMAS,))
    assert quantity(price, LineKind.HOLIDAY_SURCHARGE) == Decimal("0.5")
    assert price.gross == euros("45.00")


def test_a_holiday_is_a_day_of_the_local_calendar() -> None:
    offer = an_offer(price="20.00", holiday_surcharge_percent=50)
    late_on_christmas_eve_in_utc = Period(
        datetime(2026, 12, 24, 23, 0, tzinfo=UTC), datetime(2026, 12, 25, 0, 0, tzinfo=UTC)
    )
    price = price_quote(
        offer=offer,
        period=late_on_christmas_eve_in_utc,
        time_zone=AMSTERDAM,
        pet_count=1,
        is_holiday=lambda day: day == CHRISTMAS,
    )
    assert price.gross == euros("30.00")


def test_a_visit_belongs_to_the_day_it_starts_on() -> None:
    offer = an_offer(Service.HOME_CARE, price="10.00", holiday_surcharge_percent=100)
    assert price_of(offer, "2026-12-25 23:30", "2026-12-26 00:30", holidays=(CHRISTMAS,)).gross == euros("20.00")
    assert price_of(offer, "2026-12-24 23:30", "2026-12-25 00:30", holidays=(CHRISTMAS,)).gross == euros("10.00")


def test_extra_pets_bear_no_holiday_surcharge() -> None:
    offer = an_offer(Service.PET_SITTING, price="40.00", extra_pet_price="10.00", holiday_surcharge_percent=50)
    price = price_of(offer, "2026-12-25 18:00", "2026-12-26 09:00", pet_count=2, holidays=(CHRISTMAS,))
    assert price.gross == euros("70.00")


def test_the_surcharge_is_rounded_once_however_many_units_bear_it() -> None:
    offer = an_offer(Service.PET_SITTING, price="33.33", holiday_surcharge_percent=25)
    both = (CHRISTMAS, CHRISTMAS + timedelta(days=1))
    price = price_of(offer, "2026-12-25 18:00", "2026-12-27 09:00", holidays=both)
    assert price.line_items[-1].total == euros("16.67")


def test_the_commission_of_the_example_is_six_euros_sixty_seven() -> None:
    gross = euros("33.33")
    commission = commission_of(gross)
    assert (commission, gross - commission) == (euros("6.67"), euros("26.66"))


@pytest.mark.parametrize(("cents", "commission"), [(1, 0), (2, 0), (3, 1), (12, 2), (13, 3), (10_000, 2_000)])
def test_commission_is_rounded_half_up_to_the_cent(cents: int, commission: int) -> None:
    assert commission_of(Money(cents)) == Money(commission)


@given(
    offer=offers,
    period=periods,
    pet_count=st.integers(1, 20),
    time_zone=st.sampled_from([BRUSSELS, AMSTERDAM]),
    holiday=st.booleans(),
)
def test_every_price_adds_up_and_nothing_in_it_is_negative(
    offer: Offer, period: Period, pet_count: int, time_zone: str, holiday: bool
) -> None:
    price = price_quote(
        offer=offer, period=period, time_zone=time_zone, pet_count=pet_count, is_holiday=lambda _: holiday
    )
    assert price.gross == sum((line.total for line in price.line_items), Money.zero())
    assert all(line.total.amount_cents >= 0 and line.half_units > 0 for line in price.line_items)
    assert price.line_items[0].quantity * 2 % 1 == 0
    assert price.gross >= Money(price.line_items[0].total.amount_cents)
    commission = commission_of(price.gross)
    net = price.gross - commission
    assert commission + net == price.gross
    assert Money.zero() <= commission <= net


@given(price_cents=st.integers(1, 10_000), minutes=st.integers(1, 60 * 24))
def test_a_longer_walk_never_costs_less(price_cents: int, minutes: int) -> None:
    start = datetime(2026, 11, 10, 9, 0, tzinfo=UTC)

    def gross(length: int) -> Money:
        return price_quote(
            offer=an_offer(price=f"{price_cents // 100}.{price_cents % 100:02}"),
            period=Period(start, start + timedelta(minutes=length)),
            time_zone=BRUSSELS,
            pet_count=1,
            is_holiday=lambda _: False,
        ).gross

    assert gross(minutes) <= gross(minutes + 1)


def test_a_meet_and_greet_is_one_line_of_nothing() -> None:
    nothing = Money(0)
    line = LineItem(kind=LineKind.SERVICE, label="Meet and greet", half_units=2, unit_price=nothing, total=nothing)
    assert nothing_to_pay() == Price(line_items=(line,), gross=nothing)
