"""Another implementation (Digital Bazaar's, for Node) accepts the records that we sign, and refuses what we refuse."""

from __future__ import annotations

import json
import shutil
import subprocess
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from experts import records
from experts.actions import issue_record, withdraw_record
from tests.people import expert, user

pytestmark = [pytest.mark.contract, pytest.mark.django_db]

HERE = Path(__file__).parent / "verifier"


def theirs(record: dict[str, Any]) -> dict[str, Any]:
    node = shutil.which("node")
    if node is None or not (HERE / "node_modules").exists():
        pytest.skip("`make contracts` installs it where there is Node")
    now = timezone.now() - timedelta(minutes=1)
    given = {"record": record, "did": records.did_document(), "list": records.status_list(0, now)}
    ran = subprocess.run(
        [node, "verify.mjs"], cwd=HERE, input=json.dumps(given), capture_output=True, text=True, timeout=60, check=True
    )
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def test_another_implementation_accepts_a_record_of_ours() -> None:
    record = issue_record(expert=expert("Emil"), by=user("Emil"))
    assert theirs(record.document) == {"verified": True, "withdrawn": False, "why": ""}


def test_it_refuses_what_was_changed_or_withdrawn() -> None:
    record = issue_record(expert=expert("Emil"), by=user("Emil"))
    changed = deepcopy(record.document)
    changed["credentialSubject"]["name"] = "Farah Siddiqui"
    assert theirs(changed)["verified"] is False
    withdraw_record(record=record, why="I moved on.", by=user("Emil"))
    assert theirs(record.document)["withdrawn"] is True
