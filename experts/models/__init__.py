"""Experts, what they say they know, and the proof of it."""

from __future__ import annotations

from experts.models.audience import Audience, Prospect, Suppressed
from experts.models.checks import Check
from experts.models.credentials import Credential, Road, Strength
from experts.models.diplomas import Diploma, TrustedIssuer, diploma_path
from experts.models.evidence import Assertion, Evidence, EvidencePage, Opening, evidence_path, page_path
from experts.models.fields import DegreeLevel, Field
from experts.models.inquiries import Inquiry, RegisterEntry
from experts.models.institutions import Institution, InstitutionName, MailDomain
from experts.models.joining import Arrival, Partner
from experts.models.mailboxes import MailboxCode
from experts.models.matching import ExpertMatch
from experts.models.narrowing import Narrowing
from experts.models.orcid import OrcidItem
from experts.models.people import Expert
from experts.models.records import IssuerKey, Record
from experts.models.verdicts import CredentialAppeal, Decision, Look, ReasonTemplate, Verdict

__all__ = [
    "Arrival",
    "Assertion",
    "Audience",
    "Check",
    "Credential",
    "CredentialAppeal",
    "Decision",
    "DegreeLevel",
    "Diploma",
    "Evidence",
    "EvidencePage",
    "Expert",
    "ExpertMatch",
    "Field",
    "Inquiry",
    "Institution",
    "InstitutionName",
    "IssuerKey",
    "Look",
    "MailDomain",
    "MailboxCode",
    "Narrowing",
    "Opening",
    "OrcidItem",
    "Partner",
    "Prospect",
    "ReasonTemplate",
    "Record",
    "RegisterEntry",
    "Road",
    "Strength",
    "Suppressed",
    "TrustedIssuer",
    "Verdict",
    "diploma_path",
    "evidence_path",
    "page_path",
]
