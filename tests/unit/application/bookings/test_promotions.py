"""Promotions from giving to using: quoted as they are then, used when booked, counted and not kept."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from application.bookings.book_series import BookSeries
from application.bookings.cancel_booking import CancelBooking
from application.bookings.change_booking import ChangeBooking
from application.bookings.create_quote import CreateQuote
from application.bookings.end_promotion import EndPromotion
from application.bookings.give_promotion import GivePromotion
from application.bookings.preview_series import PreviewSeries
from application.bookings.request_booking import RequestBooking
from application.bookings.series_plan import SeriesWish
from application.bookings.show_promotions import ShowPromotions
from application.ports.booking_queries import QuoteView
from application.ports.promotion_queries import PromotionView
from domain.bookings.booking_life import BookingId
from domain.bookings.promotion import (
    MAX_STANDING,
    PromotionCodeTaken,
    PromotionEnded,
    PromotionForOtherServices,
    PromotionId,
    PromotionNoLongerValid,
    PromotionNotForMeetings,
    PromotionNotFound,
    PromotionNotYetValid,
    PromotionUsedBefore,
    PromotionUsedUp,
    TooManyPromotions,
    UnknownPromo,
)
from domain.bookings.quote import QuoteId
from domain.bookings.request_rules import MEET_AND_GREET
from domain.bookings.series import Recurrence, SeriesDate
from domain.caregivers.caregiver_profile import CaregiverNotFound
from domain.caregivers.services import Service
from domain.pets.pet import PetId
from domain.shared.actor import Actor
from domain.shared.errors import InvalidInput
from domain.shared.period import Period
from infrastructure.persistence.bookings.booking_tables import bookings, quotes
from infrastructure.persistence.bookings.sql_promotion_queries import SqlPromotionQueries
from infrastructure.public_holidays.holidays_calendar import HolidaysCalendar
from tests.support.booking_world import PETS, BookingWorld
from tests.support.builders import (
    ADMIN,
    CAREGIVER,
    OWNER,
    STRANGER,
    a_caregiver,
    a_pet,
    a_promotion,
    care_details,
    euros,
    identified,
    terms_of,
)
from tests.support.stores import an_account, the_other_caregiver

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
OTHER_OWNER = ADMIN
"""Admins are owners, too."""


@dataclass(frozen=True, slots=True)
class Market:
    """What owners and the caregiver do in the world."""

    world: BookingWorld

    @property
    def shared(self) -> dict[str, Any]:
        return {"unit_of_work": self.world.unit_of_work, "clock": self.world.clock, "ids": self.world.ids}

    async def give(self, code: str = "SUMMER-10", *, actor: Actor = CAREGIVER, **terms: Any) -> PromotionId:
        return await GivePromotion(**self.shared).execute(actor=actor, terms=terms_of(code, **terms))

    async def end(self, promotion_id: PromotionId, *, actor: Actor = CAREGIVER) -> None:
        ending = EndPromotion(unit_of_work=self.world.unit_of_work, clock=self.world.clock)
        await ending.execute(actor=actor, promotion_id=promotion_id)

    async def quoted(
        self,
        promo: str | None = "summer-10",
        *,
        owner: Actor = OWNER,
        days: int = 7,
        service: Service = Service.DOG_WALKING,
        length: timedelta = HOUR,
        meet_and_greet: bool = False,
    ) -> QuoteView:
        start = self.world.clock.now() + days * DAY
        return await CreateQuote(holidays=HolidaysCalendar(), **self.shared).execute(
            owner=owner,
            caregiver_id=a_caregiver().id,
            service=service,
            period=Period(start, start + length),
            pet_ids=[self.pet_of(owner)],
            meet_and_greet=meet_and_greet,
            promo=promo,
        )

    def pet_of(self, owner: Actor) -> PetId:
        return PETS[0].id if owner is OWNER else PetId(identified("Luna"))

    async def request(self, quote: QuoteView, *, owner: Actor = OWNER) -> BookingId:
        asking = RequestBooking(**self.shared)
        return await asking.execute(owner=owner, quote_id=QuoteId(quote.id), care=care_details())

    async def booked(self, promo: str | None = "summer-10", *, owner: Actor = OWNER, days: int = 7) -> BookingId:
        return await self.request(await self.quoted(promo, owner=owner, days=days), owner=owner)

    async def change(self, booking_id: BookingId, quote: QuoteView) -> None:
        await ChangeBooking(**self.shared).execute(owner=OWNER, booking_id=booking_id, quote_id=QuoteId(quote.id))

    async def cancel(self, booking_id: BookingId) -> None:
        await CancelBooking(**self.shared).execute(actor=OWNER, booking_id=booking_id)

    def wish(self, promo: str | None = "summer-10") -> SeriesWish:
        start = self.world.clock.now() + 7 * DAY
        return SeriesWish(
            caregiver_id=a_caregiver().id,
            service=Service.DOG_WALKING,
            first=Period(start, start + HOUR),
            pet_ids=(PETS[0].id,),
            recurrence=Recurrence.WEEKLY,
            until=(start + 14 * DAY).date(),
            promo=promo,
        )

    async def previewed(self, wish: SeriesWish) -> list[SeriesDate]:
        shared = {name: port for name, port in self.shared.items() if name != "ids"}
        return list(await PreviewSeries(holidays=HolidaysCalendar(), **shared).execute(owner=OWNER, wish=wish))

    async def booked_series(self, wish: SeriesWish) -> list[SeriesDate]:
        book = BookSeries(holidays=HolidaysCalendar(), **self.shared)
        _, dates = await book.execute(owner=OWNER, wish=wish, care=care_details())
        return [each for each, _ in dates]

    async def shown(self) -> list[PromotionView]:
        showing = ShowPromotions(queries=SqlPromotionQueries(self.world.database))
        return (await showing.execute(actor=CAREGIVER, limit=50, cursor=None)).items


@pytest.fixture
async def market(world: BookingWorld) -> Market:
    async with world.unit_of_work() as uow:
        luna = replace(a_pet("Luna"), id=PetId(identified("Luna")), owner_id=OTHER_OWNER.account_id)
        await uow.pets.add(luna)
    return Market(world)


# --- quoting


async def test_a_quote_at_a_promotion_is_cheaper_by_a_line_and_booked_at_its_numbers(market: Market) -> None:
    promotion_id = await market.give()
    quote = await market.quoted(" summer-10 ")
    assert [(line.kind.value, line.quantity, line.total.amount_cents) for line in quote.line_items] == [
        ("service", 1.0, 2000),
        ("promotion", 1.0, -200),
    ]
    assert quote.gross.amount_cents == 1800
    booking = await market.world.booking(await market.request(quote))
    assert (booking.gross, booking.commission, booking.net) == (euros("18.00"), euros("3.60"), euros("14.40"))
    assert [row["promotion_id"] for row in await market.world.rows(quotes)] == [promotion_id]


async def test_a_code_of_another_caregiver_is_as_unknown_as_one_that_nobody_gave(market: Market) -> None:
    async with market.world.unit_of_work() as uow:
        await uow.accounts.add(an_account(STRANGER, "stranger"))
        await uow.caregivers.add(the_other_caregiver())
    await market.give("THEIRS", actor=STRANGER)
    told: set[tuple[str, str, str | None]] = set()
    for promo in ("THEIRS", "NOBODYS", "no code", "\x00"):
        with pytest.raises(UnknownPromo) as refused:
            await market.quoted(promo)
        told.add((refused.value.code(), str(refused.value), refused.value.field))
    assert told == {("unknown-promo", "There is no such promotion", "promo")}


@pytest.mark.parametrize(
    ("terms", "error"),
    [
        ({"services": frozenset({Service.PET_BOARDING})}, PromotionForOtherServices),
        ({"valid_from_in": DAY}, PromotionNotYetValid),
        ({"valid_until_in": HOUR}, PromotionNoLongerValid),
    ],
)
async def test_what_is_not_for_now_or_for_this_is_not_quoted_at(
    market: Market, terms: dict[str, Any], error: type[InvalidInput]
) -> None:
    instants = {
        key[: -len("_in")]: market.world.clock.now() + terms.pop(key) for key in list(terms) if key[-3:] == "_in"
    }
    await market.give(**terms, **instants)
    market.world.clock.advance(HOUR)
    for ask in (market.quoted(), market.previewed(market.wish()), market.booked_series(market.wish())):
        with pytest.raises(error) as refused:
            await ask
        assert refused.value.field == "promo"
    assert await market.world.rows(quotes) == []


async def test_a_meeting_has_no_promotion(market: Market) -> None:
    await market.give()
    with pytest.raises(PromotionNotForMeetings) as refused:
        await market.quoted(length=MEET_AND_GREET, meet_and_greet=True)
    assert refused.value.field == "promo"


async def test_ended_after_the_quote_it_is_honoured_and_quoted_no_more(market: Market) -> None:
    promotion_id = await market.give()
    quote = await market.quoted()
    await market.end(promotion_id)
    booking = await market.world.booking(await market.request(quote))
    assert booking.gross == euros("18.00")
    with pytest.raises(PromotionEnded):
        await market.quoted()


# --- using


async def test_an_owner_uses_it_once_and_anew_when_his_booking_is_off(market: Market) -> None:
    await market.give()
    first, second = await market.quoted(), await market.quoted(days=8)
    booking_id = await market.request(first)
    with pytest.raises(PromotionUsedBefore):
        await market.request(second)
    await market.booked(owner=OTHER_OWNER, days=9)
    await market.cancel(booking_id)
    await market.request(second)
    assert [promotion.uses for promotion in await market.shown()] == [2]


async def test_it_is_used_as_often_as_was_given(market: Market) -> None:
    await market.give(max_uses=2, once_per_owner=False)
    taken = [await market.booked(days=days) for days in (7, 8)]
    with pytest.raises(PromotionUsedUp):
        await market.booked(owner=OTHER_OWNER, days=9)
    assert (await market.booked(None, days=9)) is not None
    await market.cancel(taken[0])
    await market.booked(owner=OTHER_OWNER, days=10)


async def test_a_refused_booking_leaves_its_quote_unused(market: Market) -> None:
    await market.give(max_uses=1)
    booking_id = await market.booked()
    late = await market.quoted(owner=OTHER_OWNER, days=8)
    for _ in range(2):
        with pytest.raises(PromotionUsedUp):
            await market.request(late, owner=OTHER_OWNER)
    assert len(await market.world.rows(bookings)) == 1
    await market.cancel(booking_id)
    await market.request(late, owner=OTHER_OWNER)


async def test_a_booking_keeps_its_own_use_through_a_change_and_no_other_gets_one(market: Market) -> None:
    await market.give()
    mine = await market.booked()
    await market.change(mine, await market.quoted(days=8))
    assert (await market.world.booking(mine)).gross == euros("18.00")
    other = await market.booked(None, days=9)
    wanted = await market.quoted(days=10)
    before = await market.world.booking(other)
    with pytest.raises(PromotionUsedBefore):
        await market.change(other, wanted)
    assert await market.world.booking(other) == before
    # Changed to full price, the first gives its use back.
    await market.change(mine, await market.quoted(None, days=11))
    await market.change(other, wanted)
    assert (await market.world.booking(other)).gross == euros("18.00")
    assert [promotion.uses for promotion in await market.shown()] == [1]


# --- series


async def test_a_series_is_cheaper_as_often_as_uses_are_left_and_costs_what_its_dry_run_said(market: Market) -> None:
    await market.give(max_uses=3, once_per_owner=False)
    await market.booked(days=8)
    for day in range(3):
        await market.booked(None, days=7, owner=(OWNER, OTHER_OWNER, OWNER)[day])
    wish = market.wish()
    dates = await market.previewed(wish)
    assert [each.refusal is None for each in dates] == [False, True, True]
    assert [each.price.gross for each in dates] == [euros("20.00"), euros("18.00"), euros("18.00")]
    assert [each.price for each in await market.booked_series(wish)] == [each.price for each in dates]
    assert [promotion.uses for promotion in await market.shown()] == [3]
    later = replace(wish, first=Period(wish.first.start + HOUR, wish.first.end + HOUR))
    assert {each.price.gross for each in await market.previewed(later)} == {euros("20.00")}


async def test_of_a_series_one_date_is_cheaper_for_each_owner_once(market: Market) -> None:
    promotion_id = await market.give()
    wish = market.wish()
    booked = await market.booked_series(wish)
    assert [each.price.promotion_id for each in booked] == [promotion_id, None, None]
    assert [row["gross_cents"] for row in await market.world.rows(bookings)] == [1800, 2000, 2000]
    again = await market.booked_series(replace(wish, first=Period(wish.first.start + HOUR, wish.first.end + HOUR)))
    assert {each.price.gross for each in again} == {euros("20.00")}


# --- giving and ending


async def test_a_caregiver_has_so_many_promotions_at_once_and_no_more(market: Market) -> None:
    given = [await market.give(f"CODE-{at}") for at in range(MAX_STANDING)]
    with pytest.raises(TooManyPromotions):
        await market.give("ONE-MORE")
    await market.end(given[7])
    await market.give("ONE-MORE")
    with pytest.raises(TooManyPromotions):
        await market.give("YET-ANOTHER")


async def test_a_code_is_given_once_for_ever(market: Market) -> None:
    promotion_id = await market.give()
    for _ in range(2):
        with pytest.raises(PromotionCodeTaken):
            await market.give(percent=20)
        await market.end(promotion_id)
    assert [(shown.code, shown.percent) for shown in await market.shown()] == [("SUMMER-10", 10)]


async def test_who_is_no_caregiver_gives_none_and_ends_none(market: Market) -> None:
    promotion_id = await market.give()
    with pytest.raises(CaregiverNotFound):
        await market.give("MINE", actor=OWNER)
    with pytest.raises(CaregiverNotFound):
        await market.end(promotion_id, actor=OWNER)
    with pytest.raises(CaregiverNotFound):
        await ShowPromotions(queries=SqlPromotionQueries(market.world.database)).execute(
            actor=OWNER, limit=1, cursor=None
        )
    with pytest.raises(PromotionNotFound):
        await market.end(a_promotion("NOBODYS").id)


async def test_ended_twice_it_ended_when_it_was_first(market: Market) -> None:
    promotion_id = await market.give()
    at = market.world.clock.now()
    await market.end(promotion_id)
    market.world.clock.advance(HOUR)
    await market.end(promotion_id)
    assert [shown.ended_at for shown in await market.shown()] == [at]
