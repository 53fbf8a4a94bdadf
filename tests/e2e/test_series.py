"""A series over HTTP: looked at, booked, shown to its parties only, and ended from a date on."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.support.people import address, caregiver, pet, someone
from tests.support.product import Product, ok, problem

ZONE = ZoneInfo("Europe/Brussels")
PATH = "/api/series"


def a_wish(caregiver_id: str, pets: list[str]) -> dict[str, Any]:
    """Four Tuesdays, from the week after next."""
    day = datetime.now(UTC).astimezone(ZONE).replace(hour=9, minute=0, second=0, microsecond=0)
    start = day + timedelta(days=14 + (1 - day.weekday()) % 7)
    return {
        "caregiverId": caregiver_id,
        "service": "dog_walking",
        "startAt": start.isoformat(),
        "endAt": (start + timedelta(hours=1)).isoformat(),
        "petIds": pets,
        "recurrence": "weekly",
        "until": (start + timedelta(weeks=3)).date().isoformat(),
    }


def test_a_series_is_looked_at_booked_and_ended_from_a_date_on(product: Product) -> None:
    sitter, owner = caregiver(product, address("bart"), instantBook=True), someone(product, address("an"))
    stranger = someone(product, address("stranger"))
    asked = a_wish(sitter.id, [pet(owner)])
    second = datetime.fromisoformat(asked["startAt"]) + timedelta(weeks=1)
    closed = {"date": second.date().isoformat(), "closed": True}
    hours = ok(sitter.client.get("/api/caregivers/me/availability"))
    ok(sitter.client.put("/api/caregivers/me/availability", json=hours | {"exceptions": [closed]}))

    shown = ok(owner.client.post(PATH, json=asked | {"dryRun": True}))
    assert shown["id"] is None
    assert [item["free"] for item in shown["items"]] == [True, False, True, True]
    assert shown["items"][1]["reason"]["code"] == "outside-open-hours"
    assert ok(owner.client.get("/api/bookings"))["items"] == []

    missing = problem(owner.client.post(PATH, json=asked), 422)
    assert [error["field"] for error in missing["errors"]] == ["emergencyContact"]
    contact = {"emergencyContact": {"name": "Jan", "phone": "+32 470 12 34 56"}}
    once: dict[str, Any] = {"json": asked | contact, "headers": {"idempotency-key": "the-series-once"}}
    answer = owner.client.post(PATH, **once)
    booked = ok(answer, 201)
    assert ok(owner.client.post(PATH, **once), 201) == booked
    path = answer.headers["location"]
    assert [item["bookingId"] is not None for item in booked["items"]] == [True, False, True, True]
    assert [item["gross"] for item in booked["items"]] == [item["gross"] for item in shown["items"]]

    for party in (owner, sitter):
        items = ok(party.client.get(path))["items"]
        assert [(item["status"], item["seriesId"]) for item in items] == [("accepted", booked["id"])] * 3
    problem(stranger.client.get(path), 404)
    problem(stranger.client.post(f"{path}/cancel"), 404)
    third = booked["items"][2]["startAt"]
    left = ok(owner.client.post(f"{path}/cancel", json={"startsFrom": third, "reason": "We move"}))["items"]
    assert [item["status"] for item in left] == ["accepted", "cancelled", "cancelled"]


def test_what_is_wrong_with_a_series_is_told_by_field(product: Product) -> None:
    sitter, owner = caregiver(product, address("bart")), someone(product, address("an"))
    asked = a_wish(sitter.id, [pet(owner)]) | {"dryRun": True}
    for change, field in (
        ({"until": "2026-01-01"}, "until"),
        ({"until": "2099-01-01"}, "until"),
        ({"recurrence": "daily"}, "recurrence"),
        ({"petIds": []}, "petIds"),
        ({"endAt": asked["startAt"]}, "endAt"),
        ({"promo": "FREE"}, "promo"),
    ):
        told = problem(owner.client.post(PATH, json=asked | change), 422)
        assert [error["field"] for error in told["errors"]] == [field]
    problem(owner.client.post(PATH, json=asked | {"petIds": [pet(sitter.person)]}), 404)
