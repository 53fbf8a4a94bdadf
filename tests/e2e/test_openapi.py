"""The served contract."""

import json
from typing import Any

import pytest

from tests.support.people import someone
from tests.support.product import Product, ok


@pytest.fixture(scope="module")
def document(embedded: Product) -> dict[str, Any]:
    return ok(embedded.client().get("/schema"))


def test_it_is_openapi_3_1_and_describes_every_route_of_the_journey(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    routes = {(method, path) for path, operations in document["paths"].items() for method in operations}
    assert {
        ("post", "/api/auth/register"),
        ("post", "/api/quotes"),
        ("post", "/api/bookings"),
        ("post", "/api/bookings/{booking_id}/payment"),
        ("get", "/api/caregivers"),
    } <= routes
    assert len(routes) > 40


def test_every_body_has_an_example(document: dict[str, Any]) -> None:
    missing: list[str] = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            bodies = [("request", operation.get("requestBody", {})), *operation["responses"].items()]
            for name, body in bodies:
                for media, content in body.get("content", {}).items():
                    if media.endswith("json") and "example" not in content and "examples" not in content:
                        missing.append(f"{method} {path} {name}")
    assert missing == []


def test_the_example_of_a_pet_can_be_sent_as_it_stands(embedded: Product, document: dict[str, Any]) -> None:
    body = document["paths"]["/api/pets"]["post"]["requestBody"]["content"]["application/json"]["example"]
    owner = someone(embedded, "examples@tailtribe.example")
    assert ok(owner.client.post("/api/pets", json=body), 201)["name"] == body["name"]


def test_the_viewer_loads_nothing_from_elsewhere(embedded: Product) -> None:
    page = embedded.client().get("/docs")
    assert page.status_code == 200
    assert "http://" not in page.text.replace("http://www.w3.org", "")
    assert "https://" not in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert json.dumps(policy).find("http") == -1
