"""Free periods over HTTP."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from application.adapters import Adapters
from application.use_cases import build_use_cases
from domain.caregivers.services import Service
from infrastructure.clock.settable_clock import SettableClock
from tests.support.builders import (
    CAREGIVER,
    NOW,
    OWNER,
    a_booking,
    a_caregiver,
    a_pet,
    a_quote,
    an_availability,
    an_offer,
    identified,
)
from tests.support.in_memory_adapters import in_memory_adapters
from tests.support.stores import an_account
from tests.support.tiny_app import client_of
from tests.support.whole_app import whole_app

PATH = f"/api/caregivers/{a_caregiver().id}/free-periods"
A_DAY = {"from": "2026-11-10T00:00:00+01:00", "to": "2026-11-11T00:00:00+01:00"}
WALK = {"service": "dog_walking", **A_DAY}


@pytest.fixture
async def adapters(tmp_path: Path) -> Adapters:
    """A caregiver who walks and boards from 8 to 18."""
    adapters = in_memory_adapters(tmp_path)
    async with adapters.unit_of_work() as uow:
        for actor, name in ((OWNER, "owner"), (CAREGIVER, "caregiver")):
            await uow.accounts.add(an_account(actor, name))
        offers = (an_offer(Service.DOG_WALKING), an_offer(Service.PET_BOARDING))
        await uow.caregivers.add(a_caregiver(offers=offers))
        await uow.caregivers.save_availability(a_caregiver().id, an_availability("08:00-18:00"))
        await uow.pets.add(a_pet())
    return adapters


@pytest.fixture
async def client(tmp_path: Path, adapters: Adapters) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(whole_app(tmp_path, adapters)) as client:
        yield client


async def items(client: httpx.AsyncClient, params: dict[str, str]) -> list[dict[str, object]]:
    answer = await client.get(PATH, params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, object]] = answer.json()["items"]
    return found


async def test_hours_are_periods_and_nights_say_where_a_stay_may_begin_and_end(client: httpx.AsyncClient) -> None:
    answer = await client.get(PATH, params=WALK)
    assert answer.json() == {
        "service": "dog_walking",
        "unit": "hour",
        "timeZone": "Europe/Brussels",
        "items": [{"startAt": "2026-11-10T07:00:00Z", "endAt": "2026-11-10T17:00:00Z"}],
        "nextCursor": None,
    }
    nights = {"service": "pet_boarding", "from": A_DAY["from"], "to": "2026-11-12T00:00:00+01:00"}
    openings = [{"startAt": f"2026-11-{day}T07:00:00Z", "endAt": f"2026-11-{day}T17:00:00Z"} for day in (10, 11)]
    assert await items(client, nights) == [
        {
            "startAt": "2026-11-10T07:00:00Z",
            "endAt": "2026-11-11T17:00:00Z",
            "arrivals": openings,
            "departures": openings,
        }
    ]


async def test_a_booking_is_seen_at_once_and_so_is_its_end(client: httpx.AsyncClient, adapters: Adapters) -> None:
    before = await items(client, WALK | {"pets": "3"})
    async with adapters.unit_of_work() as uow:
        await uow.quotes.add(a_quote())
        await uow.bookings.add(a_booking())
    taken = a_booking().period
    day = {"from": f"{taken.start - timedelta(hours=1):%Y-%m-%dT%H:%M:%S}Z", "to": f"{taken.end:%Y-%m-%dT%H:%M:%S}Z"}
    assert len(await items(client, WALK | day | {"pets": "2"})) == 1
    assert (await items(client, WALK | day | {"pets": "3"}))[-1]["endAt"] == f"{taken.start:%Y-%m-%dT%H:%M:%SZ}"
    await build_use_cases(adapters).decline_booking.execute(actor=CAREGIVER, booking_id=a_booking().id, reason="tests")
    assert (await items(client, WALK | day | {"pets": "3"}))[-1]["endAt"] == f"{taken.end:%Y-%m-%dT%H:%M:%SZ}"
    assert await items(client, WALK | {"pets": "3"}) == before


async def test_what_is_remembered_begins_later_than_it_is_remembered(
    client: httpx.AsyncClient, adapters: Adapters
) -> None:
    async with adapters.unit_of_work() as uow:
        await uow.caregivers.save_availability(a_caregiver().id, an_availability("00:00-24:00"))
    today = WALK | {"from": "2026-11-02T00:00:00Z", "to": "2026-11-03T00:00:00Z"}
    (first,) = await items(client, today)
    assert first["startAt"] == "2026-11-02T09:10:00Z"
    assert isinstance(adapters.clock, SettableClock)
    adapters.clock.set(NOW + timedelta(seconds=299))
    assert (await client.get(PATH, params=today)).headers["x-cache"] == "hit"
    await adapters.cache.clear()
    assert await items(client, today) == [first], "the same to the second, so that tags of entities stay"


async def test_whatever_instants_are_asked_for_whole_hours_are_answered_and_remembered(
    client: httpx.AsyncClient,
) -> None:
    odd = {"from": "2026-11-10T08:15:00.000001+01:00", "to": "2026-11-10T09:59:59Z"}
    whole = {"from": "2026-11-10T07:00:00Z", "to": "2026-11-10T11:00:00+01:00"}
    answers = [await client.get(PATH, params=WALK | asked) for asked in (odd, whole, odd)]
    assert [answer.headers["x-cache"] for answer in answers] == ["miss", "hit", "hit"]
    assert answers[0].json()["items"] == [{"startAt": "2026-11-10T07:00:00Z", "endAt": "2026-11-10T10:00:00Z"}]
    assert answers[0].content == answers[1].content == answers[2].content


async def test_nobody_is_free_who_is_not_there(client: httpx.AsyncClient) -> None:
    for _ in range(2):
        answer = await client.get(f"/api/caregivers/{identified('nobody')}/free-periods", params=WALK)
        assert (answer.status_code, answer.json()["title"]) == (404, "There is no such caregiver")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"service": ""}, "service"),
        ({"from": "2026-11-11T00:00:00Z", "to": "2026-11-10T00:00:00Z"}, "to"),
        ({"to": "2027-01-11T00:00:01+01:00"}, "to"),
        ({"from": "2026-11-10T00:00:00"}, "from"),
        ({"from": "0001-01-01T00:00:00+14:00"}, "from"),
        ({"to": "never"}, "to"),
        ({"pets": "0"}, "pets"),
        ({"pets": "21"}, "pets"),
        ({"spot": "1"}, "spot"),
    ],
)
async def test_what_makes_no_sense_names_the_parameter(
    client: httpx.AsyncClient, changes: dict[str, str], field: str
) -> None:
    answer = await client.get(PATH, params=WALK | changes)
    assert answer.status_code == 422, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_service_and_both_ends_have_to_be_given(client: httpx.AsyncClient) -> None:
    for missing in ("service", "from", "to"):
        answer = await client.get(PATH, params={name: value for name, value in WALK.items() if name != missing})
        assert answer.status_code == 422
        assert [error["field"] for error in answer.json()["errors"]] == [missing]
