"""Deadlines: who waits, and until when."""

import asyncio

import pytest

from application.deadline import DeadlineExceeded, deadline_in, forget_deadline, seconds_left, within_deadline


async def _forever() -> None:
    await asyncio.Event().wait()


async def test_without_a_deadline_nothing_is_cut_off() -> None:
    assert seconds_left() is None
    async with within_deadline():
        await asyncio.sleep(0)


async def test_what_is_awaited_at_the_deadline_is_cancelled() -> None:
    task = asyncio.current_task()
    assert task is not None
    with deadline_in(0.01):
        with pytest.raises(DeadlineExceeded):
            async with within_deadline():
                await _forever()
        assert seconds_left() == 0
    assert task.cancelling() == 0


async def test_after_the_deadline_nothing_is_begun() -> None:
    begun = False
    with deadline_in(0), pytest.raises(DeadlineExceeded):
        async with within_deadline():
            begun = True
    assert not begun


async def test_a_time_out_of_its_own_stays_one() -> None:
    with deadline_in(60), pytest.raises(TimeoutError):
        async with within_deadline():
            raise TimeoutError


async def test_a_deadline_ends_with_its_block_or_when_it_is_forgotten() -> None:
    with deadline_in(60):
        left = seconds_left()
        assert left is not None
        assert 30 < left <= 60
        with deadline_in(None):
            assert seconds_left() is None
        forget_deadline()
        assert seconds_left() is None
    assert seconds_left() is None


async def test_two_requests_side_by_side_have_their_own() -> None:
    async def request(seconds: float) -> float | None:
        with deadline_in(seconds):
            await asyncio.sleep(0)
            return seconds_left()

    short, long = await asyncio.gather(request(1), request(100))
    assert short is not None
    assert long is not None
    assert short <= 1 < 50 < long
