"""What the quote repository promises, on both databases."""

import asyncio
from dataclasses import fields, replace
from datetime import timedelta

import pytest

from application.ports.unit_of_work import StaleVersion
from domain.bookings.pricing import LineItem, LineKind
from domain.bookings.quote import Quote, QuoteId, QuoteNotFound
from domain.caregivers.services import Service
from domain.shared.money import Money
from domain.shared.period import AMSTERDAM
from tests.support.builders import NOW, OWNER, STRANGER, a_promotion, a_quote, identified
from tests.support.stores import PETS, Store


def a_quote_with_everything() -> Quote:
    """Three pets in an order of their own, a line of every kind, and no field with its default."""
    lines = [
        LineItem(kind=kind, label=f"line {at} é", half_units=at + 1, unit_price=Money(100 + at), total=Money(50 - at))
        for at, kind in enumerate(reversed(LineKind))
    ]
    return replace(
        a_quote(pets=[PETS[2], PETS[0], PETS[1]]),
        service=Service.EVENT_COMPANION,
        time_zone=AMSTERDAM,
        line_items=tuple(lines),
        gross=Money(3333),
        commission=Money(667),
        commission_basis_points=1999,
        created_at=NOW + timedelta(microseconds=1),
        expires_at=NOW + timedelta(minutes=30, microseconds=1),
        used_at=NOW + timedelta(minutes=1),
        version=4,
        meet_and_greet=True,
        promotion_id=a_promotion().id,
    )


async def test_every_field_comes_back_as_it_was_added(peopled: Store) -> None:
    quote = a_quote_with_everything()
    async with peopled.unit_of_work() as uow:
        await uow.promotions.add(a_promotion())
        await uow.quotes.add(quote)
    async with peopled.unit_of_work() as uow:
        read = await uow.quotes.get(quote.id, owner_id=OWNER.account_id)
    for field in fields(Quote):
        assert getattr(read, field.name) == getattr(quote, field.name), field.name


async def test_use_is_kept(peopled: Store) -> None:
    quote = a_quote()
    async with peopled.unit_of_work() as uow:
        await uow.quotes.add(quote)
        quote.use(by=OWNER, at=NOW)
        await uow.quotes.save(quote)
    async with peopled.unit_of_work() as uow:
        assert (await uow.quotes.get(quote.id, owner_id=OWNER.account_id)).used_at == NOW


async def test_whose_quote_it_is_can_be_asked_by_who_got_it_alone(peopled: Store) -> None:
    quote = a_quote()
    async with peopled.unit_of_work() as uow:
        await uow.quotes.add(quote)
        assert await uow.quotes.caregiver_of(quote.id, owner_id=OWNER.account_id) == quote.caregiver_id
        for quote_id, owner in ((quote.id, STRANGER), (QuoteId(identified("no quote")), OWNER)):
            with pytest.raises(QuoteNotFound):
                await uow.quotes.caregiver_of(quote_id, owner_id=owner.account_id)


async def test_somebody_elses_quote_is_not_found(peopled: Store) -> None:
    async with peopled.unit_of_work() as uow:
        await uow.quotes.add(a_quote())
    for quote_id, reader in ((a_quote().id, STRANGER), (QuoteId(identified("no quote")), OWNER)):
        with pytest.raises(QuoteNotFound):
            async with peopled.unit_of_work() as uow:
                await uow.quotes.get(quote_id, owner_id=reader.account_id)


async def test_of_two_uses_at_once_one_is_kept(peopled: Store) -> None:
    quote = a_quote()
    async with peopled.unit_of_work() as uow:
        await uow.quotes.add(quote)
        read = await uow.quotes.get(quote.id, owner_id=OWNER.account_id)

    async def use() -> None:
        mine = replace(read)
        mine.use(by=OWNER, at=NOW)
        async with peopled.unit_of_work() as uow:
            await uow.quotes.save(mine)

    outcomes = await asyncio.gather(*(use() for _ in range(8)), return_exceptions=True)
    assert outcomes.count(None) == 1
    assert sum(isinstance(outcome, StaleVersion) for outcome in outcomes) == 7


async def test_a_quote_read_again_is_told_as_it_is_now(postgres_store: Store) -> None:
    """What the second of two requests relies on, once it has the caregiver's lock."""
    await postgres_store.people()
    quote = a_quote()
    async with postgres_store.unit_of_work() as uow:
        await uow.quotes.add(quote)
    async with postgres_store.unit_of_work() as mine:
        assert (await mine.quotes.get(quote.id, owner_id=OWNER.account_id)).used_at is None
        async with postgres_store.unit_of_work() as other:
            quote.use(by=OWNER, at=NOW)
            await other.quotes.save(quote)
        assert (await mine.quotes.get(quote.id, owner_id=OWNER.account_id)).used_at == NOW
