"""What the platform earns, and what it would earn."""

from dataclasses import dataclass

from domain.bookings.pricing import commission_of
from domain.shared.money import Money, round_half_up


@dataclass(frozen=True, slots=True, kw_only=True)
class RevenueProjection:
    """`gmv` is what owners would pay, `net` what is left of the commission after the costs; it may be negative. The
    return on the costs is a whole percentage, None when there are no costs to return on."""

    gmv: Money
    commission: Money
    costs: Money
    net: Money
    roi_percent: int | None


def project_revenue(*, bookings_per_day: int, average: Money, costs: Money, days: int) -> RevenueProjection:
    """`costs` are those of all the days together. The commission is taken of the sum, rounded half up once: an average
    stands for bookings whose own roundings cancel out."""
    gmv = Money(bookings_per_day * average.amount_cents * days, average.currency)
    commission = commission_of(gmv)
    net = commission - costs
    roi = None if costs.amount_cents == 0 else round_half_up(net.amount_cents * 100, costs.amount_cents)
    return RevenueProjection(gmv=gmv, commission=commission, costs=costs, net=net, roi_percent=roi)
