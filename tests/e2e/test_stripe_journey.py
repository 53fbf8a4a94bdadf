"""A booking is paid and given back through Stripe: the product as a process, and Stripe as another that somebody else
wrote. Connected accounts, which that one does not know, are played."""

import asyncio
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from time import time
from typing import Any

import httpx
import pytest
import stripe

from tests.e2e.conftest import UNLIMITED
from tests.support.fault_server import Answer, FaultServer, Request
from tests.support.people import booking, caregiver, pet, quote, request, someone
from tests.support.polling import until
from tests.support.product import PATIENCE_SECONDS, Product, eventually, ok, problem, running
from tests.support.stripe_peers import API_KEY, GOOD_CARD, LocalStripe
from tests.support.stripe_world import StripeWorld

PLATFORM, CONNECT = "whsec_of_the_platform", "whsec_of_connect"
WEBHOOK = "/api/webhooks/stripe"


@pytest.fixture
def world() -> StripeWorld:
    return StripeWorld()


@pytest.fixture
def product(tmp_path: Path, sqlite_template: Path, localstripe: LocalStripe, world: StripeWorld) -> Iterator[Product]:
    shutil.copy(sqlite_template, tmp_path / "tailtribe.sqlite3")
    with FaultServer() as front:
        front.always = both(world, localstripe)
        environment = UNLIMITED | {
            "STRIPE_SECRET_KEY": API_KEY,
            "STRIPE_WEBHOOK_SECRET": PLATFORM,
            "STRIPE_CONNECT_WEBHOOK_SECRET": CONNECT,
            "STRIPE_API_BASE": front.url,
        }
        yield from running(Product(tmp_path, environment))


def both(world: StripeWorld, localstripe: LocalStripe) -> Callable[[Request], Answer]:
    def behave(asked: Request) -> Answer:
        if asked.path.startswith("/v1/account"):
            return world(asked)
        headers = {name: asked.headers[name] for name in ("authorization", "content-type") if name in asked.headers}
        told = httpx.request(
            asked.method,
            localstripe.url + asked.path,
            params=asked.query,
            content=asked.body,
            headers=headers,
            timeout=60,
        )
        return Answer(status=told.status_code, body=told.content, headers={"Content-Type": "application/json"})

    return behave


def test_a_booking_is_paid_and_given_back_through_stripe(
    product: Product, localstripe: LocalStripe, world: StripeWorld
) -> None:
    sitter = caregiver(product, "bart@tailtribe.example")
    owner = someone(product, "an@tailtribe.example")
    send_papers(product, world)
    eventually(lambda: ok(sitter.client.get("/api/caregivers/me"))["canReceiveTransfers"], what="hearing of the papers")
    booked = request(owner, quote(owner, sitter.id, [pet(owner)])["id"])
    ok(sitter.client.post(f"/api/bookings/{booked['id']}/accept"))
    payment = ok(owner.client.post(f"/api/bookings/{booked['id']}/payment"))
    assert (payment["provider"], payment["status"]) == ("stripe", "awaiting_payment")
    # Nobody settles it by asking us.
    confirm = f"/api/sandbox/payments/{payment['paymentId']}/confirm"
    problem(owner.client.post(confirm, json={"outcome": "succeeded"}), 404)

    payment_id = payment["clientSecret"].split("_secret_")[0]
    charge_id = asyncio.run(
        pay_there(product, localstripe, payment_id, lambda: booking(owner, booked["id"])["status"] == "paid")
    )

    assert ok(owner.client.post(f"/api/bookings/{booked['id']}/cancel", json={}))["status"] == "cancelled"
    (refund,) = eventually(lambda: asyncio.run(refunds_of(localstripe, charge_id)), what="the refund")
    assert refund["amount"] == 1800
    assert payment["clientSecret"] not in product.log()


def send_papers(product: Product, world: StripeWorld) -> None:
    """The caregiver has told Stripe who he is; Stripe tells us."""
    (account_id,) = (thing["id"] for thing in world.things.values() if thing["object"] == "account")
    world.complete(account_id)
    told = {"object": {"object": "account", "id": account_id}}
    body = json.dumps(
        {"id": "evt_1", "type": "account.updated", "account": account_id, "livemode": False, "data": told}
    )
    signature = stripe.WebhookSignature.generate_signature_header(body, CONNECT, int(time()))
    answer = product.client().post(WEBHOOK, content=body, headers={"stripe-signature": signature})
    assert answer.status_code == 204


async def pay_there(product: Product, localstripe: LocalStripe, payment_id: str, is_paid: Callable[[], bool]) -> str:
    """With a good card, until we have heard of it; the charge."""
    address = f"http://127.0.0.1:{product.ports[0]}{WEBHOOK}"
    async with localstripe.notices_sent_to(address, PLATFORM):
        assert (await localstripe.choose(payment_id, GOOD_CARD)).status_code == 200
        await until(is_paid, seconds=PATIENCE_SECONDS)
    return (await localstripe.ask("GET", f"/v1/payment_intents/{payment_id}")).json()["latest_charge"]["id"]


async def refunds_of(localstripe: LocalStripe, charge_id: str) -> list[dict[str, Any]]:
    return (await localstripe.ask("GET", f"/v1/refunds?charge={charge_id}")).json()["data"]
