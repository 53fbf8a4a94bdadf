"""The stream for programs: figures once a second, and what happens as it happens."""

import json
import os
import signal
from collections.abc import Iterator
from typing import Any

import httpx

from tests.support.people import Person, admin
from tests.support.product import END_SECONDS, Product, ok, problem


def events(response: httpx.Response) -> Iterator[tuple[str, str | None, Any]]:
    """Name, id and data of each event as it comes."""
    told: dict[str, str] = {}
    for line in response.iter_lines():
        if line:
            name, _, value = line.partition(": ")
            told[name] = told.get(name, "") + value
        elif "event" in told:
            yield told["event"], told.get("id"), json.loads(told["data"])
            told = {}
        else:
            told = {}


def stream(operator: Person, **headers: str) -> Any:
    return operator.client.stream("GET", "/api/admin/stream", headers=headers)


def steer(operator: Person, **body: object) -> None:
    ok(operator.client.post("/api/admin/circuit-breakers", json={"breaker": "payments", **body}))


def test_it_tells_what_happens_and_after_a_break_what_was_missed(product: Product) -> None:
    operator, other = admin(product), admin(product)
    with stream(operator) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["cache-control"] == "no-store"
        told = events(response)
        name, identity, data = next(told)
        assert (name, data["isCurrent"]) == ("metrics", True)
        assert {"metrics", "health", "circuitBreakers", "queues"} <= set(data["operations"])
        steer(other, action="force_open", reason="For the stream", minutes=5)
        opened = next(data for name, _, data in told if name == "breaker" and data["name"] == "payments")
        assert (opened["name"], opened["what"], opened["detail"]) == ("payments", "open", "For the stream")
    assert identity is not None
    steer(other, action="reset")
    with stream(operator, **{"last-event-id": identity}) as response:
        missed = list[tuple[str, str]]()
        for name, _, data in events(response):
            if name == "breaker":
                missed.append((data["name"], data["what"]))
                if missed[-1] == ("payments", "closed"):
                    break
    assert missed.index(("payments", "open")) < missed.index(("payments", "closed"))


def test_only_admins_and_only_what_makes_sense(product: Product) -> None:
    problem(product.client().get("/api/admin/stream"), 401)
    refused = problem(admin(product).client.get("/api/admin/stream", headers={"last-event-id": "yesterday"}), 422)
    assert refused["errors"][0]["field"] == "Last-Event-ID"


def test_a_process_that_is_told_to_end_ends_its_streams(product: Product) -> None:
    operator = admin(product)
    at = len(product.ports) - 1
    client = product.client(at, token=operator.client.headers["authorization"].removeprefix("Bearer "))
    with client.stream("GET", "/api/admin/stream") as response:
        told = events(response)
        next(told)
        os.killpg(product.apis[at].pid, signal.SIGTERM)
        # To its end, without an error.
        assert {name for name, _, _ in told} <= {"metrics", "breaker", "alert", "job"}
    product.apis[at].wait(END_SECONDS)
    product.start_api(at)


def test_a_stream_ends_with_the_session_that_opened_it(embedded: Product) -> None:
    operator = admin(embedded)
    with stream(operator) as response:
        told = events(response)
        next(told)
        ok(operator.client.post("/api/auth/logout", json={"refreshToken": operator.refresh_token}), 204)
        # Within seconds; it would go on for five minutes.
        assert sum(name == "metrics" for name, _, _ in told) < 60
