"""Connected accounts of the sandbox provider."""

from sqlalchemy import select

from application.ports.clock import Clock
from application.ports.connected_accounts import ConnectedAccount, ConnectedAccounts
from application.ports.ids import Ids
from application.ports.payments import PaymentRefused
from infrastructure.persistence.database import Database
from infrastructure.persistence.dialects import insert_or_ignore
from infrastructure.persistence.payments.sandbox_tables import sandbox_accounts


class SandboxConnectedAccounts(ConnectedAccounts):
    """Accounts that can receive transfers as soon as they exist."""

    def __init__(self, database: Database, *, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids

    async def create(self, *, country: str, idempotency_key: str) -> ConnectedAccount:
        row = {
            "id": f"sbx_acct_{self._ids.new().hex}",
            "idempotency_key": idempotency_key,
            "country": country,
            "can_receive_transfers": True,
            "created_at": self._clock.now(),
        }
        async with self._database.begin() as connection:
            await connection.execute(insert_or_ignore(connection, sandbox_accounts, ["idempotency_key"]).values(row))
            by_key = select(sandbox_accounts).where(sandbox_accounts.c.idempotency_key == idempotency_key)
            kept = (await connection.execute(by_key)).one()
        if kept.country != country:
            raise PaymentRefused("the idempotency key was used with other parameters")
        return ConnectedAccount(id=kept.id, can_receive_transfers=kept.can_receive_transfers)

    async def retrieve(self, account_id: str) -> ConnectedAccount:
        async with self._database.read() as connection:
            by_id = select(sandbox_accounts).where(sandbox_accounts.c.id == account_id)
            found = (await connection.execute(by_id)).first()
        if found is None:
            raise PaymentRefused("there is no such account")
        return ConnectedAccount(id=found.id, can_receive_transfers=found.can_receive_transfers)

    async def onboarding_link(self, account_id: str, *, return_url: str) -> str:
        await self.retrieve(account_id)
        return return_url
