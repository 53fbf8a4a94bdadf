"""Money: the ledger, payouts and their reversals, chargebacks, and what the comparison with the provider finds.

Revision ID: 0022
Revises: 0021
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any

import sqlalchemy as sa
from alembic import op
from uuid_utils.compat import uuid7

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_APPEND_ONLY = ("ledger_transactions", "ledger_postings")
_REFUSE = """
CREATE FUNCTION refuse_to_change_the_ledger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'ledger_is_append_only' USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_is_append_only';
END $$;
"""


def _table(name: str, **columns: sa.types.TypeEngine[Any]) -> sa.TableClause:
    return sa.table(name, *(sa.column(column, kind) for column, kind in columns.items()))


_UUID, _CENTS, _TEXT, _AT = sa.Uuid(), sa.BigInteger(), sa.String(), sa.DateTime(timezone=True)
_BOOKINGS = _table(
    "bookings", id=_UUID, caregiver_id=_UUID, payment_id=_UUID, paid_at=_AT, commission_basis_points=sa.SmallInteger()
)
_PAYMENTS = _table(
    "payments", id=_UUID, booking_id=_UUID, captured_cents=_CENTS, currency=_TEXT, charge_id=_TEXT, created_at=_AT
)
_SANDBOX_PAYMENTS = _table("sandbox_payments", charge_id=_TEXT, amount_cents=_CENTS, currency=_TEXT, created_at=_AT)
_SANDBOX_REFUNDS = _table(
    "sandbox_refunds", id=_TEXT, amount_cents=_CENTS, currency=_TEXT, created_at=_AT, status=_TEXT
)
_SANDBOX_MOVEMENTS = _table(
    "sandbox_movements",
    id=_TEXT,
    kind=_TEXT,
    source_id=_TEXT,
    amount_cents=_CENTS,
    fee_cents=_CENTS,
    currency=_TEXT,
    at=_AT,
)
_REFUNDS = _table(
    "refunds",
    payment_id=_UUID,
    booking_id=_UUID,
    number=sa.SmallInteger(),
    amount_cents=_CENTS,
    currency=_TEXT,
    status=_TEXT,
    provider_refund_id=_TEXT,
    created_at=_AT,
    settled_at=_AT,
)
_TRANSACTIONS = _table(
    "ledger_transactions", id=_UUID, kind=_TEXT, reference=_TEXT, booking_id=_UUID, caregiver_id=_UUID, at=_AT
)
_POSTINGS = _table(
    "ledger_postings",
    transaction_id=_UUID,
    position=sa.SmallInteger(),
    debit=_TEXT,
    credit=_TEXT,
    amount_cents=_CENTS,
    currency=_TEXT,
)
_BATCH = 1_000
_FORGETFUL = {
    "payouts": "SELECT 1 FROM payouts",
    "chargebacks": "SELECT 1 FROM chargebacks",
    "refunds made again": "SELECT 1 FROM refunds WHERE retried_as IS NOT NULL",
}


class MoneyWouldBeForgotten(Exception):
    """The older schema has no place for what happened since."""


def upgrade() -> None:
    # Without batch mode: nothing is rebuilt on SQLite, and its triggers stay.
    if op.get_bind().dialect.name == "postgresql":
        # Money that moves after it was read here would be in no ledger. Writers wait, readers go on.
        op.execute("LOCK TABLE bookings, payments, refunds IN EXCLUSIVE MODE")
    op.create_table(
        "reconciliation_differences",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("reference", sa.String(length=255), nullable=False),
        sa.Column("ours_cents", sa.BigInteger()),
        sa.Column("theirs_cents", sa.BigInteger()),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True)),
        sa.Column("is_explained", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "ours_cents IS NOT NULL OR theirs_cents IS NOT NULL",
            name=op.f("ck_reconciliation_differences_somebody_has_it"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliation_differences")),
    )
    op.create_index("ix_reconciliation_differences_found_at", "reconciliation_differences", ["found_at", "id"])
    op.create_index("ix_reconciliation_differences_reference", "reconciliation_differences", ["reference"])
    op.create_index(
        "ix_reconciliation_differences_there",
        "reconciliation_differences",
        ["reference"],
        unique=True,
        postgresql_where=sa.text("gone_at IS NULL"),
        sqlite_where=sa.text("gone_at IS NULL"),
    )
    op.create_table(
        "provider_movements",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("reference", sa.String(length=255), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_movements")),
    )
    op.create_index("ix_provider_movements_reference", "provider_movements", ["reference"])
    op.create_table(
        "reconciliation_runs",
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("until", name=op.f("pk_reconciliation_runs")),
    )
    op.create_table(
        "sandbox_chargebacks",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("payment_id", sa.String(length=64), nullable=False),
        sa.Column("charge_id", sa.String(length=64), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('opened', 'won', 'lost')", name=op.f("ck_sandbox_chargebacks_status_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sandbox_chargebacks")),
        sa.UniqueConstraint("charge_id", name=op.f("uq_sandbox_chargebacks_charge_id")),
    )
    op.create_table(
        "sandbox_movements",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("source_id", sa.String(length=64), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("fee_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('charge', 'refund', 'refund_failure', 'transfer', 'reversal', 'chargeback', 'chargeback_won', 'fee', 'bank', 'other')",
            name=op.f("ck_sandbox_movements_kind_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sandbox_movements")),
    )
    op.create_index("ix_sandbox_movements_at", "sandbox_movements", ["at", "id"])
    op.create_table(
        "sandbox_reversals",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("idempotency_key", sa.String(length=255), nullable=False),
        sa.Column("transfer_id", sa.String(length=64), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sandbox_reversals")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_sandbox_reversals_idempotency_key")),
    )
    op.create_index("ix_sandbox_reversals_transfer_id", "sandbox_reversals", ["transfer_id"])
    op.create_table(
        "sandbox_transfers",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("idempotency_key", sa.String(length=255), nullable=False),
        sa.Column("reference", sa.String(length=255), nullable=False),
        sa.Column("destination", sa.String(length=64), nullable=False),
        sa.Column("charge_id", sa.String(length=64), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("reversed_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "0 <= reversed_cents AND reversed_cents <= amount_cents", name=op.f("ck_sandbox_transfers_reversals")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sandbox_transfers")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_sandbox_transfers_idempotency_key")),
    )
    op.create_index("ix_sandbox_transfers_charge_id", "sandbox_transfers", ["charge_id"])
    op.create_index("ix_sandbox_transfers_reference", "sandbox_transfers", ["reference"])
    op.create_table(
        "ledger_transactions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("reference", sa.String(length=255), nullable=False),
        sa.Column("booking_id", sa.Uuid()),
        sa.Column("caregiver_id", sa.Uuid()),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('charge', 'refund_decided', 'chargeback_lost', 'payout', 'stray_charge', 'refund', 'refund_failed', 'reversal', 'debt', 'debt_netted', 'chargeback_opened', 'chargeback_won', 'refund_by_bank', 'fee', 'banked')",
            name=op.f("ck_ledger_transactions_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["bookings.id"], name=op.f("fk_ledger_transactions_booking_id_bookings")
        ),
        sa.ForeignKeyConstraint(
            ["caregiver_id"], ["caregivers.id"], name=op.f("fk_ledger_transactions_caregiver_id_caregivers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_transactions")),
        sa.UniqueConstraint("reference", name=op.f("uq_ledger_transactions_reference")),
    )
    op.create_index("ix_ledger_transactions_at", "ledger_transactions", ["at"])
    op.create_index("ix_ledger_transactions_booking_id", "ledger_transactions", ["booking_id"])
    op.create_index("ix_ledger_transactions_caregiver_id_at", "ledger_transactions", ["caregiver_id", "at"])
    op.create_table(
        "payouts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("caregiver_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("destination", sa.String(length=64), nullable=False),
        sa.Column("charge_id", sa.String(length=64), nullable=False),
        sa.Column("attempt", sa.SmallInteger(), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("netted_cents", sa.BigInteger(), nullable=False),
        sa.Column("reversed_cents", sa.BigInteger(), nullable=False),
        sa.Column("owed_cents", sa.BigInteger(), nullable=False),
        sa.Column("reversal_count", sa.SmallInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("transfer_id", sa.String(length=64)),
        sa.Column("error", sa.Text()),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(status = 'paid') = (transfer_id IS NOT NULL)", name=op.f("ck_payouts_paid_has_transfer")),
        sa.CheckConstraint("currency IN ('EUR')", name=op.f("ck_payouts_currency_known")),
        sa.CheckConstraint(
            "status IN ('sending', 'unknown', 'paid', 'netted', 'failed')", name=op.f("ck_payouts_status_known")
        ),
        sa.CheckConstraint("0 <= reversed_cents AND reversed_cents <= amount_cents", name=op.f("ck_payouts_reversals")),
        sa.CheckConstraint(
            "amount_cents >= 0 AND netted_cents >= 0 AND owed_cents >= 0", name=op.f("ck_payouts_amounts")
        ),
        sa.ForeignKeyConstraint(["booking_id"], ["bookings.id"], name=op.f("fk_payouts_booking_id_bookings")),
        sa.ForeignKeyConstraint(["caregiver_id"], ["caregivers.id"], name=op.f("fk_payouts_caregiver_id_caregivers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payouts")),
        sa.UniqueConstraint("booking_id", name=op.f("uq_payouts_booking_id")),
        sa.UniqueConstraint("transfer_id", name=op.f("uq_payouts_transfer_id")),
    )
    op.create_index("ix_payouts_caregiver_id_decided_at", "payouts", ["caregiver_id", "decided_at", "id"])
    op.create_index(
        "ix_payouts_unfinished",
        "payouts",
        ["decided_at"],
        postgresql_where=sa.text("status IN ('sending', 'unknown', 'failed')"),
        sqlite_where=sa.text("status IN ('sending', 'unknown', 'failed')"),
    )
    op.create_table(
        "chargebacks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("provider_chargeback_id", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("reason", sa.String(length=80), nullable=False),
        sa.Column("evidence_due_by", sa.DateTime(timezone=True)),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("currency IN ('EUR')", name=op.f("ck_chargebacks_currency_known")),
        sa.CheckConstraint("status IN ('opened', 'won', 'lost')", name=op.f("ck_chargebacks_status_known")),
        sa.ForeignKeyConstraint(["booking_id"], ["bookings.id"], name=op.f("fk_chargebacks_booking_id_bookings")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_chargebacks_payment_id_payments")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chargebacks")),
        sa.UniqueConstraint("provider_chargeback_id", name=op.f("uq_chargebacks_provider_chargeback_id")),
    )
    op.create_index("ix_chargebacks_booking_id", "chargebacks", ["booking_id"])
    op.create_index("ix_chargebacks_opened_at", "chargebacks", ["opened_at", "id"])
    op.create_table(
        "ledger_postings",
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("debit", sa.String(length=24), nullable=False),
        sa.Column("credit", sa.String(length=24), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.CheckConstraint(
            "credit IN ('provider', 'owed_to_owners', 'earnings', 'commission', 'caregiver_debt', 'chargebacks', 'losses', 'fees', 'bank')",
            name=op.f("ck_ledger_postings_credit_known"),
        ),
        sa.CheckConstraint("currency IN ('EUR')", name=op.f("ck_ledger_postings_currency_known")),
        sa.CheckConstraint(
            "debit IN ('provider', 'owed_to_owners', 'earnings', 'commission', 'caregiver_debt', 'chargebacks', 'losses', 'fees', 'bank')",
            name=op.f("ck_ledger_postings_debit_known"),
        ),
        sa.CheckConstraint("amount_cents > 0", name=op.f("ck_ledger_postings_amount")),
        sa.CheckConstraint("debit <> credit", name=op.f("ck_ledger_postings_two_accounts")),
        sa.ForeignKeyConstraint(
            ["transaction_id"],
            ["ledger_transactions.id"],
            name=op.f("fk_ledger_postings_transaction_id_ledger_transactions"),
        ),
        sa.PrimaryKeyConstraint("transaction_id", "position", name=op.f("pk_ledger_postings")),
    )
    op.create_table(
        "payout_reversals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("payout_id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("provider_reversal_id", sa.String(length=64)),
        sa.Column("error", sa.Text()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("currency IN ('EUR')", name=op.f("ck_payout_reversals_currency_known")),
        sa.CheckConstraint(
            "status IN ('pending', 'succeeded', 'refused')", name=op.f("ck_payout_reversals_status_known")
        ),
        sa.CheckConstraint("amount_cents > 0", name=op.f("ck_payout_reversals_amount")),
        sa.ForeignKeyConstraint(["booking_id"], ["bookings.id"], name=op.f("fk_payout_reversals_booking_id_bookings")),
        sa.ForeignKeyConstraint(["payout_id"], ["payouts.id"], name=op.f("fk_payout_reversals_payout_id_payouts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_reversals")),
        sa.UniqueConstraint("booking_id", "number", name=op.f("uq_payout_reversals_booking_id_number")),
        sa.UniqueConstraint("provider_reversal_id", name=op.f("uq_payout_reversals_provider_reversal_id")),
    )
    op.create_index("ix_payout_reversals_payout_id", "payout_reversals", ["payout_id"])
    _write_down_what_moved()
    # From here on readers wait, too.
    op.add_column("bookings", sa.Column("payout_is_frozen", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("bookings", sa.Column("paid_out_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_bookings_paid_at",
        "bookings",
        ["paid_at"],
        postgresql_where=sa.text("paid_at IS NOT NULL"),
        sqlite_where=sa.text("paid_at IS NOT NULL"),
    )
    op.create_index(
        "ix_bookings_payout_due_at",
        "bookings",
        ["payout_due_at"],
        postgresql_where=sa.text("payout_due_at IS NOT NULL AND paid_out_at IS NULL"),
        sqlite_where=sa.text("payout_due_at IS NOT NULL AND paid_out_at IS NULL"),
    )
    op.add_column("inbox_events", sa.Column("subject", sa.String(length=16), server_default="payment", nullable=False))
    op.add_column("refunds", sa.Column("retried_as", sa.SmallInteger()))
    op.add_column("refunds", sa.Column("taken_by_bank", sa.Boolean(), server_default=sa.false(), nullable=False))
    to_retry = sa.text("status = 'failed' AND retried_as IS NULL")
    op.create_index("ix_refunds_to_retry", "refunds", ["created_at"], postgresql_where=to_retry, sqlite_where=to_retry)
    op.create_index("ix_inbox_events_received_at", "inbox_events", ["received_at"])
    op.add_column(
        "sandbox_refunds", sa.Column("status", sa.String(length=16), server_default="succeeded", nullable=False)
    )
    _write_down_what_moved_in_the_sandbox()
    _refuse_changes()


def downgrade() -> None:
    """Raises MoneyWouldBeForgotten."""
    for what, found in _FORGETFUL.items():
        if op.get_bind().execute(sa.text(f"{found} LIMIT 1")).first() is not None:
            raise MoneyWouldBeForgotten(
                f"There are {what}. Revision 0021 cannot keep them, and after the next upgrade the same money would"
                " move again: restore a backup from before the upgrade instead."
            )
    op.drop_column("sandbox_refunds", "status")
    op.drop_index("ix_refunds_to_retry", table_name="refunds")
    op.drop_column("refunds", "taken_by_bank")
    op.drop_column("refunds", "retried_as")
    op.drop_index("ix_inbox_events_received_at", table_name="inbox_events")
    op.drop_column("inbox_events", "subject")
    op.drop_index("ix_bookings_payout_due_at", table_name="bookings")
    op.drop_index("ix_bookings_paid_at", table_name="bookings")
    op.drop_column("bookings", "paid_out_at")
    op.drop_column("bookings", "payout_is_frozen")
    op.drop_table("payout_reversals")
    op.drop_table("chargebacks")
    op.drop_table("payouts")
    op.drop_table("ledger_postings")
    op.drop_table("ledger_transactions")
    op.drop_table("reconciliation_differences")
    op.drop_table("reconciliation_runs")
    op.drop_table("provider_movements")
    op.drop_table("sandbox_movements")
    op.drop_table("sandbox_chargebacks")
    op.drop_table("sandbox_reversals")
    op.drop_table("sandbox_transfers")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_to_change_the_ledger()")


def _refuse_changes() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_REFUSE)
        for table in _APPEND_ONLY:
            for name, events, level in (
                ("append_only", "UPDATE OR DELETE", "ROW"),
                ("kept", "TRUNCATE", "STATEMENT"),
            ):
                op.execute(
                    f"CREATE TRIGGER {table}_{name} BEFORE {events} ON {table}"
                    f" FOR EACH {level} EXECUTE FUNCTION refuse_to_change_the_ledger()"
                )
        return
    for table in _APPEND_ONLY:
        for event in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_append_only_{event} BEFORE {event} ON {table}"
                " BEGIN SELECT RAISE(ABORT, 'ledger_is_append_only'); END"
            )


def _write_down_what_moved() -> None:
    """Payments and refunds from before there was a ledger."""
    _write(_captured())
    _write(_given_back())


_Moves = list[tuple[str, str, int]]
_Entry = tuple[dict[str, Any], str, _Moves]


def _captured() -> Iterator[_Entry]:
    payments, bookings = _PAYMENTS.c, _BOOKINGS.c
    captured = (
        sa.select(
            *(payments[name] for name in ("id", "booking_id", "captured_cents", "currency", "charge_id", "created_at")),
            *(bookings[name] for name in ("caregiver_id", "paid_at", "commission_basis_points")),
            sa.func.coalesce(payments.id == bookings.payment_id, sa.false()).label("counts"),
        )
        .join(_BOOKINGS, bookings.id == payments.booking_id)
        .where(payments.captured_cents > 0)
    )
    for row in _rows(captured, payments.id):
        if row.counts:
            commission = _share(row.captured_cents, row.commission_basis_points)
            earnings = row.captured_cents - commission
            moves = [("provider", "commission", commission), ("provider", "earnings", earnings)]
            yield _transaction("charge", row.charge_id, row, row.paid_at, row.caregiver_id), row.currency, moves
        else:
            moves = [("provider", "owed_to_owners", row.captured_cents)]
            made = _transaction("stray_charge", row.charge_id, row, row.created_at, row.caregiver_id)
            yield made, row.currency, moves


def _given_back() -> Iterator[_Entry]:
    payments, bookings, refunds = _PAYMENTS.c, _BOOKINGS.c, _REFUNDS.c
    given_back = (
        sa.select(
            *(refunds[name] for name in ("booking_id", "number", "amount_cents", "currency", "status")),
            *(refunds[name] for name in ("provider_refund_id", "created_at", "settled_at")),
            *(bookings[name] for name in ("caregiver_id", "commission_basis_points")),
            payments.captured_cents,
            sa.func.coalesce(refunds.payment_id == bookings.payment_id, sa.false()).label("counts"),
        )
        .join(_BOOKINGS, bookings.id == refunds.booking_id)
        .join(_PAYMENTS, payments.id == refunds.payment_id)
    )
    booking_id, kept = None, 0
    for row in _rows(given_back, refunds.booking_id, refunds.number):
        if row.counts:
            before, rate = kept if row.booking_id == booking_id else row.captured_cents, row.commission_basis_points
            booking_id, kept = row.booking_id, before - row.amount_cents
            commission = _share(before, rate) - _share(kept, rate)
            earnings = row.amount_cents - commission
            moves = [("commission", "owed_to_owners", commission), ("earnings", "owed_to_owners", earnings)]
            reference = f"refund:{row.booking_id}:{row.number}"
            made = _transaction("refund_decided", reference, row, row.created_at, row.caregiver_id)
            yield made, row.currency, moves
        if row.provider_refund_id is not None:
            at = row.settled_at or row.created_at
            moves = [("owed_to_owners", "provider", row.amount_cents)]
            yield _transaction("refund", row.provider_refund_id, row, at), row.currency, moves
            if row.status == "failed":
                moves = [("provider", "owed_to_owners", row.amount_cents)]
                failed = f"{row.provider_refund_id}:failed"
                yield _transaction("refund_failed", failed, row, at), row.currency, moves


def _write_down_what_moved_in_the_sandbox() -> None:
    """The books of the sandbox provider, which kept none before; when, as our ledger says it."""
    payments, refunds = _SANDBOX_PAYMENTS.c, _SANDBOX_REFUNDS.c
    kinds = {"refund": -1, "refund_failure": 1}
    is_failed = sa.select(_REFUNDS.c.provider_refund_id).where(_REFUNDS.c.status == "failed")
    came_back = refunds.id.in_(is_failed.where(_REFUNDS.c.provider_refund_id.is_not(None)))
    op.get_bind().execute(_SANDBOX_REFUNDS.update().where(came_back).values(status="failed"))
    at = sa.func.coalesce(_TRANSACTIONS.c.at, payments.created_at, type_=_AT).label("at")
    charged = (
        sa.select(payments.charge_id, payments.amount_cents, payments.currency, at)
        .outerjoin(_TRANSACTIONS, _TRANSACTIONS.c.reference == payments.charge_id)
        .where(payments.charge_id.is_not(None))
    )
    charges = (
        # What the sandbox keeps of a payment: 1.5 % and 25 cents.
        _movement("charge", row.charge_id, row.amount_cents, row, row.at, fee_cents=_share(row.amount_cents, 150) + 25)
        for row in _rows(charged, payments.charge_id)
    )
    given_back = (
        _movement(kind, row.id, sign * row.amount_cents, row, row.created_at)
        for row in _rows(sa.select(_SANDBOX_REFUNDS), refunds.id)
        for kind, sign in kinds.items()
        if kind == "refund" or row.status == "failed"
    )
    for movements in (charges, given_back):
        for batch in _batches(movements):
            op.get_bind().execute(_SANDBOX_MOVEMENTS.insert(), batch)


def _movement(kind: str, source_id: str, cents: int, row: Any, at: datetime, *, fee_cents: int = 0) -> dict[str, Any]:
    return {
        "id": f"sbx_txn_{uuid7().hex}",
        "kind": kind,
        "source_id": source_id,
        "amount_cents": cents,
        "fee_cents": fee_cents,
        "currency": row.currency,
        "at": at,
    }


def _transaction(kind: str, reference: str, row: Any, at: datetime, caregiver_id: Any = None) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "kind": kind,
        "reference": reference,
        "booking_id": row.booking_id,
        "caregiver_id": caregiver_id,
        "at": at,
    }


def _write(entries: Iterator[_Entry]) -> None:
    for batch in _batches(entries):
        op.get_bind().execute(_TRANSACTIONS.insert(), [transaction for transaction, _, _ in batch])
        legs = [
            {
                "transaction_id": transaction["id"],
                "position": position,
                "debit": debit,
                "credit": credit,
                "amount_cents": cents,
                "currency": currency,
            }
            for transaction, currency, moves in batch
            for position, (debit, credit, cents) in enumerate(move for move in moves if move[2])
        ]
        op.get_bind().execute(_POSTINGS.insert(), legs)


def _rows(statement: Any, *keys: Any) -> Iterator[Any]:
    """Page by page: a cursor would keep PostgreSQL from altering its tables afterwards."""
    page = statement.order_by(*keys).limit(_BATCH)
    while rows := op.get_bind().execute(page).all():
        yield from rows
        last = [sa.literal(rows[-1]._mapping[key], key.type) for key in keys]
        page = statement.where(sa.tuple_(*keys) > sa.tuple_(*last)).order_by(*keys).limit(_BATCH)


def _batches(entries: Iterator[Any]) -> Iterator[list[Any]]:
    while batch := list(islice(entries, _BATCH)):
        yield batch


def _share(cents: int, basis_points: int) -> int:
    return (cents * basis_points + 5_000) // 10_000
