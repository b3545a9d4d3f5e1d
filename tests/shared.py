"""Real data beside the checkout, which we may use and not ship. Where it is absent, what needs it is skipped."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

DATA = Path(os.environ.get("QUORUM_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


def path(name: str) -> Path:
    """Such as "ror/organizations.jsonl"."""
    if not (DATA / name).exists():
        pytest.skip(f"{name} is not here")
    return DATA / name


def rows(name: str) -> list[Any]:
    """Of a file of JSON Lines."""
    with path(name).open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]
