"""What holds of every price and refund, whatever the numbers: nothing negative, nothing lost, nothing twice."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from domain.bookings.cancellation import cancellation_terms
from domain.bookings.pricing import LineKind, Price, commission_of, price_quote
from domain.caregivers.caregiver_profile import CancellationPolicy, Offer
from domain.caregivers.services import PricedUnit, Service
from domain.shared.money import Money, round_half_up
from domain.shared.period import TIME_ZONES, Period

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
offers = st.builds(
    Offer,
    service=st.sampled_from(Service),
    price=st.builds(Money, st.integers(1, 1_000_000)),
    extra_pet_price=st.builds(Money, st.integers(0, 1_000_000)),
    holiday_surcharge_percent=st.integers(0, 100),
)
periods = st.builds(
    lambda minutes, length: Period(
        FIRST + timedelta(minutes=minutes), FIRST + timedelta(minutes=minutes) + timedelta(seconds=length)
    ),
    st.integers(0, 2 * 365 * 24 * 60),
    st.integers(1, 30 * 24 * 3600),
)
zones, pets = st.sampled_from(TIME_ZONES), st.integers(1, 20)
holidays: st.SearchStrategy[Callable[[date], bool]] = st.builds(
    lambda every, at: lambda day: day.toordinal() % every == at, st.integers(1, 5), st.integers(0, 4)
)
cents = st.integers(0, 10_000_000)


@given(offers, periods, zones, pets, holidays)
def test_lines_add_up_and_none_is_negative(
    offer: Offer, period: Period, zone: str, pet_count: int, is_holiday: Callable[[date], bool]
) -> None:
    price = price_of(offer, period, zone, pet_count, is_holiday)
    assert price.gross == Money(sum(line.total.amount_cents for line in price.line_items))
    assert price.line_items[0].kind is LineKind.SERVICE
    for line in price.line_items:
        assert line.half_units > 0
        assert line.unit_price.amount_cents >= 0
        assert line.total.amount_cents >= 0
        assert line.quantity * 2 == line.half_units


@given(offers, periods, zones, pets, holidays)
def test_each_line_is_its_exact_price_rounded_once(
    offer: Offer, period: Period, zone: str, pet_count: int, is_holiday: Callable[[date], bool]
) -> None:
    price = price_of(offer, period, zone, pet_count, is_holiday)
    by_kind = {line.kind: line for line in price.line_items}
    units = by_kind[LineKind.SERVICE].half_units
    exact = {LineKind.SERVICE: Fraction(units, 2) * offer.price.amount_cents}
    if pet_count > 1 and offer.extra_pet_price.amount_cents:
        assert by_kind[LineKind.EXTRA_PETS].half_units == units * (pet_count - 1)
        exact[LineKind.EXTRA_PETS] = Fraction(units * (pet_count - 1), 2) * offer.extra_pet_price.amount_cents
    if LineKind.HOLIDAY_SURCHARGE in by_kind:
        surcharged = by_kind[LineKind.HOLIDAY_SURCHARGE].half_units
        assert surcharged <= units
        share = Fraction(offer.holiday_surcharge_percent, 100)
        exact[LineKind.HOLIDAY_SURCHARGE] = Fraction(surcharged, 2) * offer.price.amount_cents * share
    assert {kind: line.total.amount_cents for kind, line in by_kind.items()} == {
        kind: int(amount + Fraction(1, 2)) for kind, amount in exact.items()
    }


@given(offers, periods, zones)
def test_units_are_those_of_the_service(offer: Offer, period: Period, zone: str) -> None:
    units = price_of(offer, period, zone, 1, lambda _: False).line_items[0].quantity
    match offer.service.unit:
        case PricedUnit.HOUR:
            half_hours = period.duration / timedelta(minutes=30)
            assert half_hours <= units * 2 < half_hours + 1
        case PricedUnit.NIGHT:
            assert units == max(1, period.midnights(zone))
        case PricedUnit.VISIT | PricedUnit.TRIP:
            assert units == 1


@given(offers, periods, zones, pets, holidays)
def test_more_pets_or_a_holiday_never_cost_less(
    offer: Offer, period: Period, zone: str, pet_count: int, is_holiday: Callable[[date], bool]
) -> None:
    alone = price_of(offer, period, zone, 1, lambda _: False)
    assert price_of(offer, period, zone, pet_count, lambda _: False).gross >= alone.gross
    assert price_of(offer, period, zone, 1, is_holiday).gross >= alone.gross
    whole = price_of(offer, period, zone, 1, lambda _: True)
    assert whole.gross <= alone.gross + alone.gross


@given(cents, st.integers(0, 10_000))
def test_commission_and_net_are_the_gross_and_neither_is_negative(gross: int, basis_points: int) -> None:
    commission = commission_of(Money(gross), basis_points=basis_points)
    net = Money(gross) - commission
    assert commission + net == Money(gross)
    assert min(commission, net) >= Money.zero()
    assert abs(Fraction(gross * basis_points, 10_000) - commission.amount_cents) <= Fraction(1, 2)


@given(st.integers(-(10**12), 10**12), st.integers(1, 10_000))
def test_rounding_is_to_the_nearest_and_halves_go_away_from_zero(numerator: int, denominator: int) -> None:
    rounded = round_half_up(numerator, denominator)
    off = rounded - Fraction(numerator, denominator)
    assert abs(off) <= Fraction(1, 2)
    if abs(off) == Fraction(1, 2):
        assert abs(rounded) > abs(Fraction(numerator, denominator))
    assert round_half_up(-numerator, denominator) == -rounded


@given(
    st.sampled_from(CancellationPolicy),
    cents,
    st.data(),
    st.integers(-40 * 24 * 60, 60),
    zones,
    st.booleans(),
)
def test_no_refund_exceeds_what_is_left_and_refund_and_fee_are_all_of_it(
    policy: CancellationPolicy, captured: int, data: st.DataObject, minutes: int, zone: str, caregiver_fault: bool
) -> None:
    refunded = data.draw(st.integers(0, captured))
    start = FIRST + timedelta(days=data.draw(st.integers(60, 700)), minutes=data.draw(st.integers(0, 1439)))
    terms = cancellation_terms(
        policy=policy,
        captured=Money(captured),
        refunded=Money(refunded),
        start=start,
        time_zone=zone,
        at=start + timedelta(minutes=minutes),
        caregiver_fault=caregiver_fault,
    )
    left = Money(captured - refunded)
    assert Money.zero() <= terms.refund <= left
    assert terms.refund + terms.fee == left
    assert terms.deadline < start
    assert terms.policy is policy
    if caregiver_fault or start + timedelta(minutes=minutes) <= terms.deadline:
        assert terms.refund == left
    kept = Money(captured) - Money(refunded) - terms.refund
    assert commission_of(kept) + (kept - commission_of(kept)) == kept


def price_of(offer: Offer, period: Period, zone: str, pet_count: int, is_holiday: Callable[[date], bool]) -> Price:
    return price_quote(offer=offer, period=period, time_zone=zone, pet_count=pet_count, is_holiday=is_holiday)
