"""Searching who is free, over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from application.adapters import Adapters
from domain.caregivers.services import Service
from tests.support.builders import (
    CAREGIVER,
    OWNER,
    a_booking,
    a_caregiver,
    a_pet,
    a_quote,
    an_availability,
    an_offer,
)
from tests.support.in_memory_adapters import in_memory_adapters
from tests.support.stores import an_account
from tests.support.tiny_app import client_of
from tests.support.whole_app import whole_app

THEN = {"from": "2026-11-09T09:00:00Z", "to": "2026-11-09T10:00:00Z"}


@pytest.fixture
async def adapters(tmp_path: Path) -> Adapters:
    """A caregiver who walks from 8 to 18."""
    adapters = in_memory_adapters(tmp_path)
    async with adapters.unit_of_work() as uow:
        for actor, name in ((OWNER, "owner"), (CAREGIVER, "caregiver")):
            await uow.accounts.add(an_account(actor, name))
        await uow.caregivers.add(a_caregiver(offers=(an_offer(Service.DOG_WALKING),)))
        await uow.caregivers.save_availability(a_caregiver().id, an_availability("08:00-18:00"))
        await uow.pets.add(a_pet())
    return adapters


@pytest.fixture
async def client(tmp_path: Path, adapters: Adapters) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(whole_app(tmp_path, adapters)) as client:
        yield client


async def found(client: httpx.AsyncClient, **params: Any) -> list[str]:
    answer = await client.get("/api/caregivers", params=params)
    assert answer.status_code == 200, answer.text
    return [card["id"] for card in answer.json()["items"]]


async def test_who_is_closed_or_full_then_is_not_found(client: httpx.AsyncClient, adapters: Adapters) -> None:
    him = [str(a_caregiver().id)]
    assert await found(client, **THEN) == await found(client, **THEN, pets=3, service="dog_walking") == him
    at_night = {"from": "2026-11-09T02:00:00Z", "to": "2026-11-09T03:00:00Z"}
    assert await found(client, **at_night) == await found(client, **THEN, service="pet_boarding") == []
    async with adapters.unit_of_work() as uow:
        await uow.quotes.add(a_quote())
        await uow.bookings.add(a_booking())
    assert (await found(client, **THEN, pets=2), await found(client, **THEN, pets=3)) == (him, [])
    assert await found(client) == him


async def test_who_is_free_is_looked_up_each_time(client: httpx.AsyncClient) -> None:
    answers = [await client.get("/api/caregivers", params=THEN) for _ in range(2)]
    assert [answer.headers["x-cache"] for answer in answers] == ["miss", "miss"]
    assert answers[0].content == answers[1].content


async def test_how_good_a_match_somebody_is_comes_only_when_asked(client: httpx.AsyncClient) -> None:
    asked = (await client.get("/api/caregivers", params={"explain": "true"})).json()["items"][0]
    assert asked["match"] == {
        "score": pytest.approx(0.45),
        "quality": pytest.approx(0.75),
        "qualityWeight": 0.6,
        "closeness": 0,
        "closenessWeight": 0.4,
    }
    for words in ({}, {"explain": "false"}):
        card = (await client.get("/api/caregivers", params=words)).json()["items"][0]
        assert card == {key: value for key, value in asked.items() if key != "match"}
    assert "match" not in (await client.get(f"/api/caregivers/{a_caregiver().id}")).json()


@pytest.mark.parametrize(
    ("params", "field", "code"),
    [
        ({"from": THEN["from"]}, "to", "period-incomplete"),
        ({"to": THEN["to"]}, "from", "period-incomplete"),
        ({"from": THEN["to"], "to": THEN["from"]}, "to", "end-before-start"),
        ({"from": "2026-11-02T09:00:00Z", "to": THEN["to"]}, "from", "start-in-past"),
        ({"from": THEN["from"], "to": "2026-12-10T10:00:00Z"}, "to", "too-many-nights"),
        ({"from": "2027-11-02T08:00:00Z", "to": "2027-11-02T10:00:00Z"}, "to", "beyond-horizon"),
        ({"from": "2026-11-09T09:00:00", "to": THEN["to"]}, "from", "instant-not-usable"),
        ({"pets": "2"}, "pets", "pets-without-period"),
        ({**THEN, "pets": "21"}, "pets", None),
    ],
)
async def test_a_period_that_nobody_could_be_asked_for_is_refused_by_parameter(
    client: httpx.AsyncClient, params: dict[str, str], field: str, code: str | None
) -> None:
    answer = await client.get("/api/caregivers", params=params)
    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert [error["field"] for error in problem["errors"]] == [field]
    assert code is None or problem["type"].endswith(code)
