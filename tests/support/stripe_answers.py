"""How Stripe says what it says."""

from collections.abc import Mapping
from typing import Any

from tests.support.fault_server import Answer, answer
from tests.support.stripe_requests import Params

Thing = dict[str, Any]
# Stripe's words may name people.
WORDS = "An Peeters may not do this, said an@example.org."


class Refusal(Exception):
    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status


def problem(
    status: int, code: str | None, kind: str = "invalid_request_error", *, headers: Mapping[str, str] | None = None
) -> Answer:
    told = {"type": kind, "message": WORDS}
    return answer({"error": told | ({"code": code} if code else {})}, status=status, headers=headers)


def asked(sent: Params, of: Thing | None = None) -> Thing:
    """What Stripe says again of what was asked for, and the currency of what it was asked of."""
    told = {name: sent[name] for name in ("metadata", "transfer_group", "currency") if name in sent}
    return {**({"currency": of["currency"]} if of else {}), **told, "amount": int(sent["amount"])}


def cents_of(sent: Params) -> int:
    cents = int(sent["amount"])
    if cents < 1:
        raise Refusal(400, "parameter_invalid_integer")
    return cents


def paged(found: list[Thing], sent: Params) -> Thing:
    """The newest first."""
    newest = found[::-1]
    after = [thing["id"] for thing in newest].index(sent["starting_after"]) + 1 if "starting_after" in sent else 0
    size = int(sent["limit"])
    return {"object": "list", "data": newest[after : after + size], "has_more": len(newest) > after + size}
