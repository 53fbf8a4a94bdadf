"""What a caregiver is shown of his money while it moves, and whom the decision to pay passes over."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from application.payments.pay_out_bookings import PayOutBookings
from application.payments.show_earnings import Earnings, ShowEarnings
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from infrastructure.persistence.payments.sql_earnings_queries import SqlEarningsQueries
from tests.support.builders import CAREGIVER, euros
from tests.support.money_world import DAY, MoneyWorld


async def earnings(money: MoneyWorld) -> Earnings:
    queries = SqlEarningsQueries(money.world.database)
    return await ShowEarnings(queries=queries, clock=money.world.clock).execute(caregiver=CAREGIVER)


def cents(shown: Earnings) -> tuple[int, ...]:
    sums = (shown.pending, shown.due, shown.held, shown.paid, shown.debt)
    return tuple(one.amount_cents for one in sums)


async def test_what_is_to_be_taken_back_of_a_payout_is_a_debt_until_it_is(money: MoneyWorld) -> None:
    booking_id = await money.paid_out()
    await money.completed()
    assert cents(await earnings(money)) == (1600, 0, 0, 1600, 0)
    await money.give_back(booking_id, euros("5.00"))
    shown = await earnings(money)
    assert cents(shown) == (1600, 0, 0, 1600, 400)
    assert [(day.amount.amount_cents, day.bookings) for day in shown.forecast] == [(1600, 1)]
    await money.work()
    assert cents(await earnings(money)) == (1600, 0, 0, 1200, 0)


class LosesHisAccount(UnitOfWorkFactory):
    """As soon as the due bookings are read, the provider takes no transfers for the caregiver any more."""

    def __init__(self, units: UnitOfWorkFactory) -> None:
        self._units = units

    def __call__(self) -> AbstractAsyncContextManager[UnitOfWork]:
        return self._units()

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[UnitOfWork]:
        async with self._units.reading() as uow:
            yield uow
        assert CAREGIVER.caregiver_id is not None
        async with self._units() as uow:
            caregiver = await uow.caregivers.get(CAREGIVER.caregiver_id, for_update=True)
            caregiver.can_receive_transfers = False
            await uow.caregivers.save(caregiver)


async def test_a_caregiver_who_cannot_be_paid_any_more_at_the_last_moment_is_passed_over(money: MoneyWorld) -> None:
    booking_id = await money.completed()
    await money.can_be_paid()
    money.world.clock.advance(3 * DAY)
    world = money.world
    units = LosesHisAccount(world.unit_of_work)
    batch = await PayOutBookings(unit_of_work=units, clock=world.clock, ids=world.ids).execute()
    assert (batch.due, batch.done) == (1, 0)
    async with world.unit_of_work() as uow:
        assert await uow.payouts.of_booking(booking_id) is None
