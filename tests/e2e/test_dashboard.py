"""The dashboard in a browser, over two API processes, a worker, PostgreSQL and Redis."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.conftest import without
from tests.e2e.conftest import UNLIMITED
from tests.support.browsers import barriers, launched, visiting
from tests.support.databases import create_database, drop_database
from tests.support.mail_server import MailServer
from tests.support.people import address, profile_body, register, sign_in, someone
from tests.support.product import ADMIN, Product, eventually, ok, running
from tests.support.servers import ServerMissing

PHONE, LAPTOP, WIDE = ({"width": 390, "height": 844}, {"width": 1280, "height": 800}, {"width": 1920, "height": 1080})


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        try:
            browser = launched(playwright)
        except ServerMissing as missing:
            without(missing)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def post() -> Iterator[MailServer]:
    server = MailServer()
    server.be_well()
    yield server
    server.close()


@pytest.fixture(scope="module")
def product(
    tmp_path_factory: pytest.TempPathFactory,
    postgres_server: str,
    postgres_template: str,
    redis_server: str,
    post: MailServer,
) -> Iterator[Product]:
    name = f"dashboard_{uuid4().hex[:8]}"
    url = create_database(postgres_server, name, template=postgres_template)
    environment = UNLIMITED | {"DATABASE_URL": url, "REDIS_URL": f"{redis_server.removesuffix('/0')}/10"}
    folder = tmp_path_factory.mktemp("dashboard")
    yield from running(Product(folder, environment, api_processes=2, with_worker=True, mail_server=post))
    drop_database(postgres_server, name)


@pytest.fixture
def page(browser: Browser, product: Product) -> Iterator[Page]:
    """The overview, as an admin who has signed in through the first process sees it."""
    with visiting(browser, f"http://127.0.0.1:{product.ports[0]}", viewport=LAPTOP) as page:
        enter(page, *ADMIN)
        expect(page.locator("#score svg")).to_be_visible()
        yield page


def enter(page: Page, email: str, password: str) -> None:
    page.goto("/admin")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def steer(product: Product, action: str, breaker: str, **more: object) -> None:
    """Through the second process: the first has to hear of it."""
    body = {"action": action, "breaker": breaker, **more}
    operator = sign_in(product, *ADMIN, at=1)
    ok(operator.client.post("/api/admin/circuit-breakers", json=body))


def test_only_admins_get_in(browser: Browser, product: Product) -> None:
    owner = address("an")
    person = someone(product, owner)
    with visiting(browser, f"http://127.0.0.1:{product.ports[0]}") as page:
        enter(page, owner, "wrong wrong wrong 1")
        expect(page.get_by_role("alert")).to_be_visible()
        enter(page, owner, "seven quiet otters 31")
        expect(page.get_by_role("alert")).to_have_text("Only admins may look behind this door")
        enter(page, *ADMIN)
        expect(page).to_have_title("Overview · TailTribe")
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", name="Sign in for admins")).to_be_visible()
        page.goto("/admin/jobs")
        expect(page.get_by_role("heading", name="Sign in for admins")).to_be_visible()
    assert person.client.get("/admin", follow_redirects=False).status_code == 303


def test_what_another_site_makes_a_browser_send_is_refused(product: Product) -> None:
    client = product.client()
    credentials = {"email": ADMIN[0], "password": ADMIN[1]}
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {}):
        refused = client.post("/admin/sign-in", data=credentials, headers=headers)
        assert (refused.status_code, "set-cookie" in refused.headers) == (403, False)
    let_in = client.post("/admin/sign-in", data=credentials, headers={"sec-fetch-site": "same-origin"})
    assert let_in.status_code == 303
    for attribute in ("HttpOnly", "SameSite=strict", "Path=/admin"):
        assert attribute in let_in.headers["set-cookie"]
    # The client keeps the cookie.
    refused = client.post("/admin/breakers/email/reset", headers={"origin": "https://evil.example"})
    assert refused.status_code == 403
    assert client.get("/admin").status_code == 200
    token = client.cookies["tailtribe_admin"]
    # It opens the dashboard and nothing else.
    assert client.get("/api/me", headers={"authorization": f"Bearer {token}"}).status_code == 401


def test_an_opening_breaker_appears_and_its_alert_and_both_go_by_hand(page: Page, product: Product) -> None:
    row, alert = page.locator("#breaker-payments"), page.locator("#alerts")
    expect(row).to_contain_text("closed")
    steer(product, "force_open", "payments", reason="Announced maintenance", minutes=30)
    expect(row).to_contain_text("open Announced maintenance")
    expect(alert).to_contain_text("Circuit breaker payments opened")
    row.get_by_role("button", name="Reset").click()
    expect(row).to_contain_text("closed")
    expect(page.locator("#message")).to_have_text("The breaker was closed.")
    expect(alert).not_to_contain_text("Circuit breaker payments opened")
    expect(page.locator("#happenings")).to_contain_text("alert · ended")


def test_a_breaker_is_opened_and_an_alert_silenced_with_a_reason(page: Page, product: Product) -> None:
    page.locator("#breaker-email").get_by_role("button", name="Force open").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("The provider moves house")
    dialog.get_by_role("button", name="Force open").click()
    expect(dialog).to_be_hidden()
    expect(page.locator("#breaker-email")).to_contain_text("The provider moves house")
    page.locator("#alerts").get_by_role("button", name="Silence Circuit breaker email opened").click()
    page.get_by_role("dialog").get_by_label("Reason").fill("Known")
    page.get_by_role("dialog").get_by_role("button", name="Silence").click()
    expect(page.locator("#alerts")).to_contain_text("Silenced until")
    steer(product, "reset", "email")
    expect(page.locator("#alerts")).not_to_contain_text("Circuit breaker email opened")


def test_a_button_that_only_the_script_can_serve_waits_for_it(page: Page) -> None:
    button = page.locator("#breaker-email").get_by_role("button", name="Force open")
    expect(button).to_be_visible()
    page.route("**/admin.js", lambda route: route.abort())
    page.reload()
    expect(page.locator("#breaker-email")).to_be_visible()
    expect(button).to_be_hidden()


def test_a_dead_job_is_looked_into_and_tried_again(page: Page, product: Product, post: MailServer) -> None:
    nobody = address("nobody")
    post.unknown.add(nobody)
    register(product, nobody)
    expect(page.locator("#queues").get_by_role("link", name="dead, mail")).to_be_visible()
    page.locator("#queues").get_by_role("link", name="dead, mail").click()
    job = page.get_by_role("article").first
    expect(job).to_contain_text("MailRefused")
    job.get_by_text("Look inside").click()
    expect(job).to_contain_text("Attempts")
    post.unknown.clear()
    job.get_by_role("button", name="Retry").click()
    expect(page.locator("#message")).to_have_text("The job is tried again.")
    expect(page.get_by_role("article")).to_have_count(0)
    eventually(lambda: product.mails_to(nobody), what="the mail that had been refused")


def test_a_caregiver_is_approved_and_another_turned_down(page: Page, product: Product) -> None:
    people = [someone(product, address(name), first=name, last="Claes") for name in ("bart", "cas")]
    caregivers = [ok(person.client.put("/api/caregivers/me", json=profile_body()), 201)["id"] for person in people]
    page.get_by_role("link", name="Caregivers").click()
    page.locator(f"#caregiver-{caregivers[0]}").get_by_role("button", name="Approve").click()
    expect(page.locator(f"#caregiver-{caregivers[0]}")).to_have_count(0)
    other = page.locator(f"#caregiver-{caregivers[1]}")
    other.locator("summary").click()
    other.get_by_label("Reason").fill("The photo shows no face.")
    other.get_by_role("button", name="Reject").click()
    expect(other).to_have_count(0)
    status = [ok(person.client.get("/api/caregivers/me"))["status"] for person in people]
    assert status == ["approved", "rejected"]


def test_what_would_be_earned_is_computed(page: Page) -> None:
    page.get_by_role("link", name="Revenue").click()
    expect(page.get_by_role("navigation", name="Period").get_by_role("link", name="30 days")).to_have_attribute(
        "aria-current", "true"
    )
    projection = page.locator("#projection")
    for told in ("€450,000.00", "€90,000.00", "€89,878.00", "73,670 %"):
        expect(projection).to_contain_text(told)
    page.get_by_label("Average booking in euros").fill("33,33")
    page.get_by_label("Costs in euros").fill("0")
    page.get_by_role("button", name="Compute").click()
    for told in ("€499,950.00", "€99,990.00", "Return on costs–"):
        expect(projection).to_contain_text(told)


def test_the_stream_survives_the_restart_of_its_server_without_a_gap(page: Page, product: Product) -> None:
    product.stop_api(0)
    expect(page.locator("body")).to_have_class("stale")
    steer(product, "force_open", "email", reason="While nobody looked", minutes=30)
    steer(product, "reset", "email")
    product.start_api(0)
    expect(page.locator("body")).not_to_have_class("stale")
    expect(page.locator("#happenings")).to_contain_text("While nobody looked")
    # It is live again, in the same page.
    steer(product, "force_open", "email", reason="And afterwards", minutes=30)
    expect(page.locator("#breaker-email")).to_contain_text("And afterwards")
    steer(product, "reset", "email")


def test_it_speaks_three_languages(page: Page) -> None:
    for code, title in (("fr", "Vue d’ensemble"), ("nl", "Overzicht"), ("en", "Overview")):
        page.get_by_role("button", name=code, exact=True).click()
        expect(page).to_have_title(f"{title} · TailTribe")
        assert page.locator("html").get_attribute("lang") == code


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, LAPTOP, WIDE], ids=["phone", "laptop", "wide"])
def test_nobody_is_kept_out_at_any_size(browser: Browser, product: Product, scheme: str, size: dict[str, int]) -> None:
    with visiting(browser, f"http://127.0.0.1:{product.ports[0]}", viewport=size, color_scheme=scheme) as page:
        page.goto("/admin")
        assert barriers(page) == ""
        enter(page, *ADMIN)
        for address_of_page in ("/admin", "/admin/jobs?status=succeeded", "/admin/caregivers", "/admin/revenue"):
            page.goto(address_of_page)
            expect(page.get_by_role("main")).to_be_visible()
            assert barriers(page) == ""
            wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wider <= 0, "nothing is to be scrolled sideways"


def test_all_can_be_done_by_keyboard(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    button = page.locator("#breaker-cache").get_by_role("button", name="Force open")
    button.focus()
    page.wait_for_timeout(1500)
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(button).to_be_focused()
