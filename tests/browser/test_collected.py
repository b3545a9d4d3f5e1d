"""The files as production serves them: collected, hashed, behind gunicorn. `live_server` cannot show this."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection
from playwright.sync_api import Page, Response, expect

from tests.browser.conftest import axe

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """gunicorn on the test database, with static files collected into a folder of its own; its address."""
    url = urlsplit(os.environ["DATABASE_URL"])
    environment = {
        **os.environ,
        "DATABASE_URL": urlunsplit(url._replace(path=f"/{connection.settings_dict['NAME']}")),
        "QUORUM_STATIC_ROOT": str(tmp_path / "static"),
        "ALLOWED_HOSTS": "localhost",
        "DEBUG": "",
    }
    subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"], env=environment, check=True, timeout=120
    )
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        gunicorn = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "gunicorn",
                "marketplace.wsgi",
                "--bind",
                f"fd://{listener.fileno()}",
                "--threads=4",
            ],
            env=environment,
            pass_fds=[listener.fileno()],
        )
        try:
            yield f"http://localhost:{port}"
        finally:
            gunicorn.terminate()
            gunicorn.wait(timeout=30)


def test_modules_sheets_and_the_font_load_by_their_hashed_names(served: str, open_page: Callable[..., Page]) -> None:
    page = open_page()
    answers: list[Response] = []

    def note(answer: Response) -> None:
        answers.append(answer)

    page.on("response", note)
    page.goto(f"{served}/accounts/login/")
    expect(page.locator("html[data-ready]")).to_be_attached()
    page.get_by_label("E-mail address").press("Tab")
    assert axe(page) == []
    assert page.evaluate("document.fonts.load('16px \\'STIX Two Math\\'').then((faces) => faces.length)") == 1
    static = [answer for answer in answers if "/static/" in answer.url]
    assert {answer.status for answer in static} == {200}
    assert len([answer for answer in static if "/static/js/" in answer.url]) >= 5
    for answer in static:
        assert "immutable" in answer.headers["cache-control"], answer.url
        assert answer.headers.get("content-encoding") == "gzip" or "svg" in answer.url, answer.url
    modules = [answer.url.split("/")[-1].split(".")[0] for answer in static if "/static/js/" in answer.url]
    assert len(modules) == len(set(modules))
