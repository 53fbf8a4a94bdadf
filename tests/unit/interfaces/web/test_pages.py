import re

import pytest
from litestar import Litestar
from litestar.types import ASGIApp

from interfaces.web.pages import WEB, PagesController, static_files_router
from tests.support.tiny_app import client_of


def app() -> ASGIApp:
    return Litestar([PagesController, static_files_router()], openapi_config=None, logging_config=None)


@pytest.mark.parametrize("path", ["/verify-email", "/reset-password", "/docs"])
async def test_a_page_holds_nothing_of_the_request_and_refers_to_files_that_exist(path: str) -> None:
    async with client_of(app()) as client:
        response = await client.get(f"{path}?token=<script>alert(1)</script>")
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/html")
        assert "script-src 'self';" in response.headers["content-security-policy"]
        assert "alert" not in response.text
        for reference in re.findall(r'(?:src|href)="([^"]+)"', response.text):
            assert reference.startswith("/static/")
            assert (await client.get(reference)).status_code == 200


def test_no_script_loads_anything_from_elsewhere() -> None:
    ours = [*(WEB / "static" / "account").iterdir(), WEB / "static" / "swagger" / "start.js"]
    assert all("http" not in path.read_text().replace("https://fetch.spec", "") for path in ours)


async def test_static_files_stay_inside_their_folder() -> None:
    async with client_of(app()) as client:
        assert (await client.get("/static/../pages.py")).status_code == 404
        assert (await client.get("/static/%2e%2e/pages.py")).status_code == 404
