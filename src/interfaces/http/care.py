"""From the beginning of the care to the objection against it."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from application.ports.booking_queries import BookingView, ServiceReportView
from application.use_cases import UseCases
from domain.bookings.booking_life import BookingId
from domain.bookings.care_report import MOST_PHOTOS
from domain.shared.actor import Actor
from domain.shared.texts import paragraphs
from interfaces.http.caregivers import PhotoReference
from interfaces.http.openapi import BEARER, problems_of

Latitude = Annotated[float, Meta(ge=-90, le=90, examples=[51.05])]
Longitude = Annotated[float, Meta(ge=-180, le=180, examples=[3.72])]
Notes = Annotated[str, Meta(min_length=1, max_length=2000, examples=["Rex was glad to go out."])]
Photos = Annotated[list[PhotoReference], Meta(max_length=MOST_PHOTOS)]


class CareBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One half of the service report. Latitude and longitude come together; a booking has at most ten photos."""

    lat: Latitude | None = None
    lng: Longitude | None = None
    notes: Notes | None = None
    photos: Photos = []

    def text(self) -> str | None:
        return None if self.notes is None else paragraphs(self.notes, field="notes")


class DisputeBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Annotated[str, Meta(min_length=1, max_length=2000, examples=["Nobody came to walk my dog."])]


class CareController(Controller):
    path = "/api/bookings"
    tags = ("Bookings",)
    security = BEARER

    @post(
        "/{booking_id:uuid}/check-in",
        status_code=200,
        summary="The caregiver begins, not before 30 minutes ahead of the start",
        responses=problems_of(401, 403, 404, 409),
    )
    async def check_in(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        booking_id: FromPath[UUID],
        data: JSONBody[CareBody | None] = None,
    ) -> BookingView:
        told = data or CareBody()
        await use_cases.check_in_booking.execute(
            actor=actor,
            booking_id=BookingId(booking_id),
            lat=told.lat,
            lng=told.lng,
            notes=told.text(),
            photos=told.photos,
        )
        return await use_cases.booking_queries.get(BookingId(booking_id), viewer=actor)

    @post(
        "/{booking_id:uuid}/check-out",
        status_code=200,
        summary="The caregiver is done, which completes the booking",
        responses=problems_of(401, 403, 404, 409),
    )
    async def check_out(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        booking_id: FromPath[UUID],
        data: JSONBody[CareBody | None] = None,
    ) -> BookingView:
        told = data or CareBody()
        await use_cases.check_out_booking.execute(
            actor=actor,
            booking_id=BookingId(booking_id),
            lat=told.lat,
            lng=told.lng,
            notes=told.text(),
            photos=told.photos,
        )
        return await use_cases.booking_queries.get(BookingId(booking_id), viewer=actor)

    @get(
        "/{booking_id:uuid}/report",
        summary="What the caregiver told at check-in and check-out",
        responses=problems_of(401, 404),
    )
    async def report(
        self, use_cases: NamedDependency[UseCases], actor: NamedDependency[Actor], booking_id: FromPath[UUID]
    ) -> ServiceReportView:
        return await use_cases.booking_queries.report(BookingId(booking_id), viewer=actor)

    @post(
        "/{booking_id:uuid}/dispute",
        status_code=200,
        summary="The owner objects within 72 hours of completion, which holds the payout",
        responses=problems_of(401, 403, 404, 409),
    )
    async def dispute(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        booking_id: FromPath[UUID],
        data: JSONBody[DisputeBody],
    ) -> BookingView:
        reason = paragraphs(data.reason, field="reason")
        await use_cases.dispute_booking.execute(actor=actor, booking_id=BookingId(booking_id), reason=reason)
        return await use_cases.booking_queries.get(BookingId(booking_id), viewer=actor)
