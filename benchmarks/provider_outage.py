"""What a payment provider that is away for ten minutes does to everything but paying: nothing.

Two API processes and a worker over PostgreSQL and Redis, and Stripe played by a server of ours. Bookings are paid,
some of them looked after. Then Stripe refuses connections while people go on registering, asking, accepting, reading
and trying to pay; caregivers' shares become due and owners cancel meanwhile. Prints p95 of everything but paying, down
against well (half as long, half of that before and half after the outage, in the same run), and how long after the
recovery every transfer and every refund was made, by nobody's hand, once.

Usage: `python -m benchmarks.provider_outage [seconds of outage, default 600]`.
"""

import itertools
import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import stripe

from benchmarks.stack import p95_milliseconds, product_over, redis_server
from tests.e2e.conftest import UNLIMITED
from tests.support.databases import execute, rows
from tests.support.fault_server import FaultServer
from tests.support.people import (
    PASSWORD,
    Caregiver,
    Person,
    address,
    admin,
    local,
    pet,
    quote,
    request_body,
    sign_in,
    someone,
)
from tests.support.people import caregiver as a_caregiver
from tests.support.product import Product, eventually, ok
from tests.support.stripe_world import StripeWorld

OUTAGE_SECONDS = 600.0
TO_PAY_OUT = TO_REFUND = 10
MOST_RATIO = 1.1
SIGN_IN_EVERY_SECONDS = 300.0
# Jobs about money are tried again after a quarter of an hour at most.
PATIENCE_SECONDS = 1200.0
SECRET = "whsec_of_the_platform"
READ_PATHS = ("/api/home", "/api/caregivers?place=Gent", "/api/bookings")


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else OUTAGE_SECONDS
    world = StripeWorld(now=int(time.time()))
    with FaultServer() as provider, redis_server() as redis:
        provider.always = world
        environment = UNLIMITED | {
            "STRIPE_SECRET_KEY": "sk_test_1",
            "STRIPE_WEBHOOK_SECRET": SECRET,
            "STRIPE_CONNECT_WEBHOOK_SECRET": "whsec_of_connect",
            "STRIPE_API_BASE": provider.url,
        }
        with product_over(redis.url, environment=environment, worker_threads=16) as product:
            town = Town(product, world)
            outage(town, provider, world, seconds)


def outage(town: "Town", provider: FaultServer, world: StripeWorld, seconds: float) -> None:
    to_pay_out = [town.looked_after() for _ in range(TO_PAY_OUT)]
    to_refund = [town.paid(town.booked(day, 12)) for day in range(30, 30 + TO_REFUND)]
    for _ in range(20):
        town.live([])
    well, down = list[float](), list[float]()
    town.live_for(seconds / 4, well)
    provider.stop()
    for booking_id in to_refund:
        ok(town.owner.client.post(f"/api/bookings/{booking_id}/cancel", json={}))
    town.make_due(to_pay_out)
    refused = town.live_for(seconds, down, tries_to_pay=True)
    provider.start()
    recovered = time.monotonic()
    eventually(
        lambda: world.count_of("transfer") >= TO_PAY_OUT and world.count_of("refund") >= TO_REFUND,
        seconds=PATIENCE_SECONDS,
        what="the transfers and refunds",
    )
    after = time.monotonic() - recovered
    town.live_for(seconds / 4, well)
    town.sign_in_again()
    report(well, down, refused, after)
    made = (world.count_of("transfer"), world.count_of("refund"))
    balances = ok(town.operator.client.get("/api/admin/ledger"))
    print(f"transfers and refunds made: {made}, asked for: {(TO_PAY_OUT, TO_REFUND)}")
    print(f"sum of the ledger: {balances['sum']['amountCents']}; owed: {balances['balances']['owed_to_owners']}")


class Town:
    """One caregiver and one owner, and everybody who comes by."""

    def __init__(self, product: Product, world: StripeWorld) -> None:
        self.product, self.world = product, world
        self.sitter: Caregiver = a_caregiver(product, "bart@tailtribe.example", maxAnimalsAtOnce=20)
        self.owner: Person = someone(product, "an@tailtribe.example")
        self.operator = admin(product)
        (account_id,) = (thing["id"] for thing in world.things.values() if thing["object"] == "account")
        world.complete(account_id)
        ok(self.sitter.client.post("/api/caregivers/me/payout-account"))
        self._signed_in_at = time.monotonic()
        self._pets = [pet(self.owner)]
        self._slots = itertools.cycle((day, hour) for day in range(5, 55) for hour in range(23))
        self._processes = itertools.cycle([product.client(at).base_url for at in range(product.api_processes)])

    def booked(self, day: int, hour: int) -> str:
        """Accepted by the caregiver."""
        return self._accepted(startAt=local(day, hour), endAt=local(day, hour + 1))

    def paid(self, booking_id: str) -> str:
        payment = ok(self.owner.client.post(f"/api/bookings/{booking_id}/payment"))
        intent = self.world.pay(payment["clientSecret"].split("_secret_")[0])
        self._tell("payment_intent.succeeded", intent)
        eventually(lambda: ok(self.owner.client.get(f"/api/bookings/{booking_id}"))["status"] == "paid")
        return booking_id

    def looked_after(self) -> str:
        start = datetime.now(UTC) + timedelta(minutes=20)
        booking_id = self.paid(
            self._accepted(startAt=start.isoformat(), endAt=(start + timedelta(hours=1)).isoformat())
        )
        for act in ("check-in", "check-out"):
            ok(self.sitter.client.post(f"/api/bookings/{booking_id}/{act}", json={}))
        return booking_id

    def make_due(self, booking_ids: list[str]) -> None:
        """As if three days had passed."""
        url = self.product.environment["DATABASE_URL"]
        listed = ", ".join(f"'{booking_id}'" for booking_id in booking_ids)
        execute(url, f"UPDATE bookings SET payout_due_at = now() WHERE id IN ({listed})")
        self.product.command("jobs", "start", "payouts.decide")
        eventually(lambda: rows(url, "SELECT count(*) AS n FROM payouts")[0]["n"] == len(booking_ids), what="payouts")

    def live_for(self, seconds: float, taken: list[float], *, tries_to_pay: bool = False) -> Mapping[int, int]:
        """Answers how often a try to pay was answered how."""
        answered: dict[int, int] = {}
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            if time.monotonic() - self._signed_in_at > SIGN_IN_EVERY_SECONDS:
                self.sign_in_again()
            booking_id = self.live(taken)
            if tries_to_pay:
                status = self.owner.client.post(f"/api/bookings/{booking_id}/payment").status_code
                answered[status] = answered.get(status, 0) + 1
        return answered

    def sign_in_again(self) -> None:
        """Access tokens last a quarter of an hour."""
        self.owner = sign_in(self.product, self.owner.email)
        self.sitter = Caregiver(sign_in(self.product, self.sitter.person.email), self.sitter.id)
        self.operator = admin(self.product)
        self._signed_in_at = time.monotonic()

    def live(self, taken: list[float]) -> str:
        """Somebody registers, a booking is asked for and accepted, and all of it is looked at."""
        day, hour = next(self._slots)
        client = self.owner.client
        client.base_url = next(self._processes)
        body = {"email": address("new"), "password": PASSWORD, "firstName": "An", "lastName": "Peeters"}
        with measured(taken):
            ok(client.post("/api/auth/register", json=body), 201)
        with measured(taken):
            quoted = quote(self.owner, self.sitter.id, self._pets, startAt=local(day, hour), endAt=local(day, hour + 1))
        with measured(taken):
            booking_id = ok(client.post("/api/bookings", json=request_body(quoted["id"])), 201)["id"]
        with measured(taken):
            ok(self.sitter.client.post(f"/api/bookings/{booking_id}/accept"))
        for path in READ_PATHS:
            with measured(taken):
                ok(client.get(path))
        return booking_id

    def _accepted(self, **times: str) -> str:
        quoted = quote(self.owner, self.sitter.id, self._pets, **times)
        booking_id = ok(self.owner.client.post("/api/bookings", json=request_body(quoted["id"])), 201)["id"]
        ok(self.sitter.client.post(f"/api/bookings/{booking_id}/accept"))
        return booking_id

    def _tell(self, kind: str, thing: Mapping[str, object]) -> None:
        body = json.dumps({"id": f"evt_{thing['id']}", "type": kind, "livemode": False, "data": {"object": thing}})
        signature = stripe.WebhookSignature.generate_signature_header(body, SECRET, int(time.time()))
        headers = {"stripe-signature": signature}
        answer = self.product.client().post("/api/webhooks/stripe", content=body, headers=headers)
        assert answer.status_code == 204, answer.text


@contextmanager
def measured(taken: list[float]) -> Iterator[None]:
    started = time.perf_counter()
    yield
    taken.append(time.perf_counter() - started)


def report(well: list[float], down: list[float], refused: Mapping[int, int], after: float) -> None:
    before, meanwhile = p95_milliseconds(well), p95_milliseconds(down)
    print(f"everything but paying, provider well: p95 {before:.1f} ms ({len(well)} requests)")
    ratio = meanwhile / before
    print(f"provider away: p95 {meanwhile:.1f} ms ({len(down)} requests), ratio {ratio:.2f}, at most {MOST_RATIO}")
    print(f"tries to pay meanwhile, by status: {dict(refused)}")
    print(f"all transfers and refunds were made {after:.0f} s after the recovery")


if __name__ == "__main__":
    main()
