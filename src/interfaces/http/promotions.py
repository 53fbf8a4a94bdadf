"""Promotions that a caregiver gives on his own services."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from application.ports.promotion_queries import PromotionView
from application.ports.views import Page
from application.use_cases import UseCases
from domain.bookings.promotion import MAX_PERCENT, PromotionId, PromotionTerms
from domain.caregivers.services import Service
from domain.shared.actor import Actor
from domain.shared.money import EUR, Money
from domain.shared.period import checked_instant
from interfaces.http.caregivers import MAX_PRICE_CENTS
from interfaces.http.json_body import NoInput
from interfaces.http.openapi import BEARER, problems_of
from interfaces.http.pagination import DEFAULT_LIMIT, Cursor, Limit
from interfaces.http.quotes import Instant

MAX_USES = 1_000_000

Code = Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{3,40}(?!\n)$", examples=["SUMMER-10"])]
Percent = Annotated[int, Meta(ge=1, le=MAX_PERCENT, examples=[10])]
Uses = Annotated[int, Meta(ge=1, le=MAX_USES, examples=[100])]
Until = Annotated[datetime, Meta(tz=True, examples=["2099-03-01T00:00:00Z"])]


class DiscountBody(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    amount_cents: Annotated[int, Meta(ge=1, le=MAX_PRICE_CENTS, examples=[500])]
    currency: Annotated[str, Meta(pattern=r"^EUR(?!\n)$", examples=[EUR])] = EUR


class PromotionBody(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Either `percent` or `amount`. The code is kept in upper case. Without `services` it is for all of them.

    Valid from `validFrom` (included) until `validUntil` (excluded), as of when a quote is asked for. `maxUses` counts
    bookings that stand; with `oncePerOwner` each owner has one.
    """

    code: Code
    percent: Percent | None = None
    amount: Annotated[DiscountBody | None, Meta(examples=[None])] = None
    services: Annotated[list[Service], Meta(max_length=len(Service))] = []
    valid_from: Instant | None = None
    valid_until: Until | None = None
    max_uses: Uses | None = None
    once_per_owner: bool = True

    def terms(self) -> PromotionTerms:
        begins, ends = self.valid_from, self.valid_until
        return PromotionTerms(
            code=self.code.upper(),
            percent=self.percent,
            amount=None if self.amount is None else Money(self.amount.amount_cents, self.amount.currency),
            services=frozenset(self.services),
            valid_from=None if begins is None else checked_instant(begins, field="validFrom"),
            valid_until=None if ends is None else checked_instant(ends, field="validUntil"),
            max_uses=self.max_uses,
            once_per_owner=self.once_per_owner,
        )


class PromotionController(Controller):
    path = "/api/caregivers/me/promotions"
    tags = ("Caregivers",)
    security = BEARER

    @get(
        summary="The caller's promotions with their uses so far, the newest first",
        responses=problems_of(401, 404),
    )
    async def list_promotions(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Page[PromotionView]:
        return await use_cases.show_promotions.execute(actor=actor, limit=limit, cursor=cursor)

    @post(
        summary="Give a promotion on the caller's services; it is never changed, only ended",
        responses=problems_of(401, 404, 409),
    )
    async def give(
        self, use_cases: NamedDependency[UseCases], actor: NamedDependency[Actor], data: JSONBody[PromotionBody]
    ) -> Response[PromotionView]:
        promotion_id = await use_cases.give_promotion.execute(actor=actor, terms=data.terms())
        return Response(await use_cases.show_promotions.one(promotion_id, actor=actor))

    @post(
        "/{promotion_id:uuid}/end",
        status_code=200,
        summary="End a promotion; quotes that were made at it are honoured",
        responses=problems_of(401, 404),
    )
    async def end(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        promotion_id: FromPath[UUID],
        data: JSONBody[NoInput | None] = None,  # noqa: ARG002 - refuses any other body
    ) -> PromotionView:
        await use_cases.end_promotion.execute(actor=actor, promotion_id=PromotionId(promotion_id))
        return await use_cases.show_promotions.one(PromotionId(promotion_id), actor=actor)
