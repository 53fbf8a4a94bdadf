from dataclasses import dataclass

from application.accounts.failed_logins import FailedLogins
from application.accounts.sign_in_tokens import SignInTokens, tokens_for
from application.ports.access_tokens import AccessTokens
from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.password_hasher import PasswordHasher
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.accounts.account import Account
from domain.accounts.email_address import folded_email
from domain.accounts.session import RefreshToken, Session, SessionId
from domain.accounts.sign_in import WrongCredentials


@dataclass(frozen=True, slots=True, kw_only=True)
class LogIn:
    """Opens a session. An unknown address takes the same work, counts the same and is answered the same.

    Raises WrongCredentials, TooManyFailedLogins, or (only to whoever knows the password) AccountSuspended.
    """

    unit_of_work: UnitOfWorkFactory
    password_hasher: PasswordHasher
    access_tokens: AccessTokens
    failed_logins: FailedLogins
    clock: Clock
    ids: Ids

    async def execute(self, *, email: str, password: str) -> SignInTokens:
        email = folded_email(email)
        await self.failed_logins.refuse_when_too_many(email)
        account = await self._checked(email, password)
        # Guesses that ran beside this one may have used up the attempts by now.
        await self.failed_logins.refuse_when_too_many(email)
        account.require_not_suspended()
        tokens = await self._open_session(account)
        await self.failed_logins.forget(email)
        return tokens

    async def _checked(self, email: str, password: str) -> Account:
        async with self.unit_of_work.reading() as uow:
            account = await uow.accounts.by_email(email)
        matches = await self.password_hasher.verify(password, account.password_hash if account else None)
        if account is None or not matches:
            await self.failed_logins.count(email)
            raise WrongCredentials
        return account

    async def _open_session(self, account: Account) -> SignInTokens:
        now = self.clock.now()
        session = Session(id=SessionId(self.ids.new()), account_id=account.id, created_at=now)
        record, text = RefreshToken.issue(session_id=session.id, at=now)
        async with self.unit_of_work() as uow:
            unchanged = await uow.accounts.get(account.id)
            if unchanged.password_hash != account.password_hash:
                raise WrongCredentials
            await uow.sessions.add(session, record)
        return tokens_for(session, refresh_token=text, access_tokens=self.access_tokens, at=now)
