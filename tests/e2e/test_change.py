"""A change of dates over HTTP: asked for anew, told to both, and in the history."""

from tests.support.people import address, caregiver, pet, quote, request, someone
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
    assert again["code"] == "quote-already-used"
    steps = ok(owner.client.get(f"{path}/history"))["items"]
    assert [step["toStatus"] for step in steps] == ["pending", "accepted", "pending"]
    assert steps[-1]["reason"].startswith("changed; before: ")
    assert ok(sitter.client.post(f"{path}/accept"))["status"] == "accepted"
