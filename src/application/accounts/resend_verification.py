from dataclasses import dataclass

from application.accounts.mailed_links import mail_link
from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.rate_limits import RateLimits
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.accounts.account import AddressAlreadyVerified
from domain.accounts.one_time_tokens import OneTimePurpose, OneTimeToken, OneTimeTokenId
from domain.accounts.sign_in import RateLimited
from domain.shared.actor import Actor

MAX_MAILS_PER_HOUR = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ResendVerification:
    """Mails a new link that verifies the address; earlier links go on working. Raises AddressAlreadyVerified."""

    unit_of_work: UnitOfWorkFactory
    rate_limits: RateLimits
    clock: Clock
    ids: Ids

    async def execute(self, *, actor: Actor) -> None:
        if actor.email_verified:
            raise AddressAlreadyVerified
        verdict = await self.rate_limits.hit(
            f"verification-mails:{actor.account_id}", limit=MAX_MAILS_PER_HOUR, window_seconds=3600
        )
        if not verdict.allowed:
            raise RateLimited("Look into the mails you got already.", retry_after=verdict.reset_seconds)
        token = OneTimeToken.issue(
            token_id=OneTimeTokenId(self.ids.new()),
            account_id=actor.account_id,
            purpose=OneTimePurpose.VERIFY_EMAIL,
            at=self.clock.now(),
        )
        async with self.unit_of_work() as uow:
            await mail_link(uow, token, recipient_id=actor.account_id)
