from dataclasses import dataclass

from application.accounts.failed_logins import FailedLogins
from application.ports.clock import Clock
from application.ports.password_hasher import PasswordHasher
from application.ports.token_signer import TokenSigner
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.accounts.account import Account
from domain.accounts.one_time_tokens import OneTimePurpose, OneTimeTokenId, TokenNotUsable
from domain.accounts.password_rules import check_new_password


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetPassword:
    """Sets a password by a mailed link, once, and ends all sessions. The link also proves the mailbox.

    Raises TokenNotUsable, or InvalidInput for the password.
    """

    unit_of_work: UnitOfWorkFactory
    password_hasher: PasswordHasher
    token_signer: TokenSigner
    failed_logins: FailedLogins
    clock: Clock

    async def execute(self, *, token: str, password: str) -> None:
        token_id = self.token_signer.read(OneTimePurpose.RESET_PASSWORD, token)
        if token_id is None:
            raise TokenNotUsable(field="token")
        check_new_password(password, is_common=self.password_hasher.is_common)
        password_hash = await self.password_hasher.hash(password)
        account = await self._set_password(token_id, password_hash)
        await self.failed_logins.forget(account.email)

    async def _set_password(self, token_id: OneTimeTokenId, password_hash: str) -> Account:
        now = self.clock.now()
        async with self.unit_of_work() as uow:
            stored = await uow.accounts.one_time_token(token_id)
            holder = stored.holder(OneTimePurpose.RESET_PASSWORD, at=now)
            await uow.accounts.use_one_time_token(token_id, at=now)
            account = await uow.accounts.get(holder)
            account.verify_address(at=now)
            account.change_password(password_hash, at=now)
            await uow.accounts.save(account)
            await uow.sessions.revoke_all(account.id, at=now)
        return account
