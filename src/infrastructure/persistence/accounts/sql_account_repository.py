"""Accounts and one-time tokens in SQL."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from application.cache_tags import Presence, calendar_tag, tags_of_everything_shown
from application.ports.account_repository import AccountRepository
from domain.accounts.account import Account, AccountNotFound
from domain.accounts.one_time_tokens import OneTimePurpose, OneTimeToken, OneTimeTokenId, TokenNotUsable
from domain.caregivers.caregiver_profile import CaregiverStatus
from domain.caregivers.services import Service
from domain.shared.actor import AccountId, CaregiverId
from domain.shared.languages import Country, Language
from domain.shared.names import gated_name
from infrastructure.persistence.accounts.account_tables import accounts, one_time_tokens
from infrastructure.persistence.caregivers.caregiver_tables import caregivers, offers
from infrastructure.persistence.dialects import locked
from infrastructure.persistence.transaction import Transaction


class SqlAccountRepository(AccountRepository):
    """What the caregiver behind an account shows of it is forgotten by the cache when it changes."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._shown_as_read: dict[AccountId, _Shown] = {}
        self._verified_as_read: dict[AccountId, bool] = {}

    async def get(self, account_id: AccountId) -> Account:
        row = await self._transaction.first(locked(select(accounts).where(accounts.c.id == account_id)))
        if row is None:
            raise AccountNotFound
        return self._read(row)

    async def by_email(self, email: str) -> Account | None:
        row = await self._transaction.first(locked(select(accounts).where(accounts.c.email == email)))
        return None if row is None else self._read(row)

    async def add(self, account: Account) -> None:
        account.version = 1
        await self._transaction.execute(accounts.insert().values(**_to_row(account)))
        await self._transaction.record_events(account.events, aggregate_id=account.id)

    async def save(self, account: Account) -> None:
        read_version, account.version = account.version, account.version + 1
        await self._transaction.save_version(
            accounts.update()
            .where(accounts.c.id == account.id, accounts.c.version == read_version)
            .values(**_to_row(account))
        )
        await self._transaction.record_events(account.events, aggregate_id=account.id)
        if self._shown_as_read.get(account.id) != _shown(account):
            await self._touch_caregiver(account.id)
        elif self._verified_as_read.get(account.id) != (account.email_verified_at is not None):
            await self._touch_calendar(account.id)

    async def add_one_time_token(self, token: OneTimeToken) -> None:
        await self._transaction.execute(
            one_time_tokens.insert().values(
                id=token.id,
                account_id=token.account_id,
                purpose=token.purpose.value,
                expires_at=token.expires_at,
                used_at=token.used_at,
            )
        )

    async def one_time_token(self, token_id: OneTimeTokenId) -> OneTimeToken:
        row = await self._transaction.first(select(one_time_tokens).where(one_time_tokens.c.id == token_id))
        if row is None:
            raise TokenNotUsable(field="token")
        return OneTimeToken(
            id=row.id,
            account_id=row.account_id,
            purpose=OneTimePurpose(row.purpose),
            expires_at=row.expires_at,
            used_at=row.used_at,
        )

    async def use_one_time_token(self, token_id: OneTimeTokenId, *, at: datetime) -> None:
        result = await self._transaction.execute(
            one_time_tokens.update()
            .where(one_time_tokens.c.id == token_id, one_time_tokens.c.used_at.is_(None))
            .values(used_at=at)
        )
        if result.rowcount != 1:
            raise TokenNotUsable(field="token")
        await self._use_up_the_others(token_id, at)

    async def _use_up_the_others(self, token_id: OneTimeTokenId, at: datetime) -> None:
        """Other links mailed to the same person for the same purpose work no more."""
        used = select(one_time_tokens.c.account_id, one_time_tokens.c.purpose).where(one_time_tokens.c.id == token_id)
        row = await self._transaction.first(used)
        if row is not None:
            await self._transaction.execute(
                one_time_tokens.update()
                .where(
                    one_time_tokens.c.account_id == row.account_id,
                    one_time_tokens.c.purpose == row.purpose,
                    one_time_tokens.c.used_at.is_(None),
                )
                .values(used_at=at)
            )

    def _read(self, row: Row[Any]) -> Account:
        account = _from_row(row)
        self._shown_as_read[account.id] = _shown(account)
        self._verified_as_read[account.id] = account.email_verified_at is not None
        return account

    async def _touch_caregiver(self, account_id: AccountId) -> None:
        """Whoever changes the caregiver at the same time is waited for, whatever he was before: neither of the two
        would know what the other makes untrue. An account is locked before its caregiver."""
        row = await self._transaction.first(locked(select(caregivers).where(caregivers.c.account_id == account_id)))
        if row is None or row.status != CaregiverStatus.APPROVED.value:
            return
        offered = await self._transaction.all(select(offers.c.service).where(offers.c.caregiver_id == row.id))
        presence = Presence(
            lat=row.lat,
            lng=row.lng,
            action_radius_km=row.action_radius_km,
            country=Country(row.country),
            services=frozenset(Service(offer.service) for offer in offered),
        )
        self._transaction.touch(*tags_of_everything_shown(CaregiverId(row.id), presence))

    async def _touch_calendar(self, account_id: AccountId) -> None:
        """Only who has a verified address can be booked."""
        row = await self._transaction.first(select(caregivers.c.id).where(caregivers.c.account_id == account_id))
        if row is not None:
            self._transaction.touch(calendar_tag(row.id))


_Shown = tuple[str, bool]


def _shown(account: Account) -> _Shown:
    """What others see of an account: the name of a caregiver, and nothing at all while it is suspended."""
    return gated_name(account.first_name, account.last_name), account.suspended_at is not None


def _to_row(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "email": account.email,
        "password_hash": account.password_hash,
        "first_name": account.first_name,
        "last_name": account.last_name,
        "language": account.language.value,
        "phone": account.phone,
        "address": account.address,
        "email_verified_at": account.email_verified_at,
        "is_admin": account.is_admin,
        "suspended_at": account.suspended_at,
        "suspension_reason": account.suspension_reason,
        "created_at": account.created_at,
        "version": account.version,
    }


def _from_row(row: Row[Any]) -> Account:
    return Account(
        id=row.id,
        email=row.email,
        password_hash=row.password_hash,
        first_name=row.first_name,
        last_name=row.last_name,
        language=Language(row.language),
        phone=row.phone,
        address=row.address,
        email_verified_at=row.email_verified_at,
        is_admin=row.is_admin,
        suspended_at=row.suspended_at,
        suspension_reason=row.suspension_reason,
        created_at=row.created_at,
        version=row.version,
    )
