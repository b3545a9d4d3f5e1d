"""JSON-LD contexts, all of them at hand: W3C's come with pyld, the others are built from terms.csv. None is fetched.

terms.csv holds the facts of the published vocabularies as a table of ours: in which contexts, within which term's
scope, what a term means (an IRI), of which type its values are, and in which container.
"""

from __future__ import annotations

import csv
import json
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pyld.documentloader.frozen import BUNDLED_CONTEXTS

BUILT = MappingProxyType(
    {
        "https://purl.imsglobal.org/spec/ob/v3p0/context.json": "ob-3.0",
        "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.1.json": "ob-3.0.1",
        "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.2.json": "ob-3.0.2",
        "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json": "ob-3.0.3",
        "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json": "ob-extensions",
        "https://purl.imsglobal.org/spec/clr/v2p0/context.json": "clr-2.0",
        "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json": "clr-2.0.1",
        "https://w3id.org/security/data-integrity/v1": "proof-1",
        "https://w3id.org/security/data-integrity/v2": "proof-2",
        "https://www.w3.org/ns/credentials/status/v1": "status-1",
    }
)
CREDENTIALS_V1 = "https://www.w3.org/2018/credentials/v1"
CREDENTIALS_V2 = "https://www.w3.org/ns/credentials/v2"
BUNDLED = (
    CREDENTIALS_V1,
    CREDENTIALS_V2,
    "https://www.w3.org/ns/did/v1",
    "https://w3id.org/security/suites/ed25519-2020/v1",
    "https://w3id.org/security/suites/jws-2020/v1",
)
OPEN_BADGES = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
_PARTS = (("means", "@id"), ("type", "@type"), ("container", "@container"))


@cache
def known() -> MappingProxyType[str, dict[str, Any]]:
    """URL → {"@context": …}, read once."""
    bundled = {url: json.loads(BUNDLED_CONTEXTS[url].read_text(encoding="utf-8")) for url in BUNDLED}
    with (Path(__file__).parent / "terms.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return MappingProxyType({**bundled, **{url: {"@context": _built(name, rows)} for url, name in BUILT.items()}})


def _built(name: str, rows: list[dict[str, str]]) -> dict[str, Any]:
    """Rows come sorted by scope, so that a scope's own term is there before what stands in it."""
    context: dict[str, Any] = {}
    for row in rows:
        if name not in row["contexts"].split():
            continue
        place = context
        for term in row["scope"].split():
            place = _within(place, term)
        said = {keyword: row[column] for column, keyword in _PARTS if row[column]}
        if row["term"] == "@protected":
            place["@protected"] = True
        else:  # a bare IRI, unlike an object that holds one, may serve as the prefix of others
            place[row["term"]] = row["means"] if said.keys() == {"@id"} else said
    return context


def _within(place: dict[str, Any], term: str) -> dict[str, Any]:
    if isinstance(place[term], str):
        place[term] = {"@id": place[term]}
    inner: dict[str, Any] = place[term].setdefault("@context", {})
    return inner
