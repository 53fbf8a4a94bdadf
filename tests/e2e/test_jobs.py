"""Jobs and queues as those see and steer them who operate the product, over HTTP and by command."""

import os
import pty
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from tests.support.people import Person, address, admin, register, someone
from tests.support.product import Product, eventually, ok, problem

NO_JOB = "00000000-0000-7000-8000-000000000000"


def newest(operator: Person, **wanted: str) -> dict[str, Any] | None:
    return next(iter(ok(operator.client.get("/api/admin/jobs", params={"limit": 1, **wanted}))["items"]), None)


def queue(operator: Person, name: str) -> dict[str, Any]:
    return next(item for item in ok(operator.client.get("/api/admin/queues"))["items"] if item["name"] == name)


def status(operator: Person, job_id: str) -> str:
    return ok(operator.client.get(f"/api/jobs/{job_id}"))["status"]


@pytest.fixture
def operator(product: Product) -> Iterator[Person]:
    """An admin; whatever a test paused goes on afterwards."""
    operator = admin(product)
    yield operator
    for name in ("mail", "reports"):
        ok(operator.client.post(f"/api/admin/queues/{name}/resume"))


def test_mails_of_a_paused_queue_wait_and_come_when_it_is_resumed(product: Product, operator: Person) -> None:
    paused = ok(operator.client.post("/api/admin/queues/mail/pause", json={}))
    assert [item["name"] for item in paused["items"] if item["paused"]] == ["mail"]
    ok(operator.client.post("/api/admin/queues/mail/pause"))
    kept, unwanted = address("an"), address("bo")
    kept_id = waiting_for(operator, register(product, kept))
    unwanted_id = waiting_for(operator, register(product, unwanted))

    assert queue(operator, "mail")["depth"] >= 2
    cancelled = ok(operator.client.post(f"/api/jobs/{unwanted_id}/cancel"))
    assert (cancelled["status"], cancelled["attempts"]) == ("cancelled", 0)
    ok(operator.client.post(f"/api/jobs/{unwanted_id}/cancel", json={}))
    assert status(operator, kept_id) == "queued"

    ok(operator.client.post("/api/admin/queues/mail/resume"))
    eventually(lambda: product.mails_to(kept), what="the mail that had waited")
    eventually(lambda: status(operator, kept_id) == "succeeded", what="its record")
    assert product.mails_to(unwanted) == []
    assert not queue(operator, "mail")["paused"]

    retried = ok(operator.client.post(f"/api/admin/jobs/{unwanted_id}/retry"))
    assert (retried["kind"], retried["queue"]) == ("mail.send", "mail")
    assert retried["attempts"] <= 1
    eventually(lambda: product.mails_to(unwanted), what="the mail that was wanted after all")


def waiting_for(operator: Person, correlation_id: str) -> str:
    """The job of the mail that follows from a request, while its queue is paused."""

    def look() -> str | None:
        wanted = {"queue": "mail", "status": "queued", "limit": 50}
        found = ok(operator.client.get("/api/admin/jobs", params=wanted))["items"]
        return next((job["id"] for job in found if job["correlationId"] == correlation_id), None)

    return eventually(look, what="the job of a mail")


def test_what_succeeded_can_be_looked_at_and_not_be_steered(product: Product, operator: Person) -> None:
    person = someone(product, address("an"))
    job = eventually(lambda: newest(operator, kind="mail.send", status="succeeded"), what="a mail that was sent")
    shown = ok(operator.client.get(f"/api/jobs/{job['id']}"))
    assert shown.items() <= job.items()
    assert set(shown) == {
        *("id", "kind", "status", "attempts", "progress", "error", "resultUrl"),
        *("createdAt", "runAt", "startedAt", "finishedAt", "cancelRequestedAt"),
    }
    for path in (f"/api/jobs/{job['id']}/cancel", *(f"/api/admin/jobs/{job['id']}/{do}" for do in ("retry", "drop"))):
        assert "succeeded" in problem(operator.client.post(path), 409)["detail"]
    problem(person.client.get(f"/api/jobs/{job['id']}"), 404)
    problem(person.client.post(f"/api/jobs/{job['id']}/cancel"), 404)


def test_the_list_has_pages_and_filters(embedded: Product) -> None:
    operator = admin(embedded)
    for _ in range(3):
        register(embedded, address("an"))
    first = ok(operator.client.get("/api/admin/jobs", params={"limit": 2, "kind": "mail.send", "queue": "mail"}))
    assert len(first["items"]) == 2
    second = ok(operator.client.get("/api/admin/jobs", params={"limit": 2, "cursor": first["nextCursor"]}))
    ids = [job["id"] for job in (*first["items"], *second["items"])]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == len(ids)
    assert ok(operator.client.get("/api/admin/jobs", params={"kind": "no.such"}))["items"] == []


def test_bad_input_is_refused(embedded: Product) -> None:
    client, nobodys = admin(embedded).client, NO_JOB
    for params in ({"status": "lost"}, {"queue": "toaster"}, {"kind": ""}, {"kind": "x" * 81}, {"limit": 51}, {"a": 1}):
        problem(client.get("/api/admin/jobs", params=params), 422)
    problem(client.get("/api/admin/jobs", params={"cursor": "x"}), 422)
    for name in ("toaster", "MAIL", "mail%20"):
        for do in ("pause", "resume"):
            problem(client.post(f"/api/admin/queues/{name}/{do}"), 404)
    for path in (f"/api/jobs/{nobodys}/cancel", *(f"/api/admin/jobs/{nobodys}/{do}" for do in ("retry", "drop"))):
        problem(client.post(path), 404)
        problem(client.post(path, json={"force": True}), 422)
    problem(client.get(f"/api/jobs/{nobodys}"), 404)
    problem(client.get("/api/jobs/x"), 404)
    for reason in ("", " ", "a\nb", "x" * 201, 7):
        problem(client.post(f"/api/admin/jobs/{nobodys}/drop", json={"reason": reason}), 422)


def test_the_operator_does_the_same_by_command(product: Product, operator: Person) -> None:
    assert "reports is paused." in product.command("jobs", "pause", "reports")
    assert queue(operator, "reports")["paused"]
    assert "reports goes on." in product.command("jobs", "resume", "reports")
    assert not queue(operator, "reports")["paused"]

    ok(operator.client.post("/api/admin/queues/mail/pause"))
    email = address("an")
    job_id = waiting_for(operator, register(product, email))
    assert "is cancelled." in product.command("jobs", "cancel", job_id)
    listed = product.command("jobs", "list", "--status", "cancelled", "--kind", "mail.send", "--queue", "mail")
    assert job_id in listed
    assert "is queued." in product.command("jobs", "retry", job_id)
    product.command("jobs", "resume", "mail")
    eventually(lambda: product.mails_to(email), what="the mail")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("retry", NO_JOB), 1),
        (("drop", NO_JOB, "--reason", "gone"), 1),
        (("cancel", NO_JOB), 1),
        (("retry", "x"), 2),
        (("pause", "toaster"), 2),
        (("list", "--status", "lost"), 2),
    ],
    ids=lambda value: str(value)[:30],
)
def test_the_command_says_what_it_cannot_do(embedded: Product, arguments: tuple[str, ...], code: int) -> None:
    done = embedded.attempt("jobs", *arguments)
    assert done.returncode == code
    assert b"Traceback" not in done.stdout + done.stderr


def test_watching_shows_the_queues_until_it_is_interrupted(embedded: Product) -> None:
    screen, terminal = pty.openpty()
    process = embedded.begin("jobs", "watch", terminal=terminal)
    os.close(terminal)
    # Nobody waits for a screen that never comes.
    too_long = threading.Timer(120, process.kill)
    too_long.start()
    shown = b""
    while shown.count(b"money") < 2:
        # Twice: it does not stop at the first look.
        shown += os.read(screen, 65536)
    process.send_signal(signal.SIGINT)
    with suppress(OSError):
        # The terminal ends with the process.
        while more := os.read(screen, 65536):
            shown += more
    assert process.wait(60) == 0
    too_long.cancel()
    os.close(screen)
    assert b"Traceback" not in shown
