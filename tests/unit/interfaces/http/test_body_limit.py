from collections.abc import AsyncIterator, Iterator
from typing import Any

import msgspec
import pytest
from httpx import AsyncClient
from litestar import post
from litestar.params import JSONBody
from litestar.types import Message, Scope

from interfaces.http.body_limit import BodyLimit
from tests.support.tiny_app import client_of, tiny_app

LIMIT = 1000


@post("/")
async def measure(data: JSONBody[dict[str, str]]) -> int:
    return len(data["text"])


@pytest.fixture
async def client() -> AsyncIterator[AsyncClient]:
    async with client_of(tiny_app(measure, inner=[BodyLimit(LIMIT)])) as opened:
        yield opened


def body_of(size: int) -> bytes:
    return msgspec.json.encode({"text": "x" * (size - len('{"text":""}'))})


def in_chunks(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), 300):
        yield body[start : start + 300]


async def test_a_body_of_exactly_the_limit_passes(client: AsyncClient) -> None:
    assert (await client.post("/", content=body_of(LIMIT))).status_code == 201


async def test_an_announced_larger_body_is_refused_with_413(client: AsyncClient) -> None:
    response = await client.post("/", content=body_of(LIMIT + 1))
    assert response.status_code == 413
    assert response.json()["type"].endswith("/body-too-large")


async def test_a_body_that_grows_beyond_the_limit_unannounced_is_refused_too() -> None:
    sent = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in in_chunks(body_of(10_000))]
    sent.append({"type": "http.request", "body": b"", "more_body": False})
    answers: list[Message] = []

    async def receive() -> Any:
        return sent.pop(0)

    async def send(message: Message) -> None:
        answers.append(message)

    scope: Scope = {  # type: ignore[typeddict-item,assignment]
        "type": "http",
        "method": "POST",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"transfer-encoding", b"chunked")],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
        "scheme": "http",
        "root_path": "",
    }
    await tiny_app(measure, inner=[BodyLimit(LIMIT)])(scope, receive, send)
    assert answers[0]["type"] == "http.response.start"
    assert answers[0]["status"] == 413
    assert sent == [], "the rest is read, so that the sender gets to see the answer"
