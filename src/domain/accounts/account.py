"""A person who signs in."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Self, TypedDict

from domain.accounts.email_address import normalised_email
from domain.accounts.person_details import checked_address, checked_name, checked_phone
from domain.accounts.sign_in import AccountSuspended
from domain.shared.actor import AccountId, Actor
from domain.shared.errors import Conflict, NotAllowed, NotFound
from domain.shared.events import DomainEvent
from domain.shared.languages import Language


class AccountNotFound(NotFound):
    title = "There is no such account"


class AddressAlreadyVerified(Conflict):
    title = "The address is verified already"


class SuspensionNeedsAdmin(NotAllowed):
    title = "Only an admin may do this"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEvent(DomainEvent):
    account_id: AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRegistered(AccountEvent):
    """`referral_code` is the one given at registration, not checked yet."""

    referral_code: str | None = None


class AddressVerified(AccountEvent): ...


class PasswordChanged(AccountEvent): ...


class AccountDetailsChanged(AccountEvent): ...


class AdminGranted(AccountEvent): ...


class AccountSuspensionBegan(AccountEvent): ...


class AccountSuspensionEnded(AccountEvent): ...


class AccountChanges(TypedDict, total=False):
    """What an account holder changes; absent keys stay, None empties."""

    first_name: str
    last_name: str
    language: Language
    phone: str | None
    address: str | None


@dataclass(slots=True, kw_only=True)
class Account:
    """Who signs in, owns pets and may become a caregiver. `email` is normalised and unique."""

    id: AccountId
    email: str
    password_hash: str
    first_name: str
    last_name: str
    language: Language
    created_at: datetime
    phone: str | None = None
    address: str | None = None
    email_verified_at: datetime | None = None
    is_admin: bool = False
    suspended_at: datetime | None = None
    suspension_reason: str | None = None
    version: int = 0
    events: list[DomainEvent] = field(default_factory=list[DomainEvent])

    @classmethod
    def register(
        cls,
        *,
        account_id: AccountId,
        email: str,
        password_hash: str,
        first_name: str,
        last_name: str,
        language: Language,
        at: datetime,
        referral_code: str | None = None,
    ) -> Self:
        """A new account whose address is not verified. Raises InvalidInput naming the field."""
        account = cls(
            id=account_id,
            email=normalised_email(email),
            password_hash=password_hash,
            first_name=checked_name(first_name, field="firstName"),
            last_name=checked_name(last_name, field="lastName"),
            language=language,
            created_at=at,
        )
        account.events.append(AccountRegistered(at=at, account_id=account_id, referral_code=referral_code))
        return account

    @property
    def is_email_verified(self) -> bool:
        return self.email_verified_at is not None

    def require_not_suspended(self) -> None:
        """Raises AccountSuspended, which tells the reason."""
        if self.suspended_at is not None:
            raise AccountSuspended(f"The account is suspended: {self.suspension_reason}")

    def verify_address(self, *, at: datetime) -> None:
        """The holder showed that the mailbox is his. Doing it again is harmless."""
        if self.email_verified_at is None:
            self.email_verified_at = at
            self.events.append(AddressVerified(at=at, account_id=self.id))

    def change_password(self, password_hash: str, *, at: datetime) -> None:
        self.password_hash = password_hash
        self.events.append(PasswordChanged(at=at, account_id=self.id))

    def change_details(self, changes: AccountChanges, *, at: datetime) -> None:
        """Raises InvalidInput naming the field; then nothing is changed."""
        first_name = checked_name(changes.get("first_name", self.first_name), field="firstName")
        last_name = checked_name(changes.get("last_name", self.last_name), field="lastName")
        phone, address = changes.get("phone", self.phone), changes.get("address", self.address)
        phone = None if phone is None else checked_phone(phone)
        address = None if address is None else checked_address(address)
        self.first_name, self.last_name, self.phone, self.address = first_name, last_name, phone, address
        self.language = changes.get("language", self.language)
        self.events.append(AccountDetailsChanged(at=at, account_id=self.id))

    def grant_admin(self, *, at: datetime) -> None:
        """Makes the holder an admin. Doing it again is harmless."""
        if not self.is_admin:
            self.is_admin = True
            self.events.append(AdminGranted(at=at, account_id=self.id))

    def suspend(self, *, by: Actor, reason: str, at: datetime) -> None:
        """Locks the holder out at once. A second suspension keeps the first one's reason."""
        _require_admin(by)
        if self.suspended_at is None:
            self.suspended_at, self.suspension_reason = at, reason
            self.events.append(AccountSuspensionBegan(at=at, account_id=self.id))

    def end_suspension(self, *, by: Actor, at: datetime) -> None:
        _require_admin(by)
        if self.suspended_at is not None:
            self.suspended_at = self.suspension_reason = None
            self.events.append(AccountSuspensionEnded(at=at, account_id=self.id))


def _require_admin(actor: Actor) -> None:
    if not actor.is_admin:
        raise SuspensionNeedsAdmin
