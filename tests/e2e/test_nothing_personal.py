"""What people send stays where it belongs: it is in no log, event, job, group of errors or alert."""

import json
from typing import Any
from uuid import uuid4

from tests.support.databases import rows
from tests.support.people import PASSWORD, register, sign_in, verify
from tests.support.planted import PLANTED
from tests.support.product import Product, eventually

TABLES = ("outbox_events", "jobs", "error_groups", "alerts", "breaker_changes", "process_reports")


def test_what_was_planted_in_requests_is_nowhere_it_must_not_be(distributed: Product) -> None:
    everything = " ".join(PLANTED.values())
    email = f"{uuid4().hex[:8]}.{PLANTED['email']}"
    register(distributed, email, first="Wilhelmina", last="Vanderplanten")
    verify(distributed, email)
    person = sign_in(distributed, email)
    client = person.client
    for body in ({"name": everything, "animal": everything}, {"name": PLANTED["name"], "animal": "dog", "size": "m"}):
        client.post("/api/pets", json=body | {"medical": everything, "chipNumber": PLANTED["card"]})
    client.get("/api/caregivers", params={"place": everything, "q": everything})
    client.get(f"/api/places?q={PLANTED['name']}&token={PLANTED['token']}")
    client.post("/api/auth/login", json={"email": email, "password": PLANTED["card"]})
    client.post("/api/auth/verify-email", json={"token": PLANTED["token"]})
    client.post("/api/bookings", json={"quoteId": str(uuid4()), "emergencyContact": {"name": everything, "phone": "x"}})
    client.get("/api/me", headers={"authorization": f"Bearer {PLANTED['token']}", "cookie": PLANTED["key"]})
    client.post("/api/pets", content=b'{"name": ' + everything.encode(), headers={"content-type": "application/json"})
    client.post("/api/auth/forgot-password", json={"email": email})
    eventually(lambda: len(distributed.mails_to(email)) >= 2, what="both mails")
    told = {"the log": distributed.log()} | {
        table: json.dumps(_all(distributed, table), default=str) for table in TABLES
    }
    secrets = {**PLANTED, "own address": email, "password": PASSWORD, "session": person.refresh_token}
    assert [(where, name) for where, text in told.items() for name, kept in secrets.items() if kept in text] == []


def _all(product: Product, table: str) -> list[dict[str, Any]]:
    return rows(product.environment["DATABASE_URL"], f"SELECT * FROM {table}")
