"""What the platform would earn."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.payments.revenue import RevenueProjection, project_revenue
from domain.shared.money import Money
from tests.support.builders import euros

cents = st.integers(0, 10**12)


def project(bookings: int, average: str, costs: str, days: int = 30) -> RevenueProjection:
    return project_revenue(bookings_per_day=bookings, average=euros(average), costs=euros(costs), days=days)


def test_the_example_of_the_contract() -> None:
    assert project(500, "30.00", "122.00") == RevenueProjection(
        gmv=euros("450000.00"),
        commission=euros("90000.00"),
        costs=euros("122.00"),
        net=euros("89878.00"),
        roi_percent=73_670,
    )


@pytest.mark.parametrize(("average", "commission"), [("33.33", "6.67"), ("0.02", "0.00"), ("0.03", "0.01")])
def test_half_a_cent_is_rounded_up(average: str, commission: str) -> None:
    assert project(1, average, "1.00", 1).commission == euros(commission)


@pytest.mark.parametrize(
    ("costs", "percent"), [("2.00", 0), ("1.99", 1), ("400.00", -100), ("8.00", -75), ("1.60", 25)]
)
def test_the_return_on_the_costs_is_a_whole_percentage(costs: str, percent: int) -> None:
    assert project(1, "10.00", costs, 1).roi_percent == percent


def test_without_costs_there_is_no_return_on_them() -> None:
    assert project(1, "10.00", "0.00").roi_percent is None


@given(bookings=st.integers(0, 10**6), average=st.integers(0, 10**7), costs=cents, days=st.integers(1, 366))
def test_the_sums_add_up(bookings: int, average: int, costs: int, days: int) -> None:
    made = project_revenue(bookings_per_day=bookings, average=Money(average), costs=Money(costs), days=days)
    assert made.commission == made.net + made.costs
    assert made.gmv.amount_cents == bookings * average * days
    # A fifth, and never half a cent away from it.
    assert abs(made.commission.amount_cents * 5 - made.gmv.amount_cents) <= 2
    if made.roi_percent is not None:
        assert abs(made.roi_percent * costs - made.net.amount_cents * 100) * 2 <= costs
    assert max(abs(made.gmv.amount_cents), abs(made.net.amount_cents)) < 2**53
