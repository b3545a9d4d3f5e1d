"""The door: bytes in, a verdict out. Never raises for what a stranger handed in."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType

from experts.diplomas import jwts, proofs, status
from experts.diplomas.contexts import CREDENTIALS_V1, CREDENTIALS_V2
from experts.diplomas.dates import instant
from experts.diplomas.documents import Document, read
from experts.diplomas.graph import Node
from experts.diplomas.issuers import Fetch, Pinned, fetch_nothing
from experts.diplomas.proofs import Checked
from experts.diplomas.verdicts import (
    Degree,
    Finding,
    Issuer,
    Problem,
    Reason,
    Subject,
    Verdict,
    outcome_of,
)

NOTHING_PINNED: Pinned = MappingProxyType({})
FROM, UNTIL = ("validFrom", "issuanceDate"), ("validUntil", "expirationDate")
DOUBTFUL = frozenset(
    {Reason.STATUS_BROKEN, Reason.STATUS_UNREACHABLE, Reason.STATUS_UNKNOWN, Reason.TOO_COMPLEX, Reason.MALFORMED}
)
LONGEST = 200  # characters of what an issuer wrote


def verify(raw: bytes, *, at: datetime, fetch: Fetch = fetch_nothing, pinned: Pinned = NOTHING_PINNED) -> Verdict:
    """Whether a credential is sound at this moment: proof, key, dates and status. Who the issuer is, is for others.

    `fetch` gets what must come from the issuer (keys, lists of status); `pinned`: keys that ops know.
    """
    try:
        checked = _checked(read(raw), at=at, fetch=fetch, pinned=pinned)
    except Problem as problem:
        finding = Finding(problem.reason, problem.detail)
        return Verdict(outcome_of((finding,)), (finding,))
    node = checked.node
    findings = [*checked.findings, *_shape(node), *_period(node, at)]
    # A list is fetched at the word of an issuer, never at that of somebody who only says to be one.
    if not checked.findings:
        findings += status.check(node, fetch=fetch, verify=_list_verifier(at, fetch, pinned))
    return _verdict(checked, tuple(findings))


def _checked(document: Document | str, *, at: datetime, fetch: Fetch, pinned: Pinned) -> Checked:
    if isinstance(document, str):
        return jwts.check(document, fetch=fetch, pinned=pinned)
    context = document.get("@context")
    if (context[:1] if isinstance(context, list) else [context]) not in ([CREDENTIALS_V1], [CREDENTIALS_V2]):
        raise Problem(Reason.MALFORMED, "not a verifiable credential: another first context")
    return proofs.check(document, at=at, fetch=fetch, pinned=pinned)


def _list_verifier(at: datetime, fetch: Fetch, pinned: Pinned) -> status.Verify:
    def verify_list(document: Document | str) -> tuple[Node, tuple[Finding, ...]]:
        checked = _checked(document, at=at, fetch=fetch, pinned=pinned)
        return checked.node, (*checked.findings, *_period(checked.node, at))

    return verify_list


def _shape(node: Node) -> list[Finding]:
    findings = []
    if "VerifiableCredential" not in node.types:
        findings.append(Finding(Reason.MALFORMED, "not of the type VerifiableCredential"))
    if not next((each.id for each in node.nodes("issuer")), ""):
        findings.append(Finding(Reason.NO_ISSUER))
    if len(node.nodes("issuer")) > 1 or len(node.nodes("credentialSubject")) != 1:
        findings.append(Finding(Reason.MALFORMED, "not one issuer and one subject"))
    return findings


def _period(node: Node, at: datetime) -> list[Finding]:
    try:
        early = [said for name in FROM for said in node.texts(name) if instant(said) > at]
        late = [said for name in UNTIL for said in node.texts(name) if instant(said) < at]
    except Problem as problem:
        return [Finding(problem.reason, problem.detail)]
    return [Finding(Reason.NOT_YET_VALID, said) for said in early] + [Finding(Reason.EXPIRED, said) for said in late]


def _verdict(checked: Checked, findings: tuple[Finding, ...]) -> Verdict:
    node = checked.node
    issuer = next(iter(node.nodes("issuer")), Node())
    subject = next(iter(node.nodes("credentialSubject")), Node())
    return Verdict(
        outcome=outcome_of(findings),
        findings=findings,
        proofs=checked.proofs,
        id=node.id[:LONGEST],
        issuer=Issuer(issuer.id[:LONGEST], clean(issuer.text("name"))),
        subject=Subject(subject.id[:LONGEST], name_of(subject)),
        degree=degree_of(node, subject),
        valid_from=next((said for name in FROM for said in node.texts(name)), "")[:40],
        valid_until=next((said for name in UNTIL for said in node.texts(name)), "")[:40],
        status=_status(checked, findings),
    )


def _status(checked: Checked, findings: tuple[Finding, ...]) -> str:
    reasons = {finding.reason for finding in findings}
    if not checked.node.nodes("credentialStatus"):
        return "none"
    for reason in (Reason.REVOKED, Reason.SUSPENDED):
        if reason in reasons:
            return str(reason)
    return "unknown" if checked.findings or reasons & DOUBTFUL else "good"


def clean(text: str) -> str:
    """One line of what a stranger wrote: no control characters, no end."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:LONGEST]


def name_of(subject: Node) -> str:
    return clean(subject.text("name") or f"{subject.text('givenName')} {subject.text('familyName')}")


def degree_of(node: Node, subject: Node) -> Degree | None:
    """Of Open Badges' achievement, else of the data model's own `degree`."""
    for achievement in (*subject.nodes("achievement"), *subject.nodes("degree")):
        title = clean(achievement.text("name"))
        if title:
            kind = achievement.text("achievementType") or next(iter(sorted(achievement.types - {"Achievement"})), "")
            study = achievement.text("fieldOfStudy") or achievement.text("specialization")
            return Degree(title, clean(kind), clean(study), clean(node.text("awardedDate"))[:40])
    return None
