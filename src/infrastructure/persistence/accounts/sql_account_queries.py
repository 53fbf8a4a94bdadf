"""Reads of accounts on the read engine."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Row, bindparam, select

from application.ports.account_queries import AccountQueries, AccountView, Role
from domain.accounts.account import AccountNotFound
from domain.accounts.session import SessionId
from domain.shared.actor import AccountId, Actor, CaregiverId
from domain.shared.languages import Language
from infrastructure.persistence.accounts.account_tables import accounts, sessions
from infrastructure.persistence.caregivers.caregiver_tables import caregivers
from infrastructure.persistence.database import Database

_SIGNED_IN = (
    select(accounts.c.is_admin, accounts.c.email_verified_at, caregivers.c.id.label("caregiver_id"))
    .select_from(sessions)
    .join(accounts, accounts.c.id == sessions.c.account_id)
    .outerjoin(caregivers, caregivers.c.account_id == accounts.c.id)
    .where(
        sessions.c.id == bindparam("session_id"),
        sessions.c.account_id == bindparam("account_id"),
        sessions.c.revoked_at.is_(None),
        accounts.c.suspended_at.is_(None),
    )
)

_ADMINS = (
    select(sessions.c.id)
    .join(accounts, accounts.c.id == sessions.c.account_id)
    .where(
        sessions.c.id.in_(bindparam("session_ids", expanding=True)),
        sessions.c.revoked_at.is_(None),
        accounts.c.is_admin,
        accounts.c.suspended_at.is_(None),
    )
)

_ME = (
    select(accounts, caregivers.c.id.label("caregiver_id"))
    .outerjoin(caregivers, caregivers.c.account_id == accounts.c.id)
    .where(accounts.c.id == bindparam("account_id"))
)


class SqlAccountQueries(AccountQueries):
    def __init__(self, database: Database) -> None:
        self._database = database

    async def signed_in(self, session_id: SessionId, account_id: AccountId) -> Actor | None:
        async with self._database.read() as connection:
            parameters = {"session_id": session_id, "account_id": account_id}
            row = (await connection.execute(_SIGNED_IN, parameters)).first()
        if row is None:
            return None
        return Actor(
            account_id=account_id,
            caregiver_id=None if row.caregiver_id is None else CaregiverId(row.caregiver_id),
            is_admin=row.is_admin,
            email_verified=row.email_verified_at is not None,
        )

    async def admins_among(self, session_ids: Collection[SessionId]) -> Collection[SessionId]:
        async with self._database.read() as connection:
            return set((await connection.execute(_ADMINS, {"session_ids": list(session_ids)})).scalars())

    async def me(self, account_id: AccountId) -> AccountView:
        async with self._database.read() as connection:
            row = (await connection.execute(_ME, {"account_id": account_id})).first()
        if row is None:
            raise AccountNotFound
        return AccountView(
            id=row.id,
            email=row.email,
            first_name=row.first_name,
            last_name=row.last_name,
            language=Language(row.language),
            phone=row.phone,
            address=row.address,
            email_verified=row.email_verified_at is not None,
            roles=_roles(row),
            caregiver_id=row.caregiver_id,
            created_at=row.created_at,
        )


def _roles(row: Row[Any]) -> list[Role]:
    roles = [Role.OWNER]
    if row.caregiver_id is not None:
        roles.append(Role.CAREGIVER)
    if row.is_admin:
        roles.append(Role.ADMIN)
    return roles
