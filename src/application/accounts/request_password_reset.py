from dataclasses import dataclass

from application.accounts.failed_logins import hash_of_email
from application.accounts.mailed_links import mail_link
from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.rate_limits import RateLimits
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.accounts.email_address import folded_email
from domain.accounts.one_time_tokens import OneTimePurpose, OneTimeToken, OneTimeTokenId

MAX_MAILS_PER_HOUR = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestPasswordReset:
    """Mails a link to set a new password, if the address is known; nobody can tell whether it was.

    For an unknown address a decoy is written, so that both take the same work. Beyond five requests an hour for an
    address nothing happens: nobody's mailbox is flooded.
    """

    unit_of_work: UnitOfWorkFactory
    rate_limits: RateLimits
    clock: Clock
    ids: Ids

    async def execute(self, *, email: str) -> None:
        email = folded_email(email)
        verdict = await self.rate_limits.hit(
            f"reset-mails:{hash_of_email(email)}", limit=MAX_MAILS_PER_HOUR, window_seconds=3600
        )
        if not verdict.allowed:
            return
        async with self.unit_of_work() as uow:
            account = await uow.accounts.by_email(email)
            token = OneTimeToken.issue(
                token_id=OneTimeTokenId(self.ids.new()),
                account_id=account.id if account else None,
                purpose=OneTimePurpose.RESET_PASSWORD,
                at=self.clock.now(),
            )
            await mail_link(uow, token, recipient_id=account.id if account else self.ids.new())
