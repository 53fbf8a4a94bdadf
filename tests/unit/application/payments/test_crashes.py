"""A process that ends at any step between the owner's payment and the caregiver's payout loses and doubles nothing."""

import asyncio
import sys
from pathlib import Path

from tests.support.booking_world import BookingWorld
from tests.support.money_world import HOUR, MoneyWorld


async def test_whatever_the_step_at_which_the_process_ends_the_next_one_brings_it_to_the_same_end(
    world: BookingWorld, money: MoneyWorld, tmp_path: Path
) -> None:
    await world.accepted(starts_in=5 * HOUR)
    await money.can_be_paid()
    await world.database.dispose()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.money_crashes", str(tmp_path / "world.sqlite3"), str(tmp_path)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    steps = int(output.split()[0])
    assert steps > 40, "every commit and every call of the provider is two steps"
    assert b"wrong at []" in output
    assert b"'paid'" in output
    assert b"[1, 1, 1]" in output, "one payment, one refund, one transfer"
