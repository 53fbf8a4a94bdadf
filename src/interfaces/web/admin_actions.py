"""What an operator does from the dashboard. Each answers with what has changed, or leads back to the page."""

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Response, post
from litestar.di import NamedDependency, Provide
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect
from msgspec import Meta, Struct

from application.use_cases import UseCases
from domain.operations.alert import AlertId
from domain.operations.job import JobId, QueueName
from domain.shared.actor import Actor, CaregiverId
from domain.shared.languages import Language
from domain.shared.texts import line, paragraphs
from interfaces.http.json_body import HttpRequest
from interfaces.web.admin_pages import HANDLERS, page
from interfaces.web.admin_visitors import is_htmx, provide_admin, provide_language, same_site_only


class Steering(StrEnum):
    PAUSE = "pause"
    RESUME = "resume"


class ForceOpenForm(Struct, frozen=True, kw_only=True):
    reason: Annotated[str, Meta(min_length=1, max_length=500)]
    minutes: Annotated[int, Meta(ge=1, le=24 * 60)]


class SilenceForm(Struct, frozen=True, kw_only=True):
    reason: Annotated[str, Meta(min_length=1, max_length=200)]
    minutes: Annotated[int, Meta(ge=1, le=7 * 24 * 60)]


class RejectForm(Struct, frozen=True, kw_only=True):
    reason: Annotated[str, Meta(min_length=1, max_length=1000)]


ForceOpenData = Annotated[ForceOpenForm, Body(media_type=RequestEncodingType.URL_ENCODED)]
SilenceData = Annotated[SilenceForm, Body(media_type=RequestEncodingType.URL_ENCODED)]
RejectData = Annotated[RejectForm, Body(media_type=RequestEncodingType.URL_ENCODED)]


class AdminActionController(Controller):
    path = "/admin"
    include_in_schema = False
    guards = [same_site_only]  # noqa: RUF012 - Litestar's way to declare it
    exception_handlers = HANDLERS
    dependencies = {  # noqa: RUF012
        "admin": Provide(provide_admin),
        "language": Provide(provide_language, sync_to_thread=False),
    }

    @post("/breakers/{name:str}/reset", status_code=200)
    async def reset_breaker(
        self,
        request: HttpRequest,
        use_cases: NamedDependency[UseCases],
        admin: NamedDependency[Actor],
        language: NamedDependency[Language],
        name: FromPath[str],
    ) -> Response[Any]:
        await use_cases.reset_circuit_breaker.execute(admin=admin, name=name)
        return _done(request, use_cases, language, "breaker_reset", back="/admin")

    @post("/breakers/{name:str}/force-open", status_code=200)
    async def force_open(
        self,
        request: HttpRequest,
        use_cases: NamedDependency[UseCases],
        admin: NamedDependency[Actor],
        language: NamedDependency[Language],
        name: FromPath[str],
        data: ForceOpenData,
    ) -> Response[Any]:
        reason = line(data.reason, field="reason")
        await use_cases.force_circuit_breaker_open.execute(admin=admin, name=name, reason=reason, minutes=data.minutes)
        return _done(request, use_cases, language, "breaker_opened", back="/admin")

    @post("/alerts/{alert_id:uuid}/silence", status_code=200)
    async def silence(
        self,
        request: HttpRequest,
        use_cases: NamedDependency[UseCases],
        admin: NamedDependency[Actor],
        language: NamedDependency[Language],
        alert_id: FromPath[UUID],
        data: SilenceData,
    ) -> Response[Any]:
        reason = line(data.reason, field="reason")
        await use_cases.silence_alert.execute(
            admin=admin, alert_id=AlertId(alert_id), minutes=data.minutes, reason=reason
        )
        return _done(request, use_cases, language, "alert_silenced", back="/admin")

    @post("/queues/{name:str}/{wanted:str}", status_code=200)
    async def steer_queue(
        self,
        request: HttpRequest,
        use_cases: NamedDependency[UseCases],
        admin: NamedDependency[Actor],
        language: NamedDependency[Language],
        name: FromPath[QueueName],
        wanted: FromPath[Steering],
    ) -> Response[Any]:
        if wanted is Steering.PAUSE:
            await use_cases.pause_queue.execute(admin=admin, queue=name)
            return _done(request, use_cases, language, "queue_paused", back="/admin/jobs")
        await use_cases.resume_queue.execute(admin=admin, queue=name)
        return _done(request, use_cases, language, "queue_resumed", back="/admin/jobs")

    @post("/jobs/{job_id:uuid}/retry", status_code=200)
    async def retry_job(
        self,
        request: HttpRequest,
        use_cases: NamedDependency[UseCases],
        admin: NamedDependency[Actor],
        language: NamedDependency[Language],
        job_id: FromPath[UUID],
    ) -> Response[Any]:
        await use_cases.retry_job.execute(admin=admin, job_id=JobId(job_id))
        return _done(request, use_cases, language, "job_retried", back="/admin/jobs")

    @post("/jobs/{job_id:uuid}/drop", status_code=200)
    async def drop_job(
        self,
        request: HttpRequest,
        use_cases: NamedDependency[UseCases],
        admin: NamedDependency[Actor],
        language: NamedDependency[Language],
        job_id: FromPath[UUID],
    ) -> Response[Any]:
        await use_cases.drop_job.execute(admin=admin, job_id=JobId(job_id), reason=None)
        return _done(request, use_cases, language, "job_dropped", back="/admin/jobs")

    @post("/caregivers/{caregiver_id:uuid}/approve", status_code=200)
    async def approve(
        self,
        request: HttpRequest,
        use_cases: NamedDependency[UseCases],
        admin: NamedDependency[Actor],
        language: NamedDependency[Language],
        caregiver_id: FromPath[UUID],
    ) -> Response[Any]:
        await use_cases.approve_caregiver.execute(admin=admin, caregiver_id=CaregiverId(caregiver_id))
        return _done(request, use_cases, language, "caregiver_approved", back="/admin/caregivers")

    @post("/caregivers/{caregiver_id:uuid}/reject", status_code=200)
    async def reject(
        self,
        request: HttpRequest,
        use_cases: NamedDependency[UseCases],
        admin: NamedDependency[Actor],
        language: NamedDependency[Language],
        caregiver_id: FromPath[UUID],
        data: RejectData,
    ) -> Response[Any]:
        reason = paragraphs(data.reason, field="reason")
        await use_cases.reject_caregiver.execute(admin=admin, caregiver_id=CaregiverId(caregiver_id), reason=reason)
        return _done(request, use_cases, language, "caregiver_rejected", back="/admin/caregivers")


def _done(request: HttpRequest, use_cases: UseCases, language: Language, what: str, *, back: str) -> Response[Any]:
    """Says so in the line for messages; whoever has no script is led back to the page. The overview shows it at once,
    and a row that was acted on goes (`hx-swap-oob` in the part)."""
    use_cases.live_feed.look_now()
    if not is_htmx(request):
        return Redirect(back, status_code=303)
    return page("parts/done", language, what=what)
