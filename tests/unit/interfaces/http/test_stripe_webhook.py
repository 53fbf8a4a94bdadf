"""Stripe's notices over HTTP: kept once, with the job that looks what changed, or refused."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe
from sqlalchemy import select

from application.adapters import Adapters
from infrastructure.payments.stripe_notices import StripeNotices
from infrastructure.persistence.database import Database, database_url
from infrastructure.persistence.jobs.job_tables import jobs
from infrastructure.persistence.payments.payment_tables import inbox_events
from tests.support.builders import NOW
from tests.support.in_memory_adapters import in_memory_adapters
from tests.support.tiny_app import client_of
from tests.support.whole_app import whole_app

PATH = "/api/webhooks/stripe"
SECRET = "whsec_of_the_platform"


@pytest.fixture
def adapters(tmp_path: Path) -> Adapters:
    adapters = in_memory_adapters(tmp_path)
    notices = StripeNotices([SECRET], is_live=False, clock=adapters.clock)
    return replace(adapters, payment_notices=notices, payment_provider="stripe", sandbox_bank=None)


@pytest.fixture
async def client(tmp_path: Path, adapters: Adapters) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(whole_app(tmp_path, adapters, RATE_LIMIT_API_PER_MINUTE="1")) as client:
        yield client


def an_event(event_id: str = "evt_1") -> str:
    told = {"id": "pi_1", "object": "payment_intent", "description": "Zoë’s hond"}
    event = {"id": event_id, "type": "payment_intent.succeeded", "livemode": False, "data": {"object": told}}
    return json.dumps(event, ensure_ascii=False, indent=3)


async def send(client: httpx.AsyncClient, body: str, **headers: str) -> httpx.Response:
    signature = stripe.WebhookSignature.generate_signature_header(body, SECRET, int(NOW.timestamp()))
    given = {"content-type": "application/json; charset=utf-8", "stripe-signature": signature} | headers
    return await client.post(PATH, content=body.encode(), headers=given)


async def kept(tmp_path: Path) -> tuple[list[Any], list[str]]:
    """The events, and the kinds of jobs."""
    database = Database(database_url(None, tmp_path))
    async with database.read() as connection:
        columns = inbox_events.c.provider, inbox_events.c.event_id, inbox_events.c.kind, inbox_events.c.object_id
        events = [tuple(row) for row in await connection.execute(select(*columns))]
        kinds = [row.kind for row in await connection.execute(select(jobs.c.kind))]
    await database.dispose()
    return events, kinds


async def test_a_notice_is_kept_once_with_its_job_however_often_it_comes(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    answers = [await send(client, an_event()) for _ in range(5)]

    # No limit of calls holds here.
    assert [(answer.status_code, answer.content) for answer in answers] == [(204, b"")] * 5
    events, kinds = await kept(tmp_path)
    assert events == [("stripe", "evt_1", "payment_intent.succeeded", "pi_1")]
    assert len(kinds) == 1
    assert (await send(client, an_event("evt_2"))).status_code == 204
    events, kinds = await kept(tmp_path)
    assert (len(events), len(kinds)) == (2, 2)


@pytest.mark.parametrize(
    "headers",
    [{"stripe-signature": ""}, {"stripe-signature": "t=1,v1=00"}, {"stripe-signature": "garbage"}],
)
async def test_what_is_not_signed_is_refused_and_leaves_nothing(
    client: httpx.AsyncClient, tmp_path: Path, headers: dict[str, str]
) -> None:
    answer = await send(client, an_event(), **headers)

    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert answer.json()["type"].endswith("/notice-not-genuine")
    assert await kept(tmp_path) == ([], [])


async def test_nothing_is_read_before_the_signature_is_checked(client: httpx.AsyncClient, tmp_path: Path) -> None:
    for body in ("{", "", "[" * 100_000, an_event().replace("pi_1", "pi_2")):
        signature = stripe.WebhookSignature.generate_signature_header(an_event(), SECRET, int(NOW.timestamp()))
        answer = await send(client, body, **{"stripe-signature": signature})
        assert answer.json()["type"].endswith("/notice-not-genuine")
    # What is signed and no event is not read any further either.
    assert (await send(client, "{")).status_code == 400
    assert (await send(client, "[" * 100_000)).status_code == 400
    assert await kept(tmp_path) == ([], [])


async def test_a_body_is_bounded(client: httpx.AsyncClient) -> None:
    assert (await send(client, " " * 1_100_000)).status_code == 413


async def test_who_is_asking_does_not_matter(client: httpx.AsyncClient) -> None:
    assert (await send(client, an_event(), authorization="Bearer garbage")).status_code == 204
    assert (await send(client, an_event("evt_2"), **{"idempotency-key": "same"})).status_code == 204
    assert (await send(client, an_event("evt_3"), **{"idempotency-key": "same"})).status_code == 204


async def test_beside_the_sandbox_there_is_no_stripe(tmp_path: Path) -> None:
    async with client_of(whole_app(tmp_path, in_memory_adapters(tmp_path))) as client:
        assert (await send(client, an_event())).status_code == 404
