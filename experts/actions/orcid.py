"""An expert's ORCID record: read, offered line by line, taken as proof, and forgotten."""

from __future__ import annotations

from allauth.socialaccount.models import SocialAccount
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.roles import Permission, authorise
from core.actors import SYSTEM, Actor
from core.errors import Refused
from core.events import record
from core.transitions import lock
from experts.actions.assertions import take_down
from experts.actions.credentials import claim_credential
from experts.actions.inquiries import inquire
from experts.models import Assertion, Credential, Expert, Inquiry, Institution, OrcidItem, Road
from experts.orcid.reader import Line, Record
from experts.orcid.worth import PROVES, claim_in, speaks_of, worth
from experts.policies import OPEN_TO_EVIDENCE
from experts.registry import institution_named

PROVIDER = "orcid"
MOST = 300  # lines that are kept of one record


def orcid_of(user: User) -> str:
    """The iD that ORCID itself vouched for at the connection, or an empty string."""
    found = SocialAccount.objects.filter(user=user, provider=PROVIDER).values_list("uid", flat=True).first()
    return found or ""


@transaction.atomic
def ask_orcid(*, expert: Expert, by: Actor) -> Inquiry:
    """Have the record read. Raises Refused (`not_connected`, `asked_already`)."""
    authorise(by, Permission.CREDENTIAL_CLAIM, owner=expert.user)
    orcid = orcid_of(expert.user)
    if not orcid:
        raise Refused("Connect your ORCID iD first.", code="not_connected")
    return inquire(expert=expert, credential=None, road=Road.ORCID, subject=orcid, by=by)


def keep_record(*, expert: Expert, found: Record) -> int:
    """Bring the lines up to date; those that are gone go, unless they were taken. Returns how many are there.

    In the transaction of the inquiry that asked, unless the person has disconnected meanwhile.
    """
    if orcid_of(expert.user) != found.orcid:
        return 0
    lines = {(line.kind, line.put_code): line for line in found.lines[:MOST]}
    kept = expert.orcid_items.filter(credential=None)
    gone = [item.pk for item in kept if (item.kind, item.put_code) not in lines]
    OrcidItem.objects.filter(pk__in=gone).delete()
    for line in lines.values():
        OrcidItem.objects.update_or_create(expert=expert, kind=line.kind, put_code=line.put_code, defaults=_facts(line))
    record("orcid.read", expert.public_id, by=SYSTEM, data={"lines": len(lines), "name": found.name})
    return len(lines)


def _facts(line: Line) -> dict[str, object]:
    names = ("title", "department", "organisation", "country", "started", "ended", "asserted", "source")
    return {
        **{name: getattr(line, name) for name in names},
        "source_id": line.source_id[:40],
        "institution": _institution(line),
        "read_at": timezone.now(),
    }


def _institution(line: Line) -> Institution | None:
    known = Institution.objects.filter(ror_id=line.ror_id).first() if line.ror_id else None
    return known or institution_named(line.organisation, line.country)


@transaction.atomic
def use_orcid_item(*, item: OrcidItem, credential: Credential, by: Actor) -> Assertion:
    """Take a line as a proof of a credential. Raises Refused (`used`, `speaks_of_another`, `road_closed`)."""
    authorise(by, Permission.CREDENTIAL_CLAIM, owner=item.expert.user)
    item = lock(item)
    credential = lock(credential)
    if credential.expert_id != item.expert_id or not speaks_of(item, credential):
        raise Refused("This line speaks of another degree than this one.", code="speaks_of_another")
    if item.kind not in PROVES or credential.status not in OPEN_TO_EVIDENCE:
        raise Refused("This line cannot be a proof here.", code="road_closed")
    if item.credential_id:
        raise Refused("You have used this line already.", code="used")
    item.credential = credential
    item.save(update_fields=["credential"])
    found = worth(item)
    says = {"title": item.title, "institution": item.institution.ror_id if item.institution else item.organisation}
    return take_down(
        credential=credential,
        road=Road.ORCID,
        source=f"{item.source} ({item.source_id})",
        verdict=Assertion.Verdict.HOLDS,
        strength=found.strength,
        says={name: value for name, value in {**says, "year": item.ended[:4]}.items() if value},
        reasons=[f"The record {orcid_of(item.expert.user)} lists: {item}.", found.reason],
        by=by,
    )


@transaction.atomic
def claim_orcid_item(*, item: OrcidItem, by: Actor) -> Credential:
    """Claim what a line says, with the line as its proof. Raises Refused `says_too_little` where a person must add."""
    authorise(by, Permission.CREDENTIAL_CLAIM, owner=item.expert.user)
    told = claim_in(item)
    if item.kind not in PROVES or not (told.level and told.field and item.ended and item.country):
        raise Refused("The line says too little. Claim the degree yourself, then add the line.", code="says_too_little")
    credential = claim_credential(
        expert=item.expert,
        title=item.title[:120],
        level=told.level,
        field=told.field,
        institution=item.institution,
        institution_name=item.organisation[:200],
        country=item.country,
        year=int(item.ended[:4]),
        name_on_document=item.expert.user.name,
        by=by,
    )
    use_orcid_item(item=item, credential=credential, by=by)
    return credential


@transaction.atomic
def disconnect_orcid(*, expert: Expert, by: Actor) -> None:
    """Forget the iD and every line that was not taken. What was taken stays with its credential."""
    authorise(by, Permission.CREDENTIAL_CLAIM, owner=expert.user)
    SocialAccount.objects.filter(user=expert.user, provider=PROVIDER).delete()
    OrcidItem.objects.filter(expert=expert, credential=None).delete()
    record("orcid.disconnected", expert.public_id, by=by)
