"""From any state, by anybody, at any time: allowed is what the table below says, which knows nothing of the code.

The table is that of section 3 of the product's rules, written down again."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.bookings.booking import Booking, MoneyOutcome
from domain.bookings.booking_life import ActorRole, BookingStatus, PayoutState
from domain.bookings.care_report import CareReport
from domain.bookings.dispute import DisputeDecision
from domain.bookings.proposed_change import ProposedChange
from domain.bookings.quote import Quote, QuoteId
from domain.shared.actor import Actor
from domain.shared.errors import Conflict, DomainError, NotAllowed, NotFound
from domain.shared.money import Money
from domain.shared.period import Period
from tests.support.builders import (
    ADMIN,
    CAREGIVER,
    NOW,
    OWNER,
    STRANGER,
    a_booking,
    a_caregiver,
    a_meeting,
    a_pet,
    a_quote,
    identified,
)

WISHED, DEARER = QuoteId(identified("wished for")), QuoteId(identified("wished for, and dearer"))
HOUR, DAY, INSTANT = timedelta(hours=1), timedelta(days=1), timedelta(microseconds=1)

ACTORS = {
    "owner": OWNER,
    "caregiver": CAREGIVER,
    "admin": ADMIN,
    "stranger": STRANGER,
    "stranger without a profile": replace(STRANGER, caregiver_id=None),
    "owner who is an admin": replace(OWNER, is_admin=True),
    "caregiver who is an admin": replace(CAREGIVER, is_admin=True),
}
ROLES = {
    "owner": "owner",
    "caregiver": "caregiver",
    "admin": "admin",
    "owner who is an admin": "owner",
    "caregiver who is an admin": "caregiver",
}

# --- the acts of people


def decide(decision: DisputeDecision, amount: Money | None = None) -> Callable[[Booking, Actor, datetime], object]:
    return lambda booking, by, at: booking.decide_dispute(decision, by=by, at=at, amount=amount)


def change(*, instant_book: bool, longer: bool = False) -> Callable[[Booking, Actor, datetime], object]:
    """To an hour later; at its price, or for an hour more."""

    def changed(booking: Booking, by: Actor, at: datetime) -> object:
        period = Period(booking.period.start + HOUR, booking.period.end + (2 if longer else 1) * HOUR)
        quote = replace(a_quote(period=period, at=at), id=DEARER if longer else WISHED)
        return booking.change(quote, by=by, caregiver=a_caregiver(instant_book=instant_book), at=at)

    return changed


def wishes_for_what_is_dearer(booking: Booking) -> bool:
    return booking.proposal is not None and booking.proposal.quote_id == DEARER


def one_more_pet(booking: Booking, *, dearer: bool) -> Quote:
    """At the price of the booking, or for a cent more."""
    quote = a_quote(period=booking.period, pets=[a_pet("Rex"), a_pet("Bella")])
    gross = booking.gross + Money(1 if dearer else 0)
    return replace(quote, id=DEARER if dearer else WISHED, gross=gross, commission=booking.commission)


ACTS: dict[str, Callable[[Booking, Actor, datetime], object]] = {
    "accept": lambda booking, by, at: booking.accept(by=by, at=at),
    "decline": lambda booking, by, at: booking.decline(by=by, at=at),
    "cancel": lambda booking, by, at: booking.cancel(by=by, at=at),
    "change": change(instant_book=False),
    "change at once": change(instant_book=True),
    "change to what is dearer": change(instant_book=True, longer=True),
    "accept a change": lambda booking, by, at: booking.accept_change(
        one_more_pet(booking, dearer=wishes_for_what_is_dearer(booking)), by=by, at=at
    ),
    "decline a change": lambda booking, by, at: booking.decline_change(by=by, at=at),
    "withdraw a change": lambda booking, by, at: booking.withdraw_change(by=by, at=at),
    "begin to pay": lambda booking, by, at: booking.require_payable(by=by, at=at),
    "check in": lambda booking, by, at: booking.check_in(CareReport(at=at), by=by),
    "check out": lambda booking, by, at: booking.check_out(CareReport(at=at), by=by),
    "dispute": lambda booking, by, at: booking.open_dispute(by=by, at=at, reason="Nobody came"),
    "decide to pay": decide(DisputeDecision.PAY),
    "decide to refund all": decide(DisputeDecision.REFUND_ALL),
    "decide to refund a part": decide(DisputeDecision.REFUND_PART, Money(1)),
    "give back": lambda booking, by, at: booking.give_back(None, by=by),
}


@dataclass(frozen=True)
class Row:
    """Who may, from which state to which, and when (`since` ≤ now < `until`)."""

    roles: str
    moves: dict[str, str]
    since: Callable[[Booking], datetime | None] | None = None
    until: Callable[[Booking], datetime | None] | None = None
    only_if: Callable[[Booking], bool] = lambda _: True


def end_of_dispute_window(booking: Booking) -> datetime | None:
    return None if booking.completed_at is None else booking.completed_at + timedelta(hours=72)


def last_moment_to_change(booking: Booking) -> datetime | None:
    """Until there is no booking any more; a paid one until its start."""
    if booking.status is BookingStatus.PENDING:
        return min(booking.requested_at + DAY, booking.period.start)
    if booking.status is BookingStatus.ACCEPTED:
        return booking.pay_until
    return booking.period.start


def last_moment_to_cancel_for_nothing(booking: Booking) -> datetime:
    day_before = booking.period.start.astimezone(ZoneInfo(booking.time_zone)) - DAY
    return day_before.replace(hour=12, minute=0, second=0, microsecond=0)


def money_is_held_long_enough(booking: Booking) -> bool:
    return booking.paid_at is None or booking.period.end + HOUR <= booking.paid_at + 60 * DAY


def new_money_is_held_long_enough(booking: Booking) -> datetime:
    return booking.period.end + 2 * HOUR - 60 * DAY


def end_of_proposal(booking: Booking) -> datetime | None:
    return None if booking.proposal is None else booking.proposal.until


def is_agreed(booking: Booking) -> bool:
    return booking.proposal is not None and booking.proposal.accepted_at is not None


def is_asked(booking: Booking) -> bool:
    return booking.proposal is not None and booking.proposal.accepted_at is None


BEFORE_START = {"pending": "cancelled", "accepted": "cancelled", "paid": "cancelled"}
TABLE: dict[str, list[Row]] = {
    "accept": [Row("caregiver", {"pending": "accepted"}, until=lambda b: min(b.requested_at + DAY, b.period.start))],
    "decline": [Row("caregiver", {"pending": "declined"})],
    "cancel": [
        Row("owner caregiver", BEFORE_START, until=lambda b: b.period.start),
        Row("admin", {**BEFORE_START, "in_progress": "cancelled"}),
        Row("owner caregiver admin", {"cancelled": "cancelled"}),
    ],
    "change": [
        Row(
            "owner",
            {"pending": "pending", "accepted": "pending", "paid": "paid"},
            until=last_moment_to_change,
            only_if=money_is_held_long_enough,
        )
    ],
    "change at once": [
        Row(
            "owner",
            {"pending": "accepted", "accepted": "accepted", "paid": "paid"},
            until=last_moment_to_change,
            only_if=money_is_held_long_enough,
        )
    ],
    "change to what is dearer": [
        Row("owner", {"pending": "accepted", "accepted": "accepted"}, until=last_moment_to_change),
        Row("owner", {"paid": "paid"}, since=new_money_is_held_long_enough, until=last_moment_to_change),
    ],
    "accept a change": [
        Row(
            "caregiver",
            {"paid": "paid"},
            since=lambda b: b.period.end - 60 * DAY if wishes_for_what_is_dearer(b) else None,
            until=end_of_proposal,
            only_if=is_asked,
        ),
        Row("caregiver", {"paid": "paid"}, only_if=is_agreed),
    ],
    "decline a change": [Row("caregiver", {"paid": "paid"}, only_if=lambda b: b.proposal is not None)],
    "withdraw a change": [Row("owner", {"paid": "paid"}, only_if=lambda b: b.proposal is not None)],
    "begin to pay": [
        Row("owner", {"accepted": "accepted"}, since=lambda b: b.pay_window_opens_at, until=lambda b: b.pay_until),
        Row("owner", {"paid": "paid"}, until=end_of_proposal, only_if=is_agreed),
    ],
    "check in": [
        Row("caregiver", {"paid": "in_progress"}, since=lambda b: b.period.start - timedelta(minutes=30)),
    ],
    "check out": [Row("caregiver", {"in_progress": "completed"})],
    "dispute": [
        Row("owner", {"completed": "disputed"}, until=end_of_dispute_window, only_if=lambda b: b.dispute is None)
    ],
    "decide to pay": [Row("admin", {"disputed": "completed"})],
    "decide to refund a part": [Row("admin", {"disputed": "completed"})],
    "decide to refund all": [Row("admin", {"disputed": "cancelled"})],
    "give back": [
        Row(
            "admin",
            {state: state for state in ("paid", "in_progress", "completed", "cancelled")},
            only_if=lambda b: b.captured.amount_cents > b.refunded.amount_cents,
        )
    ],
}


OF_A_MEETING = ("accept", "decline", "cancel")


def expected(booking: Booking, act: str, actor: str, at: datetime) -> str | type[Exception]:
    """The state afterwards, or the kind of refusal."""
    if actor not in ROLES:
        return NotFound
    rows = [row for row in TABLE[act] if ROLES[actor] in row.roles.split()]
    if not rows:
        return NotAllowed
    if booking.meet_and_greet and act not in OF_A_MEETING:
        # Nothing is paid, so nothing is begun, disputed or given back; another date is another meeting.
        return Conflict
    for row in rows:
        since = None if row.since is None else row.since(booking)
        until = None if row.until is None else row.until(booking)
        in_time = (since is None or since <= at) and (until is None or at < until)
        if booking.status.value in row.moves and in_time and row.only_if(booking):
            return row.moves[booking.status.value]
    return Conflict


# --- how a booking gets to where a test begins


def to_accepted(booking: Booking) -> None:
    booking.accept(by=CAREGIVER, at=booking.requested_at)


def to_paid(booking: Booking) -> None:
    to_accepted(booking)
    assert booking.pay_window_opens_at is not None
    arrived = booking.mark_paid(
        payment_id=identified("payment"), captured=booking.gross, at=booking.pay_window_opens_at
    )
    assert arrived is MoneyOutcome.PAID


def to_change_asked_for(booking: Booking, *, dearer: bool = False) -> None:
    to_paid(booking)
    assert booking.paid_at is not None
    quote = one_more_pet(booking, dearer=dearer)
    booking.change(quote, by=OWNER, caregiver=a_caregiver(instant_book=False), at=booking.paid_at)


def to_change_agreed(booking: Booking) -> None:
    to_change_asked_for(booking, dearer=True)
    assert booking.paid_at is not None
    booking.accept_change(one_more_pet(booking, dearer=True), by=CAREGIVER, at=booking.paid_at)


def to_in_progress(booking: Booking) -> None:
    to_paid(booking)
    booking.check_in(CareReport(at=booking.period.start), by=CAREGIVER)


def to_completed(booking: Booking) -> None:
    to_in_progress(booking)
    booking.check_out(CareReport(at=booking.period.end), by=CAREGIVER)


def to_completed_by_itself(booking: Booking) -> None:
    to_paid(booking)
    assert booking.complete(at=booking.period.end + DAY)


def to_disputed(booking: Booking) -> None:
    to_completed(booking)
    booking.open_dispute(by=OWNER, at=booking.period.end + HOUR, reason="Nobody came")


def to_decided(booking: Booking) -> None:
    to_disputed(booking)
    booking.decide_dispute(DisputeDecision.REFUND_PART, by=ADMIN, at=booking.period.end + 2 * HOUR, amount=Money(500))


def to_refunded(booking: Booking) -> None:
    to_disputed(booking)
    booking.decide_dispute(DisputeDecision.REFUND_ALL, by=ADMIN, at=booking.period.end + 2 * HOUR)


def to_cancelled_with_a_fee(booking: Booking) -> None:
    to_paid(booking)
    booking.cancel(by=OWNER, at=booking.period.start - INSTANT)


def to_held(booking: Booking) -> None:
    booking.accept(by=CAREGIVER, at=booking.requested_at)
    assert booking.complete(at=booking.period.end)


WAYS: dict[str, Callable[[Booking], object]] = {
    "pending": lambda booking: booking,
    "accepted": to_accepted,
    "paid": to_paid,
    "change asked for": to_change_asked_for,
    "dearer change asked for": lambda booking: to_change_asked_for(booking, dearer=True),
    "change agreed": to_change_agreed,
    "in progress": to_in_progress,
    "completed": to_completed,
    "completed by itself": to_completed_by_itself,
    "disputed": to_disputed,
    "completed after a dispute": to_decided,
    "cancelled after a dispute": to_refunded,
    "cancelled": lambda booking: booking.cancel(by=CAREGIVER, at=NOW),
    "cancelled with a fee": to_cancelled_with_a_fee,
    "declined": lambda booking: booking.decline(by=CAREGIVER, at=NOW),
    "meeting": lambda booking: booking,
    "meeting accepted": lambda booking: booking.accept(by=CAREGIVER, at=booking.requested_at),
    "meeting declined": lambda booking: booking.decline(by=CAREGIVER, at=NOW),
    "meeting held": to_held,
    "expired": lambda booking: booking.expire(at=booking.answer_until),
}

PERIODS = st.builds(
    lambda wait, length: Period(NOW + wait, NOW + wait + length),
    st.sampled_from([2 * HOUR, DAY, 7 * DAY, 90 * DAY]),
    st.sampled_from([HOUR, 30 * DAY]),
)
FROM_WHEN = ["request", "answer", "window", "pay until", "change until", "start", "end", "completed"]
OFFSETS = [sign * distance for distance in (timedelta(0), HOUR / 2, DAY, 3 * DAY) for sign in (1, -1)]
TIMES = st.tuples(
    st.sampled_from(FROM_WHEN),
    st.sampled_from(OFFSETS) | st.timedeltas(-40 * DAY, 40 * DAY),
    st.sampled_from([-INSTANT, timedelta(0), INSTANT]),
)


def instant_of(booking: Booking, time: tuple[str, timedelta, timedelta]) -> datetime:
    """Near one of the instants that the rules speak of."""
    name, offset, hair = time
    known = {
        "request": booking.requested_at,
        "answer": booking.answer_until,
        "window": booking.pay_window_opens_at,
        "pay until": booking.pay_until,
        "change until": end_of_proposal(booking),
        "start": booking.period.start,
        "end": booking.period.end,
        "completed": booking.completed_at,
    }
    return (known[name] or booking.requested_at) + offset + hair


def brought(way: str, period: Period) -> Booking:
    booking = a_meeting(period.start) if way.startswith("meeting") else a_booking(period=period)
    WAYS[way](booking)
    booking.transitions.clear()
    booking.events.clear()
    return booking


def refusal_of(act: Callable[[], object]) -> DomainError | None:
    try:
        act()
    except DomainError as refused:
        return refused
    return None


def check_what_always_holds(booking: Booking) -> None:
    zero = Money(0)
    assert zero <= booking.refunded <= booking.captured
    assert booking.gross == booking.commission + booking.net
    assert zero <= booking.payout <= booking.kept
    assert (booking.payout_state is PayoutState.HELD) == (booking.status is BookingStatus.DISPUTED)
    assert booking.proposal is None or booking.status is BookingStatus.PAID
    owed = booking.status in (BookingStatus.COMPLETED, BookingStatus.CANCELLED) and booking.kept > zero
    assert (booking.payout_state is PayoutState.SCHEDULED) == owed


AT_ONCE = ("change at once", "change to what is dearer")
CHANGES = ("change", *AT_ONCE)
STEPS_OF_CHANGES = (*CHANGES, "accept a change", "decline a change", "withdraw a change")


def first_step(
    before: Booking, booking: Booking, act: str, at: datetime
) -> list[tuple[BookingStatus, BookingStatus, datetime]]:
    """What concerns a change is recorded also when the state stays; agreeing a second time is nothing new."""
    if act not in STEPS_OF_CHANGES or (act == "accept a change" and is_agreed(before)):
        return [(before.status, booking.status, at)] if booking.status is not before.status else []
    stays = before.status is BookingStatus.PAID
    return [(before.status, BookingStatus.PAID if stays else BookingStatus.PENDING, at)]


def check_change_of_paid(before: Booking, booking: Booking, act: str, at: datetime) -> None:
    """At once, or with whose leave, and what it waits for until when."""
    first_start = before.period.start
    match act:
        case "change" | "change at once" | "change to what is dearer":
            alone = act != "change" and at <= last_moment_to_cancel_for_nothing(before)
            if alone and act == "change at once":
                assert (booking.quote_id, booking.proposal) == (WISHED, None)
                return
            assert booking.proposal == ProposedChange(
                quote_id=DEARER if act == "change to what is dearer" else WISHED,
                asked_at=at,
                until=min(at + DAY, first_start),
                accepted_at=at if alone else None,
            )
        case "accept a change" if not is_agreed(before):
            is_dearer = wishes_for_what_is_dearer(before)
            assert is_dearer is is_agreed(booking)
            assert is_dearer or (booking.quote_id, booking.proposal) == (WISHED, None)
            assert end_of_proposal(booking) == (min(at + DAY, first_start) if is_dearer else None)
        case "decline a change" | "withdraw a change":
            assert booking.proposal is None
        case _:
            assert booking.proposal == before.proposal
            assert booking.quote_id == before.quote_id
    if booking.quote_id != WISHED:
        assert replace(booking, proposal=None, transitions=[], events=[]) == replace(before, proposal=None)


@settings(max_examples=1500, deadline=None)
@given(st.sampled_from(list(WAYS)), st.sampled_from(list(ACTS)), st.sampled_from(list(ACTORS)), PERIODS, TIMES)
@example("completed", "dispute", "owner", Period(NOW + DAY, NOW + DAY + HOUR), ("completed", 3 * DAY, timedelta(0)))
@example("completed", "dispute", "owner", Period(NOW + DAY, NOW + DAY + HOUR), ("completed", 3 * DAY, -INSTANT))
def test_what_people_may_do_is_exactly_what_the_table_says(
    way: str, act: str, actor: str, period: Period, time: tuple[str, timedelta, timedelta]
) -> None:
    booking = brought(way, period)
    before, at = replace(booking, transitions=[], events=[]), instant_of(booking, time)
    wanted = expected(booking, act, actor, at)
    refusal = refusal_of(lambda: ACTS[act](booking, ACTORS[actor], at))
    if isinstance(wanted, type):
        assert isinstance(refusal, wanted)
        assert booking == before
        assert wanted is not Conflict or before.state_in_words in str(refusal)
    else:
        assert refusal is None
        assert booking.status.value == wanted
        assert [(step.from_status, step.to_status, step.at) for step in booking.transitions[:1]] == (
            first_step(before, booking, act, at)
        )
        assert all(step.actor_role.value == ROLES[actor] for step in booking.transitions[:1])
        assert all(step.actor_id == ACTORS[actor].account_id for step in booking.transitions[:1])
        # An instant-book caregiver answers what is asked anew.
        assert [step.reason for step in booking.transitions[1:]] == (
            ["instant book"] if act in AT_ONCE and before.status is not BookingStatus.PAID else []
        )
        if before.status is booking.status is BookingStatus.PAID and act != "give back":
            check_change_of_paid(before, booking, act, at)
    check_what_always_holds(booking)


# --- the acts of time and money

BY_ITSELF: dict[str, dict[str, tuple[str, Callable[[Booking], datetime | None]]]] = {
    "expire": {
        "pending": ("expired", lambda b: min(b.requested_at + DAY, b.period.start)),
        "accepted": ("expired", lambda b: b.pay_until),
        # What lapses is the change that was asked for.
        "paid": ("paid", lambda b: datetime.max.replace(tzinfo=UTC) if b.proposal is None else b.proposal.until),
    },
    "complete": {
        "paid": ("completed", lambda b: b.period.end + DAY),
        "in_progress": ("completed", lambda b: b.period.end + DAY),
    },
    "money arrives": {"accepted": ("paid", lambda _: None)},
}
OF_A_MEETING_BY_ITSELF: dict[str, dict[str, tuple[str, Callable[[Booking], datetime | None]]]] = {
    "expire": {"pending": BY_ITSELF["expire"]["pending"]},
    "complete": {"accepted": ("completed", lambda b: b.period.end)},
    "money arrives": {},
}
SYSTEM: dict[str, Callable[[Booking, datetime], bool]] = {
    "expire": lambda booking, at: booking.expire(at=at),
    "complete": lambda booking, at: booking.complete(at=at),
    "money arrives": lambda booking, at: (
        booking.mark_paid(payment_id=identified("another payment"), captured=booking.gross, at=at) is MoneyOutcome.PAID
    ),
}


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(list(WAYS)), st.sampled_from(list(SYSTEM)), PERIODS, TIMES)
def test_what_time_and_money_do_is_exactly_what_the_table_says(
    way: str, act: str, period: Period, time: tuple[str, timedelta, timedelta]
) -> None:
    booking = brought(way, period)
    before, at = replace(booking, transitions=[], events=[]), instant_of(booking, time)
    to, since = (OF_A_MEETING_BY_ITSELF if booking.meet_and_greet else BY_ITSELF)[act].get(
        booking.status.value, (None, lambda _: None)
    )
    due = to is not None and ((first := since(booking)) is None or first <= at)
    assert SYSTEM[act](booking, at) is due
    if due:
        assert booking.status.value == to
        (step,) = booking.transitions
        assert (step.from_status, step.actor_id, step.actor_role) == (before.status, None, ActorRole.SYSTEM)
    else:
        assert booking == before
    assert SYSTEM[act](booking, at) is False, "a second time there is nothing to do"
    check_what_always_holds(booking)


def test_every_state_is_where_a_test_begins() -> None:
    week = Period(NOW + 7 * DAY, NOW + 7 * DAY + HOUR)
    assert {brought(way, week).status for way in WAYS} == set(BookingStatus)
