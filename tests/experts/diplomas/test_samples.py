"""Other people's credentials (DCC, 1EdTech, W3C) get the verdict that their own suites state (docs/experts.md)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from experts.diplomas.contexts import BUILT, known
from experts.diplomas.issuers import Fetch
from experts.diplomas.verdicts import Outcome, Reason, Verdict
from experts.diplomas.verifier import verify
from tests import shared
from tests.experts.diplomas.makers import serving

AT = datetime(2026, 11, 25, tzinfo=UTC)
DCC, EDTECH, W3C = "vc_dcc/credentials_v2.jsonl", "vc_1edtech/ob30.jsonl", "vc_w3c/eddsa_jcs_signed.jsonl"
FIXTURES = "https://digitalcredentials.github.io/vc-test-fixtures/"
RAW_LIST = (
    "https://raw.githubusercontent.com/digitalcredentials/verifier-core/refs/heads/main/src/test-fixtures/status/"
    "e5WK8CbZ1GjycuPombrj"
)
# Its name says that it does not end; its text says 2010.
MISNAMED = "v2/dataIntegrityProof/didKey/noRegistry-revokedStatus-noExpiry.json"
V, N, U = Outcome.VERIFIED, Outcome.REFUSED, Outcome.UNVERIFIABLE
R = Reason
# The key that 1EdTech's and W3C's samples name is in their text, but nothing shows that it is the issuer's: an address
# of which only the name is here. Where ops know the key (second column), the verdict is the one that the suite states.
EXPECTED_ELSEWHERE: dict[str, tuple[Outcome, Reason | None, Outcome]] = {
    "complete.json": (U, R.KEY_UNREACHABLE, U),  # its status is kept in a 1EdTechRevocationList
    "endorsement-valid.json": (U, R.KEY_UNREACHABLE, V),
    "simple-did-key-method.json": (U, R.KEY_UNCONFIRMED, V),
    "simple-did-web-method.json": (U, R.KEY_UNREACHABLE, V),
    "simple-eddsa-2022.json": (U, R.KEY_UNREACHABLE, V),
    "simple-err-expired.json": (N, R.EXPIRED, N),
    "simple-err-issuer.json": (N, R.NO_ISSUER, N),
    "simple-err-proof-value.json": (N, R.TAMPERED, N),
    "simple-noproof.json": (N, R.NO_PROOF, N),
    "simple.json": (U, R.KEY_UNREACHABLE, V),
    "simple.jwt": (U, R.KEY_UNREACHABLE, U),
    "simple_v1.json": (U, R.KEY_UNREACHABLE, V),
    "eddsa-jcs-2022/signedJCS.json": (U, R.KEY_UNREACHABLE, V),
}


def dcc_states(name: str) -> tuple[Outcome, set[Reason]]:
    """What a fixture's own name says of it."""
    if "badDidWeb" in name:
        return U, {R.KEY_UNREACHABLE}
    said = {
        R.REVOKED: "revoked" in name,
        R.EXPIRED: name.endswith("-expired"),
        R.NOT_YET_VALID: name.endswith("notYetValid"),
        R.TAMPERED: name.endswith("-tampered"),
        R.STATUS_BROKEN: any(word in name for word in ("expiredS", "missingTypeS", "notYetValidS", "tamperedS")),
    }
    reasons = {reason for reason, is_so in said.items() if is_so}
    return (N if reasons else V), reasons


def offline() -> Fetch:
    """Their DID documents and status lists, as far as they are here."""
    pages = {FIXTURES + row["file"]: row["document"] for row in shared.rows("vc_dcc/dids_and_status_lists.jsonl")}
    pages[RAW_LIST] = pages[FIXTURES + "statusLists/didkey-ed25519Signature2020/e5WK8CbZ1GjycuPombrj"]
    return serving(pages)


def judge(row: dict[str, Any], fetch: Fetch, **pinned: Any) -> Verdict:
    raw = json.dumps(row["vc"]) if "vc" in row else row["jwt"]
    return verify(raw.encode(), at=AT, fetch=fetch, **pinned)


def test_every_fixture_of_dcc_gets_what_its_name_says() -> None:
    fetch = offline()
    rows = shared.rows(DCC)
    assert len(rows) == 46
    for row in rows:
        outcome, reasons = dcc_states(row["name"])
        if row["file"] == MISNAMED:
            reasons.add(R.EXPIRED)
        verdict = judge(row, fetch)
        assert (verdict.outcome, set(verdict.reasons)) == (outcome, reasons), row["name"]
    assert sum(dcc_states(row["name"])[0] == V for row in rows) == 21


@pytest.mark.parametrize("file", [EDTECH, W3C])
def test_every_other_sample_gets_its_verdict_or_says_which_key_is_missing(file: str) -> None:
    nobody = serving({})
    for row in shared.rows(file):
        outcome, reason, with_key = EXPECTED_ELSEWHERE[row["file"]]
        verdict = judge(row, nobody)
        assert verdict.outcome == outcome, row["file"]
        assert reason in verdict.reasons, row["file"]
        key = verdict.proofs[0].key.rpartition("#")[2].removeprefix("did:key:") if verdict.proofs else ""
        pinned = {verdict.issuer.id: (key,)} if key else {}
        known_key = judge(row, nobody, pinned=pinned)
        assert known_key.outcome == with_key, (row["file"], known_key.findings)


def test_the_table_in_the_documentation_is_what_comes_out() -> None:
    """One line a sample: `| file | verdict | reasons |`."""
    fetch = offline()
    text = (Path(__file__).parents[3] / "docs" / "experts.md").read_text(encoding="utf-8")
    for file in (DCC, EDTECH, W3C):
        for row in shared.rows(file):
            assert line(row, judge(row, fetch)) in text, "write the table of docs/experts.md anew"


def line(row: dict[str, Any], verdict: Verdict) -> str:
    return f"| `{row['file'].removeprefix('v2/')}` | {verdict.outcome} | {', '.join(verdict.reasons)} |"


def test_our_table_of_terms_says_what_the_published_contexts_say() -> None:
    files: dict[str, str] = json.loads(shared.path("vc_contexts_npm/context_urls.json").read_text())
    assert set(files) <= set(known())
    for url, file in files.items():
        published = json.loads(shared.path(file).read_text())["@context"]
        assert same(known()[url]["@context"]) == same(published), url
    assert set(BUILT) <= set(files)


def same(context: Any) -> Any:
    """A term that is a bare IRI means what an object with that IRI alone does."""
    tidy: Callable[[Any], Any] = lambda value: value["@id"] if set(value) == {"@id"} else same(value)  # noqa: E731
    return {name: tidy(value) if isinstance(value, dict) else value for name, value in context.items()}
