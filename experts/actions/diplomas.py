"""Signed diplomas: taken in and verified at once; and the list of issuers whose signatures count."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import PurePath
from typing import Any

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.roles import Permission, authorise
from core.actors import Actor
from core.errors import Fault, Invalid, NotAllowed, Refused, WrongState
from core.events import record
from core.transitions import lock
from experts import trust
from experts.actions.assertions import take_down
from experts.degrees import match
from experts.diplomas.documents import MAX_FILE
from experts.diplomas.issuers import Fetch, url_of
from experts.diplomas.keys import from_multikey
from experts.diplomas.verdicts import Outcome, Problem
from experts.fields import field_called
from experts.models import Assertion, Credential, DegreeLevel, Diploma, Institution, Road, Strength, TrustedIssuer
from experts.policies import MAX_DOCUMENTS, may_gain_evidence
from experts.spelling import words

Said = Assertion.Verdict
VERDICTS = {Outcome.VERIFIED: Said.HOLDS, Outcome.REFUSED: Said.REFUSED, Outcome.UNVERIFIABLE: Said.UNVERIFIABLE}
LEVELS = (
    ("bachelor", DegreeLevel.BACHELOR),
    ("master", DegreeLevel.MASTER),
    ("doctor", DegreeLevel.DOCTORATE),
)  # as Open Badges' kinds of achievement contain them


def add_diploma(
    *, credential: Credential, raw: bytes, filename: str, by: Actor, fetch: Fetch | None = None
) -> Assertion:
    """Verify a signed diploma and keep it with what came of it; `fetch`: instead of the network.

    It takes seconds where the issuer must be asked, so no transaction is open meanwhile.
    Raises Invalid (`size`, `too_many_documents`, `same_document`) or WrongState.
    """
    authorise(by, Permission.CREDENTIAL_CLAIM, owner=credential.expert.user)
    digest = hashlib.sha256(raw).hexdigest()
    _may_take(credential, raw, digest)
    found = _examined(credential, raw, fetch)
    with transaction.atomic():
        _may_take(lock(credential), raw, digest)
        assertion = _taken_down(credential, found, by)
        Diploma.objects.create(
            credential=credential,
            assertion=assertion,
            file=ContentFile(raw, name="original"),
            filename=PurePath(filename).name[:200] or "diploma",
            size=len(raw),
            sha256=digest,
        )
    return assertion


def verify_diploma_again(*, diploma: Diploma, by: Actor, fetch: Fetch | None = None) -> Assertion:
    """As ops ask for once its issuer is on the list, or to see whether it was withdrawn since. Slow as `add_diploma`.

    What was said before stays; the diploma then stands by the new word.
    """
    authorise(by, Permission.CREDENTIAL_REVIEW)
    with diploma.file.open("rb") as file:
        raw = file.read()
    found = _examined(diploma.credential, raw, fetch)
    with transaction.atomic():
        diploma = lock(diploma)
        diploma.assertion = _taken_down(diploma.credential, found, by)
        diploma.save(update_fields=["assertion"])
    return diploma.assertion


def _examined(credential: Credential, raw: bytes, fetch: Fetch | None) -> trust.Examined:
    return trust.examine(raw, at=timezone.now(), fetch=fetch or trust.network(), claimed=credential.institution)


def _taken_down(credential: Credential, found: trust.Examined, by: Actor) -> Assertion:
    holds = found.verdict.outcome is Outcome.VERIFIED
    return take_down(
        credential=credential,
        road=Road.DIPLOMA,
        source=found.verdict.issuer.id,
        verdict=VERDICTS[found.verdict.outcome],
        strength=Strength.PROOF if holds else Strength.HINT,
        says=facts(found),
        reasons=[*(each.reason.words for each in found.verdict.findings), *_differs(credential, found)],
        by=by,
    )


def _may_take(credential: Credential, raw: bytes, digest: str) -> None:
    if not 0 < len(raw) <= MAX_FILE:
        message = "A signed diploma has at most 5 MB." if raw else "There is nothing in it."
        raise Invalid(message, code="size", faults=(Fault(message, "upload"),))
    may_gain_evidence(credential)
    if credential.diplomas.count() >= MAX_DOCUMENTS:
        message = f"A credential has at most {MAX_DOCUMENTS} signed diplomas."
        raise Invalid(message, code="too_many_documents", faults=(Fault(message, "upload"),))
    if credential.diplomas.filter(sha256=digest).exists():
        fault = Fault("You have handed in this very diploma already.", "upload")
        raise Invalid(fault.message, code="same_document", faults=(fault,))


def facts(found: trust.Examined) -> dict[str, Any]:
    """What a diploma says, in the words of `Assertion.says`."""
    verdict, degree = found.verdict, found.verdict.degree
    said: dict[str, Any] = {"name": verdict.subject.name}
    if degree is not None:
        kind, title = degree.kind.lower(), match(degree.title)
        said["title"] = degree.title
        said["level"] = next((int(level) for word, level in LEVELS if word in kind), title.level)
        said["field"] = field_called(degree.field) or title.field
        year = re.match(r"[0-9]{4}", degree.awarded or verdict.valid_from)
        said["year"] = int(year[0]) if year else None
    said["institution"] = found.institution.ror_id if found.institution else None
    return {name: value for name, value in said.items() if value}


def _differs(credential: Credential, found: trust.Examined) -> list[str]:
    """What a reviewer should see of a sound diploma; people decide what it means."""
    name, said = found.verdict.subject.name, []
    if not name:
        said.append("It names nobody: the person who holds it may be another.")
    elif sorted(words(name)) != sorted(words(credential.name_on_document)):
        said.append(f"It names {name}; the claim says {credential.name_on_document}.")
    return said


@transaction.atomic
def trust_issuer(
    *,
    issuer: str,
    institution: Institution,
    why: str,
    by: Actor,
    keys: Sequence[str] = (),
    since: datetime | None = None,
) -> TrustedIssuer:
    """What `issuer` (a DID or an https address) signs counts as the institution's; `why`: how ops know.

    `keys`: multikeys, where the issuer publishes none. Raises Invalid, or Refused (`trusted_already`).
    """
    authorise(by, Permission.CREDENTIAL_REVIEW)
    if not isinstance(by, User):
        raise NotAllowed("A person vouches for an issuer.")
    issuer, why = issuer.strip(), why.strip()
    faults = [*_faults_of(issuer, keys), *([] if why else [Fault("Say how you know whose it is.", "why")])]
    if faults:
        raise Invalid(faults[0].message, faults=tuple(faults))
    if TrustedIssuer.objects.filter(issuer=issuer, until=None).exists():
        raise Refused("This issuer is on the list. End the entry first.", code="trusted_already")
    listed = TrustedIssuer.objects.create(
        issuer=issuer,
        institution=institution,
        keys=list(keys),
        since=since or timezone.now(),
        added_by=by,
        why=why,
    )
    data = {"issuer": issuer, "institution": institution.ror_id, "keys": list(keys)}
    record("issuer.trusted", listed.public_id, by=by, note=why, data=data)
    return listed


def _faults_of(issuer: str, keys: Sequence[str]) -> list[Fault]:
    faults = []
    for key in (*keys, *([issuer.removeprefix("did:key:")] if issuer.startswith("did:key:") else [])):
        try:
            from_multikey(key)
        except Problem:
            faults.append(Fault(f"{key[:60]} is not a public key that we read.", "keys" if key in keys else "issuer"))
    try:
        known = issuer.startswith("did:key:") or bool(url_of(issuer))
    except Problem:
        known = bool(keys)
    if not issuer or len(issuer) > 255 or not known:
        faults.append(Fault("Give a did:key, a did:web or an https address; for any other, its keys.", "issuer"))
    return faults


@transaction.atomic
def distrust_issuer(*, listed: TrustedIssuer, why: str, by: Actor) -> TrustedIssuer:
    """From now on its signatures count no more. What was decided on them stays as it is. Raises Invalid, WrongState."""
    authorise(by, Permission.CREDENTIAL_REVIEW)
    if not why.strip():
        raise Invalid("Say why.", faults=(Fault("Say why.", "words"),))
    listed = lock(listed)
    if listed.until is not None:
        raise WrongState("This entry has ended already.")
    listed.until = max(timezone.now(), listed.since)
    listed.save(update_fields=["until"])
    record("issuer.distrusted", listed.public_id, by=by, note=why.strip(), data={"issuer": listed.issuer})
    return listed
