"""Doing the same to many bookings, none of which may hold up the others."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from domain.bookings.booking_life import BookingId
from domain.shared.errors import Conflict, Unavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Of `due` bookings, `done` were acted on; the others were passed over."""

    due: int
    done: int

    def leaves_more(self, limit: int) -> bool:
        """Whether looking again finds others: it was full, and of what was passed over it is not made alone."""
        return self.due >= limit and self.done > 0


async def one_by_one(due: Sequence[BookingId], act: Callable[[BookingId], Awaitable[bool]]) -> Batch:
    """Acts on each. What somebody else changed at the same moment is passed over.

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
    return Batch(due=len(due), done=done)
