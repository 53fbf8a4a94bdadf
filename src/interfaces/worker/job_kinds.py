"""Every kind of job: what it runs, and how it is retried."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from application.ports.job_records import ClaimedJob
from application.use_cases import UseCases
from domain.bookings.booking_life import BookingId
from domain.operations.alert import AlertId, NoticeKind
from domain.operations.retries import MAIL, MONEY
from domain.payments.payment import PaymentId
from domain.payments.payout import PayoutId
from domain.payments.refund import RefundId
from domain.shared.actor import AccountId, CaregiverId
from interfaces.worker.job_runner import JobKind, NotOurTurn, Provider

EXPIRY_BATCH = 100
COMPLETION_BATCH = 100
PAYOUT_BATCH = 100
# Stripe lets 25 requests a second through; the API needs some of them.
PAYMENTS = Provider("payments", per_second=20)


class KindsOf(Protocol):
    """Makes the kinds of jobs out of the use cases."""

    def __call__(self, use_cases: UseCases, *, mail_per_second: float) -> Mapping[str, JobKind]: ...


def job_kinds(use_cases: UseCases, *, mail_per_second: float) -> Mapping[str, JobKind]:
    """Kind → how it is worked on. A kind that is not here is buried with that reason."""
    mail = Provider("email", per_second=mail_per_second)

    async def send_mail(job: ClaimedJob) -> None:
        await use_cases.send_mail.execute(mail_id=job.id, payload=_texts(job))

    async def tell_admins(job: ClaimedJob) -> None:
        await use_cases.tell_admins.execute(job_id=job.id, payload=_texts(job))

    async def expire_bookings(_job: ClaimedJob) -> None:
        while (await use_cases.expire_bookings.execute(limit=EXPIRY_BATCH)).leaves_more(EXPIRY_BATCH):
            continue

    async def complete_bookings(_job: ClaimedJob) -> None:
        while (await use_cases.complete_bookings.execute(limit=COMPLETION_BATCH)).leaves_more(COMPLETION_BATCH):
            continue

    async def pay_out_bookings(_job: ClaimedJob) -> None:
        while (await use_cases.pay_out_bookings.execute(limit=PAYOUT_BATCH)).leaves_more(PAYOUT_BATCH):
            continue

    async def make_statement(job: ClaimedJob) -> None:
        caregiver_id, month = CaregiverId(_id(job, "caregiver_id")), str(job.payload["month"])
        await use_cases.make_statement.execute(job_id=job.id, caregiver_id=caregiver_id, month=month)

    async def send_statements(_job: ClaimedJob) -> None:
        await use_cases.send_statements.execute()

    async def reconcile_books(_job: ClaimedJob) -> None:
        await use_cases.reconcile_books.execute()

    async def clean_up(_job: ClaimedJob) -> None:
        await use_cases.clean_up.execute()

    async def tell_alert(job: ClaimedJob) -> None:
        alert_ids = _alert_ids(job, "alerts")
        channel, kind = str(job.payload["channel"]), NoticeKind(str(job.payload["notice"]))
        _not_before(
            await use_cases.tell_alert.wait_for_beginning(
                channel=channel, kind=kind, alert_ids=alert_ids, asked_at=job.created_at
            )
        )
        await use_cases.tell_alert.execute(channel=channel, kind=kind, alert_ids=alert_ids)

    async def mail_alert(job: ClaimedJob) -> None:
        _not_before(
            await use_cases.tell_alert.wait_for_mailed_beginning(
                account_id=AccountId(_id(job, "account_id")),
                kind=NoticeKind(str(job.payload["notice"])),
                alert_ids=_alert_ids(job, "alert_ids"),
                asked_at=job.created_at,
            )
        )
        await send_mail(job)

    return {
        "alerts.notify": JobKind(run=tell_alert, retries=MAIL),
        "alerts.mail": JobKind(run=mail_alert, retries=MAIL, provider=mail),
        "mail.send": JobKind(run=send_mail, retries=MAIL, provider=mail),
        "mails.tell_admins": JobKind(run=tell_admins, retries=MAIL),
        "payments.apply_event": _money(
            lambda job: use_cases.apply_payment_event.execute(inbox_id=_id(job, "inbox_id"))
        ),
        "payments.refund": _money(
            lambda job: use_cases.refund_payment.execute(refund_id=RefundId(_id(job, "refund_id")))
        ),
        "payments.cancel": _money(
            lambda job: use_cases.cancel_payment.execute(payment_id=PaymentId(_id(job, "payment_id")))
        ),
        "payments.reconcile": JobKind(run=reconcile_books, retries=MONEY, provider=PAYMENTS, time_limit_seconds=600),
        "reports.statement": JobKind(run=make_statement, time_limit_seconds=600),
        "reports.send_statements": JobKind(run=send_statements, time_limit_seconds=600),
        "payouts.decide": JobKind(run=pay_out_bookings, retries=MONEY),
        "payouts.send": _money(lambda job: use_cases.send_payout.execute(payout_id=PayoutId(_id(job, "payout_id")))),
        "payouts.reverse": _money(
            lambda job: use_cases.reverse_payout.execute(booking_id=BookingId(_id(job, "booking_id")))
        ),
        "bookings.expire": JobKind(run=expire_bookings),
        "bookings.complete": JobKind(run=complete_bookings),
        "operations.clean_up": JobKind(run=clean_up, time_limit_seconds=600),
    }


def _money(run: Callable[[ClaimedJob], Awaitable[None]]) -> JobKind:
    return JobKind(run=run, retries=MONEY, provider=PAYMENTS)


def _id(job: ClaimedJob, name: str) -> UUID:
    return UUID(str(job.payload[name]))


def _alert_ids(job: ClaimedJob, name: str) -> list[AlertId]:
    return [AlertId(UUID(alert_id)) for alert_id in str(job.payload[name]).split(",")]


def _not_before(wait: timedelta | None) -> None:
    if wait is not None:
        raise NotOurTurn(wait.total_seconds())


def _texts(job: ClaimedJob) -> dict[str, str]:
    return {key: str(value) for key, value in job.payload.items()}
