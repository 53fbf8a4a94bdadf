"""Admins make the cache forget, over the whole application."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from application.adapters import Adapters
from application.use_cases import build_use_cases
from infrastructure.persistence.audit.audit_tables import audit_log
from infrastructure.persistence.sql_unit_of_work import SqlUnitOfWork
from tests.support.builders import CAREGIVER, a_caregiver
from tests.support.in_memory_adapters import in_memory_adapters
from tests.support.stores import an_account
from tests.support.tiny_app import client_of
from tests.support.whole_app import whole_app

PASSWORD = "four unlikely small words"
PAGE = f"/api/caregivers/{a_caregiver().id}"
PAGE_TAG = f"caregiver:{a_caregiver().id}"


@dataclass(frozen=True, slots=True)
class Office:
    adapters: Adapters
    client: httpx.AsyncClient
    bearer: dict[str, str]

    async def clear(self, body: object) -> httpx.Response:
        return await self.client.post("/api/admin/cache/clear", json=body, headers=self.bearer)

    async def outcome(self, path: str) -> str:
        return (await self.client.get(path)).headers["x-cache"]

    async def recorded(self) -> list[tuple[str, str | None]]:
        async with self.adapters.unit_of_work() as uow:
            assert isinstance(uow, SqlUnitOfWork)
            rows = await uow.transaction.all(select(audit_log.c.action, audit_log.c.reason).order_by(audit_log.c.id))
        return [(row.action, row.reason) for row in rows if row.action.startswith("cache")]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """An admin, and a home page and a profile that are remembered."""
    adapters = in_memory_adapters(tmp_path)
    await build_use_cases(adapters).create_admin.execute(email="admin@example.org", password=PASSWORD)
    async with adapters.unit_of_work() as uow:
        await uow.accounts.add(an_account(CAREGIVER, "caregiver"))
        await uow.caregivers.add(a_caregiver())
    async with client_of(whole_app(tmp_path, adapters)) as client:
        signed_in = await client.post("/api/auth/login", json={"email": "admin@example.org", "password": PASSWORD})
        for path in ("/api/home", PAGE):
            await client.get(path)
        yield Office(adapters, client, {"authorization": f"Bearer {signed_in.json()['accessToken']}"})


@pytest.mark.parametrize("body", [{}, {"tags": None}])
async def test_without_tags_everything_is_forgotten(office: Office, body: object) -> None:
    assert (await office.clear(body)).status_code == 204
    assert [await office.outcome("/api/home"), await office.outcome(PAGE)] == ["miss", "miss"]
    assert await office.recorded() == [("cache.clear", "everything")]


async def test_with_tags_what_carries_them_is_forgotten(office: Office) -> None:
    assert (await office.clear({"tags": [PAGE_TAG, "in:BE:dog_walking"]})).status_code == 204
    assert [await office.outcome("/api/home"), await office.outcome(PAGE)] == ["hit", "miss"]
    assert await office.recorded() == [("cache.clear", f"{PAGE_TAG}, in:BE:dog_walking")]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"tags": []}, "tags"),
        ({"tags": ["home", ""]}, "tags[1]"),
        ({"tags": ["Home page"]}, "tags[0]"),
        ({"tags": ["home\n"]}, "tags[0]"),
        ({"tags": ["home"] * 101}, "tags"),
        ({"tags": "home"}, "tags"),
        ({"key": "home"}, "key"),
    ],
)
async def test_what_is_no_tag_is_refused_by_its_field(office: Office, body: object, field: str) -> None:
    refused = await office.clear(body)
    assert refused.status_code == 422
    assert [error["field"] for error in refused.json()["errors"]] == [field]
    assert await office.recorded() == []
    assert await office.outcome("/api/home") == "hit"


async def test_nobody_else_may(office: Office) -> None:
    anonymous = await office.client.post("/api/admin/cache/clear", json={})
    assert anonymous.status_code == 401
    assert await office.outcome("/api/home") == "hit"
