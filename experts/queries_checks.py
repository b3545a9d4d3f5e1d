"""What the checks compare a credential with: other accounts, their documents, and pages that look alike."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import F, Func, IntegerField, Q, QuerySet
from django.db.models.functions import Lower

from experts import naming
from experts.checks import Finding, claims, people
from experts.checks.pictures import NEAR, bands
from experts.models import Assertion, Credential, EvidencePage
from experts.queries import duplicates
from experts.registry import existed

SHOWN = 5  # others named by one check
OVER = (Credential.Status.REFUSED, Credential.Status.REVOKED)
KEYS = ("number", "orcid", "id")  # of `Assertion.says`: what belongs to one person only


def findings(credential: Credential) -> list[Finding]:
    """Every check of it, in the order in which the desk shows them."""
    expert = credential.expert
    found = [_name(credential)]
    if credential.institution is not None:
        there = existed(credential.institution, credential.year)
        reason = f"{there.reason[:1].upper()}{there.reason[1:]}."
        found.append(claims.existence(str(credential.institution), credential.year, there.existed, reason))
    if credential.kind == Credential.Kind.DEGREE:
        others = expert.credentials.exclude(pk=credential.pk).exclude(status__in=OVER).filter(kind=credential.kind)
        degrees = [claims.Degree(other.title, other.level, other.year) for other in others.order_by("pk")]
        found.append(claims.order(claims.Degree(credential.title, credential.level, credential.year), degrees))
    pages = EvidencePage.objects.filter(evidence__credential=credential)
    return [
        *found,
        people.documents(credential.evidence.count(), list(_same_documents(credential))),
        people.pages(pages.count(), list(_near_pages(credential, pages))),
        people.accounts(f"{expert.user.name}, {credential.title}, {credential.year}", list(_alike(credential))),
    ]


def _name(credential: Credential) -> Finding:
    expert = credential.expert
    found = naming.compare(credential.name_on_document, expert.user.name, expert.former_names)
    known = [expert.user.name, *expert.former_names]
    return claims.name(credential.name_on_document, known, found.verdict == naming.DIFFERS, found.words)


def _same_documents(credential: Credential) -> Iterator[people.Other]:
    for other in duplicates(credential)[:SHOWN]:
        yield people.Other(other.public_id, other.expert.user.name, other.title)


def near_pages(page: EvidencePage) -> QuerySet[EvidencePage]:
    """Pages of other experts that look like this one, nearest first, as `apart`. Found by the index on bands."""
    if page.dhash is None:
        return EvidencePage.objects.none()
    apart = Func(
        F("dhash").bitxor(page.dhash), template="bit_count((%(expressions)s)::bit(64))", output_field=IntegerField()
    )
    found = EvidencePage.objects.filter(bands__overlap=bands(page.dhash)).annotate(apart=apart)
    expert = page.evidence.credential.expert_id
    return found.filter(apart__lte=NEAR).exclude(evidence__credential__expert_id=expert).order_by("apart", "pk")


def _near_pages(credential: Credential, pages: QuerySet[EvidencePage]) -> Iterator[people.Other]:
    for page in pages.select_related("evidence__credential"):
        for near in near_pages(page).select_related("evidence__credential__expert__user")[:SHOWN]:
            other = near.evidence.credential
            what = f"{near}, {near.apart} of 64 bits apart"  # type: ignore[attr-defined]
            yield people.Other(other.public_id, other.expert.user.name, what)


def _alike(credential: Credential) -> Iterator[people.Other]:
    elsewhere = Credential.objects.exclude(expert=credential.expert).select_related("expert__user").order_by("pk")
    same = Q(title__iexact=credential.title, year=credential.year, lowered=credential.expert.user.name.lower())
    for other in elsewhere.annotate(lowered=Lower("expert__user__name")).filter(same)[:SHOWN]:
        yield people.Other(other.public_id, other.expert.user.name, "the same name with the same degree")
    if credential.number:
        licence = elsewhere.filter(profession=credential.profession, jurisdiction=credential.jurisdiction)
        for other in licence.filter(number__iexact=credential.number)[:SHOWN]:
            yield people.Other(other.public_id, other.expert.user.name, f"the same licence {other.number}")
    for assertion in credential.assertions.all():
        for key in KEYS:
            if value := assertion.says.get(key):
                theirs = Assertion.objects.filter(road=assertion.road, **{f"says__{key}": value})
                for other in elsewhere.filter(assertions__in=theirs)[:SHOWN]:
                    what = f"the same {key} by {assertion.get_road_display()}"
                    yield people.Other(other.public_id, other.expert.user.name, what)


def related(credential: Credential) -> QuerySet[Credential]:
    """What waits for ops and shares something with it: whose checks say something new now."""
    pages = EvidencePage.objects.filter(evidence__credential=credential).select_related("evidence__credential")
    near = {near.evidence.credential_id for page in pages for near in near_pages(page).select_related("evidence")}
    named = Q(
        title__iexact=credential.title, year=credential.year, expert__user__name__iexact=credential.expert.user.name
    )
    numbered = Q(number=credential.number, profession=credential.profession, jurisdiction=credential.jurisdiction)
    shared = Q(pk__in=near) | Q(pk__in=duplicates(credential).values("pk")) | named
    if credential.number:
        shared |= numbered
    waits = Credential.objects.filter(shared, status=Credential.Status.EVIDENCED).exclude(expert=credential.expert)
    return waits.select_related("expert__user", "institution").order_by("pk")
