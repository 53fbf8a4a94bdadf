"""A Chromium of the system, and what our pages must never do in it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Playwright, expect

from tests.support.servers import ServerMissing

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_PATIENCE_MILLISECONDS = 90_000
# Of a server that is being restarted, of a refusal, and of an event source that broke off.
_HARMLESS = ("Failed to load resource", "ERR_", "[object Event]")
_QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")


def launched(playwright: Playwright) -> Browser:
    """Raises ServerMissing when there is none."""
    path = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if path is None:
        raise ServerMissing("Chromium")
    return playwright.chromium.launch(executable_path=Path(path), args=list(_QUIET))


@contextmanager
def visiting(browser: Browser, base_url: str, **options: Any) -> Iterator[Page]:
    """A page of a visitor of his own. Errors in its console, such as of the content security policy, fail the test."""
    settings: dict[str, Any] = {"locale": "en-GB"} | options
    context = browser.new_context(base_url=base_url, **settings)
    context.set_default_timeout(_PATIENCE_MILLISECONDS)
    expect.set_options(timeout=_PATIENCE_MILLISECONDS)
    page, complaints = context.new_page(), list[str]()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    try:
        yield page

        faults = [each for each in complaints if not any(harmless in each for harmless in _HARMLESS)]
        assert not faults, faults
    finally:
        context.close()


def barriers(page: Page) -> str:
    """What axe-core finds that keeps people out; nothing, with any luck."""
    results = Axe().run(page)
    return "" if results.violations_count == 0 else results.generate_report()
