"""Many bookings, none of which holds up the others."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from application.one_by_one import Batch, one_by_one
from domain.bookings.booking_life import BookingId
from domain.shared.errors import Conflict, Unavailable
from interfaces.worker.job_kinds import job_kinds
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
    assert await one_by_one(DUE, Acts(_1=Conflict())) == Batch(due=4, done=3)


async def test_nothing_goes_on_while_the_database_is_away() -> None:
    acts = Acts(_1=Unavailable())
    with pytest.raises(Unavailable):
        await one_by_one(DUE, acts)
    assert acts.done == DUE[:1]


async def test_a_full_batch_is_followed_by_another_though_some_of_it_was_passed_over() -> None:
    batch = await one_by_one(DUE, Acts(_0=Conflict(), _3=Conflict()))
    assert batch.leaves_more(4)
    assert not batch.leaves_more(5)


async def test_a_batch_that_was_passed_over_as_a_whole_is_the_last() -> None:
    batch = await one_by_one(DUE, Acts(**{f"_{number}": Conflict() for number in range(4)}))
    assert not batch.leaves_more(4)


class Due:
    """Bookings of which those passed over stay due, and first."""

    def __init__(self, *, passed_over: int, others: int) -> None:
        self.passed_over, self.others, self.batches = passed_over, others, 0

    async def execute(self, *, limit: int) -> Batch:
        self.batches += 1
        due = min(limit, self.passed_over + self.others)
        done = max(0, due - self.passed_over)
        self.others -= done
        return Batch(due=due, done=done)


@pytest.mark.parametrize("kind", ["bookings.expire", "bookings.complete", "payouts.decide"])
@pytest.mark.parametrize(("passed_over", "others"), [(0, 250), (1, 250), (99, 3), (100, 0), (0, 0)])
async def test_a_job_goes_on_until_only_those_are_left_that_are_passed_over(
    kind: str, passed_over: int, others: int
) -> None:
    due = Due(passed_over=passed_over, others=others)
    use_cases: Any = SimpleNamespace(expire_bookings=due, complete_bookings=due, pay_out_bookings=due)
    job: Any = None
    await job_kinds(use_cases, mail_per_second=1)[kind].run(job)
    assert due.others == 0
