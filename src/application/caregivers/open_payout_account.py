"""Letting a caregiver be paid."""

from dataclasses import dataclass

from application.ports.connected_accounts import ConnectedAccount, ConnectedAccounts
from application.ports.payments import PaymentRefused
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.caregivers.caregiver_profile import CaregiverNotFound, CaregiverProfile
from domain.shared.actor import Actor, CaregiverId
from domain.shared.errors import Conflict


class PayoutAccountNotPossible(Conflict):
    """The provider refuses for good, as it does an account in a country it opened under the same key before."""

    title = "The payment provider does not open this payout account"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPayoutAccount:
    """Opens the caregiver's connected account, or reads it again, and answers a fresh onboarding link.

    One account per caregiver, ever: the key is derived from the caregiver, so that asking again after a crash finds it.
    `return_url` carries no state. The link is single-use: never stored, never logged.
    """

    unit_of_work: UnitOfWorkFactory
    connected_accounts: ConnectedAccounts
    return_url: str

    async def execute(self, *, actor: Actor) -> str:
        """Raises CaregiverNotFound without a profile, PayoutAccountNotPossible, PaymentsUnavailable."""
        async with self.unit_of_work() as uow:
            caregiver = await uow.caregivers.of_account(actor.account_id)
            if caregiver is None:
                raise CaregiverNotFound
        try:
            account = await self._account_at_provider(caregiver)
            await self._record(caregiver.id, account)
            return await self.connected_accounts.onboarding_link(account.id, return_url=self.return_url)
        except PaymentRefused as error:
            raise PayoutAccountNotPossible from error

    async def _account_at_provider(self, caregiver: CaregiverProfile) -> ConnectedAccount:
        if caregiver.payout_account_id is not None:
            return await self.connected_accounts.retrieve(caregiver.payout_account_id)
        return await self.connected_accounts.create(
            country=caregiver.country.value, idempotency_key=f"acct:{caregiver.id}"
        )

    async def _record(self, caregiver_id: CaregiverId, account: ConnectedAccount) -> None:
        async with self.unit_of_work() as uow:
            caregiver = await uow.caregivers.get(caregiver_id, for_update=True)
            caregiver.payout_account_id = account.id
            caregiver.can_receive_transfers = account.can_receive_transfers
            await uow.caregivers.save(caregiver)
