"""The live view as server-sent events (WHATWG HTML, section 9.2), for programs."""

from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import HeaderParameter
from litestar.response import Stream

from application.operations.happenings import MOST_SHOWN, Happening, ShowHappenings
from application.operations.live_view import NEWS, OVERLAP, LiveView
from application.use_cases import UseCases
from domain.shared.errors import Unavailable
from interfaces.http.authentication import admin_only, session_of
from interfaces.http.json_body import HttpRequest
from interfaces.http.openapi import BEARER, problems_of
from interfaces.http.stalled_clients import DropStalledClients

EVENT_STREAM = "text/event-stream"
# Of a stream; when there are more, those that no view holds any more are forgotten.
MOST_TOLD = 5000
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
        return Stream(
            events(use_cases.live_feed.views(session_of(request)), since, use_cases.show_happenings),
            media_type=EVENT_STREAM,
        )


async def events(
    views: AsyncGenerator[LiveView], since: datetime | None, show: ShowHappenings
) -> AsyncGenerator[bytes]:
    yield RETRY
    told: dict[str, datetime] = {}
    is_first = True
    async for view in views:
        happenings = view.happenings
        if is_first:
            told = {each.key: each.at for each in happenings if since is None or each.at < since}
            if since is not None and len(happenings) >= MOST_SHOWN:
                happenings = await _missed(show, max(since, view.at - NEWS), view)
        is_first = False
        news = [each for each in reversed(happenings) if each.key not in told]
        told |= {each.key: each.at for each in news}
        if len(told) > MOST_TOLD:
            told = {key: at for key, at in told.items() if view.at - at < NEWS}
        yield b"".join([*(_happening(each) for each in news), _metrics(view)])


async def _missed(show: ShowHappenings, since: datetime, view: LiveView) -> Sequence[Happening]:
    """More than a page, perhaps, while nobody listened."""
    try:
        return await show.execute(since=since, whole_since=since)
    except Unavailable:
        return view.happenings


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
