"""What can be said of a signed diploma, and the closed list of reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any


class Outcome(StrEnum):
    VERIFIED = "verified"
    REFUSED = "refused"
    UNVERIFIABLE = "unverifiable"


class Reason(StrEnum):
    """Why not. The first group refuses; the second says that we cannot tell."""

    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    TOO_COMPLEX = "too_complex"
    DUPLICATE_KEY = "duplicate_key"
    NO_PROOF = "no_proof"
    NO_ISSUER = "no_issuer"
    UNSIGNED_TERMS = "unsigned_terms"
    ALGORITHM = "algorithm"
    PURPOSE = "purpose"
    TAMPERED = "tampered"
    WRONG_ISSUER = "wrong_issuer"
    WRONG_INSTITUTION = "wrong_institution"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    REVOKED = "revoked"
    SUSPENDED = "suspended"
    STATUS_BROKEN = "status_broken"

    CONTEXT_UNKNOWN = "context_unknown"
    SUITE_UNKNOWN = "suite_unknown"
    KEY_UNREACHABLE = "key_unreachable"
    KEY_UNCONFIRMED = "key_unconfirmed"
    STATUS_UNREACHABLE = "status_unreachable"
    STATUS_UNKNOWN = "status_unknown"
    ISSUER_UNKNOWN = "issuer_unknown"

    @property
    def refuses(self) -> bool:
        return self not in UNSURE

    @property
    def words(self) -> str:
        return WORDS[self]


UNSURE = frozenset(
    {
        Reason.CONTEXT_UNKNOWN,
        Reason.SUITE_UNKNOWN,
        Reason.KEY_UNREACHABLE,
        Reason.KEY_UNCONFIRMED,
        Reason.STATUS_UNREACHABLE,
        Reason.STATUS_UNKNOWN,
        Reason.ISSUER_UNKNOWN,
    }
)

WORDS: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.MALFORMED: "This is not a well-formed signed credential.",
        Reason.TOO_LARGE: "The file is larger than a credential may be.",
        Reason.TOO_COMPLEX: "The credential is nested or linked more deeply than we follow.",
        Reason.DUPLICATE_KEY: "A name stands twice in one place, so that two readers could read two things.",
        Reason.NO_PROOF: "Nothing in it is signed.",
        Reason.NO_ISSUER: "It names no issuer.",
        Reason.UNSIGNED_TERMS: "It holds properties that the signature does not cover.",
        Reason.ALGORITHM: "It is signed in a way that we do not accept.",
        Reason.PURPOSE: "The signature was made for another purpose.",
        Reason.TAMPERED: "It was changed after it was signed.",
        Reason.WRONG_ISSUER: "The key that signed it is not the issuer's.",
        Reason.WRONG_INSTITUTION: "Another institution signed it than the one that is claimed.",
        Reason.EXPIRED: "It is no longer valid.",
        Reason.NOT_YET_VALID: "It is not valid yet.",
        Reason.REVOKED: "The issuer has withdrawn it.",
        Reason.SUSPENDED: "The issuer has suspended it.",
        Reason.STATUS_BROKEN: "The issuer's list of withdrawn credentials cannot be trusted.",
        Reason.CONTEXT_UNKNOWN: "It uses a vocabulary that we do not know.",
        Reason.SUITE_UNKNOWN: "It is signed in a way that we cannot check.",
        Reason.KEY_UNREACHABLE: "The issuer's keys could not be fetched.",
        Reason.KEY_UNCONFIRMED: "Nothing shows that the key which signed it is the issuer's.",
        Reason.STATUS_UNREACHABLE: "The issuer's list of withdrawn credentials could not be fetched.",
        Reason.STATUS_UNKNOWN: "Its status is kept in a way that we cannot read.",
        Reason.ISSUER_UNKNOWN: "We do not know this issuer yet.",
    }
)


class Problem(Exception):
    """Raised while checking; the verifier turns it into a finding."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class Finding:
    reason: Reason
    detail: str = ""  # what exactly, for ops; a stranger's text may stand in it

    def as_json(self) -> dict[str, str]:
        return {"code": self.reason, "words": self.reason.words, "detail": self.detail}


@dataclass(frozen=True)
class Proof:
    """`key`: the verification method it names. `signature`: "holds", "fails" or "unchecked"."""

    kind: str
    key: str = ""
    signature: str = "unchecked"


@dataclass(frozen=True)
class Issuer:
    id: str = ""
    name: str = ""


@dataclass(frozen=True)
class Subject:
    id: str = ""
    name: str = ""


@dataclass(frozen=True)
class Degree:
    """As the issuer wrote it. `kind`: Open Badges' word, such as "DoctoralDegree". `awarded`: ISO 8601 or empty."""

    title: str
    kind: str = ""
    field: str = ""
    awarded: str = ""


@dataclass(frozen=True)
class Verdict:
    outcome: Outcome
    findings: tuple[Finding, ...] = ()
    proofs: tuple[Proof, ...] = ()
    id: str = ""
    issuer: Issuer = field(default_factory=Issuer)
    subject: Subject = field(default_factory=Subject)
    degree: Degree | None = None
    valid_from: str = ""
    valid_until: str = ""
    status: str = "none"  # none, good, revoked, suspended, unknown

    @property
    def reasons(self) -> tuple[Reason, ...]:
        return tuple(finding.reason for finding in self.findings)

    def with_finding(self, finding: Finding) -> Verdict:
        """The same facts, judged with one more reason."""
        findings = (*self.findings, finding)
        return Verdict(**{**self.__dict__, "findings": findings, "outcome": outcome_of(findings)})

    def as_json(self) -> dict[str, Any]:
        degree = self.degree
        return {
            "verdict": self.outcome,
            "reasons": [finding.as_json() for finding in self.findings],
            "proof": [{"kind": each.kind, "key": each.key, "signature": each.signature} for each in self.proofs],
            "id": self.id,
            "issuer": {"id": self.issuer.id, "name": self.issuer.name},
            "subject": {"id": self.subject.id, "name": self.subject.name},
            "degree": None if degree is None else {"title": degree.title, "kind": degree.kind},
            "field": None if degree is None else degree.field or None,
            "awarded": None if degree is None else degree.awarded or None,
            "valid_from": self.valid_from or None,
            "valid_until": self.valid_until or None,
            "status": self.status,
        }


def outcome_of(findings: tuple[Finding, ...]) -> Outcome:
    """One refusal outweighs every doubt, one doubt every proof."""
    if any(finding.reason.refuses for finding in findings):
        return Outcome.REFUSED
    return Outcome.UNVERIFIABLE if findings else Outcome.VERIFIED
