"""The idempotency keys that the payment provider is given, which are also how its objects are recognised as ours."""

from enum import StrEnum
from uuid import UUID

from domain.bookings.booking_life import BookingId


class KeyKind(StrEnum):
    PAYMENT = "pay"
    CANCELLATION = "cancel"
    REFUND = "refund"
    TRANSFER = "transfer"
    REVERSAL = "rev"


def key_of(kind: KeyKind, booking_id: BookingId, number: int) -> str:
    """`pay:{booking}:{attempt}` and the like: one for each thing that may happen once."""
    return f"{kind.value}:{booking_id}:{number}"


def subject_of(key: str | None, kind: KeyKind) -> tuple[BookingId, int] | None:
    """The booking and the number in a key of that kind; None for any other text, which is somebody else's."""
    parts = (key or "").split(":")
    if len(parts) != 3 or parts[0] != kind.value or not parts[2].isdecimal():
        return None
    try:
        return BookingId(UUID(parts[1])), int(parts[2])
    except ValueError:
        return None
