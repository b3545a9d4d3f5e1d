"""Real Chromium against the real server. A test that uses `watched` fails on any console error, any page error and any
violation of the Content-Security-Policy, whatever else it looks at."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage, Page

from accounts.models import User

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
LOOKS: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": DESKTOP},
    "phone": {"viewport": PHONE, "has_touch": True, "is_mobile": True},
    "dark": {"viewport": DESKTOP, "color_scheme": "dark"},
    "phone-dark": {"viewport": PHONE, "has_touch": True, "is_mobile": True, "color_scheme": "dark"},
}
AXE = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "preload": False,  # else axe itself loads style sheets in a way the policy forbids
}
PICTURES = Path("build/screens")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("browser")
            if not CHROMIUM:
                item.add_marker(pytest.mark.skip(reason="Chromium is not installed (apt-get install chromium)"))


@pytest.fixture(autouse=True, scope="session")
def _orm_beside_playwright() -> None:
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright's own loop makes Django refuse the ORM otherwise


@pytest.fixture(scope="session")
def base_url() -> str:
    """Addresses come from live_server; the plugin's own fixture warns under this pytest, and warnings are errors."""
    return ""


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": ["--no-sandbox"]}


class Watch:
    """What a page complained about. `expect(text)` lets through the complaints that a test causes on purpose."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self._expected: list[str] = []

    def expect(self, text: str) -> None:
        self._expected.append(text)

    def follow(self, page: Page) -> Page:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"page error: {error}"))
        return page

    def _console(self, line: ConsoleMessage) -> None:
        if line.type in ("error", "warning"):
            self.complaints.append(line.text)

    def unexpected(self) -> list[str]:
        return [line for line in self.complaints if not any(text in line for text in self._expected)]


@pytest.fixture
def watch() -> Iterator[Watch]:
    watch = Watch()
    yield watch
    assert watch.unexpected() == []


@pytest.fixture
def watched(page: Page, watch: Watch) -> Page:
    """The test's page, watched."""
    return watch.follow(page)


@pytest.fixture
def open_page(browser: Browser, watch: Watch) -> Iterator[Callable[..., Page]]:
    """`open_page("phone", **context options)`: a watched page of a browser of its own (LOOKS names the kinds)."""
    contexts = []

    def open_(look: str = "desktop", **options: Any) -> Page:
        context = browser.new_context(**LOOKS[look], **options)
        contexts.append(context)
        return watch.follow(context.new_page())

    yield open_
    for context in contexts:
        context.close()


def sign_in(page: Page, user: User, url: str) -> None:
    """The browser gets this person's session, as if they had signed in at `url`."""
    client = Client()
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": url}])


def axe(page: Page) -> list[str]:
    """Accessibility faults of the page as one line each; empty when there are none."""
    found = Axe().run(page, options=AXE).response["violations"]
    return [f"{rule['id']}: {node['html'][:160]} {node['failureSummary']}" for rule in found for node in rule["nodes"]]


def sideways(page: Page) -> int:
    """How many pixels the page can be scrolled sideways; 0 is wanted."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def picture(page: Page, name: str) -> Path:
    """A full-page picture in build/screens, for people to look at."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    path = PICTURES / f"{name}.png"
    page.screenshot(path=path, full_page=True)
    return path
