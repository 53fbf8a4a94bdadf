"""The accounts of the demonstration."""

from dataclasses import dataclass
from datetime import datetime
from random import Random

from domain.accounts.account import Account
from domain.shared.actor import AccountId, Actor, CaregiverId
from domain.shared.folding import fold
from domain.shared.languages import Country, Language
from infrastructure.demo.demo_places import DemoPlace

MAIL_DOMAIN = "demo.tailtribe.example"
_STREETS = {
    Language.NL: ("Dorpsstraat", "Kerkstraat", "Molenweg", "Stationsstraat", "Lindelaan"),
    Language.FR: ("Rue de l'Église", "Rue du Moulin", "Avenue des Tilleuls", "Rue de la Gare"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who an account is made for. `number` is unique among the people of the demonstration."""

    number: int
    first_name: str
    last_name: str
    language: Language
    place: DemoPlace
    email: str | None = None

    @property
    def address(self) -> str:
        """Where mail reaches nobody: the domain is reserved for examples."""
        words = fold(f"{self.first_name} {self.last_name}").replace(" ", ".")
        return self.email or f"{words}.{self.number}@{MAIL_DOMAIN}"

    @property
    def phone(self) -> str:
        """A number of a range that no operator hands out."""
        if self.place.country is Country.BE:
            return f"+32 400 00 {self.number // 100:02} {self.number % 100:02}"
        return f"+31 6 0000 {self.number:04}"


def account_of(
    person: Person, *, account_id: AccountId, password_hash: str, random: Random, created_at: datetime
) -> Account:
    """A verified account."""
    street = random.choice(_STREETS[person.language])
    return Account(
        id=account_id,
        email=person.address,
        password_hash=password_hash,
        first_name=person.first_name,
        last_name=person.last_name,
        language=person.language,
        created_at=created_at,
        phone=person.phone,
        address=f"{street} {random.randint(1, 180)}, {person.place.postal_code} {person.place.name}",
        email_verified_at=created_at,
    )


def acting(account: Account, caregiver_id: CaregiverId | None = None) -> Actor:
    """The account as it acts when signed in."""
    return Actor(account_id=account.id, caregiver_id=caregiver_id, is_admin=account.is_admin)
