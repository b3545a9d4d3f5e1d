"""The registry of institutions, asked by whoever needs to know whom a text, a mailbox or a year means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from operator import attrgetter
from typing import Final

from django.contrib.postgres.search import SearchQuery
from django.db.models import QuerySet

from experts.affiliation_words import KINDS, meant
from experts.affiliations import Index, Match, Place
from experts.domains import FREE, Belonging, belonging, domain_of, suffixes
from experts.models import Institution, InstitutionName, MailDomain
from experts.ror import Entry
from experts.spelling import fold, words

_WITHDRAWN: Final = Institution.Status.WITHDRAWN
_LOOKED_AT: Final = 100  # institutions that hold the words, of which the best are shown


def place_of(entry: Entry) -> Place:
    return Place(entry.ror_id, entry.names, entry.country, entry.city)


def places(institutions: Iterable[int] | None = None) -> Iterator[Place]:
    """What the registry holds, or of it these (keys), as affiliations are matched with it; withdrawn ones left out."""
    names = InstitutionName.objects.exclude(institution__status=_WITHDRAWN)
    if institutions is not None:
        names = names.filter(institution__in=list(institutions))
    columns = ("institution__ror_id", "institution__country", "institution__city", "kind", "value")
    rows = names.order_by("institution_id", "pk").values_list(*columns)
    for (ror_id, country, city), named in groupby(rows.iterator(chunk_size=20_000), key=lambda row: row[:3]):
        yield Place(ror_id, tuple((kind, value) for *_, kind, value in named), country, city)


@cache
def whole_index() -> Index:
    """Of the whole registry, built once per process: for commands. Pages ask `proposed`, which needs little of it."""
    return Index(places())


# --- by name ----------------------------------------------------------------------------------------------------------
def institutions_matching(text: str, limit: int = 12) -> list[Institution]:
    """Institutions that somebody may mean who types this, the closest first.

    By the beginning of one of their names, by words of all of them in any order (the last may be half typed), by
    acronym or by mail domain. Withdrawn ones are left out, closed ones come last.
    """
    typed = fold(text)
    if not typed:
        return []
    known = Institution.objects.exclude(status=_WITHDRAWN)
    begun = InstitutionName.objects.filter(folded__startswith=typed).order_by("folded")
    named = list(begun.values_list("institution", "folded")[:_LOOKED_AT])
    wanted = {owner for owner, _ in named} | {*_pks(known.filter(domains__contains=[text.strip().lower()]))}
    if len(wanted) < limit:
        query = SearchQuery(" & ".join(f"{word}:*" for word in typed.split()), search_type="raw", config="simple")
        wanted |= {*_pks(known.filter(words=query))}
    exact = {owner for owner, folded in named if folded == typed}
    # One word is as likely the last of a name: "copenhagen".
    begins = {owner for owner, _ in named} if " " in typed else set()

    def closeness(institution: Institution) -> tuple[bool, bool, bool, int, str]:
        return (
            institution.status != Institution.Status.ACTIVE,
            institution.pk not in exact,
            institution.pk not in begins,
            len(institution.name),
            institution.name,
        )

    return sorted(known.filter(pk__in=wanted).defer("words", "digest"), key=closeness)[:limit]


def _pks(institutions: QuerySet[Institution]) -> QuerySet[Institution, int]:
    return institutions.order_by().values_list("pk", flat=True)[:_LOOKED_AT]


def institution_named(name: str, country: str = "") -> Institution | None:
    """The institution of exactly this name in any of its languages, if there is but one (in the country, if given)."""
    named = InstitutionName.objects.filter(folded=fold(name)).exclude(kind=InstitutionName.Kind.ACRONYM)
    found = Institution.objects.filter(pk__in=named.values("institution")).exclude(status=_WITHDRAWN)
    shown = [each for each in found if fold(each.name) == fold(name)] or list(found)
    here = [each for each in shown if each.country == country] or shown
    return here[0] if len(here) == 1 else None


def proposed(text: str, country_name: str = "") -> tuple[Institution | None, Match]:
    """Whom free text means, as far as can be told, and why; `country_name` as it would stand behind the text.

    Looks only at institutions that share a telling word with it, so that no page holds the whole registry in memory.
    """
    telling = [word for word in words(text) if meant(word) not in KINDS and len(word) > 2]
    query = SearchQuery(" | ".join(telling), search_type="raw", config="simple")
    some = Institution.objects.filter(words=query) if telling else Institution.objects.none()
    index = Index(places(some.values_list("pk", flat=True)[: 10 * _LOOKED_AT]))
    found = index.match(f"{text}, {country_name}")
    return Institution.objects.filter(ror_id=found.ror_id).first(), found


# --- by mailbox -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Mailbox:
    """Whose an address is (None: nobody's, or anybody's), what its holder is there, and the reason in words."""

    institution: Institution | None
    belonging: Belonging
    reason: str


def institution_of(address: str) -> Mailbox:
    """For the road of the mailbox: an address proves belonging only where `institution` is the one that is claimed.

    `belonging` says how much: staff more than students, students more than alumni. Never raises: what is no address,
    what anybody can have and what is known to be abused is nobody's, with the reason.
    """
    domain = domain_of(address)
    if not domain:
        return _nobody("this is no e-mail address")
    if refused := refusal_of(domain):
        return _nobody(refused)
    chain = suffixes(domain)
    listed = {each.domain: each for each in MailDomain.objects.filter(domain__in=chain)}
    for own in chain:
        owners = list(_owners(own, listed.get(own)))
        if len(owners) > 1:
            return _nobody(f"{own} is shared by {' and '.join(sorted(map(attrgetter('name'), owners)))}")
        if owners:
            others = [*owners[0].domains, *owners[0].mail_domains.values_list("domain", flat=True)]
            return Mailbox(owners[0], *belonging(address, own, others))
    return _nobody(f"{domain} belongs to no institution that we know")


def refusal_of(domain: str) -> str:
    """Why an address there is no proof, whosever the domain is: anybody can have one. "" where it may be one."""
    if domain in FREE:
        return f"anybody can have an address at {domain}"
    refused = MailDomain.objects.filter(domain__in=suffixes(domain), institution=None).first()
    return f"addresses at {refused} are known to prove nothing" if refused else ""


def _nobody(reason: str) -> Mailbox:
    return Mailbox(None, Belonging.UNKNOWN, reason)


def _owners(own: str, listed: MailDomain | None) -> QuerySet[Institution]:
    """ROR's word before that of lists, and those before the address of a website."""
    known = Institution.objects.exclude(status=_WITHDRAWN).order_by("pk")
    if (by_ror := known.filter(domains__contains=[own])).exists():
        return by_ror
    if listed is not None:
        return known.filter(mail_domains=listed)
    return known.filter(website=own)


# --- by year ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Existence:
    """Whether it existed (None: cannot be told), and the sentence that says why."""

    existed: bool | None
    reason: str


def existed(institution: Institution, year: int) -> Existence:
    """Whether somebody can have a degree of that year from there. Predecessors count: a name outlives a house."""
    if institution.established is not None and year < institution.established:
        older = Institution.objects.filter(ror_id__in=institution.predecessors, established__lte=year).first()
        if older is not None:
            return Existence(None, f"{institution} exists since {institution.established}; before, there was {older}")
        return Existence(False, f"{institution} exists since {institution.established}")
    if institution.closed is not None and year > institution.closed:
        return Existence(False, story(institution))
    if institution.status != Institution.Status.ACTIVE and institution.closed is None:
        return Existence(None, story(institution))
    if institution.established is None:
        return Existence(None, f"it is not known since when {institution} exists")
    return Existence(True, f"{institution} exists since {institution.established}")


def story(institution: Institution) -> str:
    """ "existed until 2004, now part of University of Manchester"; "" for one that goes on under its name."""
    if institution.status == Institution.Status.ACTIVE:
        return ""
    heirs = Institution.objects.filter(ror_id__in=institution.successors).order_by("name")
    ended = f"existed until {institution.closed}" if institution.closed else "exists no more, since when is not known"
    return f"{ended}, now part of {' and '.join(map(str, heirs))}" if heirs else ended
