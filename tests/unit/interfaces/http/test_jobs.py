"""A job over HTTP, for who asked for it: no route of the product asks for one yet."""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from httpx import AsyncClient
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from application.adapters import Adapters
from application.use_cases import build_use_cases
from domain.shared.actor import Actor
from interfaces.http.asgi_messages import state_of
from interfaces.http.jobs import JobController
from tests.support.builders import ADMIN, NOW, OWNER, STRANGER
from tests.support.in_memory_adapters import in_memory_adapters
from tests.support.stores import an_account
from tests.support.tiny_app import client_of, tiny_app


class SignedIn(ASGIMiddleware):
    """Everybody is this actor."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        state_of(scope)["actor"] = self._actor
        await next_app(scope, receive, send)


@dataclass
class Desk:
    adapters: Adapters
    job_id: UUID

    def client(self, actor: Actor) -> AsyncClient:
        return client_of(tiny_app(JobController, inner=[SignedIn(actor)], use_cases=build_use_cases(self.adapters)))

    @property
    def path(self) -> str:
        return f"/api/jobs/{self.job_id}"


@pytest.fixture
async def desk(tmp_path: Path) -> Desk:
    adapters = in_memory_adapters(tmp_path)
    async with adapters.unit_of_work() as uow:
        for actor, name in ((OWNER, "owner"), (STRANGER, "stranger"), (ADMIN, "admin")):
            await uow.accounts.add(an_account(actor, name))
        job_id = await uow.jobs.enqueue("tests.run", {}, requester_id=OWNER.account_id)
    assert job_id is not None
    return Desk(adapters, job_id)


async def test_who_asked_for_a_job_sees_how_it_goes(desk: Desk) -> None:
    async with desk.client(OWNER) as owner:
        seen = (await owner.get(desk.path)).json()
    at = NOW.isoformat().replace("+00:00", "Z")
    assert seen == {
        "id": str(desk.job_id),
        "kind": "tests.run",
        "status": "queued",
        "attempts": 0,
        "progress": None,
        "error": None,
        "resultUrl": None,
        "createdAt": at,
        "runAt": at,
        "startedAt": None,
        "finishedAt": None,
        "cancelRequestedAt": None,
    }


async def test_who_asked_for_a_job_cancels_it_as_often_as_he_likes(desk: Desk) -> None:
    async with desk.client(OWNER) as owner:
        for _ in range(2):
            answer = await owner.post(f"{desk.path}/cancel")
            assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")


async def test_a_running_job_tells_that_it_was_asked_to_stop(desk: Desk) -> None:
    assert await desk.adapters.job_records.claim(desk.job_id) is not None
    async with desk.client(OWNER) as owner:
        answer = (await owner.post(f"{desk.path}/cancel")).json()
    assert answer["status"] == "running"
    assert answer["cancelRequestedAt"] is not None


async def test_strangers_find_nothing_and_admins_everything(desk: Desk) -> None:
    async with desk.client(STRANGER) as stranger:
        assert (await stranger.get(desk.path)).status_code == 404
        assert (await stranger.post(f"{desk.path}/cancel")).status_code == 404
    async with desk.client(ADMIN) as admin:
        assert (await admin.get(desk.path)).json()["status"] == "queued"
