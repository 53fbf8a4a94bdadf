"""Bookings: requested by owners, answered by caregivers, paid, cancelled."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta, Struct

from application.payments.start_payment import StartedPayment
from application.ports.booking_queries import BookingContactView, BookingTransitionView, BookingView
from application.ports.views import MoneyView, Page
from application.use_cases import UseCases
from domain.bookings.booking_life import ActorRole, BookingId, BookingStatus
from domain.bookings.care_details import CareDetails, EmergencyContact
from domain.bookings.quote import QuoteId
from domain.caregivers.caregiver_profile import CancellationPolicy
from domain.shared.actor import Actor
from domain.shared.period import checked_instant
from domain.shared.texts import line, paragraphs
from interfaces.http.idempotency import NOT_REPLAYED
from interfaces.http.json_body import NoInput
from interfaces.http.openapi import BEARER, problems_of
from interfaces.http.pagination import DEFAULT_LIMIT, Cursor, Limit

ContactName = Annotated[str, Meta(min_length=1, max_length=80, examples=["Jan Peeters"])]
ContactPhone = Annotated[str, Meta(pattern=r"^[+(]?[0-9][0-9 ()./-]{5,30}(?!\n)$", examples=["+32 470 12 34 56"])]
LongText = Annotated[str, Meta(min_length=1, max_length=2000)]
Reason = Annotated[str, Meta(min_length=1, max_length=500, examples=["I have fallen ill."])]


class EmergencyContactBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: ContactName
    phone: ContactPhone


class CareWishes(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    notes: LongText | None = None
    vet: LongText | None = None
    off_leash_allowed: bool = False

    def care_with(self, contact: EmergencyContactBody) -> CareDetails:
        return CareDetails(
            emergency_contact=EmergencyContact(
                name=line(contact.name, field="emergencyContact.name"), phone=contact.phone
            ),
            notes=None if self.notes is None else paragraphs(self.notes, field="notes"),
            vet=None if self.vet is None else paragraphs(self.vet, field="vet"),
            off_leash_allowed=self.off_leash_allowed,
        )


class BookingBody(CareWishes, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    quote_id: UUID
    emergency_contact: EmergencyContactBody


class ChangeBody(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    quote_id: UUID


class AcceptBody(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """With the `quoteId` of the booking as it was shown, nothing is accepted that was changed since."""

    quote_id: UUID | None = None

    def terms(self) -> QuoteId | None:
        return None if self.quote_id is None else QuoteId(self.quote_id)


class DeclineChangeBody(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """With the `quoteId` of the change as it was shown, no other is declined."""

    reason: Reason | None = None
    quote_id: UUID | None = None


class ReasonBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Reason | None = None

    def text(self) -> str | None:
        return None if self.reason is None else line(self.reason, field="reason")


class CancellationView(Struct, frozen=True, kw_only=True, rename="camel"):
    """What cancelling now would give back and cost. `deadline` ends the period in which everything is given back."""

    refund: MoneyView
    fee: MoneyView
    deadline: datetime
    policy: CancellationPolicy


class HistoryView(Struct, frozen=True, kw_only=True, rename="camel"):
    items: list[BookingTransitionView]
    next_cursor: None = None


Statuses = Annotated[list[BookingStatus] | None, QueryParameter(name="status", description="Any of these")]
Role = Annotated[ActorRole | None, QueryParameter(description="owner or caregiver; both when absent")]
From = Annotated[datetime | None, QueryParameter(name="from", description="Starting at this instant or later")]
To = Annotated[datetime | None, QueryParameter(name="to", description="Starting before this instant")]


class BookingController(Controller):
    path = "/api/bookings"
    tags = ("Bookings",)
    security = BEARER

    @post(summary="Ask a caregiver for what was quoted", responses=problems_of(401, 403, 404, 409))
    async def request(
        self, use_cases: NamedDependency[UseCases], actor: NamedDependency[Actor], data: JSONBody[BookingBody]
    ) -> Response[BookingView]:
        booking_id = await use_cases.request_booking.execute(
            owner=actor, quote_id=QuoteId(data.quote_id), care=data.care_with(data.emergency_contact)
        )
        booking = await use_cases.booking_queries.get(booking_id, viewer=actor)
        return Response(booking, headers={"location": f"/api/bookings/{booking_id}"})

    @get(summary="The caller's bookings, the latest start first", responses=problems_of(401))
    async def list_bookings(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        role: Role = None,
        status: Statuses = None,
        starts_from: From = None,
        starts_before: To = None,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Page[BookingView]:
        return await use_cases.booking_queries.of_account(
            viewer=actor,
            role=role,
            statuses=status or (),
            starts_from=None if starts_from is None else checked_instant(starts_from, field="from"),
            starts_before=None if starts_before is None else checked_instant(starts_before, field="to"),
            limit=limit,
            cursor=cursor,
        )

    @get("/{booking_id:uuid}", summary="One booking", responses=problems_of(401, 404))
    async def show(
        self, use_cases: NamedDependency[UseCases], actor: NamedDependency[Actor], booking_id: FromPath[UUID]
    ) -> BookingView:
        return await use_cases.booking_queries.get(BookingId(booking_id), viewer=actor)

    @get(
        "/{booking_id:uuid}/contact",
        summary="Who the parties of a paid booking are, and how to reach them",
        responses=problems_of(401, 404, 409),
    )
    async def contact(
        self, use_cases: NamedDependency[UseCases], actor: NamedDependency[Actor], booking_id: FromPath[UUID]
    ) -> BookingContactView:
        return await use_cases.booking_queries.contact(BookingId(booking_id), viewer=actor)

    @get("/{booking_id:uuid}/history", summary="What happened to a booking", responses=problems_of(401, 404))
    async def history(
        self, use_cases: NamedDependency[UseCases], actor: NamedDependency[Actor], booking_id: FromPath[UUID]
    ) -> HistoryView:
        return HistoryView(items=list(await use_cases.booking_queries.history(BookingId(booking_id), viewer=actor)))

    @post(
        "/{booking_id:uuid}/accept",
        status_code=200,
        summary="The caregiver says yes",
        responses=problems_of(401, 403, 404, 409),
    )
    async def accept(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        booking_id: FromPath[UUID],
        data: JSONBody[AcceptBody | None] = None,
    ) -> BookingView:
        terms = None if data is None else data.terms()
        await use_cases.accept_booking.execute(actor=actor, booking_id=BookingId(booking_id), quote_id=terms)
        return await use_cases.booking_queries.get(BookingId(booking_id), viewer=actor)

    @post(
        "/{booking_id:uuid}/decline",
        status_code=200,
        summary="The caregiver says no",
        responses=problems_of(401, 403, 404, 409),
    )
    async def decline(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        booking_id: FromPath[UUID],
        data: JSONBody[ReasonBody | None] = None,
    ) -> BookingView:
        reason = None if data is None else data.text()
        await use_cases.decline_booking.execute(actor=actor, booking_id=BookingId(booking_id), reason=reason)
        return await use_cases.booking_queries.get(BookingId(booking_id), viewer=actor)

    @get(
        "/{booking_id:uuid}/cancellation-preview",
        summary="What cancelling now would mean",
        responses=problems_of(401, 404, 409),
    )
    async def preview_cancellation(
        self, use_cases: NamedDependency[UseCases], actor: NamedDependency[Actor], booking_id: FromPath[UUID]
    ) -> CancellationView:
        terms = await use_cases.preview_cancellation.execute(actor=actor, booking_id=BookingId(booking_id))
        return CancellationView(
            refund=MoneyView.of(terms.refund),
            fee=MoneyView.of(terms.fee),
            deadline=terms.deadline,
            policy=terms.policy,
        )

    @post(
        "/{booking_id:uuid}/cancel",
        status_code=200,
        summary="End a booking on the terms of the preview",
        responses=problems_of(401, 404, 409),
    )
    async def cancel(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        booking_id: FromPath[UUID],
        data: JSONBody[ReasonBody | None] = None,
    ) -> BookingView:
        reason = None if data is None else data.text()
        await use_cases.cancel_booking.execute(actor=actor, booking_id=BookingId(booking_id), reason=reason)
        return await use_cases.booking_queries.get(BookingId(booking_id), viewer=actor)

    @post(
        "/{booking_id:uuid}/change",
        status_code=200,
        summary="Give a booking the dates and pets of a new quote, or propose them for a paid one",
        responses=problems_of(401, 403, 404, 409),
    )
    async def change(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        booking_id: FromPath[UUID],
        data: JSONBody[ChangeBody],
    ) -> BookingView:
        await use_cases.change_booking.execute(
            owner=actor, booking_id=BookingId(booking_id), quote_id=QuoteId(data.quote_id)
        )
        return await use_cases.booking_queries.get(BookingId(booking_id), viewer=actor)

    @post(
        "/{booking_id:uuid}/change/accept",
        status_code=200,
        summary="Agree to the change that the owner of a paid booking asks for",
        responses=problems_of(401, 403, 404, 409),
    )
    async def accept_change(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        booking_id: FromPath[UUID],
        data: JSONBody[ChangeBody],
    ) -> BookingView:
        await use_cases.accept_change.execute(
            actor=actor, booking_id=BookingId(booking_id), quote_id=QuoteId(data.quote_id)
        )
        return await use_cases.booking_queries.get(BookingId(booking_id), viewer=actor)

    @post(
        "/{booking_id:uuid}/change/decline",
        status_code=200,
        summary="Refuse the change that the owner of a paid booking asks for",
        responses=problems_of(401, 403, 404, 409),
    )
    async def decline_change(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        booking_id: FromPath[UUID],
        data: JSONBody[DeclineChangeBody | None] = None,
    ) -> BookingView:
        told = data or DeclineChangeBody()
        await use_cases.decline_change.execute(
            actor=actor,
            booking_id=BookingId(booking_id),
            reason=None if told.reason is None else line(told.reason, field="reason"),
            quote_id=None if told.quote_id is None else QuoteId(told.quote_id),
        )
        return await use_cases.booking_queries.get(BookingId(booking_id), viewer=actor)

    @post(
        "/{booking_id:uuid}/change/withdraw",
        status_code=200,
        summary="No longer ask for a change of a paid booking",
        responses=problems_of(401, 403, 404, 409),
    )
    async def withdraw_change(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        booking_id: FromPath[UUID],
        data: JSONBody[NoInput | None] = None,  # noqa: ARG002 - refuses any other body
    ) -> BookingView:
        await use_cases.withdraw_change.execute(actor=actor, booking_id=BookingId(booking_id))
        return await use_cases.booking_queries.get(BookingId(booking_id), viewer=actor)

    @post(
        "/{booking_id:uuid}/payment",
        status_code=200,
        summary="Open the payment, or show the open one again",
        opt={NOT_REPLAYED: True},
        responses=problems_of(401, 403, 404, 409, 503),
    )
    async def start_payment(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        booking_id: FromPath[UUID],
        data: JSONBody[NoInput | None] = None,  # noqa: ARG002 - refuses any other body
    ) -> StartedPayment:
        return await use_cases.start_payment.execute(actor=actor, booking_id=BookingId(booking_id))
