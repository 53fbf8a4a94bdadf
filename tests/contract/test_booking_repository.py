"""What the booking repository promises, on both databases."""

import asyncio
from dataclasses import MISSING, fields, replace
from datetime import timedelta

import pytest

from domain.bookings.booking import Booking
from domain.bookings.booking_life import ActorRole, BookingId, BookingStatus, SeriesId
from domain.bookings.booking_refusals import BookingNotFound
from domain.bookings.care_details import CareDetails, EmergencyContact
from domain.bookings.care_report import CareReport
from domain.bookings.dispute import Dispute, DisputeDecision
from domain.bookings.free_periods import Occupancy
from domain.bookings.proposed_change import ProposedChange
from domain.bookings.quote import QuoteId
from domain.caregivers.caregiver_profile import CancellationPolicy
from domain.caregivers.services import Service
from domain.shared.money import Money
from domain.shared.period import AMSTERDAM, Period
from infrastructure.persistence.bookings.booking_tables import booking_pets, booking_transitions, occupancies
from tests.support.builders import ADMIN, CAREGIVER, NOW, OWNER, a_caregiver, identified
from tests.support.stores import PETS, Store

# What a stored booking has handed over already.
_LISTS = ("events", "transitions")
# It has no pay window, and is looked at by itself.
_APART = ("meet_and_greet",)


def at(hours: float) -> Period:
    start = NOW + timedelta(days=7, hours=hours)
    return Period(start, start + timedelta(hours=1))


def a_booking_with_everything(store: Store) -> Booking:
    """No field has its default."""
    booking = replace(
        store.a_booking(at(0), pets=3),
        service=Service.PET_BOARDING,
        time_zone=AMSTERDAM,
        care=CareDetails(
            emergency_contact=EmergencyContact(name="Jan De Smet", phone="+31 6 12345678"),
            notes="Afraid of thunder ⚡, café, ‘quotes’ and \\ back\nslashes",
            vet="Dr. Vos, Gent",
            off_leash_allowed=True,
        ),
        policy=CancellationPolicy.STRICT,
        gross=Money(3333),
        commission=Money(667),
        commission_basis_points=1999,
        requested_at=NOW - timedelta(hours=3, microseconds=1),
        answer_until=NOW + timedelta(hours=21, microseconds=999_999),
        status=BookingStatus.DISPUTED,
        accepted_at=NOW + timedelta(minutes=1),
        pay_window_opens_at=NOW + timedelta(minutes=2),
        pay_until=NOW + timedelta(minutes=3),
        paid_at=NOW + timedelta(minutes=4),
        ended_at=NOW + timedelta(minutes=5),
        completed_at=NOW + timedelta(minutes=6),
        payout_due_at=NOW + timedelta(minutes=7),
        payout_is_frozen=True,
        paid_out_at=NOW + timedelta(minutes=8),
        check_in_report=CareReport(at=NOW, lat=51.05, lng=3.72, notes="All well 🐕\n", photos=("a/1.jpg", "2.jpg")),
        check_out_report=CareReport(at=NOW + timedelta(hours=1)),
        dispute=Dispute(
            opened_at=NOW + timedelta(minutes=8),
            reason="Nobody came",
            decision=DisputeDecision.REFUND_PART,
            decided_at=NOW + timedelta(minutes=9),
            decision_reason="Half of it",
            refund=Money(1111),
        ),
        proposal=ProposedChange(
            quote_id=QuoteId(identified("proposed")),
            asked_at=NOW + timedelta(minutes=10),
            until=NOW + timedelta(minutes=11),
            accepted_at=NOW + timedelta(minutes=12),
        ),
        payment_id=identified("payment"),
        series_id=SeriesId(identified("series")),
        captured=Money(3333),
        refunded=Money(1111),
        refund_count=2,
        version=7,
    )
    untouched = [
        field.name
        for field in fields(Booking)
        if field.name not in (*_LISTS, *_APART)
        and field.default is not MISSING
        and getattr(booking, field.name) == field.default
    ]
    assert untouched == [], "the test has to give a field that was added a value"
    return booking


async def test_every_field_comes_back_as_it_was_added(peopled: Store) -> None:
    booking = a_booking_with_everything(peopled)
    await peopled.add(booking)
    assert await peopled.booking(booking.id) == booking
    async with peopled.unit_of_work() as uow:
        assert await uow.bookings.get(booking.id, for_update=True) == booking


async def test_every_field_that_changes_comes_back_as_it_was_saved(peopled: Store) -> None:
    plain = peopled.a_booking(at(0), pets=3)
    await peopled.add(plain)
    changed = replace(a_booking_with_everything(peopled), id=plain.id, quote_id=plain.quote_id, version=plain.version)
    async with peopled.unit_of_work() as uow:
        await uow.bookings.save(changed)
    assert changed.version == plain.version + 1
    assert await peopled.booking(plain.id) == changed


async def test_pets_keep_their_order(peopled: Store) -> None:
    backwards = tuple(pet.id for pet in reversed(PETS[:3]))
    booking = replace(peopled.a_booking(pets=3), pet_ids=backwards)
    await peopled.add(booking)
    assert (await peopled.booking(booking.id)).pet_ids == backwards
    assert len(await peopled.rows(booking_pets)) == 3


async def test_an_unknown_booking_is_not_found(peopled: Store) -> None:
    for for_update in (False, True):
        with pytest.raises(BookingNotFound):
            async with peopled.unit_of_work() as uow:
                await uow.bookings.get(BookingId(identified("nobody's")), for_update=for_update)


async def test_every_transition_is_kept_once_and_in_order(peopled: Store) -> None:
    booking_id = await peopled.book(instant_book=True)
    await peopled.pay(booking_id)
    async with peopled.unit_of_work() as uow:
        booking = await uow.bookings.get(booking_id, for_update=True)
        booking.cancel(by=ADMIN, at=NOW + timedelta(hours=1), reason="ill")
        await uow.bookings.save(booking)
        await uow.bookings.save(booking)
    kept = sorted(await peopled.rows(booking_transitions), key=lambda row: row["position"])
    assert [(row["position"], row["from_status"], row["to_status"], row["actor_role"]) for row in kept] == [
        (0, None, "pending", ActorRole.OWNER),
        (1, "pending", "accepted", ActorRole.CAREGIVER),
        (2, "accepted", "paid", ActorRole.SYSTEM),
        (3, "paid", "cancelled", ActorRole.ADMIN),
    ]
    assert [row["actor_id"] for row in kept] == [OWNER.account_id, CAREGIVER.account_id, None, ADMIN.account_id]
    assert [row["reason"] for row in kept] == [None, "instant book", "money arrived", "ill"]
    assert kept[-1]["at"] == NOW + timedelta(hours=1)


@pytest.mark.parametrize("status", list(BookingStatus))
async def test_a_place_is_taken_exactly_while_the_status_says_so(peopled: Store, status: BookingStatus) -> None:
    booking = peopled.a_booking(pets=2)
    await peopled.add(booking)
    (taken,) = await peopled.rows(occupancies)
    assert taken == {
        "booking_id": booking.id,
        "caregiver_id": booking.caregiver_id,
        "start_at": booking.period.start,
        "end_at": booking.period.end,
        "animals": 2,
        "capacity": 3,
    }
    async with peopled.unit_of_work() as uow:
        read = await uow.bookings.get(booking.id)
        await uow.bookings.save(replace(read, status=status, pay_until=NOW))
    freed = status in (BookingStatus.DECLINED, BookingStatus.EXPIRED, BookingStatus.CANCELLED)
    assert len(await peopled.rows(occupancies)) == (0 if freed else 1)


async def test_what_is_due_for_expiry_comes_the_longest_due_first(peopled: Store) -> None:
    ids: dict[str, BookingId] = {}
    lapse = {"90 minutes ago": -90, "at this instant": 0, "to be answered": 0.001}
    proposals = {
        f"change {'' if when.startswith('to be') else 'unanswered '}{when}": ProposedChange(
            quote_id=QuoteId(identified(when)), asked_at=NOW, until=NOW + timedelta(minutes=minutes)
        )
        for when, minutes in lapse.items()
    }
    for name, status, answer_until, pay_until in (
        ("unanswered an hour ago", BookingStatus.PENDING, -60, None),
        ("unpaid two hours ago", BookingStatus.ACCEPTED, -600, -120),
        ("unanswered at this instant", BookingStatus.PENDING, 0, None),
        ("unpaid at this instant", BookingStatus.ACCEPTED, -600, 0),
        ("to be answered", BookingStatus.PENDING, 0.001, None),
        ("to be paid", BookingStatus.ACCEPTED, -600, 0.001),
        ("paid", BookingStatus.PAID, -600, -600),
        ("change unanswered 90 minutes ago", BookingStatus.PAID, -600, -600),
        ("change unanswered at this instant", BookingStatus.PAID, -600, -600),
        ("change to be answered", BookingStatus.PAID, -600, -600),
        ("declined", BookingStatus.DECLINED, -600, -600),
        ("expired", BookingStatus.EXPIRED, -600, -600),
    ):
        booking = replace(
            peopled.a_booking(at(len(ids) * 2)),
            status=status,
            answer_until=NOW + timedelta(minutes=answer_until),
            pay_until=None if pay_until is None else NOW + timedelta(minutes=pay_until),
            proposal=proposals.get(name),
        )
        await peopled.add(booking)
        ids[name] = booking.id
    names = {booking_id: name for name, booking_id in ids.items()}
    async with peopled.unit_of_work() as uow:
        due = [names[booking_id] for booking_id in await uow.bookings.due_for_expiry(NOW, limit=100)]
        first = [names[booking_id] for booking_id in await uow.bookings.due_for_expiry(NOW, limit=3)]
    assert due[:3] == first == ["unpaid two hours ago", "change unanswered 90 minutes ago", "unanswered an hour ago"]
    assert set(due[3:]) == {f"{what} at this instant" for what in ("unanswered", "unpaid", "change unanswered")}


async def test_what_takes_a_caregiver_up_is_told_without_one_booking(peopled: Store) -> None:
    first, second = await peopled.book(at(0)), await peopled.book(at(0.5), pets=2)
    async with peopled.unit_of_work.reading() as uow:
        every = await uow.bookings.occupancies(a_caregiver().id, at(0.5))
        others = await uow.bookings.occupancies(a_caregiver().id, at(0.5), but=first)
    assert sorted(taken.animals for taken in every) == [1, 2]
    assert others == [Occupancy(at(0.5), 2)]
    assert first != second


async def test_what_ended_a_day_ago_is_due_for_completion_the_longest_due_first(peopled: Store) -> None:
    ids: dict[str, BookingId] = {}
    for name, status, ended_hours_ago in (
        ("paid, at this instant", BookingStatus.PAID, 24),
        ("begun, two days ago", BookingStatus.IN_PROGRESS, 48),
        ("paid, a moment later", BookingStatus.PAID, 23.999),
        ("not paid", BookingStatus.ACCEPTED, 60),
        ("completed", BookingStatus.COMPLETED, 70),
        ("cancelled", BookingStatus.CANCELLED, 80),
    ):
        end = NOW - timedelta(hours=ended_hours_ago)
        booking = replace(
            peopled.a_booking(), period=Period(end - timedelta(hours=1), end), status=status, pay_until=NOW
        )
        await peopled.add(booking)
        ids[name] = booking.id
    async with peopled.unit_of_work() as uow:
        due = list(await uow.bookings.due_for_completion(NOW, limit=100))
        first = list(await uow.bookings.due_for_completion(NOW, limit=1))
    assert due == [ids["begun, two days ago"], ids["paid, at this instant"]]
    assert first == due[:1]


async def test_a_locked_booking_is_read_by_the_next_as_it_was_left(postgres_store: Store) -> None:
    store = postgres_store
    await store.people()
    booking_id = await store.book()
    seen: list[BookingStatus] = []

    async def decline_what_is_pending() -> None:
        async with store.unit_of_work() as uow:
            seen.append((await uow.bookings.get(booking_id, for_update=True)).status)

    async with store.unit_of_work() as uow:
        booking = await uow.bookings.get(booking_id, for_update=True)
        waiting = asyncio.create_task(decline_what_is_pending())
        await store.until_lock_waits()
        booking.accept(by=CAREGIVER, at=NOW)
        await uow.bookings.save(booking)
        assert seen == []
    await waiting
    assert seen == [BookingStatus.ACCEPTED]


async def test_reading_without_a_lock_waits_for_nobody(postgres_store: Store) -> None:
    store = postgres_store
    await store.people()
    booking_id = await store.book()
    async with store.unit_of_work() as uow:
        await uow.bookings.get(booking_id, for_update=True)
        async with asyncio.timeout(60):
            assert (await store.booking(booking_id)).status is BookingStatus.PENDING


def a_meeting_of(store: Store, hours: float) -> Booking:
    booking = store.a_booking(at(hours))
    return replace(booking, gross=Money(0), commission=Money(0), meet_and_greet=True)


async def test_an_accepted_meeting_has_no_pay_window_and_is_due_at_its_end(peopled: Store) -> None:
    meeting = a_meeting_of(peopled, 0)
    meeting.accept(by=CAREGIVER, at=NOW)
    await peopled.add(meeting)
    assert await peopled.booking(meeting.id) == meeting
    async with peopled.unit_of_work() as uow:
        end = meeting.period.end
        assert await uow.bookings.due_for_expiry(end, limit=9) == []
        assert await uow.bookings.due_for_completion(end - timedelta(microseconds=1), limit=9) == []
        assert await uow.bookings.due_for_completion(end, limit=9) == [meeting.id]


async def test_of_two_meetings_at_once_the_database_keeps_one(store: Store) -> None:
    """Whoever forgets to lock the caregiver meets the index."""
    await store.people()
    wishes = [a_meeting_of(store, hours) for hours in (0, 2)]
    outcomes = await asyncio.gather(*(store.add(wish, lock=False) for wish in wishes), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["AlreadyMet", "NoneType"]
    async with store.unit_of_work() as uow:
        assert await uow.bookings.have_met(OWNER.account_id, wishes[0].caregiver_id)
