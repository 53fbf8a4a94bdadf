"""What the sandbox provider remembers: it stands for a service outside, so nothing of ours refers to it."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Index, String, Table

from application.ports.payments import ProviderChargebackStatus, ProviderPaymentStatus, ProviderRefundStatus
from application.ports.provider_books import MovementKind
from infrastructure.persistence.tables import UtcDateTime, metadata, one_of

sandbox_payments = Table(
    "sandbox_payments",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("idempotency_key", String(255), nullable=False, unique=True),
    Column("reference", String(255), nullable=False),
    Column("status", String(24), nullable=False),
    Column("amount_cents", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("charge_id", String(64), unique=True),
    Column("refunded_cents", BigInteger, nullable=False),
    Column("error", String(80)),
    Column("created_at", UtcDateTime, nullable=False),
    one_of("status", ProviderPaymentStatus),
    CheckConstraint("0 <= refunded_cents AND refunded_cents <= amount_cents", name="refunds"),
)

sandbox_refunds = Table(
    "sandbox_refunds",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("idempotency_key", String(255), nullable=False, unique=True),
    Column("charge_id", String(64), nullable=False),
    Column("amount_cents", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("status", String(16), nullable=False, server_default=ProviderRefundStatus.SUCCEEDED.value),
)

sandbox_accounts = Table(
    "sandbox_accounts",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("idempotency_key", String(255), nullable=False, unique=True),
    Column("country", String(2), nullable=False),
    Column("can_receive_transfers", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

sandbox_transfers = Table(
    "sandbox_transfers",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("idempotency_key", String(255), nullable=False, unique=True),
    Column("reference", String(255), nullable=False),
    Column("destination", String(64), nullable=False),
    Column("charge_id", String(64), nullable=False),
    Column("amount_cents", BigInteger, nullable=False),
    Column("reversed_cents", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    CheckConstraint("0 <= reversed_cents AND reversed_cents <= amount_cents", name="reversals"),
)
Index("ix_sandbox_transfers_reference", sandbox_transfers.c.reference)
Index("ix_sandbox_transfers_charge_id", sandbox_transfers.c.charge_id)

sandbox_reversals = Table(
    "sandbox_reversals",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("idempotency_key", String(255), nullable=False, unique=True),
    Column("transfer_id", String(64), nullable=False),
    Column("amount_cents", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)
Index("ix_sandbox_reversals_transfer_id", sandbox_reversals.c.transfer_id)

sandbox_chargebacks = Table(
    "sandbox_chargebacks",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("payment_id", String(64), nullable=False),
    Column("charge_id", String(64), nullable=False, unique=True),
    Column("amount_cents", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("status", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    one_of("status", ProviderChargebackStatus),
)

# Its books: whatever moved money, once.
sandbox_movements = Table(
    "sandbox_movements",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("kind", String(24), nullable=False),
    Column("source_id", String(64), nullable=False),
    Column("amount_cents", BigInteger, nullable=False),
    Column("fee_cents", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    one_of("kind", MovementKind),
)
Index("ix_sandbox_movements_at", sandbox_movements.c.at, sandbox_movements.c.id)
