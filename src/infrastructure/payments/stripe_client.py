"""The one way to Stripe: every call is bounded in time, and every error of Stripe's is translated here."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import httpx
import msgspec
import stripe
import structlog
from msgspec import Struct
from stripe import HTTPClient, RequestOptions, StripeClient

from application.ports.payments import (
    PaymentRefused,
    PaymentsMisconfigured,
    PaymentsUnavailable,
    PaymentUnderWay,
)
from domain.shared.money import EUR, Money
from infrastructure.resilience.retry_after import retry_after_seconds

# Two tries and the pause between them fit into the 15 seconds of the breaker of payments.
CALL_SECONDS = 7.0
CONNECT_SECONDS = 3.0
# As many as the breaker of payments lets call at once.
CONNECTIONS = 50
# What the answers are read as. Stripe keeps to it until we ask for another.
API_VERSION = "2026-10-28.endive"
DEFAULT_BASE = "https://api.stripe.com"
PAGE = 100
# A key that is not accepted now is not accepted in a second either.
MISCONFIGURED_PAUSE_SECONDS = 60.0
# By these Stripe speaks of what was asked for. Whatever else is no answer to it.
REFUSALS = (400, 402, 404)
NOT_LET_IN = (401, 403)
CONFLICT = 409
# Another account's matters: it never was connected to us, or has left.
ABOUT_AN_ACCOUNT = "account_invalid"
# Of an answer that lacks what it must have or has something else in its place, be it that the library stumbles over it.
NONSENSE = (AttributeError, KeyError, TypeError, ValueError, msgspec.ValidationError)

T = TypeVar("T")
V1 = Any
Answer = dict[str, Any]

_logger = structlog.stdlib.get_logger("tailtribe.stripe")


class StripeCalls:
    """Calls Stripe with one client and one pool of connections, for one event loop.

    Stripe's library never asks twice by itself: who may ask again, and when, is decided by the breaker and the jobs.
    """

    def __init__(
        self,
        api_key: str,
        *,
        api_base: str = DEFAULT_BASE,
        seconds: float = CALL_SECONDS,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        _keep_quiet()
        self._seconds = seconds
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(seconds, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=CONNECTIONS),
            transport=transport,
        )
        self._stripe = StripeClient(
            api_key,
            stripe_version=API_VERSION,
            base_addresses={"api": api_base.rstrip("/")},
            max_network_retries=0,
            http_client=_Http(self._http),
        )

    async def ask(self, call: Callable[[V1], Awaitable[Any]], read: Callable[[Answer], T]) -> T:
        """What `read` makes of the answer to `call`. Raises PaymentsUnavailable or PaymentRefused."""
        try:
            async with asyncio.timeout(self._seconds):
                return read((await call(self._stripe.v1)).to_dict())
        except TimeoutError as error:
            raise PaymentsUnavailable("Stripe took too long") from error
        except httpx.HTTPError as error:
            raise PaymentsUnavailable(f"Stripe cannot be reached ({type(error).__name__})") from error
        except stripe.StripeError as error:
            # Not as its cause: words of Stripe's may name people, and its errors hold whole answers.
            raise _translated(error) from None
        except NONSENSE as error:
            raise PaymentsUnavailable(f"Stripe answers nonsense ({type(error).__name__})") from None

    async def each(
        self, page: Callable[[V1, dict[str, Any]], Awaitable[Any]], read: Callable[[Answer], T]
    ) -> AsyncIterator[T]:
        """All of a list, page by page; each page is a call of its own."""
        place: dict[str, Any] = {"limit": PAGE}
        while True:
            found = await self.ask(lambda v1: page(v1, dict(place)), lambda answer: _Page.of(answer, read))  # noqa: B023
            for item in found.items:
                yield item
            if found.next_after is None:
                return
            place = {**place, "starting_after": found.next_after}

    async def check(self) -> None:
        """Asks whether Stripe knows the key, and changes nothing. Raises PaymentsUnavailable or PaymentRefused."""
        await self.ask(lambda v1: v1.balance_transactions.list_async({"limit": 1}), lambda answer: answer["data"])

    async def close(self) -> None:
        await self._http.aclose()


class _Http(HTTPClient):
    """Stripe's own client over HTTPX passes text in a way that HTTPX warns of, and knows no limits. Redirects are not
    followed: the key goes where the settings say, nowhere else."""

    name = "httpx"

    def __init__(self, client: httpx.AsyncClient) -> None:
        super().__init__()
        self._client = client

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: str | None = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        answer = await self._client.request(method, url, headers=headers, content=post_data)
        return answer.content, answer.status_code, answer.headers


@dataclass(frozen=True, slots=True)
class _Page(Generic[T]):
    items: list[T]
    next_after: str | None

    @classmethod
    def of(cls, answer: Answer, read: Callable[[Answer], T]) -> "_Page[T]":
        things = answer["data"]
        return cls([read(thing) for thing in things], things[-1]["id"] if things and answer["has_more"] else None)


class Named(Struct):
    """Something that Stripe sent whole where it may also send its id."""

    id: str


def keyed(idempotency_key: str) -> RequestOptions:
    """The same key with the same parameters answers the same object, for a day."""
    return {"idempotency_key": idempotency_key}


def euros(amount: Money) -> int:
    """The cents of a refund or a reversal, which names no currency: it is that of the charge, and ours are in euros.
    Raises PaymentRefused."""
    if amount.currency != EUR:
        raise PaymentRefused(f"what was paid in {EUR} is not given back in {amount.currency}")
    return amount.amount_cents


def id_of(reference: str | Named) -> str:
    return reference if isinstance(reference, str) else reference.id


class Made(Struct, kw_only=True):
    """What Stripe says of everything that we make; its metadata hold the key that we made it with."""

    id: str
    amount: int
    currency: str
    metadata: dict[str, str] | None = None

    @property
    def key(self) -> str | None:
        return (self.metadata or {}).get("key")

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency.upper())


def _keep_quiet() -> None:
    """Stripe's library logs whole answers, client secrets and names included, and measures what it sends for Stripe."""
    logging.getLogger("stripe").setLevel(logging.CRITICAL)
    stripe.log = None
    stripe.enable_telemetry = False


def _translated(error: stripe.StripeError) -> Exception:
    status = error.http_status
    reason = _reason(error)
    told = f"Stripe answers {status} {reason}"
    if status in REFUSALS or reason == ABOUT_AN_ACCOUNT:
        return PaymentRefused(told)
    if status == CONFLICT:
        return PaymentUnderWay(told)
    if status in NOT_LET_IN:
        _logger.error("stripe.not_let_in", status=status, reason=reason)
        return PaymentsMisconfigured(told, retry_after_seconds=MISCONFIGURED_PAUSE_SECONDS)
    return PaymentsUnavailable(told, retry_after_seconds=retry_after_seconds(httpx.Headers(error.headers or {})))


def _reason(error: stripe.StripeError) -> str:
    """Stripe's code, or else its kind of error, if it is one: what is written to a log comes from outside."""
    body = error.json_body if isinstance(error.json_body, dict) else {}
    problem = body.get("error")
    given = (problem.get("code") or problem.get("type")) if isinstance(problem, dict) else None
    return given if isinstance(given, str) and _is_word(given) else "no reason"


def _is_word(given: str) -> bool:
    return given.isidentifier() and given.isascii() and len(given) <= 60
