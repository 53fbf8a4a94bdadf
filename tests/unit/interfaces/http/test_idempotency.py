import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody

from application.ports.idempotency_store import IdempotencyScope, Reservation, StoredAnswer
from domain.shared.errors import Conflict
from infrastructure.clock.settable_clock import SettableClock
from infrastructure.ids.uuid7_ids import Uuid7Ids
from infrastructure.persistence.idempotency.sql_idempotency_store import SqlIdempotencyStore
from interfaces.http.idempotency import NOT_REPLAYED, Idempotency
from tests.support.builders import NOW
from tests.support.sqlite_database import migrated_database
from tests.support.tiny_app import client_of, tiny_app


class Counter:
    """How often the handlers ran, and when the slow one may go on."""

    def __init__(self) -> None:
        self.calls = 0
        self.started = asyncio.Event()
        self.may_finish = asyncio.Event()


COUNTER = Counter()


@post("/things")
async def make_thing(data: JSONBody[dict[str, str]]) -> Response[dict[str, Any]]:
    COUNTER.calls += 1
    return Response({"number": COUNTER.calls, **data}, headers={"location": f"/things/{COUNTER.calls}"})


@post("/slow")
async def make_slowly(data: JSONBody[dict[str, str]]) -> int:
    COUNTER.calls += 1
    COUNTER.started.set()
    await COUNTER.may_finish.wait()
    return COUNTER.calls


@post("/outcomes/{status:int}")
async def fail(status: FromPath[int]) -> Response[dict[str, int]]:
    COUNTER.calls += 1
    if status == 409:
        raise Conflict
    return Response({"number": COUNTER.calls}, status_code=status)


@post("/secrets", opt={NOT_REPLAYED: True})
async def tell_secret() -> int:
    COUNTER.calls += 1
    return COUNTER.calls


@get("/things")
async def list_things() -> int:
    COUNTER.calls += 1
    return COUNTER.calls


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock(NOW)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlIdempotencyStore]:
    COUNTER.__init__()
    async with migrated_database(tmp_path) as database:
        yield SqlIdempotencyStore(database, Uuid7Ids())


@pytest.fixture
async def client(store: SqlIdempotencyStore, clock: SettableClock) -> AsyncIterator[AsyncClient]:
    idempotency = Idempotency(store, clock, fingerprint_key=b"key")
    app = tiny_app(make_thing, make_slowly, fail, tell_secret, list_things, inner=[idempotency])
    async with client_of(app) as opened:
        yield opened


KEY = {"Idempotency-Key": "first-try"}


async def test_the_same_request_gets_the_first_answer_again(client: AsyncClient) -> None:
    first = await client.post("/things", json={"name": "a"}, headers=KEY)
    again = await client.post("/things", json={"name": "a"}, headers=KEY)
    assert first.status_code == again.status_code == 201
    assert again.content == first.content
    assert again.headers["location"] == "/things/1"
    assert again.headers["content-type"] == first.headers["content-type"]
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert COUNTER.calls == 1


async def test_without_a_key_every_request_runs(client: AsyncClient) -> None:
    await client.post("/things", json={"name": "a"})
    await client.post("/things", json={"name": "a"})
    assert COUNTER.calls == 2


async def test_another_body_under_the_key_is_refused(client: AsyncClient) -> None:
    await client.post("/things", json={"name": "a"}, headers=KEY)
    refused = await client.post("/things", json={"name": "b"}, headers=KEY)
    assert refused.status_code == 422
    assert refused.json()["type"].endswith("/key-used-for-other-request")
    assert COUNTER.calls == 1


async def test_a_key_belongs_to_its_route(client: AsyncClient) -> None:
    await client.post("/things", json={"name": "a"}, headers=KEY)
    assert (await client.post("/outcomes/201", json={"name": "a"}, headers=KEY)).status_code == 201
    assert COUNTER.calls == 2


async def test_while_the_first_runs_the_second_is_refused(client: AsyncClient) -> None:
    first = asyncio.create_task(client.post("/slow", json={"a": "b"}, headers=KEY))
    await COUNTER.started.wait()
    second = await client.post("/slow", json={"a": "b"}, headers=KEY)
    COUNTER.may_finish.set()
    assert second.status_code == 409
    assert second.json()["type"].endswith("/first-request-still-running")
    assert (await first).status_code == 201


async def test_a_failure_of_ours_is_not_remembered(client: AsyncClient) -> None:
    for number in (1, 2):
        assert (await client.post("/outcomes/503", headers=KEY)).json() == {"number": number}


async def test_a_refusal_is_remembered_except_when_nothing_was_tried(client: AsyncClient) -> None:
    for status, calls in ((409, 1), (401, 2)):
        COUNTER.calls = 0
        for _ in range(2):
            assert (await client.post(f"/outcomes/{status}", headers=KEY)).status_code == status
        assert COUNTER.calls == calls


async def test_reads_and_secret_answers_ignore_the_key(client: AsyncClient) -> None:
    for _ in range(2):
        await client.get("/things", headers=KEY)
        await client.post("/secrets", headers=KEY)
    assert COUNTER.calls == 4


@pytest.mark.parametrize("key", ["", "x" * 256, "with blank", "caf\u00e9"])
async def test_a_malformed_key_is_a_malformed_request(client: AsyncClient, key: str) -> None:
    response = await client.post("/things", json={}, headers={"Idempotency-Key": key.encode("latin-1")})  # type: ignore[dict-item]
    assert response.status_code == 400
    assert COUNTER.calls == 0


async def test_after_a_day_the_key_is_free_again(client: AsyncClient, clock: SettableClock) -> None:
    await client.post("/things", json={"name": "a"}, headers=KEY)
    clock.advance(timedelta(hours=24))
    assert (await client.post("/things", json={"name": "b"}, headers=KEY)).json()["number"] == 2


SCOPE = IdempotencyScope(holder="anonymous", method="POST", path="/things", key="k")
ANSWER = StoredAnswer(status=201, headers=[], body=b"{}")


async def reserved(store: SqlIdempotencyStore, **later: int) -> Reservation:
    reservation = await store.reserve(SCOPE, fingerprint=b"f" * 32, at=NOW + timedelta(**later))
    assert isinstance(reservation, Reservation)
    return reservation


async def test_of_many_at_once_one_may_run(store: SqlIdempotencyStore) -> None:
    tries = [store.reserve(SCOPE, fingerprint=b"f" * 32, at=NOW) for _ in range(20)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(outcome, Reservation) for outcome in outcomes) == 1


async def test_a_reservation_whose_process_died_is_taken_over_and_the_dead_cannot_write(
    store: SqlIdempotencyStore,
) -> None:
    dead = await reserved(store)
    heir = await reserved(store, seconds=60)
    await store.complete(dead, ANSWER)
    await store.release(dead)
    await store.complete(heir, StoredAnswer(status=200, headers=[("location", "/x")], body=b"heir"))
    kept = await store.reserve(SCOPE, fingerprint=b"f" * 32, at=NOW + timedelta(hours=2))
    assert kept == StoredAnswer(status=200, headers=[("location", "/x")], body=b"heir")


async def test_a_released_key_is_free(store: SqlIdempotencyStore) -> None:
    await store.release(await reserved(store))
    await reserved(store)


async def test_what_is_older_than_a_day_is_purged(store: SqlIdempotencyStore) -> None:
    await store.complete(await reserved(store), ANSWER)
    assert await store.purge(at=NOW + timedelta(hours=23)) == 0
    assert await store.purge(at=NOW + timedelta(hours=24)) == 1
