"""Everything the use cases depend on: a field per port."""

from collections.abc import Mapping
from dataclasses import dataclass

from application.ports.access_tokens import AccessTokens
from application.ports.account_queries import AccountQueries
from application.ports.alert_channel import AlertChannel
from application.ports.alert_queries import AlertQueries
from application.ports.booking_queries import BookingQueries
from application.ports.breaker_history import BreakerHistory
from application.ports.cache import Cache
from application.ports.calendar_queries import CalendarQueries
from application.ports.caregiver_queries import CaregiverQueries
from application.ports.circuit_breakers import CircuitBreakers
from application.ports.clock import Clock
from application.ports.connected_accounts import ConnectedAccounts
from application.ports.dispute_queries import DisputeQueries
from application.ports.earnings_queries import EarningsQueries
from application.ports.error_groups import ErrorGroups
from application.ports.error_log import ErrorLog
from application.ports.figure_history import FigureHistory
from application.ports.geocoder import Geocoder
from application.ports.health_probe import HealthProbe
from application.ports.heartbeat import Heartbeat
from application.ports.housekeeping import Housekeeping
from application.ports.idempotency_store import IdempotencyStore
from application.ports.ids import Ids
from application.ports.job_queries import JobQueries
from application.ports.job_records import JobRecords
from application.ports.ledger_queries import LedgerQueries
from application.ports.mail import Mail
from application.ports.mail_queries import MailQueries
from application.ports.mail_templates import MailTemplates
from application.ports.metric_figures import MetricFigures
from application.ports.metrics import Metrics
from application.ports.money_queries import MoneyQueries
from application.ports.outage_record import OutageRecord
from application.ports.pace import Pace
from application.ports.password_hasher import PasswordHasher
from application.ports.payment_notices import PaymentNotices
from application.ports.payments import Payments
from application.ports.pet_queries import PetQueries
from application.ports.process_figures import ProcessFigures
from application.ports.process_register import ProcessRegister
from application.ports.promotion_queries import PromotionQueries
from application.ports.provider_books import ProviderBooks
from application.ports.public_holidays import PublicHolidays
from application.ports.rate_limits import RateLimits
from application.ports.revenue_queries import RevenueQueries
from application.ports.sandbox_bank import SandboxBank
from application.ports.statement_writer import StatementWriter
from application.ports.system_queries import SystemQueries
from application.ports.token_signer import TokenSigner
from application.ports.transfers import Transfers
from application.ports.unit_of_work import UnitOfWorkFactory


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapters:
    """One adapter for each port; swap one with `dataclasses.replace`.

    `payment_provider` names whom `payments` asks; `sandbox_bank` is there only when that is the sandbox, which sends no
    notices to read.
    `alert_channels` are the ways to people, by name, beside `alert_log`. `public_url` is where mailed links lead,
    without a slash at its end.
    """

    access_tokens: AccessTokens
    account_queries: AccountQueries
    alert_channels: Mapping[str, AlertChannel]
    alert_log: AlertChannel
    alert_queries: AlertQueries
    booking_queries: BookingQueries
    dispute_queries: DisputeQueries
    breaker_history: BreakerHistory
    cache: Cache
    calendar_queries: CalendarQueries
    caregiver_queries: CaregiverQueries
    circuit_breakers: CircuitBreakers
    clock: Clock
    connected_accounts: ConnectedAccounts
    dashboard_tokens: AccessTokens
    earnings_queries: EarningsQueries
    error_groups: ErrorGroups
    error_log: ErrorLog
    figure_history: FigureHistory
    figures: MetricFigures
    geocoder: Geocoder
    health_probes: Mapping[str, HealthProbe]
    heartbeat: Heartbeat
    holidays: PublicHolidays
    housekeeping: Housekeeping
    idempotency_store: IdempotencyStore
    ids: Ids
    job_queries: JobQueries
    job_records: JobRecords
    ledger_queries: LedgerQueries
    mail: Mail
    mail_queries: MailQueries
    mail_templates: MailTemplates
    metrics: Metrics
    money_queries: MoneyQueries
    outage_record: OutageRecord
    pace: Pace
    password_hasher: PasswordHasher
    payment_notices: PaymentNotices | None
    payment_provider: str
    payments: Payments
    pet_queries: PetQueries
    process: ProcessFigures
    process_register: ProcessRegister
    promotion_queries: PromotionQueries
    provider_books: ProviderBooks
    public_url: str
    rate_limits: RateLimits
    revenue_queries: RevenueQueries
    sandbox_bank: SandboxBank | None
    statement_writer: StatementWriter
    system_queries: SystemQueries
    token_signer: TokenSigner
    transfers: Transfers
    unit_of_work: UnitOfWorkFactory
