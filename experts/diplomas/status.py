"""Whether the issuer has withdrawn a credential since: lists of bits that the issuer publishes, signed themselves."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from experts.diplomas.documents import Document, inflate, parse
from experts.diplomas.graph import Node
from experts.diplomas.issuers import Fetch, Unreachable
from experts.diplomas.keys import from_base64url, from_multibase
from experts.diplomas.verdicts import Finding, Problem, Reason

MAX_LIST = 4 * 1024 * 1024  # bytes unpacked: 33 million credentials
MAX_ENTRIES = 4
Verify = Callable[[Document | str], tuple[Node, tuple[Finding, ...]]]  # of a list, which is itself a credential


@dataclass(frozen=True)
class Kind:
    """One way of keeping status: what its entries and lists are called, and how the bits are written."""

    credential: str
    subject: str
    index: str
    list_url: str
    unpack: Callable[[str], bytes]


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):  # ValueError: letters beyond ASCII
        raise Problem(Reason.MALFORMED, "not base64") from None


KINDS: MappingProxyType[str, Kind] = MappingProxyType(
    {
        "BitstringStatusListEntry": Kind(
            "BitstringStatusListCredential", "BitstringStatusList", "statusListIndex", "statusListCredential",
            from_multibase,
        ),
        "StatusList2021Entry": Kind(
            "StatusList2021Credential", "StatusList2021", "statusListIndex", "statusListCredential", from_base64url
        ),
        "RevocationList2020Status": Kind(
            "RevocationList2020Credential", "RevocationList2020", "revocationListIndex", "revocationListCredential",
            _from_base64,
        ),
    }
)  # fmt: skip
SET = MappingProxyType({"revocation": Reason.REVOKED, "suspension": Reason.SUSPENDED})


def check(node: Node, *, fetch: Fetch, verify: Verify) -> list[Finding]:
    """What the lists say of the credential; nothing where it stands in none."""
    entries = node.nodes("credentialStatus")
    if len(entries) > MAX_ENTRIES:
        return [Finding(Reason.TOO_COMPLEX, f"more than {MAX_ENTRIES} entries of status")]
    findings = []
    for entry in entries:
        try:
            _entry(entry, fetch, verify)
        except Problem as problem:
            findings.append(Finding(problem.reason, problem.detail))
    return findings


def _entry(entry: Node, fetch: Fetch, verify: Verify) -> None:
    kind = next((KINDS[name] for name in sorted(entry.types) if name in KINDS), None)
    if kind is None or entry.text("statusSize") not in {"", "1"}:
        raise Problem(Reason.STATUS_UNKNOWN, ", ".join(sorted(entry.types))[:120])
    purpose = entry.text("statusPurpose") or "revocation"
    url = next((each.id for each in entry.nodes(kind.list_url)), "")
    try:
        found = parse(fetch(url))
    except Unreachable as error:
        raise Problem(Reason.STATUS_UNREACHABLE, str(error)[:200]) from None
    except Problem as problem:
        raise _broken(problem.detail) from None
    if _bit(_list(found, kind, purpose, verify), entry.text(kind.index), kind) and purpose in SET:
        raise Problem(SET[purpose], url[:200])


def _broken(detail: str) -> Problem:
    return Problem(Reason.STATUS_BROKEN, detail[:200])


def _list(found: Any, kind: Kind, purpose: str, verify: Verify) -> str:
    """The encoded bits, once the list has proved sound.

    The list need not be signed by the credential's issuer: the credential, which is, says where its list lies.
    """
    try:
        node, findings = verify(found)
    except Problem as problem:
        raise _broken(problem.detail or problem.reason.words) from None
    if findings:
        raise _broken(f"{findings[0].reason}: {findings[0].detail}")
    subject = next(iter(node.nodes("credentialSubject")), Node())
    if kind.credential not in node.types or kind.subject not in subject.types:
        raise _broken("not a list of this kind")
    if purpose not in {*subject.texts("statusPurpose"), *([] if "statusPurpose" in subject.said else ["revocation"])}:
        raise _broken(f"a list for another purpose than {purpose[:60]}")
    return subject.text("encodedList")


def _bit(encoded: str, index: str, kind: Kind) -> bool:
    try:
        bits = inflate(kind.unpack(encoded), MAX_LIST)
    except Problem as problem:
        raise _broken(problem.detail) from None
    if not (index.isascii() and index.isdigit() and len(index) < 12 and int(index) < 8 * len(bits)):
        raise _broken(f"no place {index[:20]} in it")
    return bool(bits[int(index) // 8] >> (7 - int(index) % 8) & 1)
