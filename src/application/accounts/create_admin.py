from dataclasses import dataclass

from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.password_hasher import PasswordHasher
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.accounts.account import Account
from domain.accounts.email_address import normalised_email
from domain.accounts.password_rules import check_new_password
from domain.shared.actor import AccountId
from domain.shared.languages import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateAdmin:
    """Makes a verified admin who can sign in at once.

    An existing account is promoted and gets the password, and its sessions end. For operators with access to the
    machine only: no route reaches it.
    """

    unit_of_work: UnitOfWorkFactory
    password_hasher: PasswordHasher
    clock: Clock
    ids: Ids

    async def execute(
        self, *, email: str, password: str, first_name: str = "Admin", last_name: str = "TailTribe"
    ) -> AccountId:
        email = normalised_email(email)
        check_new_password(password, is_common=self.password_hasher.is_common)
        password_hash = await self.password_hasher.hash(password)
        now = self.clock.now()
        async with self.unit_of_work() as uow:
            account = await uow.accounts.by_email(email)
            if account is not None:
                return await self._promote(uow, account, password_hash)
            account = Account.register(
                account_id=AccountId(self.ids.new()),
                email=email,
                password_hash=password_hash,
                first_name=first_name,
                last_name=last_name,
                language=Language.NL,
                at=now,
            )
            account.verify_address(at=now)
            account.grant_admin(at=now)
            await uow.accounts.add(account)
        return account.id

    async def _promote(self, uow: UnitOfWork, account: Account, password_hash: str) -> AccountId:
        now = self.clock.now()
        account.verify_address(at=now)
        account.grant_admin(at=now)
        account.change_password(password_hash, at=now)
        await uow.accounts.save(account)
        await uow.sessions.revoke_all(account.id, at=now)
        return account.id
