"""Links in mails that prove a mailbox: what they are for, and how long they work."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType, Self
from uuid import UUID

from domain.shared.actor import AccountId
from domain.shared.errors import InvalidInput

OneTimeTokenId = NewType("OneTimeTokenId", UUID)


class OneTimePurpose(StrEnum):
    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - a purpose, not a password

    @property
    def lifetime(self) -> timedelta:
        return _LIFETIMES[self]


_LIFETIMES = {
    OneTimePurpose.VERIFY_EMAIL: timedelta(hours=24),
    OneTimePurpose.RESET_PASSWORD: timedelta(minutes=60),
}


class TokenNotUsable(InvalidInput):
    """One answer for every reason: whoever guesses learns nothing."""

    title = "The link is wrong, was used or has expired; ask for a new one"


@dataclass(slots=True, kw_only=True)
class OneTimeToken:
    """The stored part of a link; its text is signed anew from the id whenever it is needed.

    `account_id` is None for a decoy: what is stored for an unknown address so that knowing one takes no longer.
    """

    id: OneTimeTokenId
    account_id: AccountId | None
    purpose: OneTimePurpose
    expires_at: datetime
    used_at: datetime | None = None

    @classmethod
    def issue(
        cls, *, token_id: OneTimeTokenId, account_id: AccountId | None, purpose: OneTimePurpose, at: datetime
    ) -> Self:
        return cls(id=token_id, account_id=account_id, purpose=purpose, expires_at=at + purpose.lifetime)

    def holder(self, purpose: OneTimePurpose, *, at: datetime) -> AccountId:
        """Whose mailbox it proves, used before or not. Raises TokenNotUsable (field `token`)."""
        if self.account_id is None or self.purpose is not purpose or at >= self.expires_at:
            raise TokenNotUsable(field="token")
        return self.account_id
