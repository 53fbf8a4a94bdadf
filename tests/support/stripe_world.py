"""What Stripe does with money, as far as an adapter can tell, for a FaultServer to do. Ours, and simple: for what no
independent peer plays (transfers, reversals, account updates, refunds that fail), and for faults amid it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import parse_qsl

from tests.support.builders import NOW
from tests.support.fault_server import Answer, Request, answer
from tests.support.stripe_answers import Refusal, Thing, asked, cents_of, paged, problem
from tests.support.stripe_requests import Params, unflattened

# What was asked for under a key, and what was answered.
Kept = tuple[tuple[str, bytes], Answer]
FEE_CENTS = 40


@dataclass
class StripeWorld:
    """Used as the behaviour of a FaultServer: `server.always = world`. Every POST happens once by its key."""

    things: dict[str, Thing] = field(default_factory=dict[str, Thing])
    lines: list[Thing] = field(default_factory=list[Thing])
    answers: dict[str, tuple[tuple[str, bytes], Answer]] = field(
        default_factory=dict[str, tuple[tuple[str, bytes], Answer]]
    )
    now: int = int(NOW.timestamp())
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def __call__(self, request: Request) -> Answer:
        if not request.headers.get("authorization", "").startswith("Bearer sk_test"):
            return problem(401, "api_key_invalid")
        if request.method == "GET":
            return self._answer(request, dict(request.query))
        key, asked = request.headers["idempotency-key"], (request.path, request.body)
        if key not in self.answers:
            sent = unflattened(parse_qsl(request.body.decode(), keep_blank_values=True))
            self.answers[key] = asked, self._answer(request, sent)
        before, told = self.answers[key]
        return told if before == asked else problem(400, None, "idempotency_error")

    def _answer(self, request: Request, sent: Params) -> Answer:
        for pattern, does in ROUTES.items():
            if match := re.fullmatch(pattern, f"{request.method} {request.path}"):
                try:
                    return answer(does(self, sent, *match.groups()))
                except Refusal as refusal:
                    return problem(refusal.status, str(refusal))
        return problem(404, None)

    # --- what others do: owners, banks, caregivers and Stripe itself

    def pay(self, payment_id: str) -> Thing:
        """The owner's bank lets the money go."""
        intent = self.find(payment_id)
        if intent["status"] in ("requires_payment_method", "processing"):
            charge = self.make("ch", "charge", **asked(intent), payment_intent=payment_id, refunded=0, transferred=0)
            intent |= {"status": "succeeded", "latest_charge": charge["id"], "last_payment_error": None}
            self._move("charge", charge, intent["amount"], fee=FEE_CENTS)
        return intent

    def decline(self, payment_id: str, *, error: str) -> Thing:
        intent = self.find(payment_id)
        if intent["status"] == "requires_payment_method":
            intent["last_payment_error"] = {"code": error}
        return intent

    def fail_refund(self, refund_id: str) -> None:
        """Up to thirty days later the bank sends the money back."""
        refund = self.find(refund_id)
        refund |= {"status": "failed", "failure_reason": "lost_or_stolen_card"}
        self._move("refund_failure", refund, refund["amount"])

    def dispute(self, charge_id: str, *, status: str = "needs_response") -> str:
        charge = self.find(charge_id)
        made = self.make(
            "du",
            "dispute",
            **asked({"amount": charge["amount"]}, charge),
            charge=charge_id,
            payment_intent=charge["payment_intent"],
            status=status,
            reason="fraudulent",
            evidence_details={"due_by": self.now + 7 * 86_400},
        )
        if not status.startswith("warning_"):
            self._move("dispute", made, -charge["amount"], fee=2000)
        return made["id"]

    def decide(self, dispute_id: str, *, won: bool) -> None:
        dispute = self.find(dispute_id)
        dispute["status"] = "won" if won else "lost"
        if won:
            self._move("dispute_reversal", dispute, dispute["amount"])

    def charge_fee(self, category: str) -> None:
        """Two euros, for the account as a whole."""
        self._move(category, {"id": None}, -200)

    def complete(self, account_id: str) -> None:
        """The caregiver has given all papers."""
        self.find(account_id).update(payouts_enabled=True, capabilities={"transfers": "active"})

    def spend(self, transfer_id: str) -> None:
        """The caregiver's account has been emptied: what was transferred cannot be taken back."""
        self.find(transfer_id)["spent"] = True

    def count_of(self, kind: str) -> int:
        return len(self.of_payment(kind))

    def of_payment(self, kind: str, payment_id: str | None = None) -> list[Thing]:
        """All things of a kind, or those of one payment; the newest last."""
        kinds = [thing for thing in self.things.values() if thing["object"] == kind]
        return [thing for thing in kinds if payment_id is None or thing["payment_intent"] == payment_id]

    # --- what we ask for

    def find(self, thing_id: str) -> Thing:
        if thing_id not in self.things:
            raise Refusal(404, "resource_missing")
        return self.things[thing_id]

    def make(self, prefix: str, kind: str, **values: Any) -> Thing:
        thing = {
            "id": f"{prefix}_{next(self._numbers)}",
            "object": kind,
            "created": self.now,
            **values,
        }
        return self.things.setdefault(thing["id"], thing)

    def create_payment(self, sent: Params) -> Thing:
        intent = self.make("pi", "payment_intent", **asked(sent), status="requires_payment_method")
        intent["client_secret"] = f"{intent['id']}_secret_of_the_owner"
        return intent

    def cancel_payment(self, sent: Params, payment_id: str) -> Thing:
        intent = self.find(payment_id)
        if intent["status"] in ("succeeded", "canceled"):
            raise Refusal(400, "payment_intent_unexpected_state")
        intent["status"] = "canceled"
        return intent

    def create_refund(self, sent: Params) -> Thing:
        charge, cents = self.find(sent["charge"]), cents_of(sent)
        if cents > charge["amount"] - charge["refunded"]:
            raise Refusal(400, "amount_too_large")
        charge["refunded"] += cents
        refund = self.make("re", "refund", **asked(sent, charge), charge=charge["id"], status="succeeded")
        self._move("refund", refund, -cents)
        return refund

    def create_transfer(self, sent: Params) -> Thing:
        charge, cents = self.find(sent["source_transaction"]), cents_of(sent)
        if cents > charge["amount"] - charge["transferred"]:
            raise Refusal(400, "balance_insufficient")
        if self.find(sent["destination"])["capabilities"]["transfers"] != "active":
            raise Refusal(400, "insufficient_capabilities_for_transfer")
        charge["transferred"] += cents
        transfer = self.make("tr", "transfer", **asked(sent), destination=sent["destination"], amount_reversed=0)
        self._move("transfer", transfer, -cents)
        return transfer

    def reverse_transfer(self, sent: Params, transfer_id: str) -> Thing:
        transfer, cents = self.find(transfer_id), cents_of(sent)
        if transfer.get("spent") or cents > transfer["amount"] - transfer["amount_reversed"]:
            raise Refusal(400, "balance_insufficient")
        transfer["amount_reversed"] += cents
        reversal = self.make("trr", "transfer_reversal", **asked(sent, transfer), transfer=transfer_id)
        self._move("transfer_reversal", reversal, cents)
        return reversal

    def create_account(self, sent: Params) -> Thing:
        pending = {"transfers": "inactive"}
        return self.make("acct", "account", country=sent["country"], payouts_enabled=False, capabilities=pending)

    def read_account(self, sent: Params, account_id: str) -> Thing:
        if account_id not in self.things:
            raise Refusal(403, "account_invalid")
        return self.things[account_id]

    def create_link(self, sent: Params) -> Thing:
        self.read_account({}, sent["account"])
        return {"object": "account_link", "url": f"https://connect.stripe.test/setup/{next(self._numbers)}"}

    def read(self, sent: Params, thing_id: str) -> Thing:
        return self.find(thing_id)

    def list_refunds(self, sent: Params) -> Thing:
        self.find(sent["charge"])
        return self._page("refund", sent, charge=sent["charge"])

    def list_transfers(self, sent: Params) -> Thing:
        return self._page("transfer", sent, transfer_group=sent["transfer_group"])

    def list_reversals(self, sent: Params, transfer_id: str) -> Thing:
        self.find(transfer_id)
        return self._page("transfer_reversal", sent, transfer=transfer_id)

    def list_lines(self, sent: Params) -> Thing:
        first, end = (int(sent.get(f"created[{bound}]", self.now)) for bound in ("gte", "lt"))
        return paged([line for line in self.lines if first <= line["created"] < end], sent)

    def _page(self, kind: str, sent: Params, **wanted: str) -> Thing:
        found = [thing for thing in self.things.values() if thing["object"] == kind and wanted.items() <= thing.items()]
        return paged(found, sent)

    def _move(self, category: str, source: Thing, cents: int, *, fee: int = 0) -> None:
        line = {
            "id": f"txn_{next(self._numbers)}",
            "object": "balance_transaction",
            "amount": cents,
            "fee": fee,
            "currency": "eur",
            "created": self.now,
            "reporting_category": category,
            "source": source["id"],
        }
        self.lines.append(line)


ROUTES: dict[str, Callable[..., Thing]] = {
    "POST /v1/payment_intents": StripeWorld.create_payment,
    r"GET /v1/payment_intents/(\w+)": StripeWorld.read,
    r"POST /v1/payment_intents/(\w+)/cancel": StripeWorld.cancel_payment,
    "POST /v1/refunds": StripeWorld.create_refund,
    "GET /v1/refunds": StripeWorld.list_refunds,
    r"GET /v1/refunds/(\w+)": StripeWorld.read,
    r"GET /v1/disputes/(\w+)": StripeWorld.read,
    "POST /v1/transfers": StripeWorld.create_transfer,
    "GET /v1/transfers": StripeWorld.list_transfers,
    r"GET /v1/transfers/(\w+)": StripeWorld.read,
    r"POST /v1/transfers/(\w+)/reversals": StripeWorld.reverse_transfer,
    r"GET /v1/transfers/(\w+)/reversals": StripeWorld.list_reversals,
    "POST /v1/accounts": StripeWorld.create_account,
    r"GET /v1/accounts/(\w+)": StripeWorld.read_account,
    "POST /v1/account_links": StripeWorld.create_link,
    "GET /v1/balance_transactions": StripeWorld.list_lines,
}
