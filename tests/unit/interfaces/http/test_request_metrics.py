from uuid import UUID

import pytest
from litestar import get, post
from litestar.params import FromPath, JSONBody
from structlog.testing import capture_logs

from infrastructure.metrics.in_memory_metrics import InMemoryMetrics
from interfaces.http import request_metrics
from interfaces.http.body_limit import BodyLimit
from interfaces.http.correlation import Correlation
from interfaces.http.request_metrics import RequestMetrics
from tests.support.tiny_app import client_of, tiny_app


@get("/things/{thing_id:uuid}")
async def thing(thing_id: FromPath[UUID]) -> str:
    return "thing"


@get("/broken")
async def broken() -> None:
    raise RuntimeError


@post("/things")
async def make(data: JSONBody[dict[str, str]]) -> str:
    return data["x"]


async def test_requests_are_counted_by_the_template_of_their_route() -> None:
    metrics = InMemoryMetrics()
    async with client_of(tiny_app(thing, broken, outer=[RequestMetrics(metrics)])) as client:
        await client.get(f"/things/{UUID(int=1)}")
        await client.get(f"/things/{UUID(int=2)}")
        await client.get("/nowhere/at/all")
        await client.get("/broken")
    text = metrics.prometheus_text().decode()
    assert 'tailtribe_http_requests_total{method="GET",route="/things/{thing_id}",status="200"} 2.0' in text
    assert 'route="unmatched",status="404"} 1.0' in text
    assert 'route="/broken",status="500"} 1.0' in text
    assert "/nowhere" not in text


async def test_a_slow_request_is_told_in_the_words_that_operators_look_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_metrics, "SLOW_SECONDS", -1)
    with capture_logs() as logged:
        async with client_of(tiny_app(thing, outer=[RequestMetrics(InMemoryMetrics())])) as client:
            await client.get(f"/things/{UUID(int=1)}")
    (line,) = [line for line in logged if line["event"] == "slow_request"]
    assert (line["message"], line["log_level"]) == ("Slow performance", "warning")
    assert (line["route"], line["status"]) == ("/things/{thing_id}", 200)


async def test_a_refusal_behind_the_router_is_marked_and_counted_as_what_it_is() -> None:
    metrics = InMemoryMetrics()
    app = tiny_app(make, outer=[Correlation(), RequestMetrics(metrics)], inner=[BodyLimit(10)])
    async with client_of(app) as client:
        response = await client.post("/things", json={"x": "longer than ten bytes"})
    assert response.status_code == 413
    assert response.json()["correlationId"] == response.headers["x-correlation-id"]
    assert 'route="/things",status="413"} 1.0' in metrics.prometheus_text().decode()
