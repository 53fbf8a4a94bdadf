"""Mailing somebody a link that proves his mailbox."""

from uuid import UUID

from application.ports.unit_of_work import UnitOfWork
from domain.accounts.one_time_tokens import OneTimePurpose, OneTimeToken

_MAILS = {
    OneTimePurpose.VERIFY_EMAIL: "verify_address",
    OneTimePurpose.RESET_PASSWORD: "reset_password",
}


async def mail_link(uow: UnitOfWork, token: OneTimeToken, *, recipient_id: UUID) -> None:
    """Keeps the token and records the mail with it; the job holds ids, the link is signed when the mail is written."""
    await uow.accounts.add_one_time_token(token)
    payload = {"mail": _MAILS[token.purpose], "account_id": str(recipient_id), "token_id": str(token.id)}
    await uow.jobs.enqueue("mail.send", payload, queue="mail", unique_key=f"mail:{token.id}")
