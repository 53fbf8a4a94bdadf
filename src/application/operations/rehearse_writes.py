"""What people write most, written before they do."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from application.accounts.update_account import UpdateAccount
from application.bookings.create_quote import CreateQuote
from application.bookings.request_booking import RequestBooking
from application.caregivers.set_availability import SetAvailability
from application.pets.change_pet import ChangePet
from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.public_holidays import PublicHolidays
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.accounts.account import Account
from domain.availability.availability import Availability
from domain.bookings.care_details import CareDetails, EmergencyContact
from domain.bookings.quote import QuoteId
from domain.caregivers.caregiver_profile import CancellationPolicy, CaregiverProfile, CaregiverStatus, Offer
from domain.caregivers.services import Service
from domain.pets.pet import Animal, AnimalSize, Pet, PetId
from domain.shared.actor import AccountId, Actor, CaregiverId
from domain.shared.languages import Country, Language
from domain.shared.money import Money
from domain.shared.period import BRUSSELS, Period

_CARE = CareDetails(emergency_contact=EmergencyContact(name="Nobody", phone="0"))


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearseWrites:
    """A new process makes the statements of a quote, a booking and of changes, before somebody waits for it."""

    holidays: PublicHolidays
    clock: Clock
    ids: Ids

    async def execute(self, unit_of_work: UnitOfWorkFactory) -> None:
        """Everything it touches it makes itself; `unit_of_work` must take all of it back. Raises Unavailable."""
        now = self.clock.now()
        owner, sitter = self._account(now), self._account(now)
        profile = self._profile(sitter, now)
        pet = Pet(
            id=PetId(self.ids.new()),
            owner_id=owner.id,
            name="Nobody's",
            animal=Animal.DOG,
            size=AnimalSize.M,
            created_at=now,
        )
        async with unit_of_work() as uow:
            for account in (owner, sitter):
                await uow.accounts.add(account)
            await uow.caregivers.add(profile)
            await uow.pets.add(pet)
        asker = Actor(account_id=owner.id)
        await self._change(unit_of_work, asker, pet, profile)
        quotes = CreateQuote(unit_of_work=unit_of_work, holidays=self.holidays, clock=self.clock, ids=self.ids)
        starts = now + timedelta(days=3)
        quote = await quotes.execute(
            owner=asker,
            caregiver_id=profile.id,
            service=Service.DOG_WALKING,
            period=Period(starts, starts + timedelta(hours=1)),
            pet_ids=[pet.id],
        )
        bookings = RequestBooking(unit_of_work=unit_of_work, clock=self.clock, ids=self.ids)
        await bookings.execute(owner=asker, quote_id=QuoteId(quote.id), care=_CARE)

    async def _change(self, unit_of_work: UnitOfWorkFactory, asker: Actor, pet: Pet, profile: CaregiverProfile) -> None:
        pets = ChangePet(unit_of_work=unit_of_work, clock=self.clock)
        await pets.execute(owner=asker, pet_id=pet.id, changes={"name": "Nobody"})
        accounts = UpdateAccount(unit_of_work=unit_of_work, clock=self.clock)
        await accounts.execute(actor=asker, changes={"address": "Nowhere"})
        sitter = Actor(account_id=profile.account_id, caregiver_id=profile.id)
        await SetAvailability(unit_of_work=unit_of_work).execute(
            account=sitter, availability=Availability.always_open(profile.time_zone)
        )
        async with unit_of_work() as uow:
            known = await uow.caregivers.of_account(profile.account_id)
            if known is not None:
                await uow.caregivers.save(known)

    def _account(self, now: datetime) -> Account:
        account_id = AccountId(self.ids.new())
        return Account(
            id=account_id,
            email=f"{account_id}@rehearsal.invalid",
            password_hash="",
            first_name="Nobody",
            last_name="Nobody",
            language=Language.NL,
            created_at=now,
            email_verified_at=now,
        )

    def _profile(self, sitter: Account, now: datetime) -> CaregiverProfile:
        price = Money(2000)
        return CaregiverProfile(
            id=CaregiverId(self.ids.new()),
            account_id=sitter.id,
            bio="Nobody looks after nothing.",
            place="Brussel",
            country=Country.BE,
            postal_code="1000",
            lat=50.85,
            lng=4.35,
            action_radius_km=10,
            animals=frozenset({Animal.DOG}),
            sizes=frozenset({AnimalSize.M}),
            languages=frozenset({Language.NL}),
            offers=(Offer(service=Service.DOG_WALKING, price=price, extra_pet_price=price),),
            cancellation_policy=CancellationPolicy.FLEXIBLE,
            created_at=now,
            time_zone=BRUSSELS,
            max_animals_at_once=1,
            status=CaregiverStatus.APPROVED,
            can_receive_transfers=True,
            email_verified=True,
        )
