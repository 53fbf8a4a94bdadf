"""Admins settle what the parties cannot: cancelling, giving back, deciding disputes."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta, Struct

from application.ports.booking_queries import BookingView
from application.ports.dispute_queries import DisputeView
from application.ports.views import Page
from application.use_cases import UseCases
from domain.bookings.booking_life import BookingId
from domain.bookings.dispute import DisputeDecision
from domain.shared.actor import Actor
from domain.shared.money import EUR, Money
from domain.shared.texts import paragraphs
from interfaces.http.authentication import admin_only
from interfaces.http.openapi import BEARER, problems_of
from interfaces.http.pagination import DEFAULT_LIMIT, Cursor, Limit

Reason = Annotated[str, Meta(min_length=1, max_length=1000, examples=["The caregiver did not come."])]


class DisputeStatus(StrEnum):
    OPEN = "open"
    DECIDED = "decided"


class AmountBody(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    amount_cents: Annotated[int, Meta(ge=1, le=1_000_000_000, examples=[1000])]
    currency: Annotated[str, Meta(pattern=r"^EUR(?!\n)$", examples=[EUR])] = EUR

    def money(self) -> Money:
        return Money(self.amount_cents, self.currency)


class AdminCancellationBody(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Unless `caregiverFault` is false, everything goes back; then the policy of the booking decides."""

    reason: Reason | None = None
    caregiver_fault: bool = True


class RefundBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Without an amount, all that is left goes back."""

    amount: AmountBody | None = None
    reason: Reason | None = None


class DecisionBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`amount` belongs to `refund_part`, and to nothing else."""

    decision: DisputeDecision
    amount: AmountBody | None = None
    reason: Reason | None = None


class AdminBookingController(Controller):
    path = "/api/admin/bookings"
    tags = ("Admin",)
    security = BEARER
    guards = [admin_only]  # noqa: RUF012 - Litestar's way to declare it

    @post(
        "/{booking_id:uuid}/cancel",
        status_code=200,
        summary="End a booking for its parties",
        responses=problems_of(401, 403, 404, 409),
    )
    async def cancel(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        booking_id: FromPath[UUID],
        data: JSONBody[AdminCancellationBody | None] = None,
    ) -> BookingView:
        wish = data or AdminCancellationBody()
        await use_cases.cancel_booking.execute(
            actor=actor,
            booking_id=BookingId(booking_id),
            reason=_text(wish.reason),
            caregiver_fault=wish.caregiver_fault,
        )
        return await use_cases.booking_queries.get(BookingId(booking_id), viewer=actor)

    @post(
        "/{booking_id:uuid}/refund",
        status_code=200,
        summary="Give money back without ending the booking",
        responses=problems_of(401, 403, 404, 409),
    )
    async def refund(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        booking_id: FromPath[UUID],
        data: JSONBody[RefundBody | None] = None,
    ) -> BookingView:
        wish = data or RefundBody()
        await use_cases.refund_booking.execute(
            admin=actor,
            booking_id=BookingId(booking_id),
            amount=None if wish.amount is None else wish.amount.money(),
            reason=_text(wish.reason),
        )
        return await use_cases.booking_queries.get(BookingId(booking_id), viewer=actor)


class DisputeController(Controller):
    path = "/api/admin/disputes"
    tags = ("Admin",)
    security = BEARER
    guards = [admin_only]  # noqa: RUF012 - Litestar's way to declare it

    @get(summary="Disputes, the oldest first", responses=problems_of(401, 403))
    async def list_disputes(
        self,
        use_cases: NamedDependency[UseCases],
        status: Annotated[DisputeStatus | None, QueryParameter(description="Both when absent")] = None,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Page[DisputeView]:
        decided = None if status is None else status is DisputeStatus.DECIDED
        return await use_cases.dispute_queries.of_all(decided=decided, limit=limit, cursor=cursor)

    @post(
        "/{dispute_id:uuid}/decide",
        status_code=200,
        summary="Decide a dispute, once and for all",
        responses=problems_of(401, 403, 404, 409),
    )
    async def decide(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        dispute_id: FromPath[UUID],
        data: JSONBody[DecisionBody],
    ) -> DisputeView:
        await use_cases.decide_dispute.execute(
            admin=actor,
            booking_id=BookingId(dispute_id),
            decision=data.decision,
            amount=None if data.amount is None else data.amount.money(),
            reason=_text(data.reason),
        )
        return await use_cases.dispute_queries.of_booking(BookingId(dispute_id))


def _text(reason: str | None) -> str | None:
    return None if reason is None else paragraphs(reason, field="reason")
