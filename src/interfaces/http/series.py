"""Bookings made together by a rule of recurrence."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from application.bookings.series_plan import SeriesWish
from application.ports.booking_queries import BookingView
from application.ports.views import MoneyView
from application.use_cases import UseCases
from domain.bookings.booking_life import BookingId, SeriesId
from domain.bookings.series import Recurrence, SeriesDate
from domain.caregivers.services import Service
from domain.pets.pet import PetId
from domain.shared.actor import Actor, CaregiverId
from domain.shared.errors import InvalidInput
from domain.shared.period import Period, checked_instant
from domain.shared.texts import line
from interfaces.http.bookings import CareWishes, EmergencyContactBody, Reason
from interfaces.http.openapi import BEARER, problems_of
from interfaces.http.quotes import Instant, PetIds, Promo


class EmergencyContactMissing(InvalidInput):
    title = "Whom to call in an emergency is needed to book"


class SeriesBody(CareWishes, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The first booking, and its repetitions that begin on the local date `until` or before. A dry run needs no
    emergency contact. `promo` is for as many free dates as it can still be used, the earliest first."""

    caregiver_id: UUID
    service: Service
    start_at: Instant
    end_at: Instant
    pet_ids: PetIds
    promo: Promo | None = None
    recurrence: Recurrence
    until: Annotated[date, Meta(examples=["2027-03-01"])]
    dry_run: bool = False
    emergency_contact: EmergencyContactBody | None = None

    def wish(self) -> SeriesWish:
        return SeriesWish(
            caregiver_id=CaregiverId(self.caregiver_id),
            service=self.service,
            first=Period(self.start_at, self.end_at),
            pet_ids=tuple(PetId(pet_id) for pet_id in self.pet_ids),
            recurrence=self.recurrence,
            until=self.until,
            promo=self.promo,
        )


class RefusalView(Struct, frozen=True, kw_only=True):
    """Why a date cannot be booked; `code` is stable."""

    code: str
    detail: str


class SeriesDateView(Struct, frozen=True, kw_only=True, rename="camel"):
    """`promoted`: `gross` is less by the promotion."""

    start_at: datetime
    end_at: datetime
    gross: MoneyView
    promoted: bool
    free: bool
    reason: RefusalView | None = None
    booking_id: UUID | None = None


class SeriesView(Struct, frozen=True, kw_only=True):
    """`id` is null for a dry run."""

    id: UUID | None
    items: list[SeriesDateView]


class SeriesBookingsView(Struct, frozen=True, kw_only=True, rename="camel"):
    items: list[BookingView]
    next_cursor: None = None


class CancelSeriesBody(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What starts at `startsFrom` or later; everything that lies ahead when it is absent."""

    starts_from: Instant | None = None
    reason: Reason | None = None


_DRY_RUN = ResponseSpec(SeriesView, generate_examples=False, description="The dry run: nothing was booked")


class SeriesController(Controller):
    path = "/api/series"
    tags = ("Bookings",)
    security = BEARER

    @post(
        summary="Book the free dates of a series, or see with dryRun which they are",
        responses=problems_of(401, 403, 404, 409) | {200: _DRY_RUN},
    )
    async def book(
        self, use_cases: NamedDependency[UseCases], actor: NamedDependency[Actor], data: JSONBody[SeriesBody]
    ) -> Response[SeriesView]:
        if data.dry_run:
            dates = await use_cases.preview_series.execute(owner=actor, wish=data.wish())
            return Response(SeriesView(id=None, items=[_date(each, None) for each in dates]), status_code=200)
        if data.emergency_contact is None:
            raise EmergencyContactMissing(field="emergencyContact")
        care = data.care_with(data.emergency_contact)
        series_id, booked = await use_cases.book_series.execute(owner=actor, wish=data.wish(), care=care)
        view = SeriesView(id=series_id, items=[_date(*each) for each in booked])
        return Response(view, headers={"location": f"/api/series/{series_id}"})

    @get("/{series_id:uuid}", summary="The bookings of a series", responses=problems_of(401, 404))
    async def show(
        self, use_cases: NamedDependency[UseCases], actor: NamedDependency[Actor], series_id: FromPath[UUID]
    ) -> SeriesBookingsView:
        return SeriesBookingsView(
            items=list(await use_cases.booking_queries.of_series(SeriesId(series_id), viewer=actor))
        )

    @post(
        "/{series_id:uuid}/cancel",
        status_code=200,
        summary="End the rest of a series, each booking on its own terms",
        responses=problems_of(401, 404, 409),
    )
    async def cancel(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        series_id: FromPath[UUID],
        data: JSONBody[CancelSeriesBody | None] = None,
    ) -> SeriesBookingsView:
        told = data or CancelSeriesBody()
        await use_cases.cancel_series.execute(
            actor=actor,
            series_id=SeriesId(series_id),
            starts_from=None if told.starts_from is None else checked_instant(told.starts_from, field="startsFrom"),
            reason=None if told.reason is None else line(told.reason, field="reason"),
        )
        return SeriesBookingsView(
            items=list(await use_cases.booking_queries.of_series(SeriesId(series_id), viewer=actor))
        )


def _date(each: SeriesDate, booking_id: BookingId | None) -> SeriesDateView:
    refusal = each.refusal
    return SeriesDateView(
        start_at=each.period.start,
        end_at=each.period.end,
        gross=MoneyView.of(each.price.gross),
        promoted=each.price.promotion_id is not None,
        free=refusal is None,
        reason=None if refusal is None else RefusalView(code=refusal.code(), detail=str(refusal)),
        booking_id=booking_id,
    )
