"""Who acts: the account behind a request, with what it is allowed to be."""

from dataclasses import dataclass
from typing import NewType
from uuid import UUID

AccountId = NewType("AccountId", UUID)
CaregiverId = NewType("CaregiverId", UUID)


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The caller. `caregiver_id` is that of the account's caregiver profile, if there is one."""

    account_id: AccountId
    caregiver_id: CaregiverId | None = None
    is_admin: bool = False
    email_verified: bool = True
