"""Writing and sending one mail, from the ids that a job carries."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from application.correlation import correlation_id
from application.ports.alert_queries import AlertQueries
from application.ports.clock import Clock
from application.ports.mail import Mail, MailMessage
from application.ports.mail_queries import BookingNews, MailQueries, Reader
from application.ports.mail_templates import MailTemplates
from application.ports.token_signer import TokenSigner
from domain.accounts.account import AccountNotFound
from domain.accounts.one_time_tokens import OneTimePurpose, OneTimeTokenId
from domain.bookings.booking_change import reason_of_declined_change
from domain.bookings.booking_life import ActorRole, BookingId, BookingStatus
from domain.operations.alert import AlertId, Notice, NoticeKind
from domain.payments.payout import PayoutId
from domain.payments.refund import RefundId
from domain.shared.actor import AccountId, CaregiverId
from domain.shared.money import Money
from domain.shared.names import gated_name

_LINKS = {
    "verify_address": (OneTimePurpose.VERIFY_EMAIL, "verify-email"),
    "reset_password": (OneTimePurpose.RESET_PASSWORD, "reset-password"),
}

# What an admin has to look after.
_MONEY_TASKS = frozenset({"payout_failed", "refund_failed", "chargeback_opened"})

# Whether what they speak of is accepted.
_ABOUT_PROPOSALS = {"change_proposed": False, "change_accepted": True}

Facts = tuple[Reader, dict[str, object]]


class NothingToWrite(Exception):
    """The mail has been overtaken by events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendMail:
    """Reads the facts as they are now, writes them in the reader's language, and hands the mail over.

    Runs as a job, any number of times: `mail_id` is the same each time, so that the other side can tell a repetition.
    """

    queries: MailQueries
    alerts: AlertQueries
    templates: MailTemplates
    mail: Mail
    token_signer: TokenSigner
    clock: Clock
    public_url: str

    async def execute(self, *, mail_id: UUID, payload: Mapping[str, str]) -> None:
        """`payload` names the mail and what it is about. Raises NotFound, MailUnavailable, MailRefused."""
        kind = payload["mail"]
        try:
            reader, values = await self._facts(kind, payload)
        except (AccountNotFound, NothingToWrite):
            # Nobody is there to be written to: an account that is gone, or an address that never had one.
            return
        written = self.templates.write(kind, language=reader.language.value, values=values)
        await self.mail.send(
            MailMessage(
                id=str(mail_id),
                to=reader.email,
                subject=written.subject,
                text=written.text,
                html=written.html,
                correlation_id=correlation_id.get(),
            )
        )

    async def _facts(self, kind: str, payload: Mapping[str, str]) -> Facts:
        if kind in _MONEY_TASKS:
            return await self._about_money_task(payload)
        if "payout_id" in payload:
            return await self._about_payout(PayoutId(UUID(payload["payout_id"])))
        if "statement_of" in payload:
            return await self._about_statement(CaregiverId(UUID(payload["statement_of"])), payload["month"])
        if "refund_id" in payload:
            return await self._about_refund(RefundId(UUID(payload["refund_id"])))
        if "booking_id" in payload:
            news = await self.queries.booking(BookingId(UUID(payload["booking_id"])))
            if not _still_speaks_of(news, payload):
                raise NothingToWrite
            if "account_id" in payload:
                return await self._about_dispute(news, AccountId(UUID(payload["account_id"])))
            if kind in _ABOUT_PROPOSALS:
                return self._about_proposal(news, payload)
            return self._about_booking(news, ActorRole(payload["to"]), kind)
        if "caregiver_id" in payload:
            return await self._about_caregiver(payload)
        if "alert_ids" in payload:
            return await self._about_alerts(payload)
        return await self._about_account(kind, payload)

    async def _about_account(self, kind: str, payload: Mapping[str, str]) -> Facts:
        reader = await self.queries.reader(AccountId(UUID(payload["account_id"])))
        link = self.public_url
        if kind in _LINKS:
            purpose, page = _LINKS[kind]
            token = self.token_signer.sign(purpose, OneTimeTokenId(UUID(payload["token_id"])))
            link = f"{self.public_url}/{page}?token={token}"
        return reader, {"name": reader.first_name, "link": link}

    async def _about_alerts(self, payload: Mapping[str, str]) -> Facts:
        reader = await self.queries.reader(AccountId(UUID(payload["account_id"])))
        alerts = await self.alerts.named([AlertId(UUID(alert_id)) for alert_id in payload["alert_ids"].split(",")])
        if not alerts:
            raise NothingToWrite
        notice = Notice(kind=NoticeKind(payload["notice"]), alerts=tuple(alerts))
        return reader, {
            "name": reader.first_name,
            "title": notice.title,
            "details": notice.details,
            "runbook": notice.rule.runbook,
            "is_over": notice.kind is NoticeKind.ENDED,
            "link": f"{self.public_url}/admin",
        }

    async def _about_caregiver(self, payload: Mapping[str, str]) -> Facts:
        news = await self.queries.caregiver(CaregiverId(UUID(payload["caregiver_id"])))
        reader = news.holder
        if "account_id" in payload:
            reader = await self.queries.reader(AccountId(UUID(payload["account_id"])))
        return reader, {
            "name": reader.first_name,
            "other_name": f"{news.holder.first_name} {news.holder.last_name}",
            "reason": news.rejection_reason,
            "link": f"{self.public_url}/caregivers/{news.id}",
        }

    async def _about_dispute(self, news: BookingNews, admin_id: AccountId) -> Facts:
        """For an admin, who decides it; a decided one needs nobody any more."""
        if news.status is not BookingStatus.DISPUTED or news.dispute is None:
            raise NothingToWrite
        reader = await self.queries.reader(admin_id)
        return reader, {
            "name": reader.first_name,
            "other_name": f"{news.owner.first_name} {news.owner.last_name}",
            "reason": news.dispute.reason,
            "service": news.service.value,
            "start_at": news.start_at,
            "end_at": news.end_at,
            "pets": list(news.pets),
            "link": f"{self.public_url}/bookings/{news.id}",
        }

    async def _about_money_task(self, payload: Mapping[str, str]) -> Facts:
        """For an admin."""
        news = await self.queries.booking(BookingId(UUID(payload["booking_id"])))
        reader = await self.queries.reader(AccountId(UUID(payload["account_id"])))
        return reader, {
            "name": reader.first_name,
            "owner_name": f"{news.owner.first_name} {news.owner.last_name}",
            "caregiver_name": f"{news.caregiver.first_name} {news.caregiver.last_name}",
            "service": news.service.value,
            "start_at": news.start_at,
            "end_at": news.end_at,
            "pets": list(news.pets),
            "link": f"{self.public_url}/bookings/{news.id}",
        }

    async def _about_payout(self, payout_id: PayoutId) -> Facts:
        booking_id, amount, netted = await self.queries.payout(payout_id)
        news = await self.queries.booking(booking_id)
        reader, values = self._about_booking(news, ActorRole.CAREGIVER, "payout_sent")
        has_netted = netted > Money.zero(netted.currency)
        return reader, values | {"paid_out": amount, "netted": netted if has_netted else None}

    async def _about_statement(self, caregiver_id: CaregiverId, month: str) -> Facts:
        reader = (await self.queries.caregiver(caregiver_id)).holder
        return reader, {"name": reader.first_name, "month": month, "link": f"{self.public_url}/earnings"}

    async def _about_refund(self, refund_id: RefundId) -> Facts:
        booking_id, amount = await self.queries.refund(refund_id)
        news = await self.queries.booking(booking_id)
        reader, values = self._about_booking(news, ActorRole.OWNER, "refund_made")
        return reader, values | {"refund": amount}

    def _about_proposal(self, news: BookingNews, payload: Mapping[str, str]) -> Facts:
        """One that was answered, withdrawn or replaced needs no answer any more."""
        proposal, kind = news.proposal, payload["mail"]
        if proposal is None or str(proposal.quote_id) != payload["proposed_quote_id"]:
            raise NothingToWrite
        if proposal.is_accepted is not _ABOUT_PROPOSALS[kind]:
            raise NothingToWrite
        reader, values = self._about_booking(news, ActorRole(payload["to"]), kind)
        return reader, values | {
            "start_at": proposal.start_at,
            "end_at": proposal.end_at,
            "pets": list(proposal.pets),
            "gross": proposal.gross,
            "net": proposal.net,
            "deadline": proposal.until,
        }

    def _about_booking(self, news: BookingNews, role: ActorRole, kind: str) -> Facts:
        reader, other = (news.owner, news.caregiver) if role is ActorRole.OWNER else (news.caregiver, news.owner)
        name_of_other = gated_name(other.first_name, other.last_name)
        asks_for_answer = kind == "booking_requested" and not news.booked_instantly
        nothing = Money.zero(news.gross.currency)
        spared = max(news.captured - news.gross, nothing)
        return reader, {
            "name": reader.first_name,
            "other_name": f"{other.first_name} {other.last_name}" if news.parties_revealed else name_of_other,
            "role": role.value,
            "service": news.service.value,
            "start_at": news.start_at,
            "end_at": news.end_at,
            "pets": list(news.pets),
            "gross": news.gross,
            "net": news.net,
            # What a change made cheaper went back before, and is no part of the price any more.
            "refund": max(news.refunded - spared, nothing),
            "went_back": news.went_back,
            "fee": news.captured - news.refunded,
            "deadline": news.answer_until if asks_for_answer else news.pay_until or news.answer_until,
            "instant": news.booked_instantly,
            "answerable": news.status is BookingStatus.PENDING,
            "payable": news.status is BookingStatus.ACCEPTED and not news.meet_and_greet,
            "is_meeting": news.meet_and_greet,
            "pay_from": news.pay_from if news.pay_from and news.pay_from > self.clock.now() else None,
            "reason": _reason(news, kind),
            "payout": news.payout,
            "series_length": news.series_length,
            "disputable_until": news.disputable_until,
            "dispute_refund": None if news.dispute is None else news.dispute.refund,
            "cancelled_by": news.ended_by.value,
            "link": f"{self.public_url}/bookings/{news.id}",
        }


def _still_speaks_of(news: BookingNews, payload: Mapping[str, str]) -> bool:
    """Whether the booking still waits for what the mail speaks of, on the terms that it was planned for."""
    return payload.get("while") in (None, news.status.value) and payload.get("quote_id") in (None, str(news.quote_id))


def _reason(news: BookingNews, kind: str) -> str | None:
    """That of the objection and of the decision stay what they were, whatever came after."""
    if news.dispute is not None and kind == "dispute_opened":
        return news.dispute.reason
    if news.dispute is not None and kind == "dispute_decided":
        return news.dispute.decision_reason
    if kind == "change_declined":
        return reason_of_declined_change(news.reason)
    return news.reason
