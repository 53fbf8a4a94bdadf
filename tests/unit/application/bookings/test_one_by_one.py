"""Many bookings, none of which holds up the others."""

from uuid import UUID

import pytest

from application.one_by_one import one_by_one
from domain.bookings.booking_life import BookingId
from domain.shared.errors import Conflict, Unavailable
from tests.support.builders import identified

DUE = [BookingId(identified(f"booking {number}")) for number in range(4)]


class Acts:
    """What each booking does; those that say nothing are done."""

    def __init__(self, **errors: Exception) -> None:
        self._errors = {DUE[int(number[1:])]: error for number, error in errors.items()}
        self.done = list[UUID]()

    async def __call__(self, booking_id: BookingId) -> bool:
        if booking_id in self._errors:
            raise self._errors[booking_id]
        self.done.append(booking_id)
        return True


async def test_a_mistake_in_the_first_is_raised_after_all_others_had_their_turn() -> None:
    acts = Acts(_0=ZeroDivisionError())
    with pytest.raises(ExceptionGroup) as raised:
        await one_by_one(DUE, acts)
    assert acts.done == DUE[1:]
    assert [type(mistake) for mistake in raised.value.exceptions] == [ZeroDivisionError]


async def test_what_somebody_else_changed_meanwhile_is_passed_over() -> None:
    assert await one_by_one(DUE, Acts(_1=Conflict())) == 3


async def test_nothing_goes_on_while_the_database_is_away() -> None:
    acts = Acts(_1=Unavailable())
    with pytest.raises(Unavailable):
        await one_by_one(DUE, acts)
    assert acts.done == DUE[:1]
