"""Stripe unwell, at every call that we make: what is told, and that what happened meanwhile happened once."""

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from application.ports.circuit_breakers import BreakerState
from application.ports.payments import (
    PaymentRefused,
    PaymentsMisconfigured,
    PaymentsUnavailable,
    PaymentUnderWay,
)
from infrastructure.payments.stripe_client import StripeCalls
from infrastructure.resilience.breaker import BREAKER_RULES
from infrastructure.resilience.guarded_payments import call_provider, payments_breaker
from tests.support.fault_server import (
    HANG,
    RESET,
    Answer,
    Behaviour,
    Fault,
    FaultServer,
    answer,
    broken_json,
    done_and_then,
    server_error,
    slow,
    too_many_requests,
)
from tests.support.passing_time import PassingTime
from tests.support.polling import until
from tests.support.stripe_answers import WORDS, problem
from tests.support.stripe_calls import (
    CALLS,
    MOVES,
    Call,
    Stripe,
    in_the_middle,
    open_account,
    pay,
    refund,
    reverse,
    told,
    transfer,
)
from tests.support.stripe_requests import CheckedTransport
from tests.support.stripe_world import StripeWorld

KEY = "sk_test_of_ours"
IMPATIENT_SECONDS = 0.05
KEYS = ("refund:1:2", "transfer:1:2", "rev:1:1")

FAULTS: dict[str, tuple[Behaviour, type[Exception]]] = {
    "reset": (RESET, PaymentsUnavailable),
    "hangs": (HANG, PaymentsUnavailable),
    "20 seconds": (slow(20, answer({})), PaymentsUnavailable),
    "server error": (problem(500, None, "api_error"), PaymentsUnavailable),
    "bad gateway": (server_error(502), PaymentsUnavailable),
    "too many requests": (too_many_requests("7"), PaymentsUnavailable),
    "dependency failed": (problem(424, "external_dependency_failed"), PaymentsUnavailable),
    "conflict": (problem(409, "idempotency_key_in_use"), PaymentUnderWay),
    "broken JSON": (broken_json(), PaymentsUnavailable),
    "another document": (answer([]), PaymentsUnavailable),
    "an empty document": (answer({}), PaymentsUnavailable),
    "redirect": (Answer(status=307, headers={"Location": "/elsewhere"}), PaymentsUnavailable),
    "no such key": (problem(401, None), PaymentsMisconfigured),
    "key may not": (problem(403, "secret_key_required"), PaymentsMisconfigured),
    "bad request": (problem(400, "parameter_invalid_integer"), PaymentRefused),
    "card declined": (problem(402, "card_declined", "card_error"), PaymentRefused),
    "not found": (problem(404, "resource_missing"), PaymentRefused),
}
SILENCES = ("hangs", "20 seconds")
MOVES_ONLY = [call for call, _ in MOVES.values()]


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server


@pytest.fixture
def world(server: FaultServer) -> StripeWorld:
    server.always = world = StripeWorld()
    return world


@pytest.fixture
async def stripe(server: FaultServer, world: StripeWorld) -> AsyncIterator[Stripe]:
    calls = StripeCalls(KEY, api_base=server.url, transport=CheckedTransport())
    yield in_the_middle(world, calls)
    await calls.close()


async def all_told(calls: Iterable[Call], stripe: Stripe) -> list[type[BaseException] | None]:
    """Of calls at once."""
    return await asyncio.gather(*(told(call, stripe) for call in calls))


async def test_while_stripe_is_well_every_call_is_answered(stripe: Stripe) -> None:
    assert {name: await told(call, stripe) for name, call in CALLS.items()} == dict.fromkeys(CALLS)


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_told_alike_at_every_call(server: FaultServer, stripe: Stripe, fault: str) -> None:
    behaviour, error = FAULTS[fault]
    server.always = behaviour
    if fault in SILENCES:
        stripe = replace(stripe, calls=StripeCalls(KEY, api_base=server.url, seconds=IMPATIENT_SECONDS))

    assert dict(zip(CALLS, await all_told(CALLS.values(), stripe), strict=True)) == dict.fromkeys(CALLS, error)
    await stripe.calls.close()


async def test_nobody_asks_twice_or_elsewhere_by_himself(server: FaultServer, stripe: Stripe) -> None:
    for fault in ("reset", "server error", "too many requests", "conflict", "redirect"):
        server.requests.clear()
        server.always, error = FAULTS[fault]
        assert await told(refund, stripe) is error
        assert [request.path for request in server.requests] == ["/v1/refunds"]


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault not in SILENCES])
async def test_after_three_failures_stripe_is_left_alone_and_after_refusals_it_is_not(
    server: FaultServer, stripe: Stripe, fault: str
) -> None:
    server.always, error = FAULTS[fault]
    breaker = payments_breaker()

    for _ in range(BREAKER_RULES["payments"].failures_to_open):
        assert breaker.state is BreakerState.CLOSED
        with pytest.raises(error):
            await call_provider(breaker, lambda: refund(stripe), idempotent=False)
    is_failure = error in (PaymentsUnavailable, PaymentsMisconfigured)
    assert breaker.state is (BreakerState.OPEN if is_failure else BreakerState.CLOSED)


async def test_a_key_that_is_not_accepted_is_not_tried_twice(server: FaultServer, stripe: Stripe) -> None:
    server.always = problem(401, None)

    with pytest.raises(PaymentsMisconfigured):
        await call_provider(payments_breaker(), lambda: refund(stripe))
    assert len(server.requests) == 1


async def test_a_refused_connection_is_told(server: FaultServer, stripe: Stripe) -> None:
    server.stop()

    assert {await told(call, stripe) for call in CALLS.values()} == {PaymentsUnavailable}


@pytest.mark.parametrize("then", [RESET, HANG, too_many_requests("1")], ids=["reset", "silence", "too many"])
async def test_what_happened_before_the_answer_got_lost_happened_once(
    server: FaultServer, world: StripeWorld, stripe: Stripe, then: Answer | Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    passing_time = PassingTime(monkeypatch)
    before = {move: world.count_of(kind) for move, (_, kind) in MOVES.items()}
    once = {move: count + 1 for move, count in before.items()}
    server.always = done_and_then(world, then)
    waiting = replace(stripe, calls=StripeCalls(KEY, api_base=server.url))

    asking = asyncio.create_task(all_told(MOVES_ONLY, waiting))
    await until(lambda: {move: world.count_of(kind) for move, (_, kind) in MOVES.items()} == once)
    if then is HANG:
        await passing_time.skip_until(asking.done)
    assert set(await asking) == {PaymentsUnavailable}
    assert {move: world.count_of(kind) for move, (_, kind) in MOVES.items()} == once
    # The same keys, and patience.
    server.always = world
    for call in MOVES_ONLY:
        assert await call(stripe) == await call(stripe)
    assert {move: world.count_of(kind) for move, (_, kind) in MOVES.items()} == once
    await waiting.calls.close()


async def test_after_a_mistake_of_stripes_what_came_of_it_is_found_by_its_key(
    server: FaultServer, world: StripeWorld, stripe: Stripe
) -> None:
    """Stripe answers its own mistake again under the same key, for a day."""
    for call, read in (
        (refund, lambda: stripe.payments.refunds_of(stripe.charge_id)),
        (transfer, lambda: stripe.transfers.of_reference("booking_1")),
        (reverse, lambda: stripe.transfers.reversals_of(stripe.transfer_id)),
    ):
        before = {found.key for found in await read()}
        server.play(done_and_then(world, server_error()), server_error())
        for _ in range(2):
            assert await told(call, stripe) is PaymentsUnavailable
        (key,) = {found.key for found in await read()} - before
        assert key in KEYS


async def test_the_pause_that_stripe_asks_for_is_told(server: FaultServer, stripe: Stripe) -> None:
    server.play(problem(429, "rate_limit", headers={"Retry-After": "7"}), problem(429, "lock_timeout"))
    for seconds in (7, 0):
        with pytest.raises(PaymentsUnavailable) as raised:
            await pay(stripe)
        assert raised.value.retry_after_seconds == seconds


async def test_neither_errors_nor_logs_hold_secrets_or_people(
    server: FaultServer, stripe: Stripe, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    texts: list[str] = []
    await open_account(stripe)
    await pay(stripe)
    with capture_logs() as lines:
        for fault in ("server error", "no such key", "bad request", "card declined"):
            server.always, error = FAULTS[fault]
            with pytest.raises(error) as raised:
                await refund(stripe)
            texts.append("".join(traceback.format_exception(raised.value)))
    server.always = answer({"error": {"code": "an@example.org", "type": "x" * 100, "message": WORDS}}, status=400)
    with pytest.raises(PaymentRefused, match="Stripe answers 400 no reason"):
        await refund(stripe)
    everything = "\n".join([caplog.text, str(lines), *texts])
    for secret in (KEY, "secret_of_the_owner", "Peeters", "an@example.org", "an%40example.org"):
        assert secret not in everything
    # Operators are told at once.
    assert [(line["event"], line["log_level"]) for line in lines] == [("stripe.not_let_in", "error")]
