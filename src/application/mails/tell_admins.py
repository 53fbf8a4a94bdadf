"""A mail to every admin: a job for each, so that one bad mailbox does not keep it from the others."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from application.ports.mail_queries import MailQueries
from application.ports.unit_of_work import UnitOfWorkFactory


@dataclass(frozen=True, slots=True, kw_only=True)
class TellAdmins:
    """Asks for the mails; running it again for the same `job_id` asks for none twice. `payload` names the mail and what
    it is about."""

    queries: MailQueries
    unit_of_work: UnitOfWorkFactory

    async def execute(self, *, job_id: UUID, payload: Mapping[str, str]) -> None:
        admins = await self.queries.admins()
        async with self.unit_of_work() as uow:
            for account_id in admins:
                addressed = {**payload, "account_id": str(account_id)}
                await uow.jobs.enqueue("mail.send", addressed, queue="mail", unique_key=f"{job_id}:{account_id}")
            uow.jobs.finish_current()
