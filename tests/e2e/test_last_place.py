"""The capacity guarantee under a rush, through real processes."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.support.people import Person, address, booking, caregiver, local, pet, quote, request_body, someone
from tests.support.product import Product, ok

RUSH = 100


@pytest.mark.parametrize("capacity", [1, 3])
def test_of_a_hundred_requests_at_once_as_many_succeed_as_there_are_places(product: Product, capacity: int) -> None:
    sitter = caregiver(product, address("bart"), maxAnimalsAtOnce=capacity)
    owners = [someone(product, address("an")) for _ in range(4)]
    pets = [pet(owner) for owner in owners]
    wanted = [(owners[at % 4], pets[at % 4]) for at in range(RUSH)]
    quotes = [quote(owner, sitter.id, [animal])["id"] for owner, animal in wanted]

    def ask(at: int) -> httpx.Response:
        owner: Person = wanted[at][0]
        url = f"http://127.0.0.1:{product.ports[at % product.api_processes]}/api/bookings"
        headers = {"authorization": owner.client.headers["authorization"]}
        return httpx.post(url, json=request_body(quotes[at]), headers=headers, timeout=60)

    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(ask, range(RUSH)))

    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [201] * capacity + [409] * (RUSH - capacity)
    refusals = {answer.json()["type"].rsplit("/", 1)[-1] for answer in answers if answer.status_code == 409}
    assert refusals == {"slot-taken"}


def test_a_quote_used_from_two_processes_at_once_makes_one_booking(product: Product) -> None:
    sitter = caregiver(product, address("bart"))
    owner = someone(product, address("an"))
    quoted = quote(owner, sitter.id, [pet(owner)], startAt=local(9, 9), endAt=local(9, 10))

    def ask(at: int) -> httpx.Response:
        url = f"http://127.0.0.1:{product.ports[at % product.api_processes]}/api/bookings"
        headers = {"authorization": owner.client.headers["authorization"]}
        return httpx.post(url, json=request_body(quoted["id"]), headers=headers, timeout=60)

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(ask, range(10)))
    made = [answer for answer in answers if answer.status_code == 201]
    assert len(made) == 1
    assert {answer.status_code for answer in answers} == {201, 409}
    assert len(ok(owner.client.get("/api/bookings"))["items"]) == 1
    assert booking(owner, made[0].json()["id"])["status"] == "pending"
