"""The ledger. A posting names both its accounts, so that no row can unbalance the books; triggers (see the migration)
refuse to change or delete one."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Uuid,
)

from domain.payments.ledger import LedgerAccount, TransactionKind
from infrastructure.persistence.tables import UtcDateTime, metadata, one_of

ledger_transactions = Table(
    "ledger_transactions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", String(24), nullable=False),
    Column("reference", String(255), nullable=False, unique=True),
    Column("booking_id", ForeignKey("bookings.id")),
    Column("caregiver_id", ForeignKey("caregivers.id")),
    Column("at", UtcDateTime, nullable=False),
    one_of("kind", TransactionKind),
)
Index("ix_ledger_transactions_at", ledger_transactions.c.at)
Index("ix_ledger_transactions_booking_id", ledger_transactions.c.booking_id)
Index("ix_ledger_transactions_caregiver_id_at", ledger_transactions.c.caregiver_id, ledger_transactions.c.at)

ledger_postings = Table(
    "ledger_postings",
    metadata,
    Column("transaction_id", ForeignKey("ledger_transactions.id"), nullable=False),
    Column("position", SmallInteger, nullable=False),
    Column("debit", String(24), nullable=False),
    Column("credit", String(24), nullable=False),
    Column("amount_cents", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    PrimaryKeyConstraint("transaction_id", "position"),
    one_of("debit", LedgerAccount),
    one_of("credit", LedgerAccount),
    one_of("currency", ["EUR"]),
    CheckConstraint("amount_cents > 0", name="amount"),
    CheckConstraint("debit <> credit", name="two_accounts"),
)
