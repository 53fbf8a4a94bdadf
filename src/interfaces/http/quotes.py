"""Prices that are promised."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Controller, Response, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta, Struct

from application.ports.booking_queries import QuoteView
from application.use_cases import UseCases
from domain.caregivers.services import Service
from domain.pets.pet import PetId
from domain.shared.actor import Actor, CaregiverId
from domain.shared.period import Period
from interfaces.http.openapi import BEARER, problems_of

Instant = Annotated[datetime, Meta(tz=True, examples=["2026-12-01T09:00:00Z"])]


PetIds = Annotated[list[UUID], Meta(min_length=1, max_length=20)]
Promo = Annotated[str, Meta(min_length=1, max_length=40)]


class QuoteBody(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """`promo` is the code of a promotion of the caregiver; a meet-and-greet has none."""

    caregiver_id: UUID
    service: Service
    start_at: Instant
    end_at: Instant
    pet_ids: PetIds
    promo: Promo | None = None
    meet_and_greet: bool = False


class QuoteController(Controller):
    path = "/api/quotes"
    tags = ("Bookings",)
    security = BEARER

    @post(
        summary="Have a period of care priced; the price is honoured for 30 minutes",
        responses=problems_of(401, 404, 409),
    )
    async def create(
        self, use_cases: NamedDependency[UseCases], actor: NamedDependency[Actor], data: JSONBody[QuoteBody]
    ) -> Response[QuoteView]:
        quote = await use_cases.create_quote.execute(
            owner=actor,
            caregiver_id=CaregiverId(data.caregiver_id),
            service=data.service,
            period=Period(data.start_at, data.end_at),
            pet_ids=[PetId(pet_id) for pet_id in data.pet_ids],
            meet_and_greet=data.meet_and_greet,
            promo=data.promo,
        )
        return Response(quote)
