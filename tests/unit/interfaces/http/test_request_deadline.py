"""A caller gets an answer, also when something inside does not come to an end."""

import asyncio
from collections.abc import AsyncIterator

from litestar import get, post
from litestar.params import JSONBody
from litestar.response import Stream
from litestar.types import Message

from application.deadline import seconds_left, within_deadline
from interfaces.http.request_deadline import REQUEST_SECONDS, RequestDeadline
from tests.support.tiny_app import client_of, tiny_app


@get("/left")
async def left() -> float | None:
    return seconds_left()


@get("/stuck")
async def stuck() -> None:
    async with within_deadline():
        await asyncio.Event().wait()


@post("/body")
async def body(data: JSONBody[dict[str, str]]) -> dict[str, str]:
    return data


@get("/stream")
async def stream() -> Stream:
    async def parts() -> AsyncIterator[str]:
        for _ in range(2):
            await asyncio.sleep(0)
            yield f"{seconds_left()};"

    return Stream(parts())


async def test_a_request_knows_its_deadline() -> None:
    answer = await client_of(tiny_app(left, outer=[RequestDeadline()])).get("/left")
    assert REQUEST_SECONDS - 5 < answer.json() <= REQUEST_SECONDS
    assert seconds_left() is None


async def test_what_takes_too_long_is_told_with_when_to_come_back() -> None:
    answer = await client_of(tiny_app(stuck, outer=[RequestDeadline(0.02)])).get("/stuck")
    assert answer.status_code == 503
    assert answer.json()["type"].endswith("/deadline-exceeded")
    assert int(answer.headers["retry-after"]) > 0


async def test_a_stream_may_last() -> None:
    answer = await client_of(tiny_app(stream, outer=[RequestDeadline()])).get("/stream")
    assert answer.text == "None;None;"


async def test_a_body_that_does_not_arrive_is_not_waited_for() -> None:
    sent = list[Message]()
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/body",
        "raw_path": b"/body",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"testserver.local"), (b"content-length", b"10"), (b"content-type", b"application/json")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    await tiny_app(body, outer=[RequestDeadline(0.02)])(scope, receive, send)  # pyright: ignore[reportArgumentType]
    assert sent[0]["type"] == "http.response.start"
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]
