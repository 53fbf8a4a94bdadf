"""What the pages of bookings show, and to whom, on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest
from msgspec import UNSET
from sqlalchemy import event

from application.cursors import encode_cursor
from application.ports.booking_queries import (
    BookedPetView,
    BookingTotals,
    BookingView,
    CareReportView,
    PayoutView,
    ProposedChangeView,
)
from application.ports.dispute_queries import DisputeNotFound, DisputeView
from application.ports.views import MoneyView, Page
from domain.bookings.booking_life import ActorRole, BookingId, BookingStatus, PayoutState
from domain.bookings.booking_refusals import BookingNotFound
from domain.bookings.care_report import CareReport
from domain.bookings.dispute import DisputeDecision
from domain.bookings.quote import QuoteId
from domain.caregivers.services import Service
from domain.shared.actor import AccountId, Actor
from domain.shared.errors import InvalidInput
from domain.shared.money import Money
from domain.shared.period import Period
from infrastructure.persistence.bookings.sql_booking_queries import SqlBookingQueries
from infrastructure.persistence.bookings.sql_dispute_queries import SqlDisputeQueries
from tests.support.builders import ADMIN, CAREGIVER, NOW, OWNER, STRANGER, a_caregiver, a_quote, identified
from tests.support.stores import PETS, Store, the_other_caregiver

REVEALING = {BookingStatus.PAID, BookingStatus.IN_PROGRESS, BookingStatus.COMPLETED, BookingStatus.DISPUTED}


@pytest.fixture
def queries(peopled: Store) -> SqlBookingQueries:
    return SqlBookingQueries(peopled.database)


def on_day(day: int, *, hour: int = 0) -> Period:
    start = NOW + timedelta(days=day, hours=hour)
    return Period(start, start + timedelta(hours=1))


async def a_stored_booking(
    store: Store, *, day: int = 7, status: BookingStatus = BookingStatus.PENDING, pets: int = 2
) -> BookingId:
    booking = replace(
        store.a_booking(on_day(day), pets=pets),
        status=status,
        pay_until=NOW + timedelta(days=1),
        captured=Money(2500),
        refunded=Money(100),
    )
    await store.add(booking)
    return booking.id


async def page(
    queries: SqlBookingQueries,
    viewer: Actor,
    *,
    role: ActorRole | None = None,
    statuses: tuple[BookingStatus, ...] = (),
    days: tuple[int | None, int | None] = (None, None),
    limit: int = 50,
    cursor: str | None = None,
) -> Page[BookingView]:
    first, last = (None if day is None else NOW + timedelta(days=day) for day in days)
    return await queries.of_account(
        viewer=viewer,
        role=role,
        statuses=statuses,
        starts_from=first,
        starts_before=last,
        limit=limit,
        cursor=cursor,
    )


@pytest.mark.parametrize("status", list(BookingStatus))
async def test_the_other_party_has_a_full_name_once_it_is_paid(
    peopled: Store, queries: SqlBookingQueries, status: BookingStatus
) -> None:
    booking_id = await a_stored_booking(peopled, status=status)
    owners, caregivers = [await queries.get(booking_id, viewer=viewer) for viewer in (OWNER, CAREGIVER)]
    revealed = status in REVEALING
    assert owners.status is status
    assert owners.caregiver.display_name == ("Caregiver Peeters" if revealed else "Caregiver P.")
    assert caregivers.owner.display_name == ("Owner Peeters" if revealed else "Owner P.")
    assert (owners.owner.display_name, caregivers.caregiver.display_name) == ("Owner Peeters", "Caregiver Peeters")


async def test_one_paid_booking_reveals_the_parties_of_all_they_share(
    peopled: Store, queries: SqlBookingQueries
) -> None:
    pending = await a_stored_booking(peopled, day=7)
    await a_stored_booking(peopled, day=8, status=BookingStatus.PAID)
    assert (await queries.get(pending, viewer=OWNER)).caregiver.display_name == "Caregiver Peeters"
    assert (await queries.get(pending, viewer=CAREGIVER)).owner.display_name == "Owner Peeters"


async def test_a_paid_booking_reveals_nobody_to_others(peopled: Store, queries: SqlBookingQueries) -> None:
    await a_stored_booking(peopled, day=7, status=BookingStatus.PAID)
    other = the_other_caregiver()
    elsewhere = replace(peopled.a_booking(on_day(8)), caregiver_id=other.id)
    await peopled.add(elsewhere)
    assert (await queries.get(elsewhere.id, viewer=OWNER)).caregiver.display_name == "Stranger P."
    assert (await queries.get(elsewhere.id, viewer=STRANGER)).owner.display_name == "Owner P."


async def test_commission_and_net_are_for_the_caregiver_and_admins(peopled: Store, queries: SqlBookingQueries) -> None:
    booking_id = await a_stored_booking(peopled, status=BookingStatus.PAID)
    for viewer, sees in ((OWNER, False), (CAREGIVER, True), (ADMIN, True), (replace(OWNER, is_admin=True), False)):
        view = await queries.get(booking_id, viewer=viewer)
        assert (view.commission is not UNSET, view.net is not UNSET) == (sees, sees)
        assert view.gross == MoneyView(amount_cents=2500, currency="EUR")
    shares = await queries.get(booking_id, viewer=CAREGIVER)
    assert (shares.commission, shares.net) == (
        MoneyView(amount_cents=500, currency="EUR"),
        MoneyView(amount_cents=2000, currency="EUR"),
    )
    assert (await page(queries, OWNER)).items[0].net is UNSET
    assert (await page(queries, CAREGIVER)).items[0].net == MoneyView(amount_cents=2000, currency="EUR")


async def test_a_strangers_booking_is_not_found(peopled: Store, queries: SqlBookingQueries) -> None:
    booking_id = await a_stored_booking(peopled, status=BookingStatus.PAID)
    nobody = Actor(account_id=AccountId(identified("nobody")))
    for viewer in (STRANGER, replace(STRANGER, caregiver_id=None), nobody):
        with pytest.raises(BookingNotFound):
            await queries.get(booking_id, viewer=viewer)
        with pytest.raises(BookingNotFound):
            await queries.history(booking_id, viewer=viewer)
        for role in (None, *ActorRole):
            assert (await page(queries, viewer, role=role)).items == []


async def test_an_unknown_booking_is_not_found_even_by_an_admin(queries: SqlBookingQueries) -> None:
    with pytest.raises(BookingNotFound):
        await queries.get(BookingId(identified("none")), viewer=ADMIN)
    with pytest.raises(BookingNotFound):
        await queries.history(BookingId(identified("none")), viewer=ADMIN)


async def test_an_admin_sees_every_booking_and_its_parties(peopled: Store, queries: SqlBookingQueries) -> None:
    booking_id = await a_stored_booking(peopled)
    view = await queries.get(booking_id, viewer=ADMIN)
    assert (view.owner.display_name, view.caregiver.display_name) == ("Owner Peeters", "Caregiver Peeters")
    assert len(await queries.history(booking_id, viewer=ADMIN)) == 1
    assert (await page(queries, ADMIN)).items == []


async def test_the_caregiver_is_named_by_the_profile_and_pets_come_in_order(
    peopled: Store, queries: SqlBookingQueries
) -> None:
    booking_id = await a_stored_booking(peopled)
    view = await queries.get(booking_id, viewer=OWNER)
    assert (view.caregiver.id, view.owner.id) == (CAREGIVER.caregiver_id, OWNER.account_id)
    assert [(pet.id, pet.name) for pet in view.pets] == [(pet.id, pet.name) for pet in PETS[:2]]
    assert (view.captured.amount_cents, view.refunded.amount_cents) == (2500, 100)


async def test_the_history_tells_every_step_and_nobodys_name(peopled: Store, queries: SqlBookingQueries) -> None:
    booking_id = await peopled.book(instant_book=True)
    await peopled.pay(booking_id)
    for viewer in (OWNER, CAREGIVER):
        steps = await queries.history(booking_id, viewer=viewer)
        assert [(step.from_status, step.to_status, step.actor_role) for step in steps] == [
            (None, BookingStatus.PENDING, ActorRole.OWNER),
            (BookingStatus.PENDING, BookingStatus.ACCEPTED, ActorRole.CAREGIVER),
            (BookingStatus.ACCEPTED, BookingStatus.PAID, ActorRole.SYSTEM),
        ]
        assert "Peeters" not in str(steps)


async def a_disputed_booking(store: Store, *, day: int = 7) -> BookingId:
    booking = replace(store.a_booking(on_day(day)), status=BookingStatus.PAID, captured=Money(2000))
    start, end = booking.period.start, booking.period.end
    booking.check_in(
        CareReport(at=start, lat=51.05, lng=3.72, notes="Off we go", photos=("a.jpg", "b.jpg")), by=CAREGIVER
    )
    booking.check_out(CareReport(at=end), by=CAREGIVER)
    booking.open_dispute(by=OWNER, at=end + timedelta(hours=1), reason="Nobody came")
    await store.add(booking)
    return booking.id


async def test_the_service_report_is_for_both_parties_and_admins(peopled: Store, queries: SqlBookingQueries) -> None:
    booking_id = await a_disputed_booking(peopled)
    start = on_day(7).start
    for viewer in (OWNER, CAREGIVER, ADMIN):
        report = await queries.report(booking_id, viewer=viewer)
        assert report.check_in == CareReportView(
            at=start, lat=51.05, lng=3.72, notes="Off we go", photos=["a.jpg", "b.jpg"]
        )
        assert report.check_out == CareReportView(at=on_day(7).end, lat=None, lng=None, notes=None, photos=[])
    with pytest.raises(BookingNotFound):
        await queries.report(booking_id, viewer=STRANGER)
    untouched = await queries.report(await a_stored_booking(peopled, day=8), viewer=OWNER)
    assert (untouched.check_in, untouched.check_out) == (None, None)


async def test_a_booking_tells_of_its_dispute_and_payout(peopled: Store, queries: SqlBookingQueries) -> None:
    booking_id = await a_disputed_booking(peopled)
    owners, caregivers = [await queries.get(booking_id, viewer=viewer) for viewer in (OWNER, CAREGIVER)]
    assert owners.dispute == caregivers.dispute
    assert owners.dispute is not None
    assert (owners.dispute.reason, owners.dispute.decision, owners.dispute.refund) == ("Nobody came", None, None)
    assert (owners.completed_at, owners.disputable_until) == (on_day(7).end, None)
    assert owners.payout == PayoutView(state=PayoutState.HELD, due_at=None, paid_at=None)
    assert caregivers.payout.amount == MoneyView(amount_cents=1600, currency="EUR")


async def test_a_booking_tells_both_parties_what_it_may_become(peopled: Store, queries: SqlBookingQueries) -> None:
    booking = replace(peopled.a_booking(on_day(7)), status=BookingStatus.PAID, pay_until=NOW, captured=Money(2000))
    await peopled.add(booking)
    wished = replace(a_quote(period=on_day(9, hour=2), pets=PETS[1::-1]), id=QuoteId(identified("wished for")))
    async with peopled.unit_of_work() as uow:
        await uow.quotes.add(wished)
        booking.change(wished, by=OWNER, caregiver=a_caregiver(), at=NOW)
        await uow.bookings.save(booking)
    owners, caregivers = [(await page(queries, viewer)).items[0] for viewer in (OWNER, CAREGIVER)]
    assert owners.proposed_change == ProposedChangeView(
        quote_id=wished.id,
        start_at=wished.period.start,
        end_at=wished.period.end,
        pets=[BookedPetView(id=pet.id, name=pet.name, animal=pet.animal, size=pet.size) for pet in PETS[1::-1]],
        gross=MoneyView.of(wished.gross),
        asked_at=NOW,
        until=NOW + timedelta(days=1),
        accepted_at=None,
    )
    assert caregivers.proposed_change is not None
    assert caregivers.proposed_change.net == MoneyView.of(wished.net)
    assert (owners.start_at, owners.gross) == (booking.period.start, MoneyView.of(booking.gross))
    assert (await queries.get(await a_stored_booking(peopled), viewer=OWNER)).proposed_change is None


async def test_a_completed_booking_tells_until_when_it_can_be_disputed(
    peopled: Store, queries: SqlBookingQueries
) -> None:
    booking = replace(peopled.a_booking(on_day(7)), status=BookingStatus.PAID, captured=Money(2000))
    booking.complete(at=booking.period.end + timedelta(days=1))
    await peopled.add(booking)
    view = await queries.get(booking.id, viewer=OWNER)
    assert view.disputable_until == view.payout.due_at == booking.disputable_until
    assert (view.payout.state, view.dispute) == (PayoutState.SCHEDULED, None)


async def test_disputes_wait_in_the_order_they_were_opened(peopled: Store) -> None:
    disputes = SqlDisputeQueries(peopled.database)
    ids = [await a_disputed_booking(peopled, day=day) for day in (7, 8, 8, 9)]
    async with peopled.unit_of_work() as uow:
        booking = await uow.bookings.get(ids[0], for_update=True)
        booking.decide_dispute(
            DisputeDecision.REFUND_PART, by=ADMIN, at=NOW + timedelta(days=20), amount=Money(500), reason="Half"
        )
        await uow.bookings.save(booking)
    shown: list[DisputeView] = []
    cursor = None
    while True:
        part = await disputes.of_all(decided=None, limit=1, cursor=cursor)
        shown += part.items
        cursor = part.next_cursor
        if cursor is None:
            break
    assert [view.id for view in shown] == [ids[0], *sorted(ids[1:3]), ids[3]]
    assert [view.id for view in (await disputes.of_all(decided=True, limit=9, cursor=None)).items] == ids[:1]
    assert {view.id for view in (await disputes.of_all(decided=False, limit=9, cursor=None)).items} == set(ids[1:])
    decided = await disputes.of_booking(ids[0])
    assert decided == shown[0]
    assert (decided.decision, decided.refund, decided.decision_reason) == (
        DisputeDecision.REFUND_PART,
        MoneyView(amount_cents=500, currency="EUR"),
        "Half",
    )
    assert (decided.owner.display_name, decided.booking_status) == ("Owner Peeters", BookingStatus.COMPLETED)


async def test_a_booking_without_a_dispute_has_none(peopled: Store) -> None:
    disputes = SqlDisputeQueries(peopled.database)
    with pytest.raises(DisputeNotFound):
        await disputes.of_booking(await a_stored_booking(peopled, status=BookingStatus.COMPLETED))
    for cursor in FORGED:
        with pytest.raises(InvalidInput):
            await disputes.of_all(decided=None, limit=9, cursor=cursor)


async def test_a_list_shows_the_bookings_of_the_role_asked_for(peopled: Store, queries: SqlBookingQueries) -> None:
    mine = await a_stored_booking(peopled, day=7)
    both = replace(OWNER, caregiver_id=the_other_caregiver().id)
    theirs = replace(peopled.a_booking(on_day(9)), caregiver_id=the_other_caregiver().id, owner_id=ADMIN.account_id)
    await peopled.add(theirs)
    for role, expected in (
        (ActorRole.OWNER, [mine]),
        (ActorRole.CAREGIVER, [theirs.id]),
        (None, [theirs.id, mine]),
    ):
        assert [view.id for view in (await page(queries, both, role=role)).items] == expected


async def test_a_list_is_filtered_by_status_and_start(peopled: Store, queries: SqlBookingQueries) -> None:
    ids = {
        day: await a_stored_booking(peopled, day=day, status=status)
        for day, status in ((7, BookingStatus.PENDING), (8, BookingStatus.ACCEPTED), (9, BookingStatus.CANCELLED))
    }
    chosen = await page(queries, OWNER, statuses=(BookingStatus.PENDING, BookingStatus.CANCELLED))
    assert [view.id for view in chosen.items] == [ids[9], ids[7]]
    # From the first instant on, and up to but without the second.
    assert [view.id for view in (await page(queries, OWNER, days=(8, 9))).items] == [ids[8]]
    assert [view.id for view in (await page(queries, OWNER, days=(8, None))).items] == [ids[9], ids[8]]
    assert [view.id for view in (await page(queries, OWNER, days=(None, 8))).items] == [ids[7]]


@pytest.mark.parametrize("limit", [1, 3, 7, 12, 13])
async def test_pages_show_every_booking_once_even_when_they_start_together(
    peopled: Store, queries: SqlBookingQueries, limit: int
) -> None:
    ids = [await a_stored_booking(peopled, day=7 + at // 3, pets=1) for at in range(12)]
    shown: list[BookingView] = []
    cursor = None
    while True:
        part = await page(queries, OWNER, limit=limit, cursor=cursor)
        assert 1 <= len(part.items) <= limit
        shown += part.items
        cursor = part.next_cursor
        if cursor is None:
            break
    assert sorted(view.id for view in shown) == sorted(ids)
    order = [(view.start_at, view.id) for view in shown]
    assert order == sorted(order, reverse=True)


async def test_pages_are_not_disturbed_by_what_is_written_between_them(
    peopled: Store, queries: SqlBookingQueries
) -> None:
    """What was there at the beginning and stays is shown once, whatever comes, goes or changes its state."""
    ids = [await a_stored_booking(peopled, day=day, pets=1) for day in range(7, 17)]
    shown: list[BookingView] = []
    cursor, day = None, 7
    while True:
        part = await page(queries, OWNER, limit=3, cursor=cursor)
        shown += part.items
        cursor = part.next_cursor
        if cursor is None:
            break
        await a_stored_booking(peopled, day=30 + day, pets=1)
        async with peopled.unit_of_work() as uow:
            booking = await uow.bookings.get(BookingId(shown[-1].id), for_update=True)
            booking.cancel(by=OWNER, at=NOW)
            await uow.bookings.save(booking)
        day += 1
    assert [view.id for view in shown] == ids[::-1]


async def test_what_occupies_a_period_comes_by_start_and_only_what_still_stands(
    peopled: Store, queries: SqlBookingQueries
) -> None:
    first = NOW + timedelta(days=60)
    spans = {
        "ends as it begins": (-timedelta(days=2), timedelta(0)),
        "reaches into it for 31 days": (-timedelta(days=31), timedelta(hours=1)),
        "inside": (timedelta(days=1), timedelta(days=2)),
        "goes on": (timedelta(days=6), timedelta(days=9)),
        "begins as it ends": (timedelta(days=7), timedelta(days=8)),
    }
    ids: dict[BookingId, str] = {}
    for name, (start, end) in spans.items():
        booking = peopled.a_booking(Period(first + start, first + end))
        await peopled.add(booking)
        ids[booking.id] = name
    cancelled = replace(peopled.a_booking(Period(first, first + timedelta(hours=1))), status=BookingStatus.CANCELLED)
    await peopled.add(cancelled)
    week = Period(first, first + timedelta(days=7))
    for viewer, role in ((OWNER, ActorRole.OWNER), (CAREGIVER, ActorRole.CAREGIVER), (CAREGIVER, None)):
        found = await queries.occupying(viewer=viewer, role=role, period=week)
        assert [ids[BookingId(view.id)] for view in found] == ["reaches into it for 31 days", "inside", "goes on"]
    for viewer, role in ((OWNER, ActorRole.CAREGIVER), (STRANGER, None)):
        assert await queries.occupying(viewer=viewer, role=role, period=week) == []


async def test_totals_count_by_state_service_and_party(peopled: Store, queries: SqlBookingQueries) -> None:
    for day, status in ((7, BookingStatus.PAID), (8, BookingStatus.PAID), (9, BookingStatus.CANCELLED)):
        await a_stored_booking(peopled, day=day, status=status, pets=1)
    elsewhere = replace(
        peopled.a_booking(on_day(10)), caregiver_id=the_other_caregiver().id, service=Service.DOG_TRAINING
    )
    await peopled.add(elsewhere)

    async def totals(viewer: Actor, role: ActorRole, *days: int | None) -> BookingTotals:
        starts_from, starts_before = (None if day is None else NOW + timedelta(days=day) for day in days)
        return await queries.totals(
            viewer=viewer,
            role=role,
            starts_from=starts_from,
            starts_before=starts_before,
            now=NOW + timedelta(days=7),
        )

    assert await totals(OWNER, ActorRole.OWNER, None, None) == BookingTotals(
        by_status={BookingStatus.PAID: 2, BookingStatus.CANCELLED: 1, BookingStatus.PENDING: 1},
        by_service={Service.DOG_WALKING: 3, Service.DOG_TRAINING: 1},
        # One starts at that very instant, and one is cancelled.
        upcoming=2,
        other_parties=2,
        captured=Money(7500),
        refunded=Money(300),
    )
    period = await totals(CAREGIVER, ActorRole.CAREGIVER, 8, 9)
    assert (period.by_status, period.other_parties, period.captured) == ({BookingStatus.PAID: 1}, 1, Money(2500))
    nothing = await totals(STRANGER, ActorRole.OWNER, None, None)
    assert (nothing.by_status, nothing.upcoming, nothing.captured) == ({}, 0, Money(0))


FORGED = [
    encode_cursor(position)
    for position in (
        None,
        [],
        ["x", "y"],
        ["2026-11-02T09:00:00", OWNER.account_id],
        ["0001-01-01T00:00:00+14:00", OWNER.account_id],
        ["9999-12-31T23:59:59-14:00", OWNER.account_id],
        ["2026-11-02T09:00:00Z", "1"],
        ["2026-11-02T09:00:00Z", OWNER.account_id, 1],
    )
]


async def test_a_cursor_that_no_list_gave_out_is_refused(queries: SqlBookingQueries) -> None:
    for cursor in ("", "nonsense", "é", "\0", "A" * 5000, *FORGED):
        with pytest.raises(InvalidInput) as refused:
            await page(queries, OWNER, cursor=cursor)
        assert refused.value.field == "cursor", cursor


async def test_a_page_takes_two_queries_however_long_it_is(peopled: Store, queries: SqlBookingQueries) -> None:
    for day in range(7, 12):
        await a_stored_booking(peopled, day=day)
    asked: list[str] = []

    def note(_connection: object, _cursor: object, sql: str, *_: object) -> None:
        asked.append(sql)

    event.listen(peopled.database.read_engine.sync_engine, "before_cursor_execute", note)
    assert len((await page(queries, OWNER)).items) == 5
    assert len([sql for sql in asked if sql.lstrip().startswith("SELECT")]) == 2
