"""Who reacts to an event: its name → the jobs that follow."""

from collections.abc import Sequence
from uuid import UUID

from application.ports.event_router import EventFacts, RoutedJob


def _mails_about(subject: str, mail: str, *readers: str, more: Sequence[str] = ()) -> tuple[RoutedJob, ...]:
    """A mail to each reader, about what the event names, and `more`. Names must not change: with the event's id they
    keep a mail from being asked for twice."""
    about = dict.fromkeys((subject, *more), "")
    return tuple(
        RoutedJob(name=f"{mail}:{reader}", kind="mail.send", payload={"mail": mail, "to": reader} | about, queue="mail")
        for reader in readers
    )


def _task_for_admins(mail: str) -> tuple[RoutedJob, ...]:
    """A mail to every admin, about a booking."""
    payload = {"mail": mail, "booking_id": ""}
    return (RoutedJob(name="tell_admins", kind="mails.tell_admins", payload=payload, queue="mail"),)


EVENT_ROUTES: dict[str, tuple[RoutedJob, ...]] = {
    "AddressVerified": (
        RoutedJob(name="welcome", kind="mail.send", payload={"mail": "welcome", "account_id": ""}, queue="mail"),
    ),
    "CaregiverSubmitted": (
        RoutedJob(
            name="tell_admins",
            kind="mails.tell_admins",
            payload={"mail": "caregiver_submitted", "caregiver_id": ""},
            queue="mail",
        ),
    ),
    "CaregiverApproved": _mails_about("caregiver_id", "caregiver_approved", "caregiver"),
    "CaregiverRejected": _mails_about("caregiver_id", "caregiver_rejected", "caregiver"),
    "BookingRequested": _mails_about("booking_id", "booking_requested", "caregiver"),
    "BookingAccepted": _mails_about("booking_id", "booking_accepted", "owner"),
    "BookingChanged": _mails_about("booking_id", "booking_changed", "owner", "caregiver"),
    "BookingChangeProposed": _mails_about("booking_id", "change_proposed", "caregiver", more=("proposed_quote_id",)),
    "BookingChangeAccepted": _mails_about("booking_id", "change_accepted", "owner", more=("proposed_quote_id",)),
    "BookingChangeWithdrawn": _mails_about("booking_id", "change_withdrawn", "caregiver"),
    "BookingChangeDeclined": _mails_about("booking_id", "change_declined", "owner"),
    "BookingChangeLapsed": _mails_about("booking_id", "change_lapsed", "owner", "caregiver"),
    "BookingDeclined": _mails_about("booking_id", "booking_declined", "owner"),
    "BookingExpired": _mails_about("booking_id", "booking_expired", "owner", "caregiver"),
    "BookingPaid": _mails_about("booking_id", "booking_paid", "owner", "caregiver"),
    "BookingCancelled": _mails_about("booking_id", "booking_cancelled", "owner", "caregiver"),
    "BookingCompleted": _mails_about("booking_id", "booking_completed", "owner", "caregiver"),
    "MeetAndGreetHeld": _mails_about("booking_id", "meet_and_greet_held", "owner", "caregiver"),
    "BookingDisputed": (
        *_mails_about("booking_id", "dispute_opened", "owner", "caregiver"),
        *_task_for_admins("dispute_to_decide"),
    ),
    "DisputeDecided": _mails_about("booking_id", "dispute_decided", "owner", "caregiver"),
    "RefundFailed": _task_for_admins("refund_failed"),
    "PayoutSent": _mails_about("payout_id", "payout_sent", "caregiver"),
    "PayoutFailed": _task_for_admins("payout_failed"),
    "ChargebackOpened": _task_for_admins("chargeback_opened"),
    "RefundMade": _mails_about("refund_id", "refund_made", "owner"),
}


def route_event(name: str, aggregate_id: UUID, facts: EventFacts) -> Sequence[RoutedJob]:
    """The jobs of an event, their empty ids filled in from its facts. An event nobody reacts to gives none."""
    del aggregate_id
    return [_filled(job, facts) for job in EVENT_ROUTES.get(name, ())]


def _filled(job: RoutedJob, facts: EventFacts) -> RoutedJob:
    payload = {key: facts[key] if value == "" else value for key, value in job.payload.items()}
    return RoutedJob(name=job.name, kind=job.kind, payload=payload, queue=job.queue)
