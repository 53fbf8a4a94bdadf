"""Checks requests to Stripe against its own description of its API: the TypedDicts that its library carries."""

import re
from functools import cache
from types import UnionType
from typing import Any, Literal, NotRequired, Required, Union, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl

import httpx
import stripe.params as params
from stripe import RequestOptions
from typing_extensions import is_typeddict

Params = dict[str, Any]
_ID = r"/\w+"
# Every call that we make. Whatever else is asked for fails the test.
CALLS: dict[str, type] = {
    "POST /v1/payment_intents": params.PaymentIntentCreateParams,
    f"GET /v1/payment_intents{_ID}": params.PaymentIntentRetrieveParams,
    f"POST /v1/payment_intents{_ID}/cancel": params.PaymentIntentCancelParams,
    "POST /v1/refunds": params.RefundCreateParams,
    "GET /v1/refunds": params.RefundListParams,
    f"GET /v1/refunds{_ID}": params.RefundRetrieveParams,
    f"GET /v1/disputes{_ID}": params.DisputeRetrieveParams,
    "POST /v1/transfers": params.TransferCreateParams,
    "GET /v1/transfers": params.TransferListParams,
    f"GET /v1/transfers{_ID}": params.TransferRetrieveParams,
    f"POST /v1/transfers{_ID}/reversals": params.TransferCreateReversalParams,
    f"GET /v1/transfers{_ID}/reversals": params.TransferListReversalsParams,
    "POST /v1/accounts": params.AccountCreateParams,
    f"GET /v1/accounts{_ID}": params.AccountRetrieveParams,
    "POST /v1/account_links": params.AccountLinkCreateParams,
    "GET /v1/balance_transactions": params.BalanceTransactionListParams,
}
# What a value looks like in a form.
TEXTS: dict[Any, str] = {str: ".*", int: r"-?\d+", float: r"-?\d+(\.\d+)?", bool: "true|false"}


class BadRequestToStripe(AssertionError):
    """Stripe's description of its API knows no such request."""


class CheckedTransport(httpx.AsyncHTTPTransport):
    """Checks each request before it leaves, and keeps it."""

    def __init__(self) -> None:
        super().__init__(verify=False)
        self.requests: list[tuple[str, Params]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        call = f"{request.method} {request.url.path}"
        text = (await request.aread()).decode() if request.method == "POST" else request.url.query.decode()
        sent = unflattened(parse_qsl(text, keep_blank_values=True))
        check(call, sent)
        if request.method == "POST" and not request.headers.get("Idempotency-Key"):
            raise BadRequestToStripe(f"{call} has no idempotency key")
        self.requests.append((call, sent))
        return await super().handle_async_request(request)


def check(call: str, sent: Params) -> None:
    """Raises BadRequestToStripe."""
    known = [kind for pattern, kind in CALLS.items() if re.fullmatch(pattern, call)]
    if not known:
        raise BadRequestToStripe(f"nobody said that we call {call}")
    if problems := _problems(sent, known[0], ""):
        raise BadRequestToStripe(f"{call}: {'; '.join(problems)}")


def unflattened(pairs: list[tuple[str, str]]) -> Params:
    """`a[b]=1&c[0]=2` as `{"a": {"b": "1"}, "c": {"0": "2"}}`."""
    tree: Params = {}
    for name, value in pairs:
        *path, last = re.findall(r"[^\[\]]+", name)
        place = tree
        for part in path:
            place = place.setdefault(part, {})
        place[last] = value
    return tree


@cache
def _fields(kind: type) -> dict[str, Any]:
    """Without the options of a request, which travel in its headers: their types cannot be resolved either."""
    own = {name: hint for name, hint in kind.__annotations__.items() if name not in RequestOptions.__annotations__}
    bare = type(kind.__name__, (), {"__annotations__": own, "__module__": kind.__module__})
    return get_type_hints(bare, include_extras=True)


def _problems(value: Any, wanted: Any, at: str) -> list[str]:
    """All that is wrong with a value, which is text or a tree of texts."""
    origin, arms = get_origin(wanted), get_args(wanted)
    if origin in (NotRequired, Required):
        return _problems(value, arms[0], at)
    if origin in (Union, UnionType):
        has_words = any(get_origin(arm) is Literal for arm in arms)
        # An enumeration with any text beside it is for values that come later: ours are known today.
        tried = [_problems(value, arm, at) for arm in arms if not (has_words and arm is str)]
        return min(tried, key=len)
    if is_typeddict(wanted):
        return _problems_of_fields(value, wanted, at)
    return [] if _fits(value, wanted, origin, arms) else [f"{at} is {value!r}, not {wanted}"]


def _problems_of_fields(value: Any, wanted: Any, at: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{at} is {value!r}, not {wanted.__name__}"]
    fields = _fields(wanted)
    missing = [name for name, hint in fields.items() if get_origin(hint) is not NotRequired and name not in value]
    found = [f"{at}.{name} is missing" for name in missing]
    for name, part in value.items():
        found += _problems(part, fields[name], f"{at}.{name}") if name in fields else [f"{at}.{name} is unknown"]
    return found


def _fits(value: Any, wanted: Any, origin: Any, arms: tuple[Any, ...]) -> bool:
    if origin is Literal:
        return value in arms
    if origin is list:
        numbered = isinstance(value, dict) and list(value) == [str(number) for number in range(len(value))]
        return numbered and not any(_problems(part, arms[0], "") for part in value.values())
    if origin is dict:
        return isinstance(value, dict) and all(isinstance(part, str) for part in value.values())
    if wanted in (int, float):
        return (
            isinstance(value, str) and re.fullmatch(r"-?\d+" if wanted is int else r"-?\d+(\.\d+)?", value) is not None
        )
    return isinstance(value, str) and (wanted is str or (wanted is bool and value in ("true", "false")))
