"""What people ask for most, asked before they do."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from application.caregivers.show_home import FEATURED
from application.ports.account_queries import AccountQueries
from application.ports.booking_queries import BookingQueries
from application.ports.caregiver_queries import CaregiverQueries, CaregiverSearch, SearchOrder
from application.ports.clock import Clock
from application.ports.geocoder import Geocoder
from application.ports.pet_queries import PetQueries
from application.ports.public_holidays import PublicHolidays
from application.ports.unit_of_work import UnitOfWorkFactory
from application.together import together
from domain.accounts.account import AccountNotFound
from domain.accounts.session import SessionId
from domain.bookings.booking_life import BookingId
from domain.bookings.booking_refusals import BookingNotFound
from domain.caregivers.caregiver_profile import Badge, CaregiverNotFound
from domain.caregivers.services import Service
from domain.pets.pet import Animal, AnimalSize, PetId, PetNotFound
from domain.shared.actor import AccountId, Actor, CaregiverId
from domain.shared.languages import Country, Language

_NOBODY = UUID(int=0)
_NEAR: dict[str, Any] = {"lat": 50.85, "lng": 4.35, "radius_km": 10.0}
# As searches are narrowed down most often.
_NARROWED: tuple[dict[str, Any], ...] = (
    {},
    {"animal": Animal.DOG},
    {"animal": Animal.DOG, "size": AnimalSize.M},
    {"order": SearchOrder.PRICE},
    {"order": SearchOrder.RATING},
    {"order": SearchOrder.DISTANCE},
    {"radius_km": None},
    {"instant_book": True},
    {"min_rating": 4.5},
    {"max_price_cents": 2500},
    {"badge": Badge.INSURED},
    {"language": Language.NL},
    {"animal": Animal.DOG, "order": SearchOrder.PRICE},
    {"animal": Animal.DOG, "badge": Badge.INSURED},
    {"animal": Animal.DOG, "language": Language.NL},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearseReads:
    """A new process makes its statements, and each of its connections prepares them, before a request waits for it."""

    unit_of_work: UnitOfWorkFactory
    caregiver_queries: CaregiverQueries
    booking_queries: BookingQueries
    pet_queries: PetQueries
    account_queries: AccountQueries
    geocoder: Geocoder
    holidays: PublicHolidays
    clock: Clock

    async def execute(self, *, at_once: int) -> None:
        """Each read so often at the same time, once for each connection. Nothing is kept. Raises Unavailable."""
        self._rehearse_holidays()
        cards, _ = await self.caregiver_queries.search(CaregiverSearch(limit=1))
        caregiver_id = CaregiverId(cards[0].id if cards else _NOBODY)
        for read in self._reads(caregiver_id):
            await together(read() for _ in range(at_once))
        await self.caregiver_queries.service_counts()

    def _rehearse_holidays(self) -> None:
        today = self.clock.now().date()
        for country in Country:
            for day in (today, today + timedelta(days=365)):
                self.holidays.is_holiday(day, country=country)

    def _reads(self, caregiver_id: CaregiverId) -> Iterator[Callable[[], Awaitable[object]]]:
        for search in _searches():
            yield lambda search=search: self.caregiver_queries.search(search)
        yield lambda: self.caregiver_queries.search(CaregiverSearch(limit=FEATURED))
        yield lambda: self._page(caregiver_id)
        yield lambda: self._before_a_quote(caregiver_id)
        yield lambda: self.account_queries.signed_in(SessionId(_NOBODY), AccountId(_NOBODY))
        yield self._bookings
        yield self._booking
        yield lambda: self.pet_queries.of_owner(AccountId(_NOBODY), limit=20, after=None)
        yield lambda: self.geocoder.suggest("br")
        yield self._own

    async def _page(self, caregiver_id: CaregiverId) -> None:
        with suppress(CaregiverNotFound):
            await self.caregiver_queries.page(caregiver_id)

    async def _own(self) -> None:
        with suppress(CaregiverNotFound):
            await self.caregiver_queries.own(AccountId(_NOBODY))
        with suppress(AccountNotFound):
            await self.account_queries.me(AccountId(_NOBODY))

    async def _before_a_quote(self, caregiver_id: CaregiverId) -> None:
        with suppress(CaregiverNotFound, PetNotFound):
            async with self.unit_of_work.reading() as uow:
                await uow.caregivers.get(caregiver_id)
                await uow.caregivers.availability(caregiver_id)
                await uow.pets.get_many([PetId(_NOBODY)], owner_id=AccountId(_NOBODY))

    async def _booking(self) -> None:
        with suppress(BookingNotFound):
            await self.booking_queries.get(BookingId(_NOBODY), viewer=Actor(account_id=AccountId(_NOBODY)))

    async def _bookings(self) -> None:
        await self.booking_queries.of_account(
            viewer=Actor(account_id=AccountId(_NOBODY)),
            role=None,
            statuses=(),
            starts_from=None,
            starts_before=None,
            limit=20,
            cursor=None,
        )


def _searches() -> Iterator[CaregiverSearch]:
    for narrowed in _NARROWED:
        near = _NEAR | narrowed
        yield CaregiverSearch(**near)
        yield CaregiverSearch(**near, service=Service.DOG_WALKING)
