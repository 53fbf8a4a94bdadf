"""Pricing a period of care."""

from collections.abc import Sequence
from dataclasses import dataclass

from application.bookings.first_meeting import require_first_meeting
from application.bookings.promotion_use import promotion_of
from application.ports.booking_queries import LineItemView, QuoteView
from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.public_holidays import PublicHolidays
from application.ports.unit_of_work import UnitOfWorkFactory
from application.ports.views import MoneyView
from domain.bookings.pricing import LineItem, discounted, nothing_to_pay, price_quote
from domain.bookings.promotion import PromotionNotForMeetings
from domain.bookings.quote import Quote, QuoteId
from domain.bookings.request_rules import check_request
from domain.caregivers.services import Service
from domain.pets.pet import PetId
from domain.shared.actor import Actor, CaregiverId
from domain.shared.period import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateQuote:
    """Promises a price. Refuses what could not be booked either, except for want of a place: it reserves nothing."""

    unit_of_work: UnitOfWorkFactory
    holidays: PublicHolidays
    clock: Clock
    ids: Ids

    async def execute(
        self,
        *,
        owner: Actor,
        caregiver_id: CaregiverId,
        service: Service,
        period: Period,
        pet_ids: Sequence[PetId],
        meet_and_greet: bool = False,
        promo: str | None = None,
    ) -> QuoteView:
        """A meet-and-greet is free. Raises what `check_request` raises, MeetAndGreetLength and AlreadyMet, and
        InvalidInput (field `promo`) when nothing is quoted at the promotion."""
        if meet_and_greet and promo is not None:
            raise PromotionNotForMeetings(field="promo")
        now = self.clock.now()
        async with self.unit_of_work.reading() as uow:
            caregiver = await uow.caregivers.get(caregiver_id)
            offer = check_request(
                owner=owner,
                caregiver=caregiver,
                availability=await uow.caregivers.availability(caregiver_id),
                service=service,
                period=period,
                pets=await uow.pets.get_many(pet_ids, owner_id=owner.account_id),
                now=now,
            )
            if meet_and_greet:
                await require_first_meeting(uow, period, owner=owner, caregiver_id=caregiver_id)
                price = nothing_to_pay()
            else:
                price = price_quote(
                    offer=offer,
                    period=period,
                    time_zone=caregiver.time_zone,
                    pet_count=len(pet_ids),
                    is_holiday=lambda day: self.holidays.is_holiday(day, country=caregiver.country),
                )
            if promo is not None:
                promotion = await promotion_of(uow, promo, caregiver_id=caregiver_id, service=service, now=now)
                price = discounted(price, promotion)
        quote = Quote.offer(
            id=QuoteId(self.ids.new()),
            owner_id=owner.account_id,
            caregiver_id=caregiver_id,
            service=service,
            period=period,
            time_zone=caregiver.time_zone,
            pet_ids=tuple(pet_ids),
            price=price,
            at=now,
            meet_and_greet=meet_and_greet,
        )
        async with self.unit_of_work() as uow:
            await uow.quotes.add(quote)
        return _view(quote)


def _view(quote: Quote) -> QuoteView:
    return QuoteView(
        id=quote.id,
        caregiver_id=quote.caregiver_id,
        service=quote.service,
        start_at=quote.period.start,
        end_at=quote.period.end,
        time_zone=quote.time_zone,
        pet_ids=list(quote.pet_ids),
        line_items=[_line(item) for item in quote.line_items],
        gross=MoneyView.of(quote.gross),
        meet_and_greet=quote.meet_and_greet,
        expires_at=quote.expires_at,
    )


def _line(item: LineItem) -> LineItemView:
    return LineItemView(
        kind=item.kind,
        label=item.label,
        quantity=float(item.quantity),
        unit_price=MoneyView.of(item.unit_price),
        total=MoneyView.of(item.total),
    )
