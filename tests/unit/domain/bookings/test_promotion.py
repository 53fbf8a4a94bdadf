"""What a promotion takes off, for whom, and how often."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.bookings.pricing import LineItem, LineKind, Price, discounted, price_quote
from domain.bookings.promotion import (
    DiscountNotUsable,
    PercentOrAmount,
    Promotion,
    PromotionCodeNotUsable,
    PromotionEnded,
    PromotionForOtherServices,
    PromotionId,
    PromotionNeverValid,
    PromotionNoLongerValid,
    PromotionNotFound,
    PromotionNotYetValid,
    PromotionTerms,
    PromotionUsedBefore,
    PromotionUsedUp,
    PromotionUses,
    UsesNotUsable,
    promotion_code,
)
from domain.bookings.quote import Quote
from domain.caregivers.services import Service
from domain.shared.errors import InvalidInput
from domain.shared.money import Money
from domain.shared.period import BRUSSELS
from tests.support.builders import (
    CAREGIVER,
    NOW,
    OWNER,
    STRANGER,
    a_promotion,
    a_quote,
    an_offer,
    euros,
    identified,
    period_of,
    terms_of,
)

MOMENT = timedelta(microseconds=1)


def priced(cents: int) -> Price:
    """A walk for so much."""
    line = LineItem(
        kind=LineKind.SERVICE, label="Dog walking", half_units=2, unit_price=Money(cents), total=Money(cents)
    )
    return Price(line_items=(line,), gross=Money(cents))


def off(cents: int, promotion: Promotion) -> int:
    """What the promotion leaves of so many cents."""
    return discounted(priced(cents), promotion).gross.amount_cents


# --- what it takes off


def test_a_promotion_is_a_negative_line_after_all_others() -> None:
    holiday = price_quote(
        offer=an_offer(Service.PET_BOARDING, price="20.00", extra_pet_price="5.00", holiday_surcharge_percent=50),
        period=period_of("2026-12-25 12:00", "2026-12-26 12:00"),
        time_zone=BRUSSELS,
        pet_count=2,
        is_holiday=lambda _: True,
    )
    price = discounted(holiday, a_promotion("EASY-15", percent=15))
    assert holiday.gross == euros("35.00")
    assert price.line_items[:-1] == holiday.line_items
    assert price.line_items[-1] == LineItem(
        kind=LineKind.PROMOTION,
        label="Promotion EASY-15",
        half_units=2,
        unit_price=Money(-525),
        total=Money(-525),
    )
    assert price.line_items[-1].quantity == 1
    assert (price.gross, price.promotion_id) == (euros("29.75"), a_promotion("EASY-15").id)


@pytest.mark.parametrize(
    ("percent", "gross", "left"),
    [
        (10, 1005, 904),
        (10, 1004, 904),
        (1, 101, 100),
        (1, 150, 148),
        (50, 333, 166),
        (90, 3333, 333),
        (90, 1000, 100),
        (90, 990, 100),
    ],
)
def test_a_percentage_is_rounded_half_up_to_the_cent(percent: int, gross: int, left: int) -> None:
    assert off(gross, a_promotion(percent=percent)) == left


@pytest.mark.parametrize(
    ("amount", "gross", "left"),
    [("5.00", 2000, 1500), ("5.00", 600, 100), ("5.00", 599, 100), ("5.00", 101, 100), ("0.01", 2000, 1999)],
)
def test_an_amount_leaves_at_least_a_euro(amount: str, gross: int, left: int) -> None:
    assert off(gross, a_promotion(amount=amount)) == left


@pytest.mark.parametrize("gross", [0, 1, 99, 100])
def test_of_a_euro_or_less_nothing_is_taken_and_no_line_is_left(gross: int) -> None:
    for promotion in (a_promotion(percent=90), a_promotion(amount="50.00")):
        assert discounted(priced(gross), promotion) == priced(gross)


@given(
    st.integers(0, 10_000_000),
    st.one_of(
        st.builds(lambda percent: a_promotion(percent=percent), st.integers(1, 90)),
        st.builds(
            lambda cents: replace(a_promotion(), terms=terms_of(amount=f"{cents // 100}.{cents % 100:02}")),
            st.integers(1, 10_000_000),
        ),
    ),
)
def test_lines_add_up_commission_and_net_are_the_gross_and_a_euro_is_left(gross: int, promotion: Promotion) -> None:
    price = discounted(priced(gross), promotion)
    assert price.gross == Money(sum(line.total.amount_cents for line in price.line_items))
    assert Money(min(gross, 100)) <= price.gross <= Money(gross)
    assert (price.promotion_id is None) == (len(price.line_items) == 1) == (price.gross == Money(gross))
    quote = _quoted(price)
    assert quote.commission + quote.net == quote.gross
    assert min(quote.commission, quote.net) >= Money.zero()
    wanted = promotion.terms.amount or Money(gross).share(promotion.terms.percent or 0, 100)
    assert price.gross == max(Money(gross) - wanted, Money(min(gross, 100)))


def test_commission_falls_with_the_gross_and_the_quote_knows_its_promotion() -> None:
    quote = _quoted(discounted(priced(3333), a_promotion(percent=10)))
    assert (quote.gross, quote.commission, quote.net) == (Money(3000), Money(600), Money(2400))
    assert quote.promotion_id == a_promotion().id
    assert _quoted(priced(3333)).promotion_id is None


def _quoted(price: Price) -> Quote:
    quote = a_quote()
    return Quote.offer(
        id=quote.id,
        owner_id=quote.owner_id,
        caregiver_id=quote.caregiver_id,
        service=quote.service,
        period=quote.period,
        time_zone=quote.time_zone,
        pet_ids=quote.pet_ids,
        price=price,
        at=NOW,
    )


# --- when it can be quoted


def test_it_is_valid_from_its_first_instant_until_just_before_its_last() -> None:
    promotion = a_promotion(valid_from=NOW + timedelta(days=1), valid_until=NOW + timedelta(days=2))
    for at in (NOW + timedelta(days=1), NOW + timedelta(days=2) - MOMENT):
        promotion.require_valid(Service.DOG_WALKING, at=at)
    for at, error in (
        (NOW + timedelta(days=1) - MOMENT, PromotionNotYetValid),
        (NOW + timedelta(days=2), PromotionNoLongerValid),
    ):
        with pytest.raises(error) as refused:
            promotion.require_valid(Service.DOG_WALKING, at=at)
        assert refused.value.field == "promo"


def test_it_is_for_its_services_and_without_any_for_all() -> None:
    promotion = a_promotion(services=frozenset({Service.DOG_WALKING, Service.HOME_CARE}))
    promotion.require_valid(Service.HOME_CARE, at=NOW)
    with pytest.raises(PromotionForOtherServices) as refused:
        promotion.require_valid(Service.PET_BOARDING, at=NOW)
    assert refused.value.field == "promo"
    for service in Service:
        a_promotion().require_valid(service, at=NOW)


def test_ended_once_it_stays_ended_and_nobody_else_ends_it() -> None:
    promotion = a_promotion()
    for somebody in (OWNER, STRANGER):
        with pytest.raises(PromotionNotFound):
            promotion.end(by=somebody, at=NOW)
    assert promotion.ended_at is None
    for hours in (1, 2):
        promotion.end(by=CAREGIVER, at=NOW + timedelta(hours=hours))
    assert promotion.ended_at == NOW + timedelta(hours=1)
    with pytest.raises(PromotionEnded) as refused:
        promotion.require_valid(Service.DOG_WALKING, at=NOW)
    assert refused.value.field == "promo"


# --- how often it can be used


@pytest.mark.parametrize(
    ("limits", "uses", "refusal"),
    [
        ({}, (0, 0), None),
        ({}, (9, 0), None),
        ({}, (9, 1), PromotionUsedBefore),
        ({"max_uses": 3}, (2, 0), None),
        ({"max_uses": 3}, (3, 0), PromotionUsedUp),
        ({"max_uses": 3}, (4, 0), PromotionUsedUp),
        ({"max_uses": 1}, (1, 1), PromotionUsedBefore),
        ({"once_per_owner": False}, (9, 9), None),
        ({"once_per_owner": False, "max_uses": 3}, (2, 2), None),
        ({"once_per_owner": False, "max_uses": 3}, (3, 3), PromotionUsedUp),
    ],
)
def test_it_is_refused_when_its_uses_are_spent(
    limits: dict[str, Any], uses: tuple[int, int], refusal: type[Exception] | None
) -> None:
    found = a_promotion(**limits).refusal(PromotionUses(in_all=uses[0], of_owner=uses[1]))
    assert (None if found is None else type(found)) is refusal


def test_one_more_use_is_one_more_of_all_and_of_the_owner() -> None:
    assert PromotionUses(in_all=3, of_owner=1).one_more() == PromotionUses(in_all=4, of_owner=2)


# --- what can be given


def test_what_is_given_is_what_was_asked_for() -> None:
    terms = terms_of(percent=90, max_uses=1, valid_from=NOW, valid_until=NOW + MOMENT, once_per_owner=False)
    caregiver_id = CAREGIVER.caregiver_id
    assert caregiver_id is not None
    promotion = Promotion.give(id=PromotionId(identified("p")), caregiver_id=caregiver_id, terms=terms, at=NOW)
    assert promotion == Promotion(
        id=PromotionId(identified("p")), caregiver_id=caregiver_id, terms=terms, created_at=NOW, ended_at=None
    )
    assert terms_of().once_per_owner


DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("terms", "error", "field"),
    [
        ({"code": "summer"}, PromotionCodeNotUsable, "code"),
        ({"code": "AB"}, PromotionCodeNotUsable, "code"),
        ({"code": " ABC"}, PromotionCodeNotUsable, "code"),
        ({"percent": None}, PercentOrAmount, "percent"),
        ({"amount": euros("5.00")}, PercentOrAmount, "percent"),
        ({"percent": 0}, DiscountNotUsable, "percent"),
        ({"percent": 91}, DiscountNotUsable, "percent"),
        ({"percent": None, "amount": Money(0)}, DiscountNotUsable, "amount"),
        ({"percent": None, "amount": Money(-1)}, DiscountNotUsable, "amount"),
        ({"max_uses": 0}, UsesNotUsable, "maxUses"),
        ({"valid_until": NOW}, PromotionNeverValid, "validUntil"),
        ({"valid_from": NOW - DAY, "valid_until": NOW}, PromotionNeverValid, "validUntil"),
        ({"valid_from": NOW + DAY, "valid_until": NOW + DAY}, PromotionNeverValid, "validUntil"),
    ],
)
def test_terms_that_mean_nothing_are_refused_by_field(
    terms: dict[str, Any], error: type[InvalidInput], field: str
) -> None:
    with pytest.raises(error) as refused:
        PromotionTerms(**({"code": "SUMMER-10", "percent": 10} | terms)).check(at=NOW)
    assert refused.value.field == field


@pytest.mark.parametrize(
    "terms",
    [
        {"percent": 1},
        {"percent": None, "amount": Money(1)},
        {"max_uses": 1},
        {"code": "A-1"},
        {"code": "A" * 40},
        {"valid_from": NOW - DAY},
        {"valid_until": NOW + MOMENT},
        {"valid_from": NOW + DAY, "valid_until": NOW + DAY + MOMENT},
    ],
)
def test_terms_at_the_bounds_are_given(terms: dict[str, Any]) -> None:
    given_terms = PromotionTerms(**({"code": "SUMMER-10", "percent": 10} | terms))
    given_terms.check(at=NOW)
    assert promotion_code(given_terms.code) == given_terms.code


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("summer-10", "SUMMER-10"),
        ("  Summer-10\n", "SUMMER-10"),
        ("abc", "ABC"),
        ("a" * 40, "A" * 40),
        ("ab", None),
        ("a" * 41, None),
        ("", None),
        ("sum mer", None),
        ("sum\x00mer", None),
        ("sümmer", None),
        ("ſummer", None),
        ("ı-one", None),
    ],
)
def test_a_code_is_compared_in_upper_case_and_is_of_ascii(typed: str, code: str | None) -> None:
    assert promotion_code(typed) == code
