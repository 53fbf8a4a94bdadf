"""What the owner tells the caregiver about the care."""

from dataclasses import dataclass

from domain.shared.errors import InvalidInput


class EmergencyContactMissing(InvalidInput):
    title = "An emergency contact needs a name and a telephone number"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyContact:
    """Whom to call when the owner cannot be reached. Raises EmergencyContactMissing naming the field."""

    name: str
    phone: str

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise EmergencyContactMissing(field="emergencyContact.name")
        if not any(character.isdigit() for character in self.phone):
            raise EmergencyContactMissing(field="emergencyContact.phone")


@dataclass(frozen=True, slots=True, kw_only=True)
class CareDetails:
    emergency_contact: EmergencyContact
    notes: str | None = None
    vet: str | None = None
    off_leash_allowed: bool = False
