"""The records that we sign: who signs, with which key, what is said about an expert, and which were withdrawn."""

from __future__ import annotations

import json
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from core.sealing import unseal
from experts.diplomas import making
from experts.diplomas.documents import Document
from experts.diplomas.issuers import Fetch, Unreachable, url_of
from experts.diplomas.making import PLACES, Shown, Site
from experts.diplomas.proofs import sign
from experts.diplomas.verdicts import Verdict
from experts.diplomas.verifier import verify
from experts.models import Credential, Expert, IssuerKey, Record, Road

SUITE = "eddsa-rdfc-2022"


def site() -> Site:
    return Site(settings.QUORUM_PUBLIC_URL, "Quorum")


def signing_key() -> IssuerKey | None:
    return IssuerKey.objects.filter(retired_at=None).first()


def signed(document: Document, key: IssuerKey, at: datetime) -> Document:
    """Raises cryptography's InvalidToken where the key that sealed it is gone: `rotate_issuer_key` makes another."""
    private = Ed25519PrivateKey.from_private_bytes(unseal(key.sealed.encode(), settings.QUORUM_RECORD_KEYS))
    return sign(document, private, method=site().method(key.multikey), at=at, suite=SUITE)


def shown(expert: Expert) -> list[Shown]:
    """What is verified now, the highest degree first."""
    verified = expert.credentials.filter(status=Credential.Status.VERIFIED).select_related("field", "institution")
    return [
        Shown(
            title=each.title,
            level=each.get_level_display() if each.level else "",
            field=each.field.label,
            institution=each.institution.name if each.institution else each.institution_name,
            year=each.year,
            proof=Road(each.method).label if each.method else Road.DOCUMENT.label,
        )
        for each in verified.order_by("-level", "-year", "pk")
    ]


def did_document() -> Document | None:
    """None before the first key."""
    keys = list(IssuerKey.objects.order_by("-pk").values_list("multikey", flat=True))
    return making.did_document(site(), keys) if keys else None


def status_list(number: int, at: datetime) -> Document | None:
    """None where no record stands in it."""
    first, key = number * PLACES, signing_key()
    here = Record.objects.filter(pk__gte=first, pk__lt=first + PLACES)
    if key is None or not here.exists():
        return None
    withdrawn = here.exclude(withdrawn_at=None).values_list("pk", flat=True)
    return signed(making.status_list(site(), number=number, withdrawn=withdrawn, now=at), key, at)


def judge(raw: bytes, at: datetime) -> Verdict:
    """A record of ours, verified as anybody would. Of others' credentials nothing is fetched here."""
    return verify(raw, at=at, fetch=_ours(at))


def _ours(at: datetime) -> Fetch:
    def fetch(url: str) -> bytes:
        found, lists = None, site().list_url(0).removesuffix("0/")
        if url == url_of(site().did):
            found = did_document()
        elif url.startswith(lists) and (number := url.removeprefix(lists).rstrip("/")).isdigit() and len(number) < 9:
            found = status_list(int(number), at)
        if found is None:
            raise Unreachable(f"not ours: {url}")
        return json.dumps(found).encode()

    return fetch
