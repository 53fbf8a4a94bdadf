"""What a period of care costs. The only place where amounts are computed; everything after uses a quote's numbers."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain.bookings.promotion import Promotion, PromotionId
from domain.caregivers.caregiver_profile import Offer
from domain.caregivers.services import PricedUnit, Service
from domain.shared.money import Money
from domain.shared.period import Period

COMMISSION_BASIS_POINTS = 2000
LEAST_GROSS = Money(100)
"""What a promotion leaves of a price that was as much."""

_HALF_HOUR = timedelta(minutes=30)


class LineKind(StrEnum):
    SERVICE = "service"
    EXTRA_PETS = "extra_pets"
    HOLIDAY_SURCHARGE = "holiday_surcharge"
    PROMOTION = "promotion"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineItem:
    """One line of a quote; that of a promotion is negative. Quantities are kept as whole half units, so that they stay
    exact."""

    kind: LineKind
    label: str
    half_units: int
    unit_price: Money
    total: Money

    @property
    def quantity(self) -> Decimal:
        """Units in steps of 0.5."""
        return Decimal(self.half_units) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Line items, earliest rule first, what they add up to, and the promotion that made it less, if one did."""

    line_items: tuple[LineItem, ...]
    gross: Money
    promotion_id: PromotionId | None = None


def price_quote(
    *, offer: Offer, period: Period, time_zone: str, pet_count: int, is_holiday: Callable[[date], bool]
) -> Price:
    """The price of a period of an offered service for `pet_count` ≥ 1 pets.

    The holiday surcharge is a percentage of the service's own price of the units on a public holiday; the price of
    extra pets bears none. Each line is rounded once, half up to the cent. Lines of nothing are left out.
    """
    units = _half_units_by_date(offer.service, period, time_zone)
    half_units = len(units)
    lines = [_line(LineKind.SERVICE, _label(offer.service), half_units, offer.price)]
    extra_half_units = half_units * (pet_count - 1)
    if extra_half_units and offer.extra_pet_price.amount_cents:
        lines.append(_line(LineKind.EXTRA_PETS, "Extra pets", extra_half_units, offer.extra_pet_price))
    holiday_half_units = sum(map(is_holiday, units))
    if holiday_half_units and offer.holiday_surcharge_percent:
        lines.append(_surcharge(offer, holiday_half_units))
    return Price(line_items=tuple(lines), gross=sum((line.total for line in lines), Money.zero(offer.price.currency)))


def nothing_to_pay() -> Price:
    """The price of a meet-and-greet."""
    free = Money.zero()
    return Price(line_items=(_line(LineKind.SERVICE, "Meet and greet", 2, free),), gross=free)


def discounted(price: Price, promotion: Promotion) -> Price:
    """`price` less what the promotion takes off: one line more, and a gross of €1.00 or more, if it was as much.

    A percentage is of all other lines together, rounded half up. What leaves nothing to take off changes nothing, and
    is no use of the promotion.
    """
    terms, nothing = promotion.terms, Money.zero(price.gross.currency)
    wanted = terms.amount if terms.amount is not None else price.gross.share(terms.percent or 0, 100)
    discount = min(wanted, price.gross - LEAST_GROSS)
    if discount <= nothing:
        return price
    off = _line(LineKind.PROMOTION, f"Promotion {terms.code}", 2, nothing - discount)
    return replace(price, line_items=(*price.line_items, off), gross=price.gross - discount, promotion_id=promotion.id)


def commission_of(gross: Money, *, basis_points: int = COMMISSION_BASIS_POINTS) -> Money:
    """The platform's share, rounded half up to the cent; the rest is the caregiver's net."""
    return gross.share(basis_points, 10_000)


def _line(kind: LineKind, label: str, half_units: int, unit_price: Money) -> LineItem:
    total = unit_price.share(half_units, 2)
    return LineItem(kind=kind, label=label, half_units=half_units, unit_price=unit_price, total=total)


def _surcharge(offer: Offer, half_units: int) -> LineItem:
    percent = offer.holiday_surcharge_percent
    return LineItem(
        kind=LineKind.HOLIDAY_SURCHARGE,
        label="Public holiday surcharge",
        half_units=half_units,
        unit_price=offer.price.share(percent, 100),
        total=offer.price.share(half_units * percent, 200),
    )


def _half_units_by_date(service: Service, period: Period, time_zone: str) -> list[date]:
    """The local date each half unit belongs to: a started half hour to the one it begins on, a night likewise."""
    first = period.local_start(time_zone).date()
    match service.unit:
        case PricedUnit.HOUR:
            started = -(-period.duration // _HALF_HOUR)
            zone = ZoneInfo(time_zone)
            return [(period.start + index * _HALF_HOUR).astimezone(zone).date() for index in range(started)]
        case PricedUnit.NIGHT:
            nights = max(1, period.midnights(time_zone))
            return [first + timedelta(days=half // 2) for half in range(2 * nights)]
        case PricedUnit.VISIT | PricedUnit.TRIP:
            return [first, first]


def _label(service: Service) -> str:
    return service.value.replace("_", " ").capitalize()
