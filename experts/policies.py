"""Rules about experts and their proofs that a role table cannot say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pycountry
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from core.actors import Actor, System
from core.errors import Fault, Invalid, NotAllowed, Refused, WrongState
from experts.models import Assertion, Check, Credential, CredentialAppeal, DegreeLevel, Field, Look
from experts.queries import DECIDED, duplicates, today, version_of

MAX_SIZE = 10 * 1024 * 1024  # bytes
MAX_DOCUMENTS = 5  # per credential
LANGUAGE = {language.alpha_2: language.name for language in pycountry.languages if hasattr(language, "alpha_2")}
JURISDICTIONS = {place.alpha_2: place.name for place in pycountry.countries} | {
    place.code: place.name for place in pycountry.subdivisions
}  # ISO 3166-1 and 3166-2
PROFILE = frozenset(
    {"former_names", "country", "headline", "bio", "languages", "min_rate", "weekly_hours", "available"}
)
DEGREE = {"title", "level", "field", "institution", "institution_name", "country", "year", "name_on_document"}
CLAIM = frozenset({*DEGREE, "kind", "profession", "jurisdiction", "number", "expires_on"})
EARLIEST_YEAR = 1940
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Status = Credential.Status
EDITABLE = (Status.CLAIMED, Status.NEEDS_MORE, Status.REFUSED, Status.EXPIRED)
OPEN_TO_EVIDENCE = (*EDITABLE, Status.EVIDENCED)
NARROWABLE = (Status.EVIDENCED, Status.VERIFIED)

SIGNATURES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png", b"%PDF-": "application/pdf"}


def _raise(faults: list[Fault]) -> None:
    if faults:
        raise Invalid(faults[0].message, faults=tuple(faults))


def check_profile(profile: Mapping[str, Any]) -> None:
    """Raises Invalid with a fault per field. Unknown names are a mistake of the caller."""
    if unknown := set(profile) - PROFILE:
        raise TypeError(f"A profile has no {sorted(unknown)}")
    faults = [
        Fault(f"{code} is not a language code of ISO 639-1.", "languages")
        for code in profile.get("languages", ())
        if code not in LANGUAGE
    ]
    if not 0 <= profile.get("min_rate", 0) <= 1_000_000:
        faults.append(Fault("An hourly rate lies between $0 and $10,000.", "min_rate"))
    if not 1 <= profile.get("weekly_hours", 1) <= 80:
        faults.append(Fault("Give between 1 and 80 hours a week.", "weekly_hours"))
    _raise(faults)


def check_claim(claim: Mapping[str, Any]) -> None:
    """Raises Invalid with a fault per field."""
    if unknown := set(claim) - CLAIM:
        raise TypeError(f"A claim has no {sorted(unknown)}")
    faults = [
        Fault("Fill this in, as it stands on the document.", name)
        for name in ("title", "institution_name", "name_on_document")
        if name in claim and not claim[name].strip()
    ]
    if claim.get("kind", Credential.Kind.DEGREE) == Credential.Kind.LICENCE:
        faults += _licence_faults(claim)
    elif claim.get("level", DegreeLevel.MASTER) not in DegreeLevel.values:
        faults.append(Fault("Choose a level: 6, 7 or 8 of ISCED 2011.", "level"))
    latest = timezone.now().year
    if not EARLIEST_YEAR <= claim.get("year", latest) <= latest:
        faults.append(Fault(f"The year lies between {EARLIEST_YEAR} and {latest}.", "year"))
    _raise(faults)


def _licence_faults(claim: Mapping[str, Any]) -> list[Fault]:
    faults = []
    if claim.get("profession", Credential.Profession.PHYSICIAN) not in Credential.Profession.values:
        faults.append(Fault("Choose a profession.", "profession"))
    place = claim.get("jurisdiction", "US")
    if place not in JURISDICTIONS:
        faults.append(Fault("Choose the state or country that gave the licence.", "jurisdiction"))
    if not claim.get("number", "-").strip():
        faults.append(Fault("Fill this in, as it stands in the register.", "number"))
    if (ends := claim.get("expires_on")) and ends < today():
        faults.append(Fault("This licence has run out. Claim it once it is renewed.", "expires_on"))
    return faults


def content_type(head: bytes) -> str:
    """What a document is, told by its first bytes and never by its name. Raises Invalid."""
    for signature, kind in SIGNATURES.items():
        if head.startswith(signature):
            return kind
    raise Invalid(
        "Upload a PDF, JPEG or PNG. This file is none of them.",
        code="not_a_document",
        faults=(Fault("Upload a PDF, JPEG or PNG. This file is none of them.", "upload"),),
    )


def check_size(size: int) -> None:
    """Raises Invalid."""
    if not 0 < size <= MAX_SIZE:
        message = "A document has at most 10 MB." if size else "This file is empty."
        raise Invalid(message, code="size", faults=(Fault(message, "upload"),))


def may_gain_evidence(credential: Credential) -> None:
    """Raises WrongState once it is verified or revoked, or Invalid when it has enough documents or has run out."""
    if credential.status not in OPEN_TO_EVIDENCE:
        raise WrongState(f"This credential is {credential.status}; it takes no more documents.")
    if _has_run_out(credential):
        message = "Say until when it holds now, then hand in the proof."
        raise Invalid(message, code="run_out", faults=(Fault(message, "expires_on"),))
    if credential.evidence.filter(uploaded_at__gt=credential.decided_at or EPOCH).count() >= MAX_DOCUMENTS:
        raise Invalid(f"A credential has at most {MAX_DOCUMENTS} documents.", code="too_many_documents")


def may_lose_documents(credential: Credential) -> None:
    """Once it is decided, for now or for good. Raises WrongState."""
    if credential.status not in DECIDED:
        raise WrongState("We are reviewing this credential; its documents can go once you have our answer.")


def may_be_edited(credential: Credential) -> None:
    """A claim stands still while ops look at it, and for good once verified. Raises WrongState."""
    if credential.status not in EDITABLE:
        raise WrongState(f"This credential is {credential.status}; what it claims cannot change now.")


def _has_run_out(credential: Credential) -> bool:
    return credential.expires_on is not None and credential.expires_on < today()


def still_holds(credential: Credential) -> None:
    """What has run out is not verified. Raises WrongState."""
    if _has_run_out(credential):
        raise WrongState(f"This licence ran out on {credential.expires_on}. Ask for a proof of its renewal.")


def lies_ahead(day: date) -> None:
    """Raises Invalid."""
    if day <= today():
        raise Invalid("Choose a day that lies ahead.", faults=(Fault("Choose a day that lies ahead.", "recheck_on"),))


def is_narrower(credential: Credential, *, field: Field, level: int) -> None:
    """Within the field that is claimed and at most as high, and not just the same. Raises Invalid, WrongState."""
    if credential.status not in NARROWABLE:
        raise WrongState(f"This credential is {credential.status}; there is nothing to narrow.")
    if credential.field.code not in field.ancestry:
        message = f"{field.label} does not lie within {credential.field.label}."
        raise Invalid(message, faults=(Fault(message, "field"),))
    if level > credential.level or (credential.level and level not in DegreeLevel.values):
        raise Invalid("A level can only become lower.", faults=(Fault("A level can only become lower.", "level"),))
    if (field.pk, level) == (credential.field_id, credential.level):
        raise Invalid("This is what is claimed already.", faults=(Fault("This is what is claimed already.", "field"),))


def another_person_decides(by: Actor, credential: Credential) -> None:
    """People decide on degrees, and never on their own. Raises NotAllowed."""
    if isinstance(by, System):
        raise NotAllowed("A person decides on credentials.")
    if credential.expert.user_id == by.pk:
        raise NotAllowed("This is your own credential; somebody else must decide.")


def may_be_decided(credential: Credential, to: str) -> None:
    """Only what waits in the queue. Raises WrongState."""
    if credential.status != Status.EVIDENCED:
        raise WrongState(f"This credential is {credential.status}; it cannot become {to}.")


def nobody_else_looks(by: Actor, credential: Credential) -> None:
    """Two people do not work on one case at once. Raises Refused (`looked_at`)."""
    look = Look.objects.filter(credential=credential, until__gt=timezone.now()).exclude(by_id=by.pk).first()
    if look is not None:
        raise Refused(f"{look.by} has this one open now.", code="looked_at")


def others_than_who_refused(by: Actor, credential: Credential) -> None:
    """An appeal is for somebody else. Raises NotAllowed."""
    refused = Q(refused_by_id=by.pk) | Q(seconded_by_id=by.pk)
    if credential.appeals.filter(refused, status=CredentialAppeal.Status.OPEN).exists():
        raise NotAllowed("The expert appealed against your refusal; somebody else must decide.")


def needs_second(credential: Credential) -> bool:
    """Whether one person's word is not enough: licences, what somebody flagged, and whatever does not add up."""
    return bool(
        credential.kind == Credential.Kind.LICENCE
        or credential.flag
        or credential.assertions.filter(verdict=Assertion.Verdict.REFUSED).exists()
        or credential.checks.filter(outcome=Check.Outcome.ADVISES, serious=True).exists()
        or duplicates(credential).exists()
    )


def unchanged_since(seen: str, credential: Credential) -> None:
    """A decision falls on what was looked at. Raises Refused (`changed_since`)."""
    if seen != version_of(credential):
        message = "This credential changed while you looked: see what is new, then decide."
        raise Refused(message, code="changed_since")


def promised(since: datetime) -> datetime:
    """When an expert hears from us at the latest."""
    return since + timedelta(hours=settings.QUORUM_CREDENTIAL_HOURS)
