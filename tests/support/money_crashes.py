"""A process that ends at every step of money, and what its successor makes of it.

`python -m tests.support.money_crashes DATABASE FOLDER` copies the database, which holds an accepted booking, for every
step there is, from the owner's payment to the caregiver's payout and back. A child of it lives that life and exits at
the step; another one lives it again, to the end, and checks. Prints how many steps there were, and exits 0 when all
ended alike.
"""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from application.bookings.complete_bookings import CompleteBookings
from application.payments.pay_out_bookings import PayOutBookings
from application.payments.receive_payment_event import receive_payment_event
from application.ports.event_inbox import InboxEvent
from application.ports.payment_notices import NoticeSubject
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.bookings.booking_life import BookingId
from domain.shared.errors import Conflict
from domain.shared.money import Money
from infrastructure.persistence.bookings.booking_tables import bookings
from infrastructure.persistence.payments.sandbox_tables import sandbox_payments, sandbox_refunds, sandbox_transfers
from tests.support.booking_world import open_world
from tests.support.builders import euros
from tests.support.money_world import DAY, HOUR, MoneyWorld

CRASHED = 17


class Steps:
    """Counts, and ends the process at one of them, without a word to anybody."""

    def __init__(self, crash_at: int | None) -> None:
        self.taken = 0
        self._crash_at = crash_at

    def take(self) -> None:
        self.taken += 1
        if self.taken == self._crash_at:
            os._exit(CRASHED)


class Stepping:
    """Whoever is asked something through this: a step before the question, and one after the answer."""

    def __init__(self, asked: Any, steps: Steps) -> None:
        self._asked = asked
        self._steps = steps

    def __getattr__(self, name: str) -> Callable[..., Any]:
        async def ask(*args: Any, **named: Any) -> Any:
            self._steps.take()
            answer = await getattr(self._asked, name)(*args, **named)
            self._steps.take()
            return answer

        return ask


class SteppingUnitOfWork(UnitOfWorkFactory):
    """A step before each commit, and one after it."""

    def __init__(self, factory: UnitOfWorkFactory, steps: Steps) -> None:
        self._factory = factory
        self._steps = steps

    @asynccontextmanager
    async def __call__(self) -> AsyncGenerator[UnitOfWork]:
        async with self._factory() as uow:
            yield uow
            self._steps.take()
        self._steps.take()

    def reading(self) -> AbstractAsyncContextManager[UnitOfWork]:
        return self._factory.reading()


async def live(path: Path, crash_at: int | None) -> tuple[int, str]:
    """Does whatever is not done yet; answers the steps it took, and how everything ended."""
    steps, plain = Steps(crash_at), open_world(path)
    world = replace(plain, unit_of_work=cast("Any", SteppingUnitOfWork(plain.unit_of_work, steps)))
    money = MoneyWorld(
        world, cast("Any", Stepping(world.payments, steps)), cast("Any", Stepping(world.transfers, steps))
    )
    booking_id = BookingId((await world.rows(bookings))[0]["id"])
    await _pay(money, booking_id)
    world.clock.advance(31 * HOUR)
    shared: Any = {"unit_of_work": world.unit_of_work, "clock": world.clock}
    await CompleteBookings(**shared).execute()
    world.clock.advance(3 * DAY)
    await PayOutBookings(**shared, ids=world.ids).execute()
    await money.work()
    if (await world.booking(booking_id)).refunded == Money.zero():
        await money.give_back(booking_id, euros("5.00"))
    await money.work()
    taken = steps.taken
    money = MoneyWorld(plain, plain.payments, plain.transfers)
    await money.check_settled()
    booking = await plain.booking(booking_id)
    made = [len(await plain.rows(table)) for table in (sandbox_payments, sandbox_refunds, sandbox_transfers)]
    payout = await money.payout(booking_id)
    await plain.database.dispose()
    end = (booking.status, booking.refunded, payout.status, payout.amount, payout.reversed, payout.owed, made)
    return taken, str(end)


async def _pay(money: MoneyWorld, booking_id: BookingId) -> None:
    """The owner tries until he can pay, pays once, and the provider tells of it until it is heard."""
    try:
        await money.opened(booking_id)
    except Conflict:
        # It is paid.
        return
    payment = (await money.world.rows(sandbox_payments))[0]
    await money.world.payments.pay(payment["id"])
    event = InboxEvent(
        id=money.world.ids.new(),
        provider="sandbox",
        event_id="evt_paid",
        kind="payment_intent.succeeded",
        subject=NoticeSubject.PAYMENT,
        object_id=payment["id"],
        received_at=money.world.clock.now(),
    )
    async with money.world.unit_of_work() as uow:
        await receive_payment_event(uow, event)
    await money.work()


def in_a_child(path: Path, crash_at: int | None, expected: str | None) -> int:
    """The exit code of a process that lives that life."""
    child = os.fork()
    if child == 0:
        _, end = asyncio.run(live(path, crash_at))
        os._exit(0 if expected in (None, end) else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main(database: Path, folder: Path) -> int:
    reading, writing = os.pipe()
    if os.fork() == 0:
        path = folder / "whole.sqlite3"
        shutil.copy(database, path)
        taken, end = asyncio.run(live(path, None))
        os.write(writing, f"{taken} {end}".encode())
        os._exit(0)
    os.wait()
    count, _, end = os.read(reading, 4096).decode().partition(" ")
    wrong: list[int] = []
    for step in range(1, int(count) + 1):
        path = folder / f"step-{step}.sqlite3"
        shutil.copy(database, path)
        crashed = in_a_child(path, step, None)
        if crashed != CRASHED or in_a_child(path, None, end) != 0:
            wrong.append(step)
        path.unlink()
    sys.stdout.write(f"{count} steps, wrong at {wrong}, the end of all: {end}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
