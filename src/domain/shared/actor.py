"""Who acts: the account behind a request, with what it is allowed to be."""

from dataclasses import dataclass
from typing import NewType
from uuid import UUID

from domain.shared.errors import NotAllowed

AccountId = NewType("AccountId", UUID)
CaregiverId = NewType("CaregiverId", UUID)


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The caller. `caregiver_id` is that of the account's caregiver profile, if there is one."""

    account_id: AccountId
    caregiver_id: CaregiverId | None = None
    is_admin: bool = False
    email_verified: bool = True


class AdminsOnly(NotAllowed):
    title = "Only an admin may do this"


def require_admin(actor: Actor | None) -> None:
    """None is the operator, who has the machine. Raises AdminsOnly."""
    if actor is not None and not actor.is_admin:
        raise AdminsOnly
