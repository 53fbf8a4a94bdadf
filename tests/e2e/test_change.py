"""A change of dates over HTTP: asked for anew, told to both, and in the history."""

from tests.support.people import address, caregiver, local, pet, quote, request, someone
from tests.support.product import Product, ok, problem


def test_a_booking_gets_the_dates_and_pets_of_a_new_quote(product: Product) -> None:
    sitter, owner = caregiver(product, address("bart")), someone(product, address("an"))
    first, second = pet(owner), pet(owner)
    booking = request(owner, quote(owner, sitter.id, [first])["id"])
    path = f"/api/bookings/{booking['id']}"
    ok(sitter.client.post(f"{path}/accept"))
    offered = quote(owner, sitter.id, [first, second])
    problem(sitter.client.post(f"{path}/change", json={"quoteId": offered["id"]}), 403)
    changed = ok(owner.client.post(f"{path}/change", json={"quoteId": offered["id"]}))
    assert changed["status"] == "pending"
    assert (changed["gross"], changed["startAt"]) == (offered["gross"], offered["startAt"])
    assert [each["id"] for each in changed["pets"]] == [first, second]
    again = problem(owner.client.post(f"{path}/change", json={"quoteId": offered["id"]}), 409)
    assert again["type"].endswith("/quote-already-used")
    steps = ok(owner.client.get(f"{path}/history"))["items"]
    assert [step["toStatus"] for step in steps] == ["pending", "accepted", "pending"]
    assert steps[-1]["reason"].startswith("changed; before: ")
    outdated = problem(sitter.client.post(f"{path}/accept", json={"quoteId": booking["quoteId"]}), 409)
    assert outdated["type"].endswith("/terms-changed")
    assert "other pets" in outdated["detail"]
    shown = ok(sitter.client.get(path))["quoteId"]
    assert shown == offered["id"]
    assert ok(sitter.client.post(f"{path}/accept", json={"quoteId": shown}))["status"] == "accepted"


def test_a_meeting_costs_nothing_and_is_had_once(product: Product) -> None:
    sitter, owner = caregiver(product, address("bart"), instantBook=True), someone(product, address("an"))
    pets = [pet(owner)]
    half_an_hour = {"startAt": local(14, 10), "endAt": local(14, 10, 30), "meetAndGreet": True}
    asked = {"caregiverId": sitter.id, "service": "dog_walking", "petIds": pets} | half_an_hour
    longer = problem(owner.client.post("/api/quotes", json=asked | {"endAt": local(14, 11)}), 422)
    assert [error["field"] for error in longer["errors"]] == ["endAt"]
    offered = quote(owner, sitter.id, pets, **half_an_hour)
    assert (offered["gross"]["amountCents"], offered["meetAndGreet"]) == (0, True)
    booked = request(owner, offered["id"])
    assert (booked["status"], booked["meetAndGreet"], booked["payUntil"]) == ("accepted", True, None)
    path = f"/api/bookings/{booked['id']}"
    for refused, code in (("payment", "nothing-to-pay"), ("change", "booking-not-changeable")):
        body = {"quoteId": quote(owner, sitter.id, pets)["id"]} if refused == "change" else None
        told = problem(owner.client.post(f"{path}/{refused}", json=body), 409)
        assert told["type"].endswith(f"/{code}")
    problem(owner.client.get(f"{path}/contact"), 409)
    assert ok(owner.client.get("/api/bookings/statistics"))["asOwner"]["spent"]["amountCents"] == 0
