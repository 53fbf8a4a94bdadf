from dataclasses import dataclass

from application.accounts.failed_logins import FailedLogins
from application.ports.clock import Clock
from application.ports.password_hasher import PasswordHasher
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.accounts.password_rules import check_new_password
from domain.accounts.session import SessionId
from domain.shared.actor import Actor
from domain.shared.errors import InvalidInput


class CurrentPasswordWrong(InvalidInput):
    title = "The current password is wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePassword:
    """Sets a new password for whoever knows the current one, and ends all other sessions.

    Wrong guesses count like failed sign-ins. Raises CurrentPasswordWrong, TooManyFailedLogins, or InvalidInput for the
    new password.
    """

    unit_of_work: UnitOfWorkFactory
    password_hasher: PasswordHasher
    failed_logins: FailedLogins
    clock: Clock

    async def execute(self, *, actor: Actor, session_id: SessionId, current_password: str, new_password: str) -> None:
        check_new_password(new_password, is_common=self.password_hasher.is_common, field="newPassword")
        await self._check_current(actor, current_password)
        password_hash = await self.password_hasher.hash(new_password)
        now = self.clock.now()
        async with self.unit_of_work() as uow:
            account = await uow.accounts.get(actor.account_id)
            account.change_password(password_hash, at=now)
            await uow.accounts.save(account)
            await uow.sessions.revoke_all(account.id, at=now, keep=session_id)

    async def _check_current(self, actor: Actor, password: str) -> None:
        async with self.unit_of_work.reading() as uow:
            account = await uow.accounts.get(actor.account_id)
        await self.failed_logins.refuse_when_too_many(account.email)
        if not await self.password_hasher.verify(password, account.password_hash):
            await self.failed_logins.count(account.email)
            raise CurrentPasswordWrong(field="currentPassword")
