"""The ASGI application: controllers, middleware, and the container's life around them."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version

from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp

from application.adapters import Adapters
from application.use_cases import UseCases
from infrastructure.rate_limits.in_memory_rate_limits import InMemoryRateLimits
from infrastructure.tokens.derived_keys import derived_key
from interfaces.bootstrap.container import Container
from interfaces.bootstrap.memory import limit_heaps, spare_the_collector
from interfaces.bootstrap.production import build_parts
from interfaces.bootstrap.settings import Settings
from interfaces.bootstrap.stop_signals import end_on_stop_signals
from interfaces.bootstrap.structured_logging import configure_logging
from interfaces.http.accounts import AuthController, MeController
from interfaces.http.admin_bookings import AdminBookingController, DisputeController
from interfaces.http.admin_cache import AdminCacheController
from interfaces.http.admin_caregivers import AdminCaregiverController
from interfaces.http.admin_jobs import AdminJobController, QueueController
from interfaces.http.admin_money import AdminMoneyController
from interfaces.http.authentication import Authentication, BearerTokens, provide_actor
from interfaces.http.body_limit import BodyLimit
from interfaces.http.booking_overviews import BookingOverviewController
from interfaces.http.bookings import BookingController
from interfaces.http.care import CareController
from interfaces.http.caregivers import CaregiverController, OwnCaregiverController
from interfaces.http.correlation import Correlation
from interfaces.http.cors import Cors
from interfaces.http.earnings import EarningsController, ReportController
from interfaces.http.etags import PublicAnswers, SharedCaching
from interfaces.http.free_periods import FreePeriodController
from interfaces.http.hot_answers import HotAnswers
from interfaces.http.idempotency import Idempotency
from interfaces.http.jobs import JobController
from interfaces.http.json_body import StrictRequest, check_parameters
from interfaces.http.known_reads import KnownReads
from interfaces.http.live_stream import LiveController
from interfaces.http.openapi import openapi_config
from interfaces.http.operations import AlertController, HealthController, OperationsController, PrometheusController
from interfaces.http.pets import PetController
from interfaces.http.places import HomeController, PlaceController
from interfaces.http.problems import Problems
from interfaces.http.promotions import PromotionController
from interfaces.http.public_reads import KnownPublicReads
from interfaces.http.quotes import QuoteController
from interfaces.http.rate_limiting import RateLimiting, RequestsPerMinute
from interfaces.http.request_deadline import RequestDeadline
from interfaces.http.request_metrics import RequestMetrics
from interfaces.http.revenue import RevenueController
from interfaces.http.sandbox import SandboxController
from interfaces.http.security_headers import SecurityHeaders
from interfaces.http.series import SeriesController
from interfaces.http.stripe_webhook import StripeWebhookController
from interfaces.http.tracing import RequestTracing
from interfaces.web.admin_actions import AdminActionController
from interfaces.web.admin_pages import AdminController, SignInController
from interfaces.web.admin_revenue import AdminRevenueController
from interfaces.web.pages import PagesController, static_files_router

CONTROLLERS = (
    AuthController,
    MeController,
    PetController,
    OwnCaregiverController,
    PromotionController,
    CaregiverController,
    FreePeriodController,
    PlaceController,
    HomeController,
    QuoteController,
    BookingController,
    SeriesController,
    BookingOverviewController,
    CareController,
    JobController,
    AdminBookingController,
    DisputeController,
    AdminCacheController,
    AdminMoneyController,
    EarningsController,
    ReportController,
    AdminCaregiverController,
    AdminJobController,
    QueueController,
    AlertController,
    LiveController,
    HealthController,
    OperationsController,
    PrometheusController,
    RevenueController,
    StripeWebhookController,
)


PAGES = (PagesController, SignInController, AdminController, AdminActionController, AdminRevenueController)


def create_app() -> ASGIApp:
    """What the server runs: everything from the environment."""
    limit_heaps()
    settings = Settings.read()
    configure_logging(settings.log_level)
    app = build_app(settings, Container(build_parts(settings)))
    spare_the_collector()
    return app


def build_app(settings: Settings, container: Container) -> ASGIApp:
    """The application around a container; tests give one with other adapters.

    Litestar runs its own middleware behind the router only, so what must see every request is wrapped around it.
    """
    adapters = container.parts.adapters
    problems = Problems(settings.support_email, adapters.error_log)
    controllers = CONTROLLERS if adapters.sandbox_bank is None else (*CONTROLLERS, SandboxController)
    tokens = BearerTokens(adapters.access_tokens, adapters.clock)
    caching = SharedCaching(
        fresh_seconds=settings.cdn_fresh_seconds, stale_while_revalidate_seconds=settings.cdn_stale_seconds
    )
    answers = PublicAnswers(caching)
    app: ASGIApp = Litestar(
        route_handlers=[*controllers, *PAGES, static_files_router()],
        middleware=_behind_the_router(settings, adapters, tokens),
        exception_handlers=problems.exception_handlers(),
        dependencies={
            "use_cases": Provide(_always(container.use_cases), sync_to_thread=False),
            "actor": Provide(provide_actor, sync_to_thread=False),
        },
        before_request=check_parameters,
        request_class=StrictRequest,
        openapi_config=openapi_config(version=version("tailtribe"), support_email=settings.support_email),
        lifespan=[_life_of(container)],
        state=State({"public_answers": answers, "stopping": asyncio.Event(), "https_only": settings.in_production}),
        request_max_body_size=None,
        logging_config=None,
    )
    app = _surrounded(app, settings, adapters, tokens, problems, caching, answers)
    return app if container.parts.tracing is None else RequestTracing(container.parts.tracing)(app)


def _surrounded(
    app: ASGIApp,
    settings: Settings,
    adapters: Adapters,
    tokens: BearerTokens,
    problems: Problems,
    caching: SharedCaching,
    answers: PublicAnswers,
) -> ASGIApp:
    """With the layers that see every request, and outside of them the one that spares hot ones all of this."""
    known_reads = KnownReads()
    metrics = RequestMetrics(adapters.metrics)
    security = SecurityHeaders(https_only=settings.in_production)
    cors = Cors(settings.allowed_origins)
    limiting = _rate_limiting(settings, adapters, tokens, problems)
    from_the_outside_in = [
        Correlation(),
        metrics,
        RequestDeadline(),
        security,
        cors,
        limiting,
        KnownPublicReads(known_reads, answers, problems),
    ]
    for middleware in reversed(from_the_outside_in):
        app = middleware(app)
    return HotAnswers(
        app,
        known_reads=known_reads,
        caching=caching,
        limiting=limiting,
        metrics=metrics,
        security=security,
        cors=cors,
    )


def _rate_limiting(settings: Settings, adapters: Adapters, tokens: BearerTokens, problems: Problems) -> RateLimiting:
    return RateLimiting(
        limits=adapters.rate_limits,
        local_limits=InMemoryRateLimits(),
        tokens=tokens,
        problems=problems,
        per_minute=RequestsPerMinute(
            api=settings.rate_limit_api_per_minute,
            auth=settings.rate_limit_auth_per_minute,
            public=settings.rate_limit_public_per_minute,
        ),
        trusted_proxies=settings.trusted_proxies,
    )


def _behind_the_router(settings: Settings, adapters: Adapters, tokens: BearerTokens) -> list[ASGIMiddleware]:
    """From the outside in."""
    return [
        BodyLimit(),
        Authentication(tokens, adapters.account_queries, monitoring_token=settings.monitoring_token()),
        Idempotency(
            adapters.idempotency_store,
            adapters.clock,
            fingerprint_key=derived_key(settings.signing_key(), "idempotency"),
        ),
    ]


def _always(use_cases: UseCases) -> Callable[[], UseCases]:
    def provide_use_cases() -> UseCases:
        return use_cases

    return provide_use_cases


def _life_of(container: Container) -> Callable[[Litestar], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def life(app: Litestar) -> AsyncGenerator[None]:
        def going_away() -> None:
            """Whoever spreads requests sees it before the server stops taking them."""
            app.state.stopping.set()
            container.use_cases.live_feed.end()

        await container.rehearse()
        await container.start()
        try:
            await container.open_front_page()
            end_on_stop_signals(going_away)
            yield
        finally:
            app.state.stopping.set()
            await container.stop()

    return life
