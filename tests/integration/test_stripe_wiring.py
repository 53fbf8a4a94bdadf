"""Stripe by its settings: who is chosen, what production wants, and what the doctor finds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from interfaces.bootstrap.doctor import Finding, examine
from interfaces.bootstrap.production import build_parts
from interfaces.bootstrap.settings import BadSettings, Settings
from tests.support.fault_server import RESET, Behaviour, FaultServer
from tests.support.stripe_answers import problem
from tests.support.stripe_world import StripeWorld

SECRETS = {"STRIPE_WEBHOOK_SECRET": "whsec_1", "STRIPE_CONNECT_WEBHOOK_SECRET": "whsec_2"}
LIVE = {"STRIPE_SECRET_KEY": "sk_live_1", **SECRETS}
PRODUCTION = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": "k" * 32,
    "PUBLIC_URL": "https://tailtribe.test",
    "METRICS_TOKEN": "metrics",
}


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as server:
        server.always = StripeWorld()
        yield server


async def test_the_key_chooses_the_provider_of_everything_about_payments(tmp_path: Path) -> None:
    for environment, provider in (({}, "sandbox"), (LIVE, "stripe")):
        parts = build_parts(Settings.read({"DATA_DIR": str(tmp_path), **environment}))
        adapters = parts.adapters
        assert adapters.payment_provider == provider
        assert (adapters.sandbox_bank is None) == (adapters.payment_notices is not None) == (provider == "stripe")
        await parts.close()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"STRIPE_SECRET_KEY": "pk_live_1"}, "STRIPE_SECRET_KEY"),
        ({"STRIPE_SECRET_KEY": "sk_live 1"}, "STRIPE_SECRET_KEY"),
        ({"STRIPE_SECRET_KEY": "sk_liv\u00e9"}, "STRIPE_SECRET_KEY"),
        ({"STRIPE_API_BASE": "api.stripe.example"}, "STRIPE_API_BASE"),
        (PRODUCTION | {"STRIPE_SECRET_KEY": "sk_live_1"}, "STRIPE_WEBHOOK_SECRET, STRIPE_CONNECT_WEBHOOK_SECRET"),
        (PRODUCTION | LIVE | {"STRIPE_CONNECT_WEBHOOK_SECRET": ""}, "STRIPE_CONNECT_WEBHOOK_SECRET"),
        (PRODUCTION | LIVE | {"STRIPE_API_BASE": "https://stripe.example"}, "STRIPE_API_BASE"),
    ],
)
def test_settings_that_cannot_be_are_refused_without_telling_them(given: dict[str, str], told: str) -> None:
    with pytest.raises(BadSettings, match=told) as raised:
        Settings.read(given)
    values = [value for name, value in given.items() if name.startswith("STRIPE") and value]
    assert not any(value in str(raised.value) for value in values)


@pytest.mark.parametrize("given", [LIVE, LIVE | {"STRIPE_SECRET_KEY": "rk_test_1"}, {}])
def test_production_starts_with_all_of_stripe_or_nothing_of_it(given: dict[str, str]) -> None:
    settings = Settings.read(PRODUCTION | given)
    assert settings.stripe_is_live == (given is LIVE)


async def test_the_doctor_asks_whether_stripe_knows_the_key(server: FaultServer, tmp_path: Path) -> None:
    async def find(behaviour: Behaviour | None = None, /, **given: str) -> Finding:
        if behaviour is not None:
            server.play(behaviour)
        settings = Settings.read({"DATA_DIR": str(tmp_path), "STRIPE_API_BASE": server.url, **given})
        (finding,) = [finding for finding in await examine(settings) if finding.part == "payments"]
        return finding

    key = {"STRIPE_SECRET_KEY": "sk_test_of_ours"}
    assert await find() == Finding("payments", ok=True, detail="sandbox: no money moves")
    assert server.requests == []
    assert await find(**key, **SECRETS) == Finding(
        "payments", ok=True, detail="Stripe knows the key (test: no real money moves)"
    )
    found = await find(**key)
    assert (found.ok, "STRIPE_WEBHOOK_SECRET, STRIPE_CONNECT_WEBHOOK_SECRET" in found.detail) == (False, True)
    for behaviour in (problem(401, None), problem(403, None), problem(404, None), problem(500, None), RESET):
        assert not (await find(behaviour, **key, **SECRETS)).ok
    assert {(request.method, request.path) for request in server.requests} == {("GET", "/v1/balance_transactions")}
