"""Every public read after every write: what the write changed is shown at once, and nothing else is loaded again."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from application.adapters import Adapters
from application.caregivers.save_caregiver_profile import CaregiverOffer
from application.use_cases import UseCases, build_use_cases
from domain.availability.availability import Availability
from domain.bookings.booking import Booking
from domain.bookings.booking_life import BookingId
from domain.bookings.care_report import CareReport
from domain.bookings.dispute import DisputeDecision
from domain.caregivers.caregiver_profile import CaregiverProfile, CaregiverStatus
from domain.caregivers.services import Service
from domain.pets.pet import Animal
from domain.shared.actor import Actor
from domain.shared.languages import Country, Language
from domain.shared.period import Period
from tests.support.builders import (
    ADMIN,
    CAREGIVER,
    NOW,
    OWNER,
    STRANGER,
    a_booking,
    a_caregiver,
    a_pet,
    a_quote,
    an_offer,
)
from tests.support.in_memory_adapters import in_memory_adapters
from tests.support.stores import an_account, the_other_caregiver
from tests.support.tiny_app import client_of
from tests.support.whole_app import whole_app

# As the geocoder has it.
GENT = {"lat": 51.05, "lng": 3.71667}
AMSTERDAM = {"place": "Amsterdam", "country": Country.NL, "postal_code": "1011 AB", "lat": 52.37403, "lng": 4.88969}
IN_NOVEMBER = "service=dog_walking&from=2026-11-09T00:00:00Z&to=2026-11-16T00:00:00Z"
READS = {
    "home": "/api/home",
    "page": f"/api/caregivers/{a_caregiver().id}",
    "gent": "/api/caregivers?place=Gent&radiusKm=10",
    "gent walks": "/api/caregivers?place=Gent&radiusKm=10&service=dog_walking",
    "gent training": "/api/caregivers?place=Gent&radiusKm=10&service=dog_training",
    "gent reached": "/api/caregivers?place=Gent&animal=cat",
    "belgium": "/api/caregivers?country=BE&sort=price",
    "everywhere": "/api/caregivers?sort=rating",
    "other page": f"/api/caregivers/{the_other_caregiver().id}",
    "amsterdam": "/api/caregivers?place=Amsterdam&radiusKm=10",
    "amsterdam walks": "/api/caregivers?place=Amsterdam&service=dog_walking",
    "netherlands": "/api/caregivers?country=NL&service=dog_walking",
    "places": "/api/places?q=ge",
    "calendar": f"/api/caregivers/{a_caregiver().id}/free-periods?{IN_NOVEMBER}",
    "other calendar": f"/api/caregivers/{the_other_caregiver().id}/free-periods?{IN_NOVEMBER}",
}
HIS_SEARCHES = {"gent", "gent walks", "gent reached", "belgium", "everywhere"}
# His calendar says which services he offers and how many he takes: it goes with the page.
HIS_OWN = {"page", "calendar"}
EVERYWHERE = HIS_SEARCHES | HIS_OWN | {"home"}
NOWHERE: set[str] = set()


@dataclass(frozen=True, slots=True)
class Site:
    """A caregiver in Gent who walks dogs, and another in Amsterdam."""

    adapters: Adapters
    use_cases: UseCases
    client: httpx.AsyncClient

    async def read(self) -> dict[str, httpx.Response]:
        return {name: await self.client.get(path) for name, path in READS.items()}

    async def save(self, **changes: Any) -> None:
        """Through the route's use case, as the caregiver."""
        profile = replace(a_caregiver(), **changes)
        offer = CaregiverOffer(**{field: getattr(profile, field) for field in CaregiverOffer.__slots__})
        await self.use_cases.save_caregiver_profile.execute(account=CAREGIVER, offer=offer)

    async def suspend(self, *, ends: bool = False) -> None:
        async with self.adapters.unit_of_work() as uow:
            account = await uow.accounts.get(CAREGIVER.account_id)
            account.suspend(by=ADMIN, reason="tests", at=NOW)
            if ends:
                account.end_suspension(by=ADMIN, at=NOW)
            await uow.accounts.save(account)

    async def set_status(self, status: CaregiverStatus) -> None:
        """What brings a profile to where approving and rejecting begin."""
        async with self.adapters.unit_of_work() as uow:
            profile = await uow.caregivers.get(a_caregiver().id)
            profile.status = status
            await uow.caregivers.save(profile)

    async def book(self) -> None:
        """Stored as a request is, with its quote and occupancy."""
        async with self.adapters.unit_of_work() as uow:
            await uow.pets.add(a_pet())
            await uow.quotes.add(a_quote())
            await uow.bookings.add(a_booking())

    async def move(self) -> None:
        await self.book()
        await self.read()
        async with self.adapters.unit_of_work() as uow:
            booking = await uow.bookings.get(a_booking().id, for_update=True)
            booking.period = Period(booking.period.start + timedelta(days=1), booking.period.end + timedelta(days=1))
            await uow.bookings.move(booking)

    async def decline(self) -> None:
        await self.book()
        await self.read()
        async with self.adapters.unit_of_work() as uow:
            booking = await uow.bookings.get(a_booking().id, for_update=True)
            booking.decline(by=CAREGIVER, at=NOW)
            await uow.bookings.save(booking)

    async def verify(self) -> None:
        async with self.adapters.unit_of_work() as uow:
            account = await uow.accounts.get(CAREGIVER.account_id)
            account.email_verified_at = None
            await uow.accounts.save(account)
        await self.read()
        async with self.adapters.unit_of_work() as uow:
            account = await uow.accounts.get(CAREGIVER.account_id)
            account.email_verified_at = NOW
            await uow.accounts.save(account)

    async def let_be_paid(self) -> None:
        for can_receive_transfers in (False, True):
            async with self.adapters.unit_of_work() as uow:
                caregiver = await uow.caregivers.get(a_caregiver().id)
                caregiver.can_receive_transfers = can_receive_transfers
                await uow.caregivers.save(caregiver)
            if not can_receive_transfers:
                await self.read()

    async def care_and_regret(self) -> None:
        """A booking goes through all of its later states, each saved, and its place is free again."""
        await self.book()
        booking_id, start = a_booking().id, a_booking().period.start
        report = CareReport(at=start)
        for act in (
            lambda booking: booking.accept(by=CAREGIVER, at=NOW),
            lambda booking: booking.mark_paid(payment_id=booking.id, captured=booking.gross, at=NOW),
            lambda booking: booking.check_in(report, by=CAREGIVER),
            lambda booking: booking.check_out(report, by=CAREGIVER),
            lambda booking: booking.open_dispute(by=OWNER, at=start, reason="tests"),
            lambda booking: booking.decide_dispute(DisputeDecision.REFUND_ALL, by=ADMIN, at=start),
        ):
            await self._change(booking_id, act)

    async def _change(self, booking_id: BookingId, act: Callable[[Booking], object]) -> None:
        async with self.adapters.unit_of_work() as uow:
            booking = await uow.bookings.get(booking_id, for_update=True)
            act(booking)
            await uow.bookings.save(booking)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    adapters = in_memory_adapters(tmp_path)
    await _fill(adapters)
    async with client_of(whole_app(tmp_path, adapters, RATE_LIMIT_PUBLIC_PER_MINUTE="0")) as client:
        yield Site(adapters, build_use_cases(adapters), client)


async def _fill(adapters: Adapters) -> None:
    walks = (an_offer(Service.DOG_WALKING),)
    other: CaregiverProfile = replace(the_other_caregiver(), **AMSTERDAM, offers=walks)
    people: list[tuple[Actor, str]] = [(OWNER, "owner"), (CAREGIVER, "caregiver"), (ADMIN, "admin")]
    async with adapters.unit_of_work() as uow:
        for actor, name in (*people, (STRANGER, "stranger")):
            await uow.accounts.add(an_account(actor, name))
        await uow.caregivers.add(replace(a_caregiver(offers=walks), **GENT, payout_account_id=None, events=[]))
        await uow.caregivers.add(other)


WALKS = (an_offer(Service.DOG_WALKING),)
Write = Callable[[Site], Awaitable[object]]
WRITES: dict[str, tuple[Write, set[str]]] = {
    "the same again": (lambda site: site.save(offers=WALKS), NOWHERE),
    "bio": (lambda site: site.save(offers=WALKS, bio="New"), HIS_OWN),
    "postal code": (lambda site: site.save(offers=WALKS, postal_code="9040"), NOWHERE),
    "price": (lambda site: site.save(offers=(an_offer(price="33.00"),)), EVERYWHERE),
    "instant book": (lambda site: site.save(offers=WALKS, instant_book=True), EVERYWHERE),
    "photos": (lambda site: site.save(offers=WALKS, photos=("new.jpg",)), EVERYWHERE),
    "animals": (lambda site: site.save(offers=WALKS, animals=frozenset({Animal.DOG})), HIS_SEARCHES | HIS_OWN),
    "languages": (lambda site: site.save(offers=WALKS, languages=frozenset({Language.FR})), HIS_SEARCHES | HIS_OWN),
    "action radius": (lambda site: site.save(offers=WALKS, action_radius_km=1), HIS_SEARCHES),
    "one service more": (
        lambda site: site.save(offers=(*WALKS, an_offer(Service.DOG_TRAINING))),
        EVERYWHERE | {"gent training"},
    ),
    "another service": (
        lambda site: site.save(offers=(an_offer(Service.DOG_TRAINING),)),
        EVERYWHERE | {"gent training"},
    ),
    "another place": (
        lambda site: site.save(offers=WALKS, **AMSTERDAM),
        EVERYWHERE | {"amsterdam", "amsterdam walks", "netherlands"},
    ),
    "name": (
        lambda site: site.use_cases.update_account.execute(actor=CAREGIVER, changes={"first_name": "Zoë"}),
        EVERYWHERE,
    ),
    "phone": (
        lambda site: site.use_cases.update_account.execute(actor=CAREGIVER, changes={"phone": "+32470123456"}),
        NOWHERE,
    ),
    "an owner's name": (
        lambda site: site.use_cases.update_account.execute(actor=OWNER, changes={"first_name": "Zoë"}),
        NOWHERE,
    ),
    "suspension": (lambda site: site.suspend(), EVERYWHERE),
    "suspension that ends": (lambda site: site.suspend(ends=True), NOWHERE),
    "payout account": (lambda site: site.use_cases.open_payout_account.execute(actor=CAREGIVER), NOWHERE),
    "open hours": (
        lambda site: site.use_cases.set_availability.execute(
            account=CAREGIVER, availability=Availability.always_open("Europe/Brussels")
        ),
        {"calendar"},
    ),
    "sign-out everywhere": (lambda site: site.use_cases.log_out_everywhere.execute(actor=CAREGIVER), NOWHERE),
    "a booking of his": (lambda site: site.book(), {"calendar"}),
    "a booking of his that moves": (lambda site: site.move(), {"calendar"}),
    "a booking of his that is declined": (lambda site: site.decline(), {"calendar"}),
    "verified address": (lambda site: site.verify(), {"calendar"}),
    "payout account that works again": (lambda site: site.let_be_paid(), {"calendar"}),
    "care, and a dispute that gives everything back": (lambda site: site.care_and_regret(), {"calendar"}),
}


@pytest.mark.parametrize("name", WRITES)
async def test_a_write_shows_at_once_where_it_should_and_nowhere_else_is_anything_loaded(site: Site, name: str) -> None:
    write, changed = WRITES[name]
    await site.read()
    await write(site)
    after = await site.read()
    assert {read for read, answer in after.items() if answer.headers.get("x-cache") != "hit"} == changed
    await site.adapters.cache.clear()
    true = await site.read()
    assert {read: answer.content for read, answer in after.items() if answer.status_code == 200} == {
        read: answer.content for read, answer in true.items() if answer.status_code == 200
    }


async def test_who_is_approved_appears_at_once_everywhere(site: Site) -> None:
    await site.set_status(CaregiverStatus.PENDING)
    hidden = await site.read()
    assert hidden["page"].status_code == 404
    await site.use_cases.approve_caregiver.execute(admin=ADMIN, caregiver_id=a_caregiver().id)
    shown = await site.read()
    assert shown["page"].status_code == 200
    assert {read for read, answer in shown.items() if answer.headers.get("x-cache") != "hit"} == EVERYWHERE


async def test_turning_down_what_nobody_saw_changes_nothing(site: Site) -> None:
    await site.set_status(CaregiverStatus.PENDING)
    await site.read()
    await site.use_cases.reject_caregiver.execute(admin=ADMIN, caregiver_id=a_caregiver().id, reason="tests")
    after = await site.read()
    assert {read for read, answer in after.items() if answer.headers.get("x-cache") != "hit"} == HIS_OWN
    assert after["page"].status_code == 404
