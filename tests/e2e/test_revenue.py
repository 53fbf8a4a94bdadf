"""What admins are told of the business, from the booking to the figures."""

from datetime import UTC, datetime

import pytest

from tests.support.people import address, admin, caregiver, money, pay, pet, quote, request, someone
from tests.support.product import Product, ok, problem

PROJECTION = {"bookingsPerDay": 500, "averageCents": 3000, "costsCents": 12200, "days": 30}


def now() -> str:
    return datetime.now(UTC).isoformat()


def test_a_paid_booking_and_its_refund_are_in_the_statistics(product: Product) -> None:
    sitter, owner, operator = caregiver(product, address("bart")), someone(product, address("an")), admin(product)
    start = now()
    booked = request(owner, quote(owner, sitter.id, [pet(owner)])["id"])
    ok(sitter.client.post(f"/api/bookings/{booked['id']}/accept"))
    pay(owner, booked["id"])
    paid = now()
    told = ok(operator.client.get("/api/admin/statistics", params={"from": start, "to": paid}))
    assert (told["gmv"], told["commission"], told["takeRate"]) == (money(1800), money(360), 0.2)
    assert (told["bookings"]["total"], told["bookings"]["byStatus"]["paid"]) == (1, 1)
    # It may be midnight meanwhile.
    assert sum(day["bookings"] for day in told["bookings"]["perDay"]) == 1
    assert told["users"]["registered"] == 0

    ok(owner.client.post(f"/api/bookings/{booked['id']}/cancel"))
    told = ok(operator.client.get("/api/admin/statistics", params={"from": start, "to": now()}))
    assert (told["gmv"], told["commission"], told["takeRate"]) == (money(0), money(0), 0)


def test_without_a_period_it_is_the_last_thirty_days(embedded: Product) -> None:
    told = ok(admin(embedded).client.get("/api/admin/statistics"))
    assert len(told["bookings"]["perDay"]) == 30
    assert {"total", "owners", "caregivers", "approvedCaregivers", "admins", "registered"} == told["users"].keys()


def test_the_projection_is_that_of_the_contract(embedded: Product) -> None:
    assert ok(admin(embedded).client.get("/api/admin/revenue-projection", params=PROJECTION)) == {
        "gmv": money(45_000_000),
        "commission": money(9_000_000),
        "costs": money(12_200),
        "net": money(8_987_800),
        "roiPercent": 73_670,
    }


@pytest.mark.parametrize(
    ("path", "changed", "name"),
    [
        ("revenue-projection", {"bookingsPerDay": -1}, "bookingsPerDay"),
        ("revenue-projection", {"averageCents": "30.50"}, "averageCents"),
        ("revenue-projection", {"costsCents": 10**13}, "costsCents"),
        ("revenue-projection", {"days": 0}, "days"),
        ("revenue-projection", {"days": None}, "days"),
        ("statistics", {"from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, "from"),
        ("statistics", {"to": "1999-01-01T00:00:00Z"}, "to"),
        ("statistics", {"from": "2026-02-01T00:00:00"}, "from"),
    ],
)
def test_what_means_nothing_is_told_by_its_field(
    embedded: Product, path: str, changed: dict[str, str | int | None], name: str
) -> None:
    usual: dict[str, str | int | None] = {**PROJECTION} if path == "revenue-projection" else {}
    parameters = {key: value for key, value in (usual | changed).items() if value is not None}
    refused = problem(admin(embedded).client.get(f"/api/admin/{path}", params=parameters), 422)
    assert [error["field"] for error in refused["errors"]] == [name]
