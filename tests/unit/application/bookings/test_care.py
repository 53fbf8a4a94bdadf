"""Care, completion, disputes and refunds by admins over real persistence."""

from datetime import timedelta
from uuid import UUID

import pytest

from application.bookings.check_in_booking import CheckInBooking
from application.bookings.check_out_booking import CheckOutBooking
from application.bookings.complete_bookings import CompleteBookings
from application.bookings.decide_dispute import DecideDispute
from application.bookings.dispute_booking import DisputeBooking
from application.bookings.refund_booking import RefundBooking
from application.payments.refund_payment import RefundPayment
from domain.bookings.booking_life import BookingId, BookingStatus, PayoutState
from domain.bookings.booking_refusals import BookingNotDisputed, BookingNotFound, NothingToGiveBack
from domain.bookings.care_report import CoordinatesNotUsable
from domain.bookings.dispute import DisputeDecision
from domain.payments.refund import RefundId
from domain.shared.actor import AdminsOnly
from infrastructure.persistence.audit.audit_tables import audit_log
from infrastructure.persistence.bookings.booking_tables import occupancies
from infrastructure.persistence.payments.payment_tables import refunds
from tests.support.booking_world import BookingWorld
from tests.support.builders import ADMIN, CAREGIVER, OWNER, STRANGER, euros
from tests.support.kept_mails import KeptMails, writing_to

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def paid(world: BookingWorld) -> BookingId:
    """An hour of care that begins in five hours."""
    booking_id = await world.accepted(starts_in=5 * HOUR)
    _, provider_payment_id = await world.paying(booking_id)
    await world.payments.pay(provider_payment_id)
    await world.start_payment.execute(actor=OWNER, booking_id=booking_id)
    return booking_id


async def completed(world: BookingWorld) -> BookingId:
    booking_id = await paid(world)
    world.clock.advance(5 * HOUR)
    await CheckInBooking(unit_of_work=world.unit_of_work, clock=world.clock).execute(
        actor=CAREGIVER, booking_id=booking_id, lat=51.0, lng=3.7, photos=("a.jpg",)
    )
    world.clock.advance(HOUR)
    await CheckOutBooking(unit_of_work=world.unit_of_work, clock=world.clock).execute(
        actor=CAREGIVER, booking_id=booking_id, notes="All well"
    )
    return booking_id


async def disputed(world: BookingWorld) -> BookingId:
    booking_id = await completed(world)
    await DisputeBooking(unit_of_work=world.unit_of_work, clock=world.clock).execute(
        actor=OWNER, booking_id=booking_id, reason="Nobody came"
    )
    return booking_id


def decide(world: BookingWorld) -> DecideDispute:
    return DecideDispute(unit_of_work=world.unit_of_work, clock=world.clock, ids=world.ids)


def refund(world: BookingWorld) -> RefundBooking:
    return RefundBooking(unit_of_work=world.unit_of_work, clock=world.clock, ids=world.ids)


async def make_refunds(world: BookingWorld) -> None:
    for job in await world.jobs("payments.refund"):
        await RefundPayment(
            unit_of_work=world.unit_of_work, payments=world.payments, clock=world.clock, ids=world.ids
        ).execute(refund_id=RefundId(UUID(job["refund_id"])))


async def test_the_caregiver_checks_in_and_out_and_the_report_is_kept(world: BookingWorld) -> None:
    booking = await world.booking(await completed(world))
    assert booking.status is BookingStatus.COMPLETED
    assert booking.check_in_report is not None
    assert booking.check_out_report is not None
    assert (booking.check_in_report.at, booking.check_in_report.photos) == (booking.period.start, ("a.jpg",))
    assert (booking.check_out_report.at, booking.check_out_report.notes) == (booking.period.end, "All well")
    assert (await world.event_names())[-1] == "BookingCompleted"


async def test_what_is_wrong_with_a_report_tells_strangers_nothing_of_the_booking(world: BookingWorld) -> None:
    check_in = CheckInBooking(unit_of_work=world.unit_of_work, clock=world.clock)
    booking_id = await paid(world)
    with pytest.raises(BookingNotFound):
        await check_in.execute(actor=STRANGER, booking_id=booking_id)
    for unknown_or_not in (booking_id, BookingId(world.ids.new())):
        with pytest.raises(CoordinatesNotUsable):
            await check_in.execute(actor=STRANGER, booking_id=unknown_or_not, lat=51.0)


async def test_what_nobody_checked_out_is_completed_a_day_after_its_end_once(world: BookingWorld) -> None:
    complete = CompleteBookings(unit_of_work=world.unit_of_work, clock=world.clock)
    untouched, begun, waiting = await paid(world), await paid(world), await world.accepted()
    world.clock.advance(5 * HOUR)
    await CheckInBooking(unit_of_work=world.unit_of_work, clock=world.clock).execute(actor=CAREGIVER, booking_id=begun)
    world.clock.advance(HOUR + DAY - timedelta(microseconds=1))
    assert (await complete.execute()).done == 0
    world.clock.advance(timedelta(microseconds=1))
    assert [(await complete.execute(limit=1)).done for _ in range(3)] == [1, 1, 0]
    for booking_id in (untouched, begun):
        booking = await world.booking(booking_id)
        assert (booking.status, booking.completed_at) == (BookingStatus.COMPLETED, world.clock.now())
        assert booking.payout_due_at == world.clock.now() + 3 * DAY
    assert (await world.booking(waiting)).status is BookingStatus.ACCEPTED
    assert (await world.event_names()).count("BookingCompleted") == 2


@pytest.mark.parametrize(
    ("decision", "amount", "gone_back", "status"),
    [
        (DisputeDecision.PAY, None, [], BookingStatus.COMPLETED),
        (DisputeDecision.REFUND_PART, "7.50", [750], BookingStatus.COMPLETED),
        (DisputeDecision.REFUND_ALL, None, [2000], BookingStatus.CANCELLED),
    ],
)
async def test_a_dispute_is_decided_once_and_its_refund_made_once(
    world: BookingWorld, decision: DisputeDecision, amount: str | None, gone_back: list[int], status: BookingStatus
) -> None:
    booking_id = await disputed(world)
    assert (await world.booking(booking_id)).payout_state is PayoutState.HELD
    given = None if amount is None else euros(amount)
    await decide(world).execute(
        admin=ADMIN, booking_id=booking_id, decision=decision, amount=given, reason="We asked both"
    )
    with pytest.raises(BookingNotDisputed):
        await decide(world).execute(admin=ADMIN, booking_id=booking_id, decision=decision, amount=given)
    for _ in range(2):
        await make_refunds(world)
    rows = await world.rows(refunds)
    assert [(row["amount_cents"], row["status"]) for row in rows] == [(cents, "succeeded") for cents in gone_back]
    booking = await world.booking(booking_id)
    assert (booking.status, booking.refunded.amount_cents) == (status, sum(gone_back))
    assert len(await world.rows(occupancies)) == (0 if status is BookingStatus.CANCELLED else 1)
    (entry,) = await world.rows(audit_log)
    assert (entry["action"], entry["subject_id"], entry["reason"]) == (
        "bookings.decide_dispute",
        booking_id,
        "We asked both",
    )


async def test_admins_are_written_to_only_while_a_dispute_waits_for_them(world: BookingWorld) -> None:
    mail = KeptMails()
    send = writing_to(mail, world)
    booking_id = await disputed(world)
    about = {"mail": "dispute_to_decide", "booking_id": str(booking_id), "account_id": str(ADMIN.account_id)}
    await send.execute(mail_id=world.ids.new(), payload=about)
    (written,) = mail.sent
    assert written.to == "admin@example.org"
    assert "Nobody came" in written.text
    await decide(world).execute(admin=ADMIN, booking_id=booking_id, decision=DisputeDecision.PAY, reason="They came")
    await send.execute(mail_id=world.ids.new(), payload=about)
    assert len(mail.sent) == 1
    # Whoever reads late of the objection still reads its reason, and of the decision that one's.
    for kind, reason in (("dispute_opened", "Nobody came"), ("dispute_decided", "They came")):
        payload = {"mail": kind, "booking_id": str(booking_id), "to": "caregiver"}
        await send.execute(mail_id=world.ids.new(), payload=payload)
        assert reason in mail.sent[-1].text


async def test_an_admin_gives_back_in_parts_and_never_more_than_is_left(world: BookingWorld) -> None:
    booking_id = await paid(world)
    await refund(world).execute(admin=ADMIN, booking_id=booking_id, amount=euros("5.00"), reason="goodwill")
    await refund(world).execute(admin=ADMIN, booking_id=booking_id)
    with pytest.raises(NothingToGiveBack):
        await refund(world).execute(admin=ADMIN, booking_id=booking_id, amount=euros("0.01"))
    await make_refunds(world)
    rows = await world.rows(refunds)
    assert [(row["number"], row["amount_cents"], row["status"]) for row in rows] == [
        (1, 500, "succeeded"),
        (2, 1500, "succeeded"),
    ]
    assert [row["reason"] for row in await world.rows(audit_log)] == ["goodwill", None]
    assert (await world.booking(booking_id)).status is BookingStatus.PAID


async def test_only_admins_refund_and_decide(world: BookingWorld) -> None:
    booking_id = await disputed(world)
    for somebody in (OWNER, CAREGIVER, STRANGER):
        with pytest.raises(AdminsOnly):
            await refund(world).execute(admin=somebody, booking_id=booking_id)
        with pytest.raises(AdminsOnly):
            await decide(world).execute(admin=somebody, booking_id=booking_id, decision=DisputeDecision.PAY)
    assert await world.rows(refunds) == []
