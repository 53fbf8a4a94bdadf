"""From the owner's money to the caregiver's account and back, over HTTP."""

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.e2e.test_care import a_paid_booking
from tests.support.people import Caregiver, Person, address, admin, money, someone
from tests.support.product import Product, eventually, ok, problem


def completed(embedded: Product) -> tuple[Person, Caregiver, str]:
    owner, sitter, path = a_paid_booking(embedded, starts_in=timedelta(minutes=20))
    ok(sitter.client.post(f"{path}/check-in", json={}))
    ok(sitter.client.post(f"{path}/check-out", json={}))
    return owner, sitter, path


def three_days_pass(embedded: Product, path: str) -> None:
    """The time to dispute the booking is over."""
    booking_id = path.rpartition("/")[2].replace("-", "")
    with closing(sqlite3.connect(embedded.data_dir / "tailtribe.sqlite3", timeout=30)) as database, database:
        changed = database.execute(
            "UPDATE bookings SET payout_due_at = datetime(payout_due_at, '-73 hours') WHERE id = ?", [booking_id]
        )
        assert changed.rowcount == 1


def payout(person: Person, path: str, state: str) -> Any:
    return eventually(
        lambda: seen if (seen := ok(person.client.get(path))["payout"])["state"] == state else None,
        what=f"a payout that is {state}",
    )


def test_a_caregiver_is_paid_and_what_goes_back_is_taken_back(embedded: Product) -> None:
    owner, sitter, path = completed(embedded)
    operator = admin(embedded)
    earned = ok(sitter.client.get("/api/earnings"))
    assert (earned["pending"], earned["due"], earned["paid"]) == (money(1440), money(0), money(0))
    assert [(day["amount"], day["bookings"]) for day in earned["forecast"]] == [(money(1440), 1)]
    assert "is queued" in embedded.command("jobs", "start", "payouts.decide")
    three_days_pass(embedded, path)
    embedded.command("jobs", "start", "payouts.decide")
    paid = payout(sitter.person, path, "paid")
    assert paid["amount"] == money(1440)
    earned = ok(sitter.client.get("/api/earnings"))
    assert (earned["pending"], earned["paid"], earned["forecast"]) == (money(0), money(1440), [])
    (shown,) = ok(sitter.client.get("/api/earnings/payouts"))["items"]
    assert (shown["status"], shown["amount"], shown["bookingId"]) == ("paid", money(1440), path.rpartition("/")[2])
    assert "payouts" not in str(ok(owner.client.get(path)))
    eventually(
        lambda: any("14,40" in str(mail["Subject"]) for mail in embedded.mails_to(sitter.person.email)),
        what="the mail about the payout",
    )

    ok(operator.client.post(f"/api/admin{path.removeprefix('/api')}/refund", json={"amount": {"amountCents": 600}}))
    eventually(
        lambda: ok(sitter.client.get("/api/earnings/payouts"))["items"][0]["reversed"] == money(480),
        what="the reversal",
    )
    ledger = eventually(
        lambda: (
            seen
            if (seen := ok(operator.client.get("/api/admin/ledger")))["balances"]["owed_to_owners"] == money(0)
            else None
        ),
        what="the refund",
    )
    assert ledger["sum"] == money(0)
    problem(operator.client.post(f"/api/admin{path.removeprefix('/api')}/release-payout", json={"reason": "x"}), 409)
    embedded.command("jobs", "start", "payments.reconcile")
    eventually(
        lambda: ok(operator.client.get("/api/admin/ledger"))["balances"]["fees"]["amountCents"] > 0,
        what="the comparison with the provider",
    )
    assert ok(operator.client.get("/api/admin/reconciliation", params={"gone": False}))["items"] == []


def test_a_chargeback_holds_the_payout_and_admins_are_told(embedded: Product) -> None:
    owner, sitter, path = completed(embedded)
    operator = admin(embedded)
    payment = ok(operator.client.get(path))
    assert payment["status"] == "completed"
    bank = f"/api/sandbox/payments/{_payment_id(embedded, path)}"
    problem(owner.client.post(f"{bank}/chargeback", json={"outcome": "won"}), 409)
    problem(sitter.client.post(f"{bank}/chargeback", json={"outcome": "opened"}), 403)
    ok(owner.client.post(f"{bank}/chargeback", json={"outcome": "opened"}))
    payout(sitter.person, path, "held")
    assert ok(sitter.client.get("/api/earnings"))["held"] == money(1440)
    listed = ok(operator.client.get("/api/admin/chargebacks", params={"status": "opened"}))["items"]
    (waiting,) = [one for one in listed if one["bookingId"] == path.rpartition("/")[2]]
    assert waiting["evidenceDueBy"] is not None
    eventually(
        lambda: any("teruggeboekt" in str(mail["Subject"]) for mail in embedded.mails_to(operator.email)),
        what="the admin's mail",
    )
    ok(owner.client.post(f"{bank}/chargeback", json={"outcome": "lost"}))
    eventually(lambda: ok(sitter.client.get("/api/earnings"))["held"] == money(0), what="the end of the chargeback")
    assert ok(sitter.client.get("/api/earnings"))["pending"] == money(0)


def test_a_caregiver_has_his_statement_made(embedded: Product) -> None:
    _, sitter, path = completed(embedded)
    month = datetime.now(ZoneInfo("Europe/Brussels")).strftime("%Y-%m")
    job = ok(sitter.client.post("/api/reports/statements", json={"month": month}), 202)
    url = eventually(lambda: ok(sitter.client.get(f"/api/jobs/{job['id']}"))["resultUrl"], what="the statement")
    made = sitter.client.get(url)
    assert (made.status_code, made.headers["content-type"]) == (200, "application/pdf")
    assert made.content.startswith(b"%PDF-")
    sheet = sitter.client.get(url.replace(".pdf", ".csv"))
    assert path.rpartition("/")[2] in sheet.text
    assert "14.40" in sheet.text
    assert made.headers["cache-control"] == "no-store"
    stranger = someone(embedded, address("els"))
    for missing in (url, url.replace(".pdf", ".exe"), "/api/earnings"):
        problem(stranger.client.get(missing), 404)
    for wrong in ("2999-01", "2020-01", "2026-13", "now"):
        refused = problem(sitter.client.post("/api/reports/statements", json={"month": wrong}), 422)
        assert refused["errors"][0]["field"] == "month"


def _payment_id(embedded: Product, path: str) -> str:
    booking_id = path.rpartition("/")[2].replace("-", "")
    with closing(sqlite3.connect(embedded.data_dir / "tailtribe.sqlite3", timeout=30)) as database:
        (found,) = database.execute("SELECT payment_id FROM bookings WHERE id = ?", [booking_id]).fetchone()
    return str(found)
