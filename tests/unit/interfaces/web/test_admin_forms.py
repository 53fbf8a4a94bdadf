"""What the dashboard answers to what none of its own pages sends."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from application.use_cases import build_use_cases
from tests.support.in_memory_adapters import in_memory_adapters
from tests.support.tiny_app import client_of
from tests.support.whole_app import whole_app

EMAIL, PASSWORD = "admin@example.org", "seven quiet otters 31"
SAME_SITE = {"sec-fetch-site": "same-origin", "accept-language": "en"}


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    adapters = in_memory_adapters(tmp_path)
    await build_use_cases(adapters).create_admin.execute(email=EMAIL, password=PASSWORD)
    async with client_of(whole_app(tmp_path, adapters)) as client:
        client.headers.update(SAME_SITE)
        yield client


@pytest.mark.parametrize(
    "form", [{}, {"email": EMAIL}, {"email": "x", "password": "y"}, {"email": EMAIL, "password": "x" * 129}]
)
async def test_a_sign_in_that_cannot_be_read_is_answered_by_the_page(
    browser: httpx.AsyncClient, form: dict[str, str]
) -> None:
    answer = await browser.post("/admin/sign-in", data=form)
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("text/html")
    assert "The input is invalid" in answer.text
    assert 'name="password"' in answer.text
    assert "set-cookie" not in answer.headers


async def test_an_address_that_no_page_links_to_is_answered_by_a_page(browser: httpx.AsyncClient) -> None:
    signed_in = await browser.post("/admin/sign-in", data={"email": EMAIL, "password": PASSWORD})
    assert signed_in.status_code == 303
    answer = await browser.get("/admin/jobs", params={"status": "lost"})
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (422, "text/html")
    assert "The input is invalid" in answer.text
