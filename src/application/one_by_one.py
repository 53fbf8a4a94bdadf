"""Doing the same to many bookings, none of which may hold up the others."""

from collections.abc import Awaitable, Callable, Sequence

from domain.bookings.booking_life import BookingId
from domain.shared.errors import Conflict, Unavailable


async def one_by_one(due: Sequence[BookingId], act: Callable[[BookingId], Awaitable[bool]]) -> int:
    """How many were acted on. What somebody else changed at the same moment is passed over.

    What fails otherwise is raised when all others have had their turn: whoever is due first stays so, and would be
    first again the next time.
    """
    done, mistakes = 0, list[Exception]()
    for booking_id in due:
        try:
            done += await act(booking_id)
        except Conflict:
            continue
        except Unavailable:
            raise
        except Exception as mistake:  # noqa: BLE001 - whatever it is, it is raised below
            mistakes.append(mistake)
    if mistakes:
        raise ExceptionGroup("bookings that could not be brought on", mistakes)
    return done
