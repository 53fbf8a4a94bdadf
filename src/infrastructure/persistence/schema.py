"""Every table of the product: importing this module fills the metadata."""

from infrastructure.persistence import outbox
from infrastructure.persistence.accounts import account_tables
from infrastructure.persistence.audit import audit_tables
from infrastructure.persistence.bookings import booking_tables, promotion_tables
from infrastructure.persistence.caregivers import caregiver_tables
from infrastructure.persistence.idempotency import idempotency_tables
from infrastructure.persistence.jobs import job_tables
from infrastructure.persistence.operations import breaker_history_tables, cache_invalidation_tables, watch_tables
from infrastructure.persistence.payments import ledger_tables, payment_tables, payout_tables, sandbox_tables
from infrastructure.persistence.pets import pet_tables
from infrastructure.persistence.places import place_tables
from infrastructure.persistence.reports import report_tables
from infrastructure.persistence.tables import metadata

TABLE_MODULES = (
    account_tables,
    audit_tables,
    booking_tables,
    breaker_history_tables,
    cache_invalidation_tables,
    caregiver_tables,
    idempotency_tables,
    job_tables,
    ledger_tables,
    outbox,
    payment_tables,
    payout_tables,
    pet_tables,
    place_tables,
    promotion_tables,
    report_tables,
    sandbox_tables,
    watch_tables,
)

__all__ = ["TABLE_MODULES", "metadata"]
