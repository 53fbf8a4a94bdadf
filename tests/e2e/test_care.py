"""From check-in to the decision about a dispute, over HTTP."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.support.people import (
    Caregiver,
    Person,
    address,
    admin,
    booking,
    caregiver,
    money,
    pay,
    pet,
    quote,
    request,
    someone,
)
from tests.support.product import Product, eventually, ok, problem


def a_paid_booking(product: Product, *, starts_in: timedelta) -> tuple[Person, Caregiver, str]:
    """An hour of care; its id under `/api/bookings`."""
    sitter = caregiver(product, address("bart"), instantBook=True)
    owner = someone(product, address("an"), language="en")
    start = datetime.now(UTC) + starts_in
    times = {"startAt": start.isoformat(), "endAt": (start + timedelta(hours=1)).isoformat()}
    asked = request(owner, quote(owner, sitter.id, [pet(owner)], **times)["id"])
    pay(owner, asked["id"])
    return owner, sitter, f"/api/bookings/{asked['id']}"


def test_care_is_given_reported_disputed_and_decided(product: Product) -> None:
    owner, sitter, path = a_paid_booking(product, starts_in=timedelta(minutes=20))
    operator = admin(product)
    begun = ok(sitter.client.post(f"{path}/check-in", json={"lat": 51.05, "lng": 3.72, "photos": ["photos/1.jpg"]}))
    assert begun["status"] == "in_progress"
    assert "in progress" in problem(sitter.client.post(f"{path}/check-in"), 409)["detail"]
    done = ok(sitter.client.post(f"{path}/check-out", json={"notes": "All well"}))
    assert (done["status"], done["payout"]["state"]) == ("completed", "scheduled")
    assert done["payout"]["amount"] == money(1440)
    report = ok(owner.client.get(f"{path}/report"))
    assert report == ok(sitter.client.get(f"{path}/report"))
    assert (report["checkIn"]["lat"], report["checkIn"]["photos"]) == (51.05, ["photos/1.jpg"])
    assert report["checkOut"]["notes"] == "All well"

    disputed = ok(owner.client.post(f"{path}/dispute", json={"reason": "Nobody came"}))
    assert (disputed["status"], disputed["payout"]) == ("disputed", {"state": "held", "dueAt": None, "paidAt": None})
    (waiting,) = [
        item
        for item in ok(operator.client.get("/api/admin/disputes", params={"status": "open", "limit": 50}))["items"]
        if item["id"] == disputed["id"]
    ]
    assert (waiting["reason"], waiting["captured"]) == ("Nobody came", money(1800))
    problem(operator.client.post(f"/api/admin{path.replace('/api', '')}/refund"), 409)
    # Who is told of a dispute once it is decided, would be told too late.
    eventually(
        lambda: any("betwiste" in str(mail["Subject"]) for mail in product.mails_to(operator.email)),
        what="the admin's mail",
    )
    decide = f"/api/admin/disputes/{waiting['id']}/decide"
    wrong: list[dict[str, Any]] = [{"decision": "pay", "amount": {"amountCents": 1}}, {"decision": "refund_part"}, {}]
    for body in wrong:
        problem(operator.client.post(decide, json=body), 422)
    decision = {"decision": "refund_part", "amount": {"amountCents": 600}, "reason": "It was short"}
    with ThreadPoolExecutor(6) as executor:
        answers = list(executor.map(lambda _: operator.client.post(decide, json=decision), range(6)))
    (decided,) = [ok(answer) for answer in answers if answer.status_code != 409]
    assert (decided["bookingStatus"], decided["refund"]) == ("completed", money(600))
    for refused in (answer for answer in answers if answer.status_code == 409):
        assert "completed" in problem(refused, 409)["detail"]
    assert booking(owner, disputed["id"])["refunded"] == money(600)

    eventually(lambda: _subjects(product, owner) >= OWNERS_MAILS, what="the owner's mails")
    eventually(lambda: _subjects(product, sitter.person) >= SITTERS_MAILS, what="the caregiver's mails")
    after = booking(sitter, disputed["id"])
    assert (after["payout"]["state"], after["payout"]["amount"]) == ("scheduled", money(960))
    history = ok(owner.client.get(f"{path}/history"))["items"]
    assert [step["toStatus"] for step in history] == [
        "pending",
        "accepted",
        "paid",
        "in_progress",
        "completed",
        "disputed",
        "completed",
    ]

    day = datetime.fromisoformat(begun["startAt"]).astimezone(ZoneInfo(begun["timeZone"])).date()
    month = ok(owner.client.get("/api/bookings/calendar", params={"month": f"{day:%Y-%m}"}))
    entries = next(shown["bookings"] for shown in month["days"] if shown["date"] == day.isoformat())
    assert [(entry["id"], entry["displayName"]) for entry in entries] == [(disputed["id"], "Bart Claes")]
    problem(owner.client.get("/api/bookings/calendar", params={"month": "2026-13"}), 422)
    numbers = ok(owner.client.get("/api/bookings/statistics"))
    assert (numbers["asOwner"]["byStatus"]["completed"], numbers["asOwner"]["spent"]) == (1, money(1200))
    assert ok(sitter.client.get("/api/bookings/statistics"))["asCaregiver"]["owners"] == 1


OWNERS_MAILS = {
    "How was it with Bart Claes?",
    "The booking with Bart Claes is disputed",
    "We have decided about the booking with Bart Claes",
    "We have refunded €6.00",
}
SITTERS_MAILS = {
    "Hoe was het met An Peeters?",
    "De boeking met An Peeters wordt betwist",
    "We hebben beslist over de boeking met An Peeters",
}


def _subjects(product: Product, reader: Person) -> set[str]:
    return {str(mail["Subject"]) for mail in product.mails_to(reader.email)}


def test_an_admin_gives_back_and_cancels(embedded: Product) -> None:
    owner, sitter, path = a_paid_booking(embedded, starts_in=timedelta(hours=5))
    operator = admin(embedded)
    assert "can be checked in from" in problem(sitter.client.post(f"{path}/check-in"), 409)["detail"]
    by_admin = path.replace("/api", "/api/admin", 1)
    refunded = ok(operator.client.post(f"{by_admin}/refund", json={"amount": {"amountCents": 300}}))
    assert (refunded["status"], refunded["refunded"]) == ("paid", money(300))
    assert (
        "1500 cents"
        in problem(operator.client.post(f"{by_admin}/refund", json={"amount": {"amountCents": 1501}}), 409)["detail"]
    )
    body = {"reason": "The owner is ill", "caregiverFault": False}
    cancelled = ok(operator.client.post(f"{by_admin}/cancel", json=body))
    # Half of the price goes back after the deadline.
    assert (cancelled["status"], cancelled["refunded"]) == ("cancelled", money(1200))
    assert "cancelled" in problem(sitter.client.post(f"{path}/check-in"), 409)["detail"]
    assert "cancelled" in problem(owner.client.post(f"{path}/dispute", json={"reason": "No"}), 409)["detail"]
