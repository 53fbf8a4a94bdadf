"""What the queries of earnings and of admins' money promise, on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest

from application.ports.views import InvalidCursor, MoneyView
from domain.bookings.booking_life import BookingId, BookingStatus
from domain.payments.difference import Difference, DifferenceId, DifferenceKind
from domain.payments.ledger import (
    LedgerAccount,
    LedgerTransaction,
    LedgerTransactionId,
    Posting,
    TransactionKind,
)
from domain.payments.payout import Payout, PayoutId, PayoutStatus
from domain.payments.refund import RefundStatus
from domain.shared.money import Money
from domain.shared.period import Period
from infrastructure.persistence.payments.sql_earnings_queries import SqlEarningsQueries
from infrastructure.persistence.payments.sql_money_queries import SqlMoneyQueries
from tests.support.builders import CAREGIVER, NOW, identified
from tests.support.stores import Store, the_other_caregiver

DAY = timedelta(days=1)
PROVIDER, EARNINGS, COMMISSION = LedgerAccount.PROVIDER, LedgerAccount.EARNINGS, LedgerAccount.COMMISSION
EVER = Period(NOW - 100 * DAY, NOW + 100 * DAY)


@pytest.fixture
def queries(peopled: Store) -> SqlEarningsQueries:
    return SqlEarningsQueries(peopled.database)


async def post(
    store: Store, kind: TransactionKind, booking_id: BookingId, *postings: Posting, after: timedelta = timedelta(0)
) -> None:
    transaction_id = store.ids.new()
    async with store.unit_of_work() as uow:
        assert await uow.ledger.post(
            LedgerTransaction(
                id=LedgerTransactionId(transaction_id),
                kind=kind,
                reference=f"{kind}:{transaction_id}",
                at=NOW + after,
                postings=postings,
                booking_id=booking_id,
                caregiver_id=CAREGIVER.caregiver_id,
            )
        )


async def sold(store: Store, booking_id: BookingId, *, after: timedelta = timedelta(0)) -> None:
    postings = Posting(PROVIDER, COMMISSION, Money(400)), Posting(PROVIDER, EARNINGS, Money(1600))
    await post(store, TransactionKind.CHARGE, booking_id, *postings, after=after)


async def paid_out(store: Store, booking_id: BookingId, cents: int = 1600, *, after: timedelta = DAY) -> None:
    await post(store, TransactionKind.PAYOUT, booking_id, Posting(EARNINGS, PROVIDER, Money(cents)), after=after)


async def a_payout(store: Store, number: int) -> Payout:
    assert CAREGIVER.caregiver_id is not None
    payout = Payout.decide(
        id=PayoutId(store.ids.new()),
        booking_id=await store.book(Period(NOW + (20 + number) * DAY, NOW + (20 + number) * DAY + timedelta(hours=1))),
        caregiver_id=CAREGIVER.caregiver_id,
        destination="acct_1",
        charge_id=f"ch_{number}",
        share=Money(1600),
        debt=Money(100),
        at=NOW + (number // 2) * DAY,
    )
    if number % 2:
        payout.observe(f"tr_{number}", amount=payout.amount, at=NOW + 9 * DAY)
    async with store.unit_of_work() as uow:
        await uow.payouts.add(payout)
    return payout


async def test_what_was_not_paid_out_is_told_by_booking(peopled: Store, queries: SqlEarningsQueries) -> None:
    assert CAREGIVER.caregiver_id is not None
    first, second, third = [await peopled.book() for _ in range(3)]
    for booking_id in (first, second, third):
        await sold(peopled, booking_id)
    await paid_out(peopled, second)
    await paid_out(peopled, third, 600)
    async with peopled.unit_of_work() as uow:
        booking = await uow.bookings.get(first, for_update=True)
        booking.payout_is_frozen, booking.payout_due_at = True, NOW + DAY
        await uow.bookings.save(booking)
    shares = {share.booking_id: share for share in await queries.unpaid(CAREGIVER.caregiver_id)}
    assert {booking_id: share.amount for booking_id, share in shares.items()} == {
        first: Money(1600),
        third: Money(1000),
    }
    assert (shares[first].is_held, shares[first].due_at, shares[first].booking_status) == (
        True,
        NOW + DAY,
        BookingStatus.PENDING,
    )
    assert (shares[third].is_held, shares[third].due_at) == (False, None)
    assert await queries.paid(CAREGIVER.caregiver_id) == Money(2200)
    await post(peopled, TransactionKind.REVERSAL, second, Posting(PROVIDER, EARNINGS, Money(500)))
    assert await queries.paid(CAREGIVER.caregiver_id) == Money(1700)
    await post(peopled, TransactionKind.DEBT, second, Posting(LedgerAccount.CAREGIVER_DEBT, EARNINGS, Money(70)))
    assert await queries.debt(CAREGIVER.caregiver_id) == Money(70)
    assert await queries.unpaid(the_other_caregiver().id) == []
    assert await queries.paid(the_other_caregiver().id) == Money(0)


async def test_movements_come_in_their_order_and_within_their_period(
    peopled: Store, queries: SqlEarningsQueries
) -> None:
    assert CAREGIVER.caregiver_id is not None
    booking_id = await peopled.book()
    await paid_out(peopled, booking_id, after=DAY)
    await sold(peopled, booking_id)
    movements = await queries.movements(CAREGIVER.caregiver_id, EVER)
    assert [(one.kind, one.gross, one.commission, one.earned) for one in movements] == [
        (TransactionKind.CHARGE, Money(2000), Money(400), Money(1600)),
        (TransactionKind.PAYOUT, Money(0), Money(0), Money(-1600)),
    ]
    assert {one.booking_id for one in movements} == {booking_id}
    assert len(await queries.movements(CAREGIVER.caregiver_id, Period(NOW, NOW + DAY))) == 1
    assert await queries.movements(the_other_caregiver().id, EVER) == []
    balances = [await queries.balance_before(CAREGIVER.caregiver_id, NOW + n * DAY) for n in (0, 1, 2)]
    assert balances == [Money(0), Money(1600), Money(0)]
    await post(peopled, TransactionKind.DEBT, booking_id, Posting(LedgerAccount.CAREGIVER_DEBT, EARNINGS, Money(70)))
    assert await queries.balance_before(CAREGIVER.caregiver_id, NOW + 2 * DAY) == Money(0), "a debt is owed by him"
    assert await queries.balance_before(the_other_caregiver().id, NOW + 2 * DAY) == Money(0)
    assert await queries.caregivers_with_movements(EVER) == [CAREGIVER.caregiver_id]
    assert await queries.caregivers_with_movements(Period(NOW + 2 * DAY, NOW + 3 * DAY)) == []


async def test_payouts_are_listed_page_by_page_the_newest_first(peopled: Store, queries: SqlEarningsQueries) -> None:
    assert CAREGIVER.caregiver_id is not None
    made = [await a_payout(peopled, number) for number in range(5)]
    newest_first = [
        payout.id for payout in sorted(made, key=lambda payout: (payout.decided_at, payout.id), reverse=True)
    ]
    seen: list[PayoutId] = []
    cursor: str | None = None
    while True:
        page = await queries.payouts(CAREGIVER.caregiver_id, limit=2, cursor=cursor)
        seen += [PayoutId(item.id) for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == newest_first
    shown = {item.id: item for item in (await queries.payouts(CAREGIVER.caregiver_id, limit=9, cursor=None)).items}
    paid, sending = shown[made[1].id], shown[made[0].id]
    assert (paid.status, paid.paid_at, paid.amount) == (
        PayoutStatus.PAID,
        NOW + 9 * DAY,
        MoneyView(amount_cents=1500, currency="EUR"),
    )
    assert (sending.status, sending.paid_at, sending.netted.amount_cents) == (PayoutStatus.SENDING, None, 100)
    assert (await queries.payouts(the_other_caregiver().id, limit=9, cursor=None)).items == []
    with pytest.raises(InvalidCursor):
        await queries.payouts(CAREGIVER.caregiver_id, limit=9, cursor="nonsense")


async def test_admins_see_payouts_by_their_state_and_page(peopled: Store) -> None:
    queries = SqlMoneyQueries(peopled.database)
    made = [await a_payout(peopled, number) for number in range(4)]
    sending = await queries.payouts(status=PayoutStatus.SENDING, limit=50, cursor=None)
    assert {item.id for item in sending.items} == {payout.id for payout in made[::2]}
    first = await queries.payouts(status=None, limit=3, cursor=None)
    rest = await queries.payouts(status=None, limit=3, cursor=first.next_cursor)
    assert ([item.id for item in rest.items], rest.next_cursor) == ([min(made[:2], key=lambda one: one.id).id], None)
    assert (first.items[0].amount.amount_cents, first.items[0].netted.amount_cents) == (1500, 100)
    assert (await queries.refunds(status=RefundStatus.FAILED, limit=3, cursor=None)).items == []
    assert (await queries.chargebacks(status=None, limit=3, cursor=None)).items == []
    with pytest.raises(InvalidCursor):
        await queries.payouts(status=None, limit=3, cursor="nonsense")


async def test_admins_see_differences_that_are_there_and_those_that_are_gone(peopled: Store) -> None:
    queries = SqlMoneyQueries(peopled.database)
    there = Difference(
        id=DifferenceId(identified("there")),
        kind=DifferenceKind.NOT_IN_LEDGER,
        reference="ch_1",
        ours=None,
        theirs=Money(2000),
        found_at=NOW,
    )
    gone = replace(there, id=DifferenceId(identified("gone")), reference="ch_2", gone_at=NOW + DAY)
    async with peopled.unit_of_work() as uow:
        await uow.reconciliation.add(there)
        await uow.reconciliation.add(gone)
    shown = (await queries.differences(gone=False, limit=9, cursor=None)).items
    assert [(one.reference, one.ours, one.theirs) for one in shown] == [
        ("ch_1", None, MoneyView(amount_cents=2000, currency="EUR"))
    ]
    assert [one.reference for one in (await queries.differences(gone=True, limit=9, cursor=None)).items] == ["ch_2"]
    assert len((await queries.differences(gone=None, limit=9, cursor=None)).items) == 2
