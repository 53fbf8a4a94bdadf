"""Other terms that the owner of a paid booking wishes for."""

from dataclasses import dataclass
from datetime import datetime

from domain.bookings.quote import QuoteId


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedChange:
    """They hold no place. They wait for the caregiver's word, or, once `accepted_at`, for the owner's money: until
    `until` (exclusive), when they come to nothing."""

    quote_id: QuoteId
    asked_at: datetime
    until: datetime
    accepted_at: datetime | None = None
