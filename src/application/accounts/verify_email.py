from dataclasses import dataclass

from application.ports.clock import Clock
from application.ports.token_signer import TokenSigner
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.accounts.one_time_tokens import OneTimePurpose, TokenNotUsable


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyEmail:
    """Marks an address as verified. The same link may be followed again while it is valid. Raises TokenNotUsable."""

    unit_of_work: UnitOfWorkFactory
    token_signer: TokenSigner
    clock: Clock

    async def execute(self, *, token: str) -> None:
        token_id = self.token_signer.read(OneTimePurpose.VERIFY_EMAIL, token)
        if token_id is None:
            raise TokenNotUsable(field="token")
        now = self.clock.now()
        async with self.unit_of_work() as uow:
            stored = await uow.accounts.one_time_token(token_id)
            account = await uow.accounts.get(stored.holder(OneTimePurpose.VERIFY_EMAIL, at=now))
            if account.is_email_verified:
                return
            account.verify_address(at=now)
            await uow.accounts.save(account)
