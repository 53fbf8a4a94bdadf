"""How soon an opening circuit breaker is shown and told, and how often.

Two API processes and two workers over PostgreSQL and Redis, a local receiver in Slack's place. The breaker `payments`
is forced open through the second process, again and again: until the dashboard of the first shows it in Chromium, and
until Slack is told. Then the mail server is dead for 30 seconds, and the notices of that outage are counted.

Usage: `python -m benchmarks.outages [rounds, default 8]`.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable

from playwright.sync_api import Page, sync_playwright

from benchmarks.stack import product_over, redis_server
from tests.support.browsers import launched, visiting
from tests.support.fault_server import FaultServer
from tests.support.mail_server import MailServer
from tests.support.people import Person, address, register, sign_in
from tests.support.product import ADMIN, Product, eventually, ok

SHOWN_SECONDS, TOLD_SECONDS = 2, 10
OUTAGE_SECONDS = 30.0
REGISTRATIONS = 8
LIMITS = {f"RATE_LIMIT_{name}_PER_MINUTE": "1000000" for name in ("API", "AUTH", "PUBLIC")}


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    post = MailServer()
    post.be_well()
    with redis_server() as redis, FaultServer() as slack:
        environment = LIMITS | {"SLACK_WEBHOOK_URL": f"{slack.url}/services/hook"}
        url = f"redis://127.0.0.1:{redis.port}/0"
        with product_over(url, environment=environment, workers=1, mail_server=post) as product:
            openings(product, slack, rounds)
            outage(product, slack, post)
    post.close()


def openings(product: Product, slack: FaultServer, rounds: int) -> None:
    operator, shown, heard = sign_in(product, *ADMIN, at=1), list[float](), list[float]()
    with (
        sync_playwright() as playwright,
        launched(playwright) as browser,
        visiting(browser, f"http://127.0.0.1:{product.ports[0]}") as page,
    ):
        enter(page)
        row = page.locator("#breaker-payments")
        for _ in range(rounds):
            before = len(told(slack))
            began = time.monotonic()
            steer(operator, "force_open", breaker="payments", reason="a measurement", minutes=5)
            row.get_by_text("a measurement").wait_for()
            shown.append(time.monotonic() - began)
            heard.append(waited(began, lambda before=before: len(told(slack)) > before))
            steer(operator, "reset", breaker="payments")
            eventually(lambda before=before: len(told(slack)) == before + 2, what="the end")
    for what, seconds, most in (("shown", shown, SHOWN_SECONDS), ("told", heard, TOLD_SECONDS)):
        print(
            f"{what} after {statistics.median(seconds):.1f} s, at most {max(seconds):.1f} s; bound {most} s", flush=True
        )


def outage(product: Product, slack: FaultServer, post: MailServer) -> None:
    before = len(told(slack))
    post.be_dead()
    for _ in range(REGISTRATIONS):
        register(product, address("an"))
    eventually(lambda: len(told(slack)) > before, what="the notice")
    time.sleep(OUTAGE_SECONDS)
    post.be_well()
    eventually(lambda: any("Over" in notice for notice in told(slack)[before:]), seconds=180, what="the recovery")
    # What is still on its way would come within a look or two.
    time.sleep(15)
    print(f"an outage of {OUTAGE_SECONDS:.0f} s: {told(slack)[before:]}")


def enter(page: Page) -> None:
    page.goto("/admin")
    page.get_by_label("E-mail address").fill(ADMIN[0])
    page.get_by_label("Password").fill(ADMIN[1])
    page.get_by_role("button", name="Sign in").click()
    page.locator("#score svg").wait_for()


def steer(operator: Person, action: str, **more: object) -> None:
    ok(operator.client.post("/api/admin/circuit-breakers", json={"action": action, **more}))


def told(slack: FaultServer) -> list[str]:
    """The first line of each message to Slack."""
    messages = [json.loads(request.body)["text"] for request in slack.requests if request.path == "/services/hook"]
    return [message.splitlines()[0] for message in messages]


def waited(began: float, happened: Callable[[], bool]) -> float:
    eventually(happened, what="the notice")
    return time.monotonic() - began


if __name__ == "__main__":
    main()
