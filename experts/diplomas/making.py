"""What we sign ourselves: records of verified degrees and accepted work, and the list of those withdrawn."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote, urlsplit

from experts.diplomas.contexts import CREDENTIALS_V2, OPEN_BADGES
from experts.diplomas.documents import Document

PLACES = 131_072  # of one list: as many as Bitstring Status List asks for, so that a place tells little
DID_CONTEXT = "https://www.w3.org/ns/did/v1"
MULTIKEY_CONTEXT = "https://w3id.org/security/multikey/v1"
LIST_LIVES = timedelta(days=1)


@dataclass(frozen=True)
class Shown:
    """A verified degree or licence, as labs see it too."""

    title: str
    level: str
    field: str
    institution: str
    year: int
    proof: str


@dataclass(frozen=True)
class Figure:
    """A number about somebody's work, with what it counts: "Accepted answers" is "41"."""

    name: str
    value: str


@dataclass(frozen=True)
class Site:
    """Who signs: the address of the site is the issuer's name too (did:web)."""

    url: str  # without a final slash
    name: str

    @property
    def did(self) -> str:
        return f"did:web:{quote(urlsplit(self.url).netloc, safe='')}"

    def method(self, multikey: str) -> str:
        return f"{self.did}#{multikey}"

    def list_url(self, number: int) -> str:
        return f"{self.url}/records/status/{number}/"


def moment(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def record(
    site: Site,
    *,
    record_id: str,
    place: int,
    name: str,
    degrees: Sequence[Shown],
    work: Sequence[Figure],
    since: datetime,
    until: datetime,
) -> Document:
    """An Open Badges 3.0 credential, unsigned. `place`: counted over all lists; moments are UTC."""
    page = f"{site.url}/records/{record_id}/"
    number, index = divmod(place, PLACES)
    achievement: Document = {
        "id": f"{page}#achievement",
        "type": ["Achievement"],
        "achievementType": "Certification",
        "name": "Verified expert",
        "description": f"Degrees that {site.name} verified, and work that labs accepted there.",
        "criteria": {"narrative": "People looked at the proof of each degree. Labs accepted each answer that counts."},
    }
    subject: Document = {"type": ["AchievementSubject"], "name": name, "achievement": achievement}
    if work:
        achievement["resultDescription"] = [
            {"id": f"{page}#figure-{turn}", "type": ["ResultDescription"], "name": each.name, "resultType": "Result"}
            for turn, each in enumerate(work, start=1)
        ]
        subject["result"] = [
            {"type": ["Result"], "resultDescription": f"{page}#figure-{turn}", "value": each.value}
            for turn, each in enumerate(work, start=1)
        ]
    return {
        "@context": [CREDENTIALS_V2, OPEN_BADGES],
        "id": f"{page}record.json",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": f"Record of {name} on {site.name}",
        "issuer": {"id": site.did, "type": ["Profile"], "name": site.name, "url": site.url},
        "validFrom": moment(since),
        "validUntil": moment(until),
        "credentialStatus": {
            "id": f"{site.list_url(number)}#{index}",
            "type": "BitstringStatusListEntry",
            "statusPurpose": "revocation",
            "statusListIndex": str(index),
            "statusListCredential": site.list_url(number),
        },
        "credentialSubject": subject,
        "evidence": [
            {
                "id": f"{page}#degree-{turn}",
                "type": ["Evidence"],
                "name": each.title,
                "genre": "Degree" if each.level else "Licence",
                "description": ", ".join(filter(None, (each.level, each.field, each.institution, str(each.year)))),
                "narrative": f"Verified by {site.name}. Proof: {each.proof}.",
            }
            for turn, each in enumerate(degrees, start=1)
        ],
    }


def status_list(site: Site, *, number: int, withdrawn: Iterable[int], now: datetime) -> Document:
    """The list with the places of those withdrawn set, unsigned. `withdrawn`: places counted over all lists."""
    bits = bytearray(PLACES // 8)
    for place in withdrawn:
        index = place - number * PLACES
        bits[index // 8] |= 1 << (7 - index % 8)
    url = site.list_url(number)
    packed = base64.urlsafe_b64encode(gzip.compress(bytes(bits), mtime=0)).decode().rstrip("=")
    return {
        "@context": [CREDENTIALS_V2],
        "id": url,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": site.did,
        "validFrom": moment(now),
        "validUntil": moment(now + LIST_LIVES),
        "credentialSubject": {
            "id": f"{url}#list",
            "type": "BitstringStatusList",
            "statusPurpose": "revocation",
            "encodedList": f"u{packed}",
        },
    }


def did_document(site: Site, multikeys: Sequence[str]) -> Document:
    """Every key that ever signed: what it signed must verify after it retired."""
    methods = [
        {"id": site.method(key), "type": "Multikey", "controller": site.did, "publicKeyMultibase": key}
        for key in multikeys
    ]
    return {
        "@context": [DID_CONTEXT, MULTIKEY_CONTEXT],
        "id": site.did,
        "verificationMethod": methods,
        "assertionMethod": [each["id"] for each in methods],
    }
