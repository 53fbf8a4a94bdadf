"""The account use cases over SQLite, and what tests look at afterwards."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy import select

from application.accounts.change_password import ChangePassword
from application.accounts.create_admin import CreateAdmin
from application.accounts.failed_logins import FailedLogins
from application.accounts.log_in import LogIn
from application.accounts.log_out import LogOut
from application.accounts.log_out_everywhere import LogOutEverywhere
from application.accounts.refresh_session import RefreshSession
from application.accounts.register_account import RegisterAccount
from application.accounts.request_password_reset import RequestPasswordReset
from application.accounts.resend_verification import ResendVerification
from application.accounts.reset_password import ResetPassword
from application.accounts.sign_in_tokens import SignInTokens
from application.accounts.update_account import UpdateAccount
from application.accounts.verify_email import VerifyEmail
from application.ports.access_tokens import AccessClaims
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.accounts.account import Account
from domain.accounts.one_time_tokens import OneTimePurpose, OneTimeTokenId
from domain.shared.actor import AccountId, Actor
from infrastructure.clock.settable_clock import SettableClock
from infrastructure.ids.uuid7_ids import Uuid7Ids
from infrastructure.password_hasher.argon2_password_hasher import Argon2PasswordHasher
from infrastructure.persistence.accounts.sql_account_queries import SqlAccountQueries
from infrastructure.persistence.database import Database
from infrastructure.persistence.jobs.job_tables import jobs
from infrastructure.persistence.outbox import outbox_events
from infrastructure.persistence.sql_unit_of_work import SqlUnitOfWorkFactory
from infrastructure.rate_limits.in_memory_rate_limits import InMemoryRateLimits
from infrastructure.tokens.hmac_token_signer import HmacTokenSigner
from infrastructure.tokens.jwt_access_tokens import JwtAccessTokens
from tests.support.builders import NOW
from tests.support.sqlite_database import migrated_database

EMAIL = "an@example.be"
PASSWORD = "seven quiet otters 31"
NEW_PASSWORD = "eight louder otters 32"

SIGNER = HmacTokenSigner("secret")
ACCESS_TOKENS = JwtAccessTokens("secret")
# As weak as Argon2 goes: the tests are about what surrounds it.
HASHER = Argon2PasswordHasher(memory_kib=8, passes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountWorld:
    clock: SettableClock
    database: Database
    unit_of_work: UnitOfWorkFactory
    queries: SqlAccountQueries
    register: RegisterAccount
    verify: VerifyEmail
    resend: ResendVerification
    log_in: LogIn
    refresh: RefreshSession
    log_out: LogOut
    log_out_everywhere: LogOutEverywhere
    forgot: RequestPasswordReset
    reset: ResetPassword
    change_password: ChangePassword
    update: UpdateAccount
    create_admin: CreateAdmin

    async def registered(self, email: str = EMAIL) -> AccountId:
        return await self.register.execute(email=email, password=PASSWORD, first_name="An", last_name="Peeters")

    async def signed_in(self, email: str = EMAIL, password: str = PASSWORD) -> SignInTokens:
        return await self.log_in.execute(email=email, password=password)

    def claims(self, tokens: SignInTokens) -> AccessClaims:
        claims = ACCESS_TOKENS.read(tokens.access_token, at=self.clock.now())
        assert claims is not None
        return claims

    async def actor(self, tokens: SignInTokens) -> Actor | None:
        claims = self.claims(tokens)
        return await self.queries.signed_in(claims.session_id, claims.account_id)

    async def account(self, account_id: AccountId) -> Account:
        async with self.unit_of_work() as uow:
            return await uow.accounts.get(account_id)

    async def suspended(self, account_id: AccountId, *, reason: str) -> None:
        admin = Actor(account_id=account_id, is_admin=True)
        async with self.unit_of_work() as uow:
            account = await uow.accounts.get(account_id)
            account.suspend(by=admin, reason=reason, at=self.clock.now())
            await uow.accounts.save(account)

    async def mails(self) -> list[dict[str, str]]:
        """The payloads of the mails to be sent, the oldest first."""
        async with self.database.read() as connection:
            rows = (await connection.execute(select(jobs.c.payload, jobs.c.queue).order_by(jobs.c.id))).all()
        assert {row.queue for row in rows} <= {"mail"}
        return [row.payload for row in rows]

    async def events(self) -> list[str]:
        async with self.database.read() as connection:
            return list((await connection.scalars(select(outbox_events.c.name).order_by(outbox_events.c.id))).all())

    async def last_link(self, purpose: OneTimePurpose) -> str:
        """The token of the mail recorded last, as its writer would sign it."""
        return SIGNER.sign(purpose, OneTimeTokenId(UUID((await self.mails())[-1]["token_id"])))


@asynccontextmanager
async def account_world(directory: Path) -> AsyncIterator[AccountWorld]:
    async with migrated_database(directory) as database:
        yield _world(database)


def _world(database: Database) -> AccountWorld:
    clock, ids, limits = SettableClock(NOW), Uuid7Ids(), InMemoryRateLimits()
    failed = FailedLogins(rate_limits=limits)
    uow = SqlUnitOfWorkFactory(database, clock=clock, ids=ids, invalidate=_forget_nothing, wake_relay=lambda: None)
    return AccountWorld(
        clock=clock,
        database=database,
        unit_of_work=uow,
        queries=SqlAccountQueries(database),
        register=RegisterAccount(unit_of_work=uow, password_hasher=HASHER, clock=clock, ids=ids),
        verify=VerifyEmail(unit_of_work=uow, token_signer=SIGNER, clock=clock),
        resend=ResendVerification(unit_of_work=uow, rate_limits=limits, clock=clock, ids=ids),
        log_in=LogIn(
            unit_of_work=uow,
            password_hasher=HASHER,
            access_tokens=ACCESS_TOKENS,
            failed_logins=failed,
            clock=clock,
            ids=ids,
        ),
        refresh=RefreshSession(unit_of_work=uow, access_tokens=ACCESS_TOKENS, clock=clock),
        log_out=LogOut(unit_of_work=uow, clock=clock),
        log_out_everywhere=LogOutEverywhere(unit_of_work=uow, clock=clock),
        forgot=RequestPasswordReset(unit_of_work=uow, rate_limits=limits, clock=clock, ids=ids),
        reset=ResetPassword(
            unit_of_work=uow, password_hasher=HASHER, token_signer=SIGNER, failed_logins=failed, clock=clock
        ),
        change_password=ChangePassword(unit_of_work=uow, password_hasher=HASHER, failed_logins=failed, clock=clock),
        update=UpdateAccount(unit_of_work=uow, clock=clock),
        create_admin=CreateAdmin(unit_of_work=uow, password_hasher=HASHER, clock=clock, ids=ids),
    )


async def _forget_nothing(_tags: object) -> None:
    """There is no cache."""
