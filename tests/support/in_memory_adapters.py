"""Every port filled for a test: in memory where there is such an adapter, over a migrated SQLite file otherwise.

With one part swapped: `use_cases = build_use_cases(replace(in_memory_adapters(tmp_path), mail=my_mail))`.
"""

import asyncio
import atexit
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from sqlalchemy import event

from application.adapters import Adapters
from domain.accounts.session import DASHBOARD_TOKEN_LIFETIME
from domain.shared.folding import fold
from infrastructure.alerts.heartbeats import NoHeartbeat
from infrastructure.alerts.log_alert_channel import LogAlertChannel
from infrastructure.alerts.mailed_alert_channel import MailedAlertChannel
from infrastructure.alerts.outage_records import InMemoryOutageRecord
from infrastructure.cache.in_memory_cache import InMemoryCache
from infrastructure.clock.settable_clock import SettableClock
from infrastructure.errors.error_journal import ErrorJournal
from infrastructure.geocoder.gazetteer_geocoder import GazetteerGeocoder
from infrastructure.health.probes import AlwaysThere, BreakerProbe, DatabaseProbe
from infrastructure.ids.uuid7_ids import Uuid7Ids
from infrastructure.mail.file_mail import FileMail
from infrastructure.mail.jinja_mail_templates import JinjaMailTemplates
from infrastructure.metrics.in_memory_metrics import InMemoryMetrics
from infrastructure.metrics.process_figures import LocalProcessFigures
from infrastructure.pace.in_memory_pace import InMemoryPace
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
from infrastructure.persistence.database import Database, database_url
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
from infrastructure.persistence.places.place_tables import place_names, places
from infrastructure.persistence.sql_unit_of_work import SqlUnitOfWorkFactory
from infrastructure.public_holidays.holidays_calendar import HolidaysCalendar
from infrastructure.rate_limits.in_memory_rate_limits import InMemoryRateLimits
from infrastructure.resilience.breaker import BreakerRegistry
from infrastructure.resilience.guarded_connected_accounts import GuardedConnectedAccounts
from infrastructure.resilience.guarded_mail import GuardedMail, email_breaker
from infrastructure.resilience.guarded_payments import GuardedPayments, payments_breaker
from infrastructure.resilience.guarded_transfers import GuardedTransfers
from infrastructure.statements.reportlab_statement_writer import ReportlabStatementWriter
from infrastructure.tokens.hmac_token_signer import HmacTokenSigner
from infrastructure.tokens.jwt_access_tokens import JwtAccessTokens
from tests.support.builders import NOW
from tests.support.sqlite_database import migrated_database

PUBLIC_URL = "https://tailtribe.test"
SENDER = "TailTribe <noreply@tailtribe.test>"
SECRET = "a secret that only the tests know"


@dataclass(frozen=True, slots=True)
class SeededPlace:
    """A place of the little gazetteer; the first name is the local one."""

    id: int
    names: tuple[str, ...]
    country: str
    lat: float
    lng: float
    population: int


PLACES = (
    SeededPlace(1, ("Gent", "Ghent", "Gand"), "BE", 51.05, 3.71667, 262219),
    SeededPlace(2, ("Brussel", "Brussels", "Bruxelles"), "BE", 50.85045, 4.34878, 1019022),
    SeededPlace(3, ("Antwerpen", "Antwerp", "Anvers"), "BE", 51.22047, 4.40026, 529247),
    SeededPlace(4, ("Liège", "Luik"), "BE", 50.63373, 5.56749, 197355),
    SeededPlace(5, ("Amsterdam",), "NL", 52.37403, 4.88969, 741636),
    SeededPlace(6, ("Den Haag", "'s-Gravenhage", "The Hague"), "NL", 52.07667, 4.29861, 474292),
)


def in_memory_adapters(tmp_path: Path) -> Adapters:
    """Monday 2 November 2026, 10:00 in Brussels, nobody registered. The database and the mails lie in `tmp_path`.

    The clock is a SettableClock, the relay does not run, and nothing has to be closed.
    """
    database = _database(tmp_path)
    clock, ids, metrics = SettableClock(NOW), Uuid7Ids(), InMemoryMetrics()
    cache, payments, email = InMemoryCache(metrics), payments_breaker(), email_breaker()
    shared: dict[str, Any] = {"clock": clock, "ids": ids}
    sandbox = SandboxPayments(database, **shared)
    errors = SqlErrorGroups(database, release="0")
    mail_queries = SqlMailQueries(database)
    unit_of_work = SqlUnitOfWorkFactory(database, invalidate=cache.invalidate, wake_relay=lambda: None, **shared)
    return Adapters(
        access_tokens=JwtAccessTokens(SECRET),
        dashboard_tokens=JwtAccessTokens(SECRET, purpose="dashboard", lifetime=DASHBOARD_TOKEN_LIFETIME),
        account_queries=SqlAccountQueries(database),
        alert_channels={"mail": MailedAlertChannel(mail_queries, unit_of_work)},
        alert_log=LogAlertChannel(),
        alert_queries=SqlAlertQueries(database),
        booking_queries=SqlBookingQueries(database),
        dispute_queries=SqlDisputeQueries(database),
        breaker_history=SqlBreakerHistory(database),
        cache=cache,
        calendar_queries=SqlCalendarQueries(database),
        caregiver_queries=SqlCaregiverQueries(database),
        circuit_breakers=BreakerRegistry([payments, email]),
        connected_accounts=GuardedConnectedAccounts(SandboxConnectedAccounts(database, **shared), payments),
        error_groups=errors,
        error_log=ErrorJournal(errors, clock, metrics),
        figure_history=SqlFigureHistory(database),
        figures=metrics,
        geocoder=GazetteerGeocoder(database),
        health_probes={
            "database": DatabaseProbe(database),
            "cache": AlwaysThere(),
            "queue": AlwaysThere(),
            "payments": BreakerProbe(payments),
            "email": BreakerProbe(email),
        },
        heartbeat=NoHeartbeat(),
        holidays=HolidaysCalendar(),
        housekeeping=SqlHousekeeping(database),
        idempotency_store=SqlIdempotencyStore(database, ids),
        job_queries=SqlJobQueries(database),
        job_records=SqlJobRecords(database, **shared),
        mail=GuardedMail(FileMail(tmp_path / "mail", SENDER), email),
        mail_queries=mail_queries,
        mail_templates=JinjaMailTemplates(support_email="help@tailtribe.test"),
        metrics=metrics,
        outage_record=InMemoryOutageRecord(),
        pace=InMemoryPace(),
        password_hasher=Argon2PasswordHasher(memory_kib=64, passes=1),
        payment_provider=PROVIDER,
        payments=GuardedPayments(sandbox, payments),
        payment_notices=None,
        earnings_queries=SqlEarningsQueries(database),
        ledger_queries=SqlLedgerQueries(database),
        money_queries=SqlMoneyQueries(database),
        statement_writer=ReportlabStatementWriter(),
        provider_books=SandboxBooks(database, **shared),
        transfers=GuardedTransfers(SandboxTransfers(database, **shared), payments),
        pet_queries=SqlPetQueries(database),
        promotion_queries=SqlPromotionQueries(database),
        process=LocalProcessFigures(),
        process_register=SqlProcessRegister(database, clock),
        public_url=PUBLIC_URL,
        rate_limits=InMemoryRateLimits(),
        revenue_queries=SqlRevenueQueries(database),
        sandbox_bank=sandbox,
        system_queries=SqlSystemQueries(database, clock),
        token_signer=HmacTokenSigner(SECRET),
        unit_of_work=unit_of_work,
        **shared,
    )


def _database(directory: Path) -> Database:
    """A copy of the template. Every connection is closed as soon as it is given back, so that none is left open."""
    url = database_url(None, directory)
    shutil.copy(_template(), str(url.database))
    database = Database(url)
    for engine in (database.write_engine, database.read_engine):
        event.listen(engine.sync_engine, "checkin", lambda _connection, record: record.invalidate())
    return database


@cache
def _template() -> Path:
    """Migrated, with a handful of places; made once a process."""
    directory = Path(mkdtemp(prefix="tailtribe-adapters-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    # A thread has no running loop, wherever the test that asks first stands.
    with ThreadPoolExecutor(1) as executor:
        executor.submit(asyncio.run, _seed(directory)).result()
    (file,) = directory.iterdir()
    return file


async def _seed(directory: Path) -> None:
    rows = [
        {
            "id": place.id,
            "name": place.names[0],
            "country": place.country,
            "lat": place.lat,
            "lng": place.lng,
            "population": place.population,
        }
        for place in PLACES
    ]
    names = [
        {"place_id": place.id, "folded": fold(name), "canonical": name == place.names[0]}
        for place in PLACES
        for name in place.names
    ]
    async with migrated_database(directory) as database, database.begin() as connection:
        await connection.execute(places.insert(), rows)
        await connection.execute(place_names.insert(), names)
