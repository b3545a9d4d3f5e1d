"""Where a running `manage.py up` can be reached: .local/endpoints.json, the environment it gives to its own processes.

Other commands (`shell`, `migrate`, `dbshell`) adopt it and so work beside a running product.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

LOCAL = Path(os.environ.get("QUORUM_LOCAL") or Path(__file__).resolve().parents[2] / ".local")
FILE = "endpoints.json"


def write(environment: Mapping[str, str], local: Path = LOCAL) -> None:
    """Replace the file in one step, readable by its owner only (it holds the secret key)."""
    fresh = local / f"{FILE}.new"
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(dict(environment), indent=2, sort_keys=True) + "\n")
    fresh.replace(local / FILE)


def read(local: Path = LOCAL) -> dict[str, str]:
    try:
        environment: dict[str, str] = json.loads((local / FILE).read_text())
    except FileNotFoundError:
        return {}
    return environment


def forget(local: Path = LOCAL) -> None:
    (local / FILE).unlink(missing_ok=True)


def adopt(local: Path = LOCAL) -> None:
    """Fill the environment, all or nothing: whoever sets DATABASE_URL has servers of their own."""
    if "DATABASE_URL" not in os.environ:
        os.environ.update({name: value for name, value in read(local).items() if name not in os.environ})
