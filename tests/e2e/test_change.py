"""A change of dates over HTTP: asked for anew, told to both, and in the history."""

from tests.support.people import address, caregiver, local, pay, pet, quote, request, someone
from tests.support.product import Product, eventually, ok, problem


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


def test_a_paid_booking_becomes_dearer_once_the_caregiver_agrees_and_the_owner_has_paid(product: Product) -> None:
    sitter, owner = caregiver(product, address("bart")), someone(product, address("an"))
    first, second = pet(owner), pet(owner)
    booking = request(owner, quote(owner, sitter.id, [first])["id"])
    path = f"/api/bookings/{booking['id']}"
    ok(sitter.client.post(f"{path}/accept"))
    pay(owner, booking["id"])
    before = ok(owner.client.get(path))
    offered = quote(owner, sitter.id, [first, second])
    asked = ok(owner.client.post(f"{path}/change", json={"quoteId": offered["id"]}))
    assert (asked["status"], asked["gross"], asked["quoteId"]) == ("paid", before["gross"], before["quoteId"])
    wish = asked["proposedChange"]
    assert (wish["quoteId"], wish["gross"]) == (offered["id"], offered["gross"])
    assert [(each["id"], each["animal"], each["size"]) for each in wish["pets"]] == [
        (first, "dog", "m"),
        (second, "dog", "m"),
    ]
    assert "net" not in wish
    early = problem(owner.client.post(f"{path}/payment"), 409)
    assert early["type"].endswith("/change-not-accepted")
    problem(owner.client.post(f"{path}/change/accept", json={"quoteId": offered["id"]}), 403)
    outdated = problem(sitter.client.post(f"{path}/change/accept", json={"quoteId": before["quoteId"]}), 409)
    assert outdated["type"].endswith("/terms-changed")
    agreed = ok(sitter.client.post(f"{path}/change/accept", json={"quoteId": offered["id"]}))
    assert agreed["proposedChange"]["net"]["amountCents"] < offered["gross"]["amountCents"]
    assert agreed["gross"] == before["gross"]
    pay(owner, booking["id"])
    eventually(lambda: ok(owner.client.get(path))["proposedChange"] is None, what="the change")
    after = ok(owner.client.get(path))
    assert (after["status"], after["gross"], after["quoteId"]) == ("paid", offered["gross"], offered["id"])
    cents = {name: after[name]["amountCents"] for name in ("gross", "captured", "refunded")}
    assert cents["captured"] - cents["refunded"] == cents["gross"]
    assert cents["refunded"] == before["gross"]["amountCents"]
    told = [step["reason"].split(":")[0] for step in ok(owner.client.get(f"{path}/history"))["items"][-3:]]
    assert told == ["change asked for", "change accepted, to be paid", "changed; before"]


def test_a_change_that_is_declined_or_withdrawn_leaves_the_booking_as_it_was(product: Product) -> None:
    sitter, owner = caregiver(product, address("bart")), someone(product, address("an"))
    pets = [pet(owner)]
    booking = request(owner, quote(owner, sitter.id, pets)["id"])
    path = f"/api/bookings/{booking['id']}"
    ok(sitter.client.post(f"{path}/accept"))
    pay(owner, booking["id"])
    before = ok(owner.client.get(path))
    for person, act in ((sitter, "decline"), (owner, "withdraw")):
        nothing = problem(person.client.post(f"{path}/change/{act}"), 409)
        assert nothing["type"].endswith("/no-change-proposed")
        offered = quote(owner, sitter.id, pets, startAt=local(9, 10), endAt=local(9, 11))
        ok(owner.client.post(f"{path}/change", json={"quoteId": offered["id"]}))
        assert ok(person.client.post(f"{path}/change/{act}"))["proposedChange"] is None
        assert ok(owner.client.get(path)) == before


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
