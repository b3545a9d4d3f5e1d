"""Loading lists of academic mail domains, which know more of them than ROR does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, NamedTuple

from django.db import transaction

from experts.domains import FREE, country_of, is_public
from experts.dumps import Read
from experts.models import Institution, InstitutionName, MailDomain
from experts.spelling import fold

REFUSED: Final = ("abused", "stoplist")  # lists of swot: domains that anybody gets, or that are no school's
_BATCH: Final = 2_000


@dataclass
class LoadedDomains:
    """`unknown`: domains of institutions that the registry does not name, or names twice."""

    read: int = 0
    linked: int = 0
    refused: int = 0
    unknown: int = 0
    bad: int = 0


class _Listed(NamedTuple):
    """What a list says: whose domains these are by name, and in which country ("" where it does not say)."""

    names: list[str]
    domains: list[str]
    country: str


def load_domains(*, reads: Iterable[Read]) -> LoadedDomains:
    """Lists in the shapes of Hipo's university domains (`name, domains, alpha_two_code`) and of JetBrains' swot
    (`domain, names`; and one object of `abused` and `stoplist`). Safe to repeat; what one list refuses stays refused.
    """
    loaded = LoadedDomains()
    listed = _listed(reads, loaded)
    while batch := list(islice(listed, _BATCH)):
        _link(batch, loaded)
    return loaded


def _listed(reads: Iterable[Read], loaded: LoadedDomains) -> Iterator[_Listed]:
    for _, value, fault in reads:
        loaded.read += 1
        try:
            if fault:
                raise TypeError(fault)
            if any(name in value for name in REFUSED):
                _refuse([domain for name in REFUSED for domain in value.get(name, ())], loaded)
            elif "domain" in value:
                yield _Listed([*value["names"]], [value["domain"].lower()], country_of(value["domain"]))
            else:
                domains = [domain.lower() for domain in value["domains"]]
                yield _Listed([value["name"]], domains, value["alpha_two_code"])
        except (TypeError, KeyError, AttributeError):
            loaded.bad += 1


@transaction.atomic
def _refuse(domains: list[str], loaded: LoadedDomains) -> None:
    rows = [MailDomain(domain=domain.lower()) for domain in dict.fromkeys(domains) if len(domain) <= 120]
    MailDomain.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["domain"], update_fields=["institution"], batch_size=_BATCH
    )
    loaded.refused += len(rows)


@transaction.atomic
def _link(batch: list[_Listed], loaded: LoadedDomains) -> None:
    """By the exact name, in the country that the list or the domain says."""
    owners = _owners({fold(name) for listed in batch for name in listed.names})
    rows: dict[str, MailDomain] = {}
    for listed in batch:
        named = {owner for name in listed.names for owner in owners[fold(name), listed.country]}
        usable = [each for each in listed.domains if not is_public(each) and each not in FREE and len(each) <= 120]
        if len(named) == 1:
            [owner] = named
            rows |= {domain: MailDomain(domain=domain, institution_id=owner) for domain in usable}
        else:
            loaded.unknown += len(usable)
    MailDomain.objects.bulk_create(rows.values(), ignore_conflicts=True)
    loaded.linked += len(rows)


def _owners(folded: set[str]) -> dict[tuple[str, str], set[int]]:
    """By folded name and country: the institutions, withdrawn ones left out."""
    found: dict[tuple[str, str], set[int]] = defaultdict(set)
    names = InstitutionName.objects.filter(folded__in=folded).exclude(kind=InstitutionName.Kind.ACRONYM)
    known: Any = names.exclude(institution__status=Institution.Status.WITHDRAWN)
    for name, country, owner in known.values_list("folded", "institution__country", "institution_id"):
        found[name, country].add(owner)
    return found
