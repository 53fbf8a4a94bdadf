"""The routes that a day is made of, for a stream of traffic."""

import random

import httpx

from tests.support.people import PASSWORD, caregiver, pet, profile_body, quote, request, someone
from tests.support.product import Product
from tests.support.traffic import Visit

PLACES = ("Gent", "Antwerpen", "Brussel", "Leuven", "Utrecht", "Amsterdam")


def everyday_visits(product: Product) -> dict[str, Visit]:
    """By an owner with a booking and his caregiver, who are registered for it: cached reads, reads and writes of their
    own, and a write that empties a part of the cache."""
    sitter, owner = caregiver(product, "bart@tailtribe.example"), someone(product, "an@tailtribe.example")
    pet_id = pet(owner)
    request(owner, quote(owner, sitter.id, [pet_id])["id"])
    own, sitters = dict(owner.client.headers), dict(sitter.client.headers)

    async def search(client: httpx.AsyncClient) -> httpx.Response:
        wanted = {"place": random.choice(PLACES), "radiusKm": random.randint(1, 50)}
        return await client.get("/api/caregivers", params=wanted)

    return {
        "home": lambda client: client.get("/api/home"),
        "search": search,
        "caregiver": lambda client: client.get(f"/api/caregivers/{sitter.id}"),
        "login": lambda client: client.post("/api/auth/login", json={"email": owner.email, "password": PASSWORD}),
        "bookings": lambda client: client.get("/api/bookings", headers=own),
        "pet": lambda client: client.patch(f"/api/pets/{pet_id}", json={"name": "Bobbie"}, headers=own),
        "profile": lambda client: client.put("/api/caregivers/me", json=profile_body(), headers=sitters),
        "health": lambda client: client.get("/api/health"),
    }
