"""Accounts, their sessions and the tokens of both."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    Uuid,
)

from domain.accounts.email_address import MAX_EMAIL_LENGTH
from domain.accounts.one_time_tokens import OneTimePurpose
from domain.accounts.person_details import MAX_ADDRESS_LENGTH, MAX_NAME_LENGTH, MAX_PHONE_LENGTH
from domain.shared.languages import Language
from infrastructure.persistence.tables import UtcDateTime, metadata, one_of

accounts = Table(
    "accounts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("email", String(MAX_EMAIL_LENGTH), nullable=False, unique=True),
    Column("password_hash", String(255), nullable=False),
    Column("first_name", String(MAX_NAME_LENGTH), nullable=False),
    Column("last_name", String(MAX_NAME_LENGTH), nullable=False),
    Column("language", String(2), nullable=False),
    Column("phone", String(MAX_PHONE_LENGTH)),
    Column("address", String(MAX_ADDRESS_LENGTH)),
    Column("email_verified_at", UtcDateTime),
    Column("is_admin", Boolean, nullable=False),
    Column("suspended_at", UtcDateTime),
    Column("suspension_reason", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("version", Integer, nullable=False),
    one_of("language", Language),
    CheckConstraint("email = lower(email)", name="email_folded"),
    CheckConstraint("(suspended_at IS NULL) = (suspension_reason IS NULL)", name="suspension_has_reason"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("account_id", Uuid, ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
)
_alive = sessions.c.revoked_at.is_(None)
Index("ix_sessions_alive_account_id", sessions.c.account_id, postgresql_where=_alive, sqlite_where=_alive)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("token_hash", LargeBinary(32), primary_key=True),
    Column("session_id", Uuid, ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("issued_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    Column("used_at", UtcDateTime),
)

# A row without an account is a decoy, written for an unknown address.
one_time_tokens = Table(
    "one_time_tokens",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("account_id", Uuid, ForeignKey("accounts.id", ondelete="CASCADE"), index=True),
    Column("purpose", String(16), nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    Column("used_at", UtcDateTime),
    one_of("purpose", OneTimePurpose),
)
