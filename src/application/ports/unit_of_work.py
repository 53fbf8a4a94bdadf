"""One transaction over everything the database keeps."""

from abc import abstractmethod
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from application.ports.account_repository import AccountRepository
from application.ports.alert_repository import AlertRepository
from application.ports.audit_log import AuditLog
from application.ports.booking_repository import BookingRepository
from application.ports.caregiver_repository import CaregiverRepository
from application.ports.chargeback_repository import ChargebackRepository
from application.ports.event_inbox import EventInbox
from application.ports.job_queue import JobQueue
from application.ports.ledger import Ledger
from application.ports.payment_repository import PaymentRepository
from application.ports.payout_repository import PayoutRepository
from application.ports.pet_repository import PetRepository
from application.ports.promotion_repository import PromotionRepository
from application.ports.quote_repository import QuoteRepository
from application.ports.reconciliation_record import ReconciliationRecord
from application.ports.report_store import ReportStore
from application.ports.session_repository import SessionRepository
from domain.shared.errors import Conflict


class StaleVersion(Conflict):
    """Somebody else changed it since it was read."""

    title = "It was changed by somebody else meanwhile; read it again"


class UnitOfWork(Protocol):
    """The repositories of one transaction: what they save is kept together, with its events and jobs, or not at all."""

    accounts: AccountRepository
    alerts: AlertRepository
    sessions: SessionRepository
    pets: PetRepository
    caregivers: CaregiverRepository
    promotions: PromotionRepository
    quotes: QuoteRepository
    bookings: BookingRepository
    payments: PaymentRepository
    payouts: PayoutRepository
    chargebacks: ChargebackRepository
    ledger: Ledger
    reconciliation: ReconciliationRecord
    reports: ReportStore
    inbox: EventInbox
    jobs: JobQueue
    audit: AuditLog


class UnitOfWorkFactory(Protocol):
    """`async with unit_of_work() as uow:` commits when the block ends and rolls back when it raises.

    Never await a foreign service inside the block.
    """

    @abstractmethod
    def __call__(self) -> AbstractAsyncContextManager[UnitOfWork]: ...

    @abstractmethod
    def reading(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """The same repositories for looking only: it waits for no writer and holds none up, and nothing is locked.
        Writing in it raises; what others commit meanwhile may be seen."""
        ...
