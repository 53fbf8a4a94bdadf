"""Makes the dashboard's picture of the README: demo data, some traffic, a breaker that was opened.

Usage: `make screenshot`. Needs Chromium.
"""

import tempfile
from pathlib import Path

import httpx
from playwright.sync_api import expect, sync_playwright

from tests.support.browsers import launched, visiting
from tests.support.product import Product

PICTURE = Path(__file__).parent.parent / "docs" / "dashboard.png"
SIGN_IN = ("admin@demo.tailtribe.example", "demo demo demo demo")
TARGETS = ("/api/home", "/api/caregivers?place=Gent", "/api/caregivers?place=Amsterdam&service=dog_walking")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        product = Product(Path(folder), {})
        product.command("migrate")
        product.command("demo")
        product.start()
        try:
            _take_picture(f"http://127.0.0.1:{product.ports[0]}")
        finally:
            product.stop()


def _take_picture(base_url: str) -> None:
    with httpx.Client(base_url=base_url) as client:
        for _ in range(60):
            for target in TARGETS:
                client.get(target).raise_for_status()
        token = client.post("/api/auth/login", json=dict(zip(("email", "password"), SIGN_IN, strict=True))).json()
        body = {"action": "force_open", "breaker": "email", "reason": "The provider moves house", "minutes": 30}
        headers = {"authorization": f"Bearer {token['accessToken']}"}
        client.post("/api/admin/circuit-breakers", json=body, headers=headers).raise_for_status()
    with sync_playwright() as playwright:
        browser = launched(playwright)
        with visiting(browser, base_url, viewport={"width": 1360, "height": 900}) as page:
            page.goto("/admin")
            page.get_by_label("E-mail address").fill(SIGN_IN[0])
            page.get_by_label("Password").fill(SIGN_IN[1])
            page.get_by_role("button", name="Sign in").click()
            expect(page.locator("#alerts")).to_contain_text("Circuit breaker email opened", timeout=30_000)
            # Charts are drawn from whole minutes.
            page.wait_for_timeout(65_000)
            page.screenshot(path=PICTURE, full_page=True)
        browser.close()


if __name__ == "__main__":
    main()
