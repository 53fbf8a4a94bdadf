"""How the system is doing: for machines, for uptime monitors, for admins."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, MediaType, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta, Struct

from application.cursors import decode_cursor, encode_cursor
from application.operations.check_health import HealthReport
from application.operations.show_metrics import OperationsView
from application.ports.alert_queries import AlertView
from application.ports.breaker_history import BreakerChange
from application.ports.circuit_breakers import BreakerStatus
from application.ports.error_groups import ErrorGroupView
from application.ports.figure_history import MinuteFigures
from application.ports.views import Page
from application.use_cases import UseCases
from domain.operations.alert import AlertId, AlertState
from domain.operations.health_score import HealthStatus
from domain.shared.actor import Actor
from domain.shared.errors import Unavailable
from domain.shared.texts import line
from interfaces.http.authentication import IGNORE_TOKEN, MONITORED, admin_only, admin_or_monitor
from interfaces.http.json_body import HttpRequest
from interfaces.http.openapi import BEARER, problems_of
from interfaces.http.pagination import DEFAULT_LIMIT, Cursor, Limit

PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8"


class ShuttingDown(Unavailable):
    title = "This process is going away"


class HealthController(Controller):
    path = "/api/health"
    tags = ("Operations",)
    opt = {IGNORE_TOKEN: True}  # noqa: RUF012 - Litestar's way to declare it

    @get(summary="The state of each part", responses=problems_of(503))
    async def health(self, use_cases: NamedDependency[UseCases]) -> Response[HealthReport]:
        report = await use_cases.check_health.execute()
        return Response(report, status_code=503 if report.status is HealthStatus.UNHEALTHY else 200)

    @get("/live", status_code=204, summary="Whether the process answers at all")
    async def live(self) -> None:
        return

    @get("/ready", status_code=204, summary="Whether the process wants requests", responses=problems_of(503))
    async def ready(self, request: HttpRequest, use_cases: NamedDependency[UseCases]) -> None:
        if request.app.state.stopping.is_set():
            raise ShuttingDown
        report = await use_cases.check_health.execute()
        if report.status is HealthStatus.UNHEALTHY:
            raise Unavailable("The database does not answer.")


BreakerName = Annotated[str, Meta(min_length=1, max_length=40, examples=["payments"], description="Or `all`")]


BreakerFilter = Annotated[
    str | None, QueryParameter(min_length=1, max_length=40, description="Only those of this breaker")
]


# `state` is Litestar's own word.
AlertStateFilter = Annotated[AlertState | None, QueryParameter(name="state", description="Only those in this state")]


class ResetBreakerBody(Struct, frozen=True, kw_only=True, tag_field="action", tag="reset", forbid_unknown_fields=True):
    """Closes a breaker."""

    breaker: BreakerName


class ForceOpenBreakerBody(
    Struct, frozen=True, kw_only=True, tag_field="action", tag="force_open", forbid_unknown_fields=True
):
    """Keeps a breaker open for a while, whatever the dependency does."""

    breaker: BreakerName
    reason: Annotated[str, Meta(min_length=1, max_length=500, examples=["Announced maintenance"])]
    minutes: Annotated[int, Meta(ge=1, le=24 * 60, examples=[30])]


class BreakerList(Struct, frozen=True, kw_only=True, rename="camel"):
    items: list[BreakerStatus]
    next_cursor: None = None


class SilenceBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    minutes: Annotated[int, Meta(ge=1, le=7 * 24 * 60, examples=[60])]
    reason: Annotated[str, Meta(min_length=1, max_length=200, examples=["Known; the provider works on it."])]


class History(Struct, frozen=True, kw_only=True, rename="camel"):
    items: list[MinuteFigures]
    next_cursor: None = None


class ErrorList(Struct, frozen=True, kw_only=True, rename="camel"):
    items: list[ErrorGroupView]
    next_cursor: None = None


class AlertController(Controller):
    path = "/api/admin/alerts"
    tags = ("Operations",)
    security = BEARER
    guards = [admin_only]  # noqa: RUF012 - Litestar's way to declare it

    @get(summary="Alerts, newest first", responses=problems_of(401, 403))
    async def list_alerts(
        self,
        use_cases: NamedDependency[UseCases],
        alert_state: AlertStateFilter = None,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Page[AlertView]:
        after = None if cursor is None else decode_cursor(cursor, UUID)
        items, last = await use_cases.alert_queries.alerts(alert_state, limit=limit, after=after)
        return Page(items=items, next_cursor=None if last is None else encode_cursor(last))

    @post(
        "/{alert_id:uuid}/silence",
        status_code=204,
        summary="Hear nothing of an alert for a while, its end included",
        responses=problems_of(401, 403, 404, 409),
    )
    async def silence(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        alert_id: FromPath[UUID],
        data: JSONBody[SilenceBody],
    ) -> None:
        await use_cases.silence_alert.execute(
            admin=actor,
            alert_id=AlertId(alert_id),
            minutes=data.minutes,
            reason=line(data.reason, field="reason"),
        )


class OperationsController(Controller):
    path = "/api/admin"
    tags = ("Operations",)
    security = BEARER

    @get(
        "/metrics",
        summary="Figures of the system",
        guards=[admin_or_monitor],
        opt={MONITORED: True},
        responses=problems_of(401, 403),
    )
    async def metrics(self, use_cases: NamedDependency[UseCases]) -> OperationsView:
        return await use_cases.show_metrics.execute()

    @get(
        "/metrics/history",
        summary="The figures of each minute of the last hour, the oldest first",
        guards=[admin_or_monitor],
        opt={MONITORED: True},
        responses=problems_of(401, 403),
    )
    async def metrics_history(self, use_cases: NamedDependency[UseCases]) -> History:
        return History(items=list(await use_cases.show_history.execute()))

    @get(
        "/errors",
        summary="Errors that nobody expected, by the mistake they come from; those seen last come first",
        guards=[admin_only],
        responses=problems_of(401, 403),
    )
    async def errors(self, use_cases: NamedDependency[UseCases], limit: Limit = DEFAULT_LIMIT) -> ErrorList:
        return ErrorList(items=await use_cases.error_groups.recent(limit=limit))

    @get(
        "/circuit-breakers",
        summary="Every circuit breaker",
        guards=[admin_or_monitor],
        opt={MONITORED: True},
        responses=problems_of(401, 403),
    )
    async def circuit_breakers(self, use_cases: NamedDependency[UseCases]) -> BreakerList:
        return BreakerList(items=list(await use_cases.circuit_breakers.status()))

    @get(
        "/circuit-breakers/history",
        summary="Every change of state of the circuit breakers, youngest first",
        guards=[admin_only],
        responses=problems_of(401, 403),
    )
    async def history(
        self,
        use_cases: NamedDependency[UseCases],
        breaker: BreakerFilter = None,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Page[BreakerChange]:
        before = None if cursor is None else decode_cursor(cursor, UUID)
        changes, last = await use_cases.breaker_history.recent(breaker, limit=limit, before=before)
        return Page(items=changes, next_cursor=None if last is None else encode_cursor(last))

    @post(
        "/circuit-breakers",
        status_code=200,
        summary="Close a circuit breaker by hand, or keep it open for a while",
        guards=[admin_only],
        responses=problems_of(401, 403, 404),
    )
    async def steer(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        data: JSONBody[ResetBreakerBody | ForceOpenBreakerBody],
    ) -> BreakerList:
        match data:
            case ResetBreakerBody():
                await use_cases.reset_circuit_breaker.execute(admin=actor, name=data.breaker)
            case ForceOpenBreakerBody():
                await use_cases.force_circuit_breaker_open.execute(
                    admin=actor,
                    name=data.breaker,
                    reason=line(data.reason, field="reason"),
                    minutes=data.minutes,
                )
        return BreakerList(items=list(await use_cases.circuit_breakers.status()))


class PrometheusController(Controller):
    path = "/metrics"
    tags = ("Operations",)
    security = BEARER

    @get(
        summary="Everything measured, as Prometheus text",
        guards=[admin_or_monitor],
        opt={MONITORED: True},
        media_type=MediaType.TEXT,
        responses=problems_of(401, 403),
    )
    async def prometheus(self, use_cases: NamedDependency[UseCases]) -> Response[bytes]:
        return Response(await use_cases.export_metrics.execute(), media_type=PROMETHEUS_TEXT)
