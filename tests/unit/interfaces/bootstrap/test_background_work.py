"""Work in the background outlives errors that nobody foresaw."""

import asyncio

from structlog.testing import capture_logs

from interfaces.bootstrap.background_work import kept_going
from tests.support.polling import until


async def test_work_that_dies_is_begun_anew_and_said() -> None:
    begun = 0

    async def work() -> None:
        nonlocal begun
        begun += 1
        if begun < 3:
            raise LookupError("unforeseen")

    with capture_logs() as logged:
        await kept_going(work, pause_seconds=0)
    assert begun == 3
    assert [line["event"] for line in logged] == ["background_work_died"] * 2
    assert str(logged[0]["work"]).endswith("work")


async def test_cancelled_work_is_not_begun_anew() -> None:
    begun = 0

    async def work() -> None:
        nonlocal begun
        begun += 1
        await asyncio.Event().wait()

    going = asyncio.create_task(kept_going(work, pause_seconds=0))
    await until(lambda: begun == 1)
    going.cancel()
    await asyncio.gather(going, return_exceptions=True)
    assert going.cancelled()
    assert begun == 1
