"""Who is told of alerts, chosen by the settings."""

from collections.abc import Mapping
from dataclasses import dataclass

from redis.asyncio import Redis

from application.operations.watch_over_system import MAIL
from application.ports.alert_channel import AlertChannel
from application.ports.heartbeat import Heartbeat
from application.ports.mail_queries import MailQueries
from application.ports.outage_record import OutageRecord
from application.ports.tracing import Tracing
from application.ports.unit_of_work import UnitOfWorkFactory
from infrastructure.alerts.heartbeats import HttpHeartbeat, NoHeartbeat
from infrastructure.alerts.mailed_alert_channel import MailedAlertChannel
from infrastructure.alerts.outage_records import InMemoryOutageRecord, RedisOutageRecord
from infrastructure.errors.error_journal import Reporter
from infrastructure.resilience.breaker import Breaker
from infrastructure.resilience.guarded_alert_channel import GuardedAlertChannel, channel_breaker
from interfaces.bootstrap.outside import Close
from interfaces.bootstrap.settings import Settings


@dataclass(frozen=True, slots=True)
class OutsideChannels:
    """The channels that leave the machine, each behind a breaker, and what closes them."""

    channels: Mapping[str, AlertChannel]
    breakers: tuple[Breaker, ...]
    close: tuple[Close, ...]
    report_error: Reporter | None


def outside_channels(settings: Settings, *, release: str) -> OutsideChannels:
    """As for mail: only who uses a library pays for it."""
    channels, breakers, close = _slack(settings)
    if settings.sentry_dsn is None:
        return OutsideChannels(channels, breakers, close, None)
    from infrastructure.errors.sentry_errors import SentryAlertChannel, SentryErrors

    sentry = SentryErrors(settings.sentry_dsn, release=release, environment=settings.environment)
    return OutsideChannels(
        {**channels, "sentry": SentryAlertChannel()}, breakers, (*close, sentry.close), sentry.report
    )


def _slack(settings: Settings) -> tuple[Mapping[str, AlertChannel], tuple[Breaker, ...], tuple[Close, ...]]:
    if settings.slack_webhook_url is None:
        return {}, (), ()
    from infrastructure.alerts.slack_alert_channel import SlackAlertChannel, create_slack_client

    client, breaker = create_slack_client(), channel_breaker("slack")
    slack = GuardedAlertChannel(SlackAlertChannel(settings.slack_webhook_url, client), breaker)
    return {"slack": slack}, (breaker,), (client.aclose,)


def with_mail(
    channels: Mapping[str, AlertChannel], queries: MailQueries, unit_of_work: UnitOfWorkFactory
) -> Mapping[str, AlertChannel]:
    return {**channels, MAIL: MailedAlertChannel(queries, unit_of_work)}


def choose_tracing(settings: Settings, *, release: str) -> tuple[Tracing | None, tuple[Close, ...]]:
    """The library takes memory and a part of the start's time."""
    if settings.otel_exporter_otlp_endpoint is None:
        return None, ()
    from infrastructure.tracing.otlp_tracing import OtlpTracing

    tracing = OtlpTracing(settings.otel_exporter_otlp_endpoint, release=release)
    return tracing, (tracing.close,)


def choose_heartbeat(settings: Settings) -> Heartbeat:
    return HttpHeartbeat(settings.heartbeat_url) if settings.heartbeat_url else NoHeartbeat()


def choose_outage_record(redis: Redis | None) -> OutageRecord:
    return InMemoryOutageRecord() if redis is None else RedisOutageRecord(redis)
