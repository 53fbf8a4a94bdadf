"""What the promotion repository and its queries promise, on both databases."""

from dataclasses import fields, replace
from datetime import timedelta

import pytest

from application.ports.views import InvalidCursor
from domain.bookings.booking import Booking
from domain.bookings.booking_life import BookingId
from domain.bookings.promotion import (
    Promotion,
    PromotionCodeTaken,
    PromotionId,
    PromotionNotFound,
    PromotionUses,
)
from domain.bookings.proposed_change import ProposedChange
from domain.bookings.quote import QuoteId
from domain.caregivers.services import Service
from domain.shared.actor import Actor
from domain.shared.money import Money
from domain.shared.period import Period
from infrastructure.persistence.bookings.booking_tables import bookings
from infrastructure.persistence.bookings.sql_promotion_queries import SqlPromotionQueries
from tests.support.builders import (
    ADMIN,
    CAREGIVER,
    NOW,
    OWNER,
    a_caregiver,
    a_promotion,
    a_quote,
    care_details,
    identified,
)
from tests.support.stores import Store, the_other_caregiver

HIS, THEIRS = a_caregiver().id, the_other_caregiver().id


def with_everything() -> Promotion:
    return replace(
        a_promotion(
            "EVERY-1",
            amount="12.34",
            services=frozenset({Service.PET_BOARDING, Service.DOG_WALKING}),
            valid_from=NOW + timedelta(microseconds=1),
            valid_until=NOW + timedelta(days=1, microseconds=2),
            max_uses=7,
            once_per_owner=False,
        ),
        ended_at=NOW + timedelta(microseconds=3),
    )


async def give(store: Store, *promotions: Promotion) -> None:
    async with store.unit_of_work() as uow:
        for promotion in promotions:
            await uow.promotions.add(promotion)


async def book(store: Store, promotion: Promotion | None, *, day: int, owner: Actor = OWNER) -> BookingId:
    """A booking that stands at a quote of the promotion."""
    start = NOW + timedelta(days=day)
    quote = replace(
        a_quote(period=Period(start, start + timedelta(hours=1))),
        id=QuoteId(store.ids.new()),
        owner_id=owner.account_id,
        promotion_id=None if promotion is None else promotion.id,
    )
    booking = Booking.request(
        id=BookingId(store.ids.new()), quote=quote, caregiver=a_caregiver(), care=care_details(), at=NOW
    )
    async with store.unit_of_work() as uow:
        await uow.quotes.add(quote)
        await uow.bookings.add(booking)
    return booking.id


async def uses(
    store: Store, promotion: Promotion, *, owner: Actor = OWNER, but: BookingId | None = None
) -> PromotionUses:
    async with store.unit_of_work.reading() as uow:
        return await uow.promotions.uses(promotion.id, owner_id=owner.account_id, but=but)


async def test_every_field_comes_back_as_it_was_added(peopled: Store) -> None:
    given = [with_everything(), a_promotion()]
    await give(peopled, *given)
    async with peopled.unit_of_work() as uow:
        for promotion in given:
            read = await uow.promotions.get(promotion.id)
            for field in fields(Promotion):
                assert getattr(read, field.name) == getattr(promotion, field.name), field.name
            assert await uow.promotions.of_code(promotion.terms.code, caregiver_id=HIS) == promotion
        assert await uow.promotions.of_code("SUMMER-10", caregiver_id=THEIRS) is None
        assert await uow.promotions.of_code("SUMMER-1", caregiver_id=HIS) is None
        with pytest.raises(PromotionNotFound):
            await uow.promotions.get(PromotionId(identified("no promotion")))


async def test_a_code_is_a_caregivers_once_and_anothers_too(peopled: Store) -> None:
    await give(peopled, replace(a_promotion(), ended_at=NOW))
    again = replace(a_promotion(), id=PromotionId(identified("another")))
    with pytest.raises(PromotionCodeTaken):
        await give(peopled, again)
    await give(peopled, replace(again, caregiver_id=THEIRS))


async def test_those_that_are_not_ended_are_counted(peopled: Store) -> None:
    first, second = a_promotion("FIRST"), a_promotion("SECOND")
    await give(peopled, first, second, replace(a_promotion("THIRD"), caregiver_id=THEIRS))
    async with peopled.unit_of_work() as uow:
        assert await uow.promotions.count_standing(HIS) == 2
        first.end(by=CAREGIVER, at=NOW)
        await uow.promotions.save(first)
    async with peopled.unit_of_work() as uow:
        assert await uow.promotions.count_standing(HIS) == 1
        assert await uow.promotions.get(first.id) == first
        assert (await uow.promotions.get(second.id)).ended_at is None


async def test_uses_are_the_bookings_that_stand_at_it(peopled: Store) -> None:
    promotion, other = a_promotion(), a_promotion("OTHER")
    await give(peopled, promotion, other)
    assert await uses(peopled, promotion) == PromotionUses(in_all=0, of_owner=0)
    mine = [await book(peopled, promotion, day=day) for day in (1, 2, 3)]
    await book(peopled, other, day=4)
    await book(peopled, None, day=5)
    theirs = await book(peopled, promotion, day=6, owner=ADMIN)
    assert await uses(peopled, promotion) == PromotionUses(in_all=4, of_owner=3)
    assert await uses(peopled, promotion, owner=ADMIN) == PromotionUses(in_all=4, of_owner=1)
    assert await uses(peopled, promotion, but=mine[0]) == PromotionUses(in_all=3, of_owner=2)
    assert await uses(peopled, promotion, but=theirs) == PromotionUses(in_all=3, of_owner=3)
    queries = SqlPromotionQueries(peopled.database)
    for status in ("accepted", "paid", "in_progress", "completed", "disputed", "declined", "expired", "cancelled"):
        async with peopled.database.begin() as connection:
            changed = bookings.update().where(bookings.c.id == mine[0]).values(status=status, pay_until=NOW)
            await connection.execute(changed)
        stands = status not in ("declined", "expired", "cancelled")
        assert await uses(peopled, promotion) == PromotionUses(in_all=3 + stands, of_owner=2 + stands), status
        assert (await queries.one(promotion.id, caregiver_id=HIS)).uses == 3 + stands, status


async def test_a_change_that_waits_is_a_use_of_its_promotion_and_a_booking_never_two(peopled: Store) -> None:
    promotion, other = a_promotion(), a_promotion("OTHER")
    await give(peopled, promotion, other)
    booking_id = await book(peopled, promotion, day=1)
    for wished, of_promotion, of_other in ((other, 1, 1), (promotion, 1, 0), (None, 1, 0)):
        quote = replace(a_quote(), id=QuoteId(peopled.ids.new()), promotion_id=None if wished is None else wished.id)
        async with peopled.unit_of_work() as uow:
            await uow.quotes.add(quote)
            booking = await uow.bookings.get(booking_id, for_update=True)
            booking.proposal = ProposedChange(quote_id=quote.id, asked_at=NOW, until=NOW)
            await uow.bookings.save(booking)
        assert await uses(peopled, promotion) == PromotionUses(in_all=of_promotion, of_owner=of_promotion)
        assert await uses(peopled, other) == PromotionUses(in_all=of_other, of_owner=of_other)
        assert (await uses(peopled, promotion, but=booking_id)).in_all == 0
        shown = await SqlPromotionQueries(peopled.database).one(other.id, caregiver_id=HIS)
        assert shown.uses == of_other


async def test_a_quote_that_is_not_booked_is_no_use(peopled: Store) -> None:
    await give(peopled, a_promotion())
    async with peopled.unit_of_work() as uow:
        await uow.quotes.add(replace(a_quote(), promotion_id=a_promotion().id))
    assert await uses(peopled, a_promotion()) == PromotionUses(in_all=0, of_owner=0)


async def test_pages_show_a_caregivers_own_the_newest_first_and_each_once(peopled: Store) -> None:
    given = [
        replace(
            a_promotion(f"CODE-{at}"), created_at=NOW + timedelta(seconds=at // 2), ended_at=NOW if at % 3 else None
        )
        for at in range(5)
    ]
    await give(peopled, *given, with_everything(), replace(a_promotion("THEIRS"), caregiver_id=THEIRS))
    queries = SqlPromotionQueries(peopled.database)
    seen: list[str] = []
    cursor: str | None = None
    while not seen or cursor is not None:
        page = await queries.of_caregiver(HIS, limit=2, cursor=cursor)
        seen += [item.code for item in page.items]
        cursor = page.next_cursor
    newest = sorted([*given, with_everything()], key=lambda one: (one.created_at, one.id), reverse=True)
    assert seen == [promotion.terms.code for promotion in newest]
    with pytest.raises(InvalidCursor):
        await queries.of_caregiver(HIS, limit=2, cursor="nonsense")


async def test_one_is_shown_with_everything_and_to_its_caregiver_alone(peopled: Store) -> None:
    await give(peopled, with_everything(), a_promotion())
    queries = SqlPromotionQueries(peopled.database)
    shown, terms = await queries.one(with_everything().id, caregiver_id=HIS), with_everything().terms
    assert shown.amount is not None
    assert Money(shown.amount.amount_cents, shown.amount.currency) == terms.amount
    assert (shown.code, shown.percent, shown.services) == ("EVERY-1", None, [Service.DOG_WALKING, Service.PET_BOARDING])
    assert (shown.valid_from, shown.valid_until, shown.max_uses) == (terms.valid_from, terms.valid_until, 7)
    assert (shown.once_per_owner, shown.created_at, shown.ended_at) == (False, NOW, with_everything().ended_at)
    plain = await queries.one(a_promotion().id, caregiver_id=HIS)
    assert (plain.percent, plain.amount, plain.services, plain.max_uses) == (10, None, [], None)
    for promotion_id, caregiver_id in ((plain.id, THEIRS), (identified("no promotion"), HIS)):
        with pytest.raises(PromotionNotFound):
            await queries.one(PromotionId(promotion_id), caregiver_id=caregiver_id)
