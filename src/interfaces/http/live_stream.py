"""The live view as server-sent events (WHATWG HTML, section 9.2), for programs."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import HeaderParameter
from litestar.response import Stream

from application.operations.live_view import Happening, LiveView
from application.use_cases import UseCases
from interfaces.http.authentication import admin_only, session_of
from interfaces.http.json_body import HttpRequest
from interfaces.http.openapi import BEARER, problems_of
from interfaces.http.stalled_clients import DropStalledClients

EVENT_STREAM = "text/event-stream"
# What was committed a moment later than it happened is told again rather than never.
OVERLAP = timedelta(seconds=10)
# How soon a client comes back, in milliseconds.
RETRY = b"retry: 2000\n\n"

LastEventId = Annotated[
    str | None,
    HeaderParameter(name="Last-Event-ID", pattern="^[0-9]{1,14}$", description="Where the stream broke off"),
]


class LiveController(Controller):
    path = "/api/admin/stream"
    tags = ("Operations",)
    security = BEARER
    guards = [admin_only]  # noqa: RUF012 - Litestar's way to declare it
    middleware = [DropStalledClients()]  # noqa: RUF012 - Litestar's way to declare it

    @get(
        summary="Figures once a second; breakers, alerts and dead jobs as they come",
        media_type=EVENT_STREAM,
        responses=problems_of(401, 403),
    )
    async def stream(
        self, request: HttpRequest, use_cases: NamedDependency[UseCases], last_event_id: LastEventId = None
    ) -> Stream:
        """Events `metrics`, `breaker`, `alert` and `job`, each with JSON. After a break, what happened since the event
        of `Last-Event-ID` comes first; a happening may come twice, with the same `key`."""
        since = None if last_event_id is None else _instant(last_event_id) - OVERLAP
        return Stream(_events(use_cases.live_feed.views(session_of(request)), since), media_type=EVENT_STREAM)


async def _events(views: AsyncGenerator[LiveView], since: datetime | None) -> AsyncGenerator[bytes]:
    yield RETRY
    told: set[str] | None = None
    async for view in views:
        if told is None:
            told = {each.key for each in view.happenings if since is None or each.at < since}
        news = [each for each in reversed(view.happenings) if each.key not in told]
        told = {each.key for each in view.happenings}
        yield b"".join([*(_happening(each) for each in news), _metrics(view)])


def _happening(happening: Happening) -> bytes:
    return event(happening.kind, msgspec.json.encode(happening))


def _metrics(view: LiveView) -> bytes:
    told = {"at": view.at, "isCurrent": view.is_current, "operations": view.operations}
    return event("metrics", msgspec.json.encode(told), identity=event_id(view.at))


def event(name: str, data: bytes, *, identity: str | None = None) -> bytes:
    """One event; its data may have several lines."""
    lines = b"".join(b"data: " + line + b"\n" for line in data.splitlines())
    prefix = b"" if identity is None else b"id: " + identity.encode() + b"\n"
    return b"event: " + name.encode() + b"\n" + prefix + lines + b"\n"


def event_id(at: datetime) -> str:
    """Milliseconds since 1970."""
    return str(int(at.timestamp() * 1000))


def _instant(identity: str) -> datetime:
    return datetime.fromtimestamp(int(identity) / 1000, UTC)
