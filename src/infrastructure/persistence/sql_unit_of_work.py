"""The unit of work over SQLAlchemy Core: one connection, one transaction, all repositories."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection

from application.deadline import deadline_in
from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from infrastructure.persistence.accounts.sql_account_repository import SqlAccountRepository
from infrastructure.persistence.accounts.sql_session_repository import SqlSessionRepository
from infrastructure.persistence.audit.sql_audit_log import SqlAuditLog
from infrastructure.persistence.bookings.sql_booking_repository import SqlBookingRepository
from infrastructure.persistence.bookings.sql_promotion_repository import SqlPromotionRepository
from infrastructure.persistence.bookings.sql_quote_repository import SqlQuoteRepository
from infrastructure.persistence.caregivers.sql_caregiver_repository import SqlCaregiverRepository
from infrastructure.persistence.database import Database
from infrastructure.persistence.jobs.job_fence import note_finish, pass_fence
from infrastructure.persistence.jobs.sql_job_queue import SqlJobQueue
from infrastructure.persistence.operations.sql_alert_repository import SqlAlertRepository
from infrastructure.persistence.payments.sql_chargeback_repository import SqlChargebackRepository
from infrastructure.persistence.payments.sql_event_inbox import SqlEventInbox
from infrastructure.persistence.payments.sql_ledger import SqlLedger
from infrastructure.persistence.payments.sql_payment_repository import SqlPaymentRepository
from infrastructure.persistence.payments.sql_payout_repository import SqlPayoutRepository
from infrastructure.persistence.payments.sql_reconciliation_record import SqlReconciliationRecord
from infrastructure.persistence.pets.sql_pet_repository import SqlPetRepository
from infrastructure.persistence.reports.sql_report_store import SqlReportStore
from infrastructure.persistence.transaction import Transaction

AfterCommit = Callable[[], Awaitable[None]]
# Writes down, within a transaction, what it makes untrue in the cache.
Record = Callable[[AsyncConnection, Collection[str]], Awaitable[AfterCommit]]


class SqlUnitOfWork(UnitOfWork):
    def __init__(self, transaction: Transaction) -> None:
        self.transaction = transaction
        self.accounts = SqlAccountRepository(transaction)
        self.alerts = SqlAlertRepository(transaction)
        self.sessions = SqlSessionRepository(transaction)
        self.pets = SqlPetRepository(transaction)
        self.caregivers = SqlCaregiverRepository(transaction)
        self.promotions = SqlPromotionRepository(transaction)
        self.quotes = SqlQuoteRepository(transaction)
        self.bookings = SqlBookingRepository(transaction)
        self.payments = SqlPaymentRepository(transaction)
        self.payouts = SqlPayoutRepository(transaction)
        self.chargebacks = SqlChargebackRepository(transaction)
        self.ledger = SqlLedger(transaction)
        self.reconciliation = SqlReconciliationRecord(transaction)
        self.reports = SqlReportStore(transaction)
        self.inbox = SqlEventInbox(transaction)
        self.jobs = SqlJobQueue(transaction)
        self.audit = SqlAuditLog(transaction)


class SqlUnitOfWorkFactory(UnitOfWorkFactory):
    """Before a commit the job it is part of, if any, must still be its own (LeaseLost). After it, what became untrue is
    emptied in the cache, and the relays are woken when there is work for them.

    With `record` what became untrue is written down in the transaction, and emptied by what that returns; `invalidate`
    serves where nothing has to be written down."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        ids: Ids,
        invalidate: Callable[[Collection[str]], Awaitable[None]],
        wake_relay: Callable[[], None],
        record: Record | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._invalidate = invalidate
        self._wake_relay = wake_relay
        self._record = record

    @asynccontextmanager
    async def __call__(self) -> AsyncGenerator[UnitOfWork]:
        invalidate = None
        try:
            async with self._database.begin() as connection:
                transaction = Transaction(connection=connection, clock=self._clock, ids=self._ids)
                yield SqlUnitOfWork(transaction)
                await pass_fence(transaction)
                invalidate = await self._recorded(transaction)
        except BaseException:
            # A commit that was not answered, or not waited for, may have happened. What is written down is heard of.
            if invalidate is not None and self._record is None:
                await invalidate()
            raise
        note_finish(transaction)
        if transaction.leaves_work:
            self._wake_relay()
        if invalidate is not None:
            # However late it is: what was committed is true now.
            with deadline_in(None):
                await asyncio.shield(asyncio.ensure_future(invalidate()))

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[UnitOfWork]:
        async with self._database.read() as connection:
            yield SqlUnitOfWork(Transaction(connection=connection, clock=self._clock, ids=self._ids, only_reads=True))

    @asynccontextmanager
    async def rehearsal(self) -> AsyncGenerator[UnitOfWorkFactory]:
        """Units of work that see what those before them wrote, all in one transaction, which is rolled back at the end:
        no other ever sees anything of it, and nobody is told."""
        with suppress(_RolledBack):
            async with self._database.begin() as connection:
                transaction = Transaction(connection=connection, clock=self._clock, ids=self._ids)
                yield _OneTransaction(transaction)
                await self._recorded(transaction)
                raise _RolledBack

    async def _recorded(self, transaction: Transaction) -> AfterCommit | None:
        if not transaction.touched_tags:
            return None
        if self._record is None:
            return partial(self._invalidate, transaction.touched_tags)
        return await self._record(transaction.connection, transaction.touched_tags)


class _RolledBack(Exception):
    """A rehearsal is over."""


class _OneTransaction(UnitOfWorkFactory):
    """Units of work within a transaction that somebody else ends."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    @asynccontextmanager
    async def __call__(self) -> AsyncGenerator[UnitOfWork]:
        yield SqlUnitOfWork(self._transaction)

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[UnitOfWork]:
        yield SqlUnitOfWork(replace(self._transaction, only_reads=True))
