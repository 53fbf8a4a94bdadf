from dataclasses import dataclass

from application.accounts.mailed_links import mail_link
from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.password_hasher import PasswordHasher
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.accounts.account import Account
from domain.accounts.email_address import normalised_email
from domain.accounts.one_time_tokens import OneTimePurpose, OneTimeToken, OneTimeTokenId
from domain.accounts.password_rules import check_new_password
from domain.shared.actor import AccountId
from domain.shared.languages import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterAccount:
    """Opens an account and mails the link that verifies its address. Raises EmailTaken or InvalidInput."""

    unit_of_work: UnitOfWorkFactory
    password_hasher: PasswordHasher
    clock: Clock
    ids: Ids

    async def execute(
        self,
        *,
        email: str,
        password: str,
        first_name: str,
        last_name: str,
        language: Language = Language.NL,
        referral_code: str | None = None,
    ) -> AccountId:
        email = normalised_email(email)
        check_new_password(password, is_common=self.password_hasher.is_common)
        password_hash = await self.password_hasher.hash(password)
        now = self.clock.now()
        account = Account.register(
            account_id=AccountId(self.ids.new()),
            email=email,
            password_hash=password_hash,
            first_name=first_name,
            last_name=last_name,
            language=language,
            referral_code=referral_code,
            at=now,
        )
        token = OneTimeToken.issue(
            token_id=OneTimeTokenId(self.ids.new()),
            account_id=account.id,
            purpose=OneTimePurpose.VERIFY_EMAIL,
            at=now,
        )
        async with self.unit_of_work() as uow:
            await uow.accounts.add(account)
            await mail_link(uow, token, recipient_id=account.id)
        return account.id
