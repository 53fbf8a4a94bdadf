"""A promotion over HTTP: given, quoted, booked, paid for less, used up, and ended."""

from typing import Any

from tests.e2e.test_series import PATH as SERIES
from tests.e2e.test_series import a_wish
from tests.support.people import (
    address,
    booking,
    caregiver,
    local,
    money,
    pay,
    pet,
    quote,
    request,
    request_body,
    someone,
)
from tests.support.product import Product, ok, problem

PATH = "/api/caregivers/me/promotions"


def code_of(refused: dict[str, Any]) -> str:
    return refused["type"].rsplit("/", 1)[-1]


def test_a_promotion_makes_a_booking_cheaper_from_the_quote_to_the_payment_as_often_as_was_given(
    product: Product,
) -> None:
    sitter, owner, other = caregiver(product, address("bart")), *(someone(product, address(name)) for name in "ab")
    mine, theirs = [pet(owner)], [pet(other)]
    given = {"code": "summer-10", "percent": 10, "maxUses": 2, "services": ["dog_walking"]}
    once: dict[str, Any] = {"json": given, "headers": {"idempotency-key": "the-promotion-once"}}
    promotion = ok(sitter.client.post(PATH, **once), 201)
    assert ok(sitter.client.post(PATH, **once), 201) == promotion
    assert (promotion["code"], promotion["uses"], promotion["oncePerOwner"]) == ("SUMMER-10", 0, True)
    assert code_of(problem(sitter.client.post(PATH, json=given), 409)) == "promotion-code-taken"

    offered = quote(owner, sitter.id, mine, promo="Summer-10")
    assert offered["lineItems"][-1] == {
        "kind": "promotion",
        "label": "Promotion SUMMER-10",
        "quantity": 1.0,
        "unitPrice": money(-180),
        "total": money(-180),
    }
    assert sum(line["total"]["amountCents"] for line in offered["lineItems"]) == offered["gross"]["amountCents"] == 1620
    booked = request(owner, offered["id"])
    ok(sitter.client.post(f"/api/bookings/{booked['id']}/accept"))
    pay(owner, booked["id"])
    seen = booking(sitter, booked["id"])
    assert (seen["gross"], seen["commission"], seen["net"]) == (money(1620), money(324), money(1296))

    again = quote(owner, sitter.id, mine, promo="summer-10", startAt=local(4, 9), endAt=local(4, 10))
    refused = problem(owner.client.post("/api/bookings", json=request_body(again["id"])), 409)
    assert code_of(refused) == "promotion-used-before"
    wish = a_wish(sitter.id, theirs) | {"promo": "summer-10"}
    shown = ok(other.client.post(SERIES, json=wish | {"dryRun": True}))["items"]
    assert [(item["promoted"], item["gross"]["amountCents"]) for item in shown] == [
        (True, 1620),
        (False, 1800),
        (False, 1800),
        (False, 1800),
    ]
    contact = {"emergencyContact": {"name": "Jan", "phone": "+32 470 12 34 56"}}
    series = ok(other.client.post(SERIES, json=wish | contact), 201)["items"]
    assert [item["gross"] for item in series] == [item["gross"] for item in shown]
    late = someone(product, address("late"))
    wanted = quote(late, sitter.id, [pet(late)], promo="summer-10")
    refused = problem(late.client.post("/api/bookings", json=request_body(wanted["id"])), 409)
    assert code_of(refused) == "promotion-used-up"

    (listed,) = ok(sitter.client.get(PATH))["items"]
    assert listed == promotion | {"uses": 2}
    ended = ok(sitter.client.post(f"{PATH}/{promotion['id']}/end"))
    assert ended["endedAt"] is not None
    assert ok(sitter.client.post(f"{PATH}/{promotion['id']}/end", json={})) == ended
    asked = {"caregiverId": sitter.id, "service": "dog_walking", "petIds": mine, "promo": "SUMMER-10"}
    told = problem(owner.client.post("/api/quotes", json=asked | {"startAt": local(5, 9), "endAt": local(5, 10)}), 422)
    assert (code_of(told), told["errors"][0]["field"]) == ("promotion-ended", "promo")
