"""What a refusal of the database means: the one table from constraint names to errors of ours."""

from collections.abc import Callable

from sqlalchemy.exc import DBAPIError, IntegrityError

from application.deadline import DeadlineExceeded
from application.ports.account_repository import EmailTaken
from domain.bookings.booking_refusals import AlreadyMet, SlotTaken
from domain.bookings.promotion import PromotionCodeTaken
from domain.bookings.quote import QuoteAlreadyUsed
from domain.shared.errors import Conflict, DomainError, Unavailable


class DatabaseUnavailable(Unavailable):
    title = "The database is away or too busy"


class SchemaOutdated(Unavailable):
    """A table or column is missing: this release expects a newer schema."""

    title = "The database is not migrated; run `tailtribe migrate`"


class AlreadyExists(Conflict):
    """Two writers made the same thing at once; reading again shows the other's."""

    title = "It exists already"


# PostgreSQL names the constraint; SQLite names the columns of a unique one, and says what a trigger says.
_MEANINGS: dict[str, Callable[[], DomainError]] = {
    "occupancies_capacity": SlotTaken,
    "uq_accounts_email": EmailTaken,
    "accounts.email": EmailTaken,
    "ix_bookings_meet_and_greet": AlreadyMet,
    "bookings.owner_id, bookings.caregiver_id": AlreadyMet,
    "uq_bookings_quote_id": QuoteAlreadyUsed,
    "bookings.quote_id": QuoteAlreadyUsed,
    "uq_promotions_caregiver_id_code": PromotionCodeTaken,
    "promotions.caregiver_id, promotions.code": PromotionCodeTaken,
}

# Deadlock, serialisation failure, and the server going away or refusing more connections (PostgreSQL, appendix A).
_PASSING_STATES = ("40P01", "40001", "57P01", "57P02", "57P03", "53300", "08000", "08001", "08003", "08006")

_MISSING_STATES = ("42P01", "42703")


def translate(error: DBAPIError) -> DomainError | None:
    """The error of ours that a refusal stands for; None when it is a mistake of ours and should be seen as one."""
    text = str(error.orig)
    for name, meaning in _MEANINGS.items():
        if name in text or name == _constraint_name(error):
            return meaning()
    if text == "interrupted":
        # SQLite's word for it: only deadlines interrupt.
        return DeadlineExceeded()
    state = getattr(error.orig, "sqlstate", None)
    if state in _PASSING_STATES or error.connection_invalidated or "database is locked" in text:
        return DatabaseUnavailable(retry_after=1)
    if state in _MISSING_STATES or "no such table" in text or "no such column" in text:
        return SchemaOutdated(retry_after=30)
    if isinstance(error, IntegrityError) and (state == "23505" or "UNIQUE constraint failed" in text):
        return AlreadyExists()
    return None


def _constraint_name(error: DBAPIError) -> str | None:
    cause = getattr(error.orig, "__cause__", None)
    return getattr(cause, "constraint_name", None)
