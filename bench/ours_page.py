"""How many statements one page runs, counted inside the product: python -m bench.ours_page SESSION PATH."""

from __future__ import annotations

import os
import sys

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "marketplace.settings"
django.setup()

from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402


def main(session: str, path: str) -> None:
    browser = Client(SERVER_NAME="localhost")
    browser.cookies["sessionid"] = session
    browser.get(path)  # templates and lists that are made once
    with CaptureQueriesContext(connection) as seen:
        answer = browser.get(path)
    if answer.status_code != 200:
        raise RuntimeError(f"{path} {answer.status_code}")
    print(len(seen))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
