"""What runs in production: the adapter of each port, chosen by the settings."""

import os
import secrets
import socket
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

from redis.asyncio import Redis

from application.adapters import Adapters
from application.ports.clock import Clock
from application.ports.geocoder import Geocoder
from application.ports.health_probe import HealthProbe
from application.ports.ids import Ids
from application.ports.job_records import JobRecords
from application.ports.mail import Mail
from application.ports.pace import Pace
from application.ports.rate_limits import RateLimits
from application.ports.tracing import Tracing
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.accounts.session import DASHBOARD_TOKEN_LIFETIME
from infrastructure.alerts.log_alert_channel import LogAlertChannel
from infrastructure.cache.memory_level import MemoryLevel
from infrastructure.clock.system_clock import SystemClock
from infrastructure.errors.error_journal import ErrorJournal
from infrastructure.health.probes import AlwaysThere, BreakerProbe, DatabaseProbe, RedisProbe
from infrastructure.ids.uuid7_ids import Uuid7Ids
from infrastructure.job_queue.dramatiq_job_queue import DramatiqJobTransport, redis_broker
from infrastructure.job_queue.in_process_job_queue import InProcessJobTransport
from infrastructure.job_queue.job_transport import JobTransport
from infrastructure.job_queue.outbox_relay import OutboxRelay
from infrastructure.job_queue.postgres_wake_ups import PostgresWakeUps
from infrastructure.mail.jinja_mail_templates import JinjaMailTemplates
from infrastructure.metrics.event_loop_lag import EventLoopLag
from infrastructure.metrics.in_memory_metrics import InMemoryMetrics
from infrastructure.metrics.process_figures import LocalProcessFigures
from infrastructure.metrics.redis_metrics import RedisMetrics
from infrastructure.pace.in_memory_pace import InMemoryPace
from infrastructure.pace.redis_pace import RedisPace
from infrastructure.password_hasher.argon2_password_hasher import Argon2PasswordHasher
from infrastructure.payments.sandbox_accounts import SandboxConnectedAccounts
from infrastructure.payments.sandbox_books import SandboxBooks
from infrastructure.payments.sandbox_payments import PROVIDER, SandboxPayments
from infrastructure.payments.sandbox_transfers import SandboxTransfers
from infrastructure.persistence.accounts.sql_account_queries import SqlAccountQueries
from infrastructure.persistence.bookings.sql_booking_queries import SqlBookingQueries
from infrastructure.persistence.bookings.sql_calendar_queries import SqlCalendarQueries
from infrastructure.persistence.bookings.sql_dispute_queries import SqlDisputeQueries
from infrastructure.persistence.bookings.sql_promotion_queries import SqlPromotionQueries
from infrastructure.persistence.caregivers.sql_caregiver_queries import SqlCaregiverQueries
from infrastructure.persistence.database import POOL_SIZE, Database, database_url
from infrastructure.persistence.idempotency.sql_idempotency_store import SqlIdempotencyStore
from infrastructure.persistence.jobs.sql_job_queries import SqlJobQueries
from infrastructure.persistence.jobs.sql_job_records import SqlJobRecords
from infrastructure.persistence.mails.sql_mail_queries import SqlMailQueries
from infrastructure.persistence.operations.sql_alert_queries import SqlAlertQueries
from infrastructure.persistence.operations.sql_breaker_history import SqlBreakerHistory
from infrastructure.persistence.operations.sql_error_groups import SqlErrorGroups
from infrastructure.persistence.operations.sql_figure_history import SqlFigureHistory
from infrastructure.persistence.operations.sql_housekeeping import SqlHousekeeping
from infrastructure.persistence.operations.sql_process_register import SqlProcessRegister
from infrastructure.persistence.operations.sql_system_queries import SqlSystemQueries
from infrastructure.persistence.payments.sql_earnings_queries import SqlEarningsQueries
from infrastructure.persistence.payments.sql_ledger_queries import SqlLedgerQueries
from infrastructure.persistence.payments.sql_money_queries import SqlMoneyQueries
from infrastructure.persistence.payments.sql_revenue_queries import SqlRevenueQueries
from infrastructure.persistence.pets.sql_pet_queries import SqlPetQueries
from infrastructure.persistence.sql_unit_of_work import SqlUnitOfWorkFactory
from infrastructure.public_holidays.holidays_calendar import HolidaysCalendar
from infrastructure.rate_limits.in_memory_rate_limits import InMemoryRateLimits
from infrastructure.rate_limits.redis_rate_limits import RedisRateLimits
from infrastructure.redis.redis_client import create_quick_redis, create_redis, redis_address
from infrastructure.resilience.breaker import BREAKER_RULES, Breaker, BreakerRegistry
from infrastructure.resilience.breaker_journal import BreakerJournal
from infrastructure.resilience.guarded_connected_accounts import GuardedConnectedAccounts
from infrastructure.resilience.guarded_geocoder import geocoding_breaker
from infrastructure.resilience.guarded_mail import GuardedMail, email_breaker
from infrastructure.resilience.guarded_payments import GuardedPayments, payments_breaker
from infrastructure.resilience.guarded_transfers import GuardedTransfers
from infrastructure.resilience.shared_breaker_state import SharedBreakerState, create_breaker_redis
from infrastructure.statements.reportlab_statement_writer import ReportlabStatementWriter
from infrastructure.tokens.hmac_token_signer import HmacTokenSigner
from infrastructure.tokens.jwt_access_tokens import JwtAccessTokens
from interfaces.bootstrap.background_work import BackgroundWork
from interfaces.bootstrap.cache_parts import CacheParts, build_cache
from interfaces.bootstrap.outside import Close, choose_geocoder, choose_mail
from interfaces.bootstrap.payment_provider import StripeAdapters, choose_stripe
from interfaces.bootstrap.settings import Settings
from interfaces.bootstrap.watching import (
    OutsideChannels,
    choose_heartbeat,
    choose_outage_record,
    choose_tracing,
    outside_channels,
    with_mail,
)
from interfaces.worker.event_routes import route_event


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The adapters, and what must be started and closed with them. `in_process` is there when there is no Redis."""

    adapters: Adapters
    database: Database
    rehearsal: Callable[[], AbstractAsyncContextManager[UnitOfWorkFactory]]
    relay: OutboxRelay
    in_process: InProcessJobTransport | None
    redis: tuple[Redis, ...]
    metrics: InMemoryMetrics | RedisMetrics
    loop_lag: EventLoopLag
    errors: ErrorJournal
    tracing: Tracing | None
    process_id: str
    watch_seconds: float
    breakers: BreakerRegistry
    journal: BreakerJournal
    wake_ups: PostgresWakeUps | None
    cache_work: tuple[BackgroundWork, ...]
    drain_seconds: float
    mail_per_second: float
    close_clients: tuple[Close, ...]

    async def close(self) -> None:
        for close in self.close_clients:
            await close()
        for client in self.redis:
            await client.aclose()
        await self.database.dispose()


def own_process_id() -> str:
    """Whose it is can be read, and it is nobody else's: in containers all are process 1, and hosts may share a name."""
    return f"{socket.gethostname()[:100]}:{os.getpid()}:{secrets.token_hex(3)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Breakers:
    payments: Breaker
    email: Breaker
    cache: Breaker
    limits: Breaker
    queue: Breaker
    geocoding: Breaker | None


def build_parts(settings: Settings, *, cache_memory: MemoryLevel | None = None) -> Parts:
    """Everything, connected to nothing yet: services may come later."""
    settings.data_path.mkdir(parents=True, exist_ok=True)
    clock, ids = SystemClock(), Uuid7Ids()
    metrics, redis_of_metrics = _metrics(settings)
    breakers = _breakers(settings)
    database = Database(
        database_url(settings.database_url, settings.data_path),
        pool_size=settings.database_pool_size or POOL_SIZE,
        on_query=lambda seconds: metrics.query_finished(seconds=seconds),
        pooled_elsewhere=True if settings.database_direct_url else None,
    )
    redis = _redis_clients(settings)
    in_process = None if settings.redis_url else InProcessJobTransport()
    relay = OutboxRelay(
        database,
        _transport(settings, in_process),
        route_event,
        clock=clock,
        ids=ids,
        transport_forgets=in_process is not None,
    )
    cache = build_cache(
        metrics,
        database=database,
        redis=(redis[0], redis[3]) if redis else None,
        breaker=breakers.cache,
        clock=clock,
        ids=ids,
        memory=cache_memory,
    )
    release = version("tailtribe")
    outside, loop_lag = outside_channels(settings, release=release), EventLoopLag(metrics)
    error_groups = SqlErrorGroups(database, release=release)
    errors = ErrorJournal(error_groups, clock, metrics, report=outside.report_error)
    registry = _registry(redis, breakers, outside)
    tracing, close_tracing = choose_tracing(settings, release=release)
    registry.observe(metrics, tracing)
    geocoder, close_geocoder = choose_geocoder(settings, database, breakers.geocoding)
    mail, close_mail = choose_mail(settings)
    stripe = choose_stripe(settings, clock)
    job_records = SqlJobRecords(database, clock=clock, ids=ids)
    unit_of_work = SqlUnitOfWorkFactory(
        database,
        clock=clock,
        ids=ids,
        invalidate=cache.cache.invalidate,
        record=cache.record,
        wake_relay=relay.wake,
    )
    adapters = _adapters(
        settings,
        database=database,
        clock=clock,
        ids=ids,
        metrics=metrics,
        breakers=breakers,
        registry=registry,
        cache=cache,
        geocoder=geocoder,
        job_records=job_records,
        mail=mail,
        stripe=stripe,
        redis=redis,
        metrics_redis=redis_of_metrics,
        outside=outside,
        error_groups=error_groups,
        errors=errors,
        loop_lag=loop_lag,
        unit_of_work=unit_of_work,
    )
    # Those before Redis are probed every few seconds, by every process.
    before_redis = (breakers.cache.name, breakers.limits.name, breakers.queue.name)
    process_id = own_process_id()
    journal = BreakerJournal(adapters.breaker_history, ids, process=process_id, probed_often=before_redis)
    registry.on_change(journal.note)
    return Parts(
        adapters=adapters,
        database=database,
        rehearsal=unit_of_work.rehearsal,
        relay=relay,
        in_process=in_process,
        redis=(*redis, *redis_of_metrics),
        metrics=metrics,
        loop_lag=loop_lag,
        errors=errors,
        tracing=tracing,
        process_id=process_id,
        watch_seconds=settings.watch_seconds,
        breakers=registry,
        journal=journal,
        wake_ups=_wake_ups(settings, database, relay, cache),
        cache_work=cache.work,
        drain_seconds=settings.drain_seconds,
        mail_per_second=settings.mail_per_second,
        close_clients=(
            job_records.settle,
            close_geocoder,
            close_mail,
            *([stripe.close] if stripe else []),
            cache.cache.close,
            *outside.close,
            *close_tracing,
        ),
    )


def _breakers(settings: Settings) -> _Breakers:
    redis_rule = replace(BREAKER_RULES["cache"], slow_seconds=settings.redis_slow_ms / 1000 or None)
    return _Breakers(
        payments=payments_breaker(),
        email=email_breaker(),
        cache=Breaker("cache", redis_rule),
        limits=Breaker("rate_limits", redis_rule),
        # For the probe of health: a slow Redis carries jobs well.
        queue=Breaker("queue", replace(BREAKER_RULES["cache"], slow_seconds=None)),
        geocoding=geocoding_breaker() if settings.nominatim_url else None,
    )


def _redis_clients(settings: Settings) -> tuple[Redis, ...]:
    """For the cache, the limits, the breakers and what the cache hears: a queue before the one does not hold up the
    others."""
    if settings.redis_url is None:
        return ()
    address = (settings.redis_url, settings.redis_token)
    hearing = create_redis(*address, retries=0, max_connections=1)
    return create_quick_redis(*address), create_quick_redis(*address), create_breaker_redis(*address), hearing


def _metrics(settings: Settings) -> tuple[InMemoryMetrics | RedisMetrics, tuple[Redis, ...]]:
    if settings.redis_url is None:
        return InMemoryMetrics(), ()
    client = create_redis(settings.redis_url, settings.redis_token, retries=0, max_connections=2)
    return RedisMetrics(client), (client,)


def _transport(settings: Settings, in_process: InProcessJobTransport | None) -> JobTransport:
    if in_process is not None or settings.redis_url is None:
        return in_process or InProcessJobTransport()
    return DramatiqJobTransport(redis_broker(redis_address(settings.redis_url, settings.redis_token)))


def _registry(redis: tuple[Redis, ...], breakers: _Breakers, channels: OutsideChannels) -> BreakerRegistry:
    """Those that guard Redis itself stay this process's own."""
    outside = [
        breakers.payments,
        breakers.email,
        *([breakers.geocoding] if breakers.geocoding else []),
        *channels.breakers,
    ]
    shared = SharedBreakerState(redis[2], outside) if redis else None
    return BreakerRegistry([*outside, breakers.cache, breakers.limits, breakers.queue], shared)


def _wake_ups(settings: Settings, database: Database, relay: OutboxRelay, cache: CacheParts) -> PostgresWakeUps | None:
    if database.is_sqlite:
        return None
    address = database_url(settings.database_direct_url or settings.database_url, settings.data_path)
    return PostgresWakeUps(address, relay.wake_later, cache.cache.invalidations)


def _pace(redis: tuple[Redis, ...], breakers: _Breakers) -> Pace:
    return RedisPace(redis[1], breakers.limits) if redis else InMemoryPace()


def _rate_limits(redis: tuple[Redis, ...], breakers: _Breakers) -> RateLimits:
    return RedisRateLimits(redis[1], breakers.limits) if redis else InMemoryRateLimits()


def _probes(database: Database, redis: tuple[Redis, ...], breakers: _Breakers) -> dict[str, HealthProbe]:
    cache: HealthProbe = RedisProbe(redis[0], breakers.cache) if redis else AlwaysThere()
    queue: HealthProbe = RedisProbe(redis[0], breakers.queue) if redis else AlwaysThere()
    return {
        "database": DatabaseProbe(database),
        "cache": cache,
        "queue": queue,
        "payments": BreakerProbe(breakers.payments),
        "email": BreakerProbe(breakers.email),
    }


def _adapters(
    settings: Settings,
    *,
    database: Database,
    clock: Clock,
    ids: Ids,
    metrics: InMemoryMetrics | RedisMetrics,
    breakers: _Breakers,
    registry: BreakerRegistry,
    cache: CacheParts,
    geocoder: Geocoder,
    job_records: JobRecords,
    mail: Mail,
    stripe: StripeAdapters | None,
    redis: tuple[Redis, ...],
    metrics_redis: tuple[Redis, ...],
    outside: OutsideChannels,
    error_groups: SqlErrorGroups,
    errors: ErrorJournal,
    loop_lag: EventLoopLag,
    unit_of_work: UnitOfWorkFactory,
) -> Adapters:
    sandbox = SandboxPayments(database, clock=clock, ids=ids)
    accounts = SandboxConnectedAccounts(database, clock=clock, ids=ids)
    secret = settings.signing_key()
    shared: dict[str, Any] = {"clock": clock, "ids": ids}
    mail_queries = SqlMailQueries(database)
    return Adapters(
        access_tokens=JwtAccessTokens(secret),
        dashboard_tokens=JwtAccessTokens(secret, purpose="dashboard", lifetime=DASHBOARD_TOKEN_LIFETIME),
        account_queries=SqlAccountQueries(database),
        alert_channels=with_mail(outside.channels, mail_queries, unit_of_work),
        alert_log=LogAlertChannel(),
        alert_queries=SqlAlertQueries(database),
        booking_queries=SqlBookingQueries(database),
        dispute_queries=SqlDisputeQueries(database),
        breaker_history=SqlBreakerHistory(database),
        cache=cache.cache,
        calendar_queries=SqlCalendarQueries(database),
        caregiver_queries=SqlCaregiverQueries(database),
        circuit_breakers=registry,
        connected_accounts=GuardedConnectedAccounts(
            stripe.connected_accounts if stripe else accounts, breakers.payments
        ),
        error_groups=error_groups,
        error_log=errors,
        figure_history=SqlFigureHistory(database),
        figures=metrics,
        geocoder=geocoder,
        health_probes=_probes(database, redis, breakers),
        heartbeat=choose_heartbeat(settings),
        holidays=HolidaysCalendar(),
        housekeeping=SqlHousekeeping(database),
        idempotency_store=SqlIdempotencyStore(database, ids),
        job_queries=SqlJobQueries(database),
        job_records=job_records,
        mail=GuardedMail(mail, breakers.email),
        mail_queries=mail_queries,
        mail_templates=JinjaMailTemplates(support_email=settings.support_email),
        metrics=metrics,
        outage_record=choose_outage_record(metrics_redis[0] if metrics_redis else None),
        password_hasher=Argon2PasswordHasher(),
        pace=_pace(redis, breakers),
        payment_notices=stripe.notices if stripe else None,
        payment_provider=stripe.name if stripe else PROVIDER,
        payments=GuardedPayments(stripe.payments if stripe else sandbox, breakers.payments),
        earnings_queries=SqlEarningsQueries(database),
        ledger_queries=SqlLedgerQueries(database),
        money_queries=SqlMoneyQueries(database),
        statement_writer=ReportlabStatementWriter(),
        provider_books=stripe.books if stripe else SandboxBooks(database, clock=clock, ids=ids),
        transfers=GuardedTransfers(
            stripe.transfers if stripe else SandboxTransfers(database, clock=clock, ids=ids), breakers.payments
        ),
        pet_queries=SqlPetQueries(database),
        promotion_queries=SqlPromotionQueries(database),
        process=LocalProcessFigures(lambda: loop_lag.worst_seconds),
        process_register=SqlProcessRegister(database, clock),
        public_url=settings.public_address,
        rate_limits=_rate_limits(redis, breakers),
        revenue_queries=SqlRevenueQueries(database),
        # In production nobody may settle a payment by asking for it.
        sandbox_bank=None if settings.in_production or stripe else sandbox,
        system_queries=SqlSystemQueries(database, clock),
        token_signer=HmacTokenSigner(secret),
        unit_of_work=unit_of_work,
        **shared,
    )
