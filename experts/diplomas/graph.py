"""What was signed. JSON-LD proofs sign a graph, not the text: so a credential is read from the graph alone.

A stranger may rename properties (by a context of their own), move them to another place or add what no context knows,
and the signature still holds. Whoever reads the JSON then reads something else than what was signed; the graph cannot
differ from it. Only JWTs and eddsa-jcs-2022 sign the text, and are read as text.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import factorial
from types import MappingProxyType
from typing import Any

from pyld.canon import URDNA2015
from pyld.documentloader.frozen import FrozenDocumentLoader
from pyld.jsonld import JsonLdError, JsonLdProcessor

from experts.diplomas.contexts import known
from experts.diplomas.documents import Document
from experts.diplomas.verdicts import Problem, Reason

MAX_ORDERS = 20_000  # to try where blank nodes look the same: n of them stand in n! orders
READ_DEPTH = 3  # credential, subject, achievement: nothing that we read lies deeper
RELATIVE = "relative:"  # what relative references turn into; without a base the processor would invent one
IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>\"{}|^`\\]*|_:[A-Za-z0-9]+")
RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
CREDENTIAL = "https://www.w3.org/2018/credentials#"
REFRESH = CREDENTIAL + "refreshService"  # names the credential without holding it
BADGE = "https://purl.imsglobal.org/spec/vc/ob/vocab.html#"
STATUS = "https://www.w3.org/ns/credentials/status#"
SCHEMA = "https://schema.org/"

# All that we ever read, by its name in the graph. An achievement had other names before Open Badges 3.0.3.
READ = MappingProxyType(
    {
        **{CREDENTIAL + name: name for name in ("issuer", "credentialSubject", "credentialStatus")},
        **{CREDENTIAL + name: name for name in ("validFrom", "validUntil", "issuanceDate", "expirationDate")},
        **{STATUS + name: name for name in ("statusPurpose", "statusListIndex", "statusListCredential", "encodedList")},
        **{BADGE + name: "achievement" for name in ("achievement", "achievement-0", "Achievement")},
        **{BADGE + name: name for name in ("achievementType", "fieldOfStudy", "specialization", "awardedDate")},
        **{SCHEMA + name: name for name in ("name", "givenName", "familyName")},
        STATUS + "statusSize": "statusSize",
    }
)
NAMES = frozenset(READ.values()) | {"revocationListIndex", "revocationListCredential", "degree"}


@dataclass
class Node:
    """A thing in the credential: its types by their last word, and of the properties that we read every value."""

    id: str = ""
    types: frozenset[str] = frozenset()
    said: dict[str, list[Node | str]] = field(default_factory=dict)

    def texts(self, name: str) -> list[str]:
        return [value for value in self.said.get(name, ()) if isinstance(value, str)]

    def text(self, name: str) -> str:
        return next(iter(self.texts(name)), "")

    def nodes(self, name: str) -> list[Node]:
        """Of whatever is there; a plain text stands for a thing of this id."""
        return [value if isinstance(value, Node) else Node(id=value) for value in self.said.get(name, ())]


class _Bounded(URDNA2015):  # type: ignore[misc]
    """RDF canonicalisation that gives up on graphs made to take forever."""

    orders = 0

    def create_hash_to_related(self, id_: str, issuer: Any) -> Any:
        related = super().create_hash_to_related(id_, issuer)
        # Capped, so that the factorial itself stays small.
        self.orders += sum(factorial(min(len(alike), 10)) for alike in related.values())
        if self.orders > MAX_ORDERS:
            raise Problem(Reason.TOO_COMPLEX, "things that take too long to tell apart")
        return related


class _Shipped(FrozenDocumentLoader):  # type: ignore[misc]
    """Serves what `known()` holds, and remembers what else was asked for."""

    def __init__(self) -> None:
        super().__init__(documents=dict(known()))
        self.missing = ""

    def __call__(self, url: str, *options: Any) -> Any:
        if url not in known():
            self.missing = url
        return super().__call__(url, *options)


def canonical(document: Document) -> str:
    """The document's graph as canonical N-Quads (RDFC-1.0). Raises Problem."""
    loader = _Shipped()
    options = {"documentLoader": loader, "base": RELATIVE}
    try:
        expanded = JsonLdProcessor(on_property_dropped=_dropped).expand(document, options)
        _absolute(expanded)
        dataset = JsonLdProcessor().to_rdf(expanded, options)
        quads: str = _Bounded().main(dataset, {"format": "application/n-quads"})
    except (JsonLdError, AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError) as error:
        # A stranger's document: whatever the processor trips over is the document's fault.
        if loader.missing:
            raise Problem(Reason.CONTEXT_UNKNOWN, loader.missing[:200]) from None
        raise Problem(Reason.MALFORMED, f"not JSON-LD: {error}"[:200]) from None
    if not quads:
        raise Problem(Reason.MALFORMED, "says nothing")
    return quads


def digest(document: Document, algorithm: str) -> bytes:
    return hashlib.new(algorithm, canonical(document).encode()).digest()


def _dropped(name: str | None) -> None:
    raise Problem(Reason.UNSIGNED_TERMS, (name or "")[:60])


def _absolute(expanded: Any) -> None:
    """An id, a type or a property that is no whole IRI would be left out of the graph, or break its text."""
    for name in _names(expanded):
        if name.startswith(RELATIVE) or not IRI.fullmatch(name):
            raise Problem(Reason.UNSIGNED_TERMS, name.removeprefix(RELATIVE)[:120])


def _names(value: Any) -> Iterator[str]:
    for node in _listed(value):
        for name, below in node.items():
            if name in {"@id", "@type"}:
                yield from (each for each in _listed(below) if each != "@json")
            elif name not in {"@value", "@language", "@direction", "@index"}:
                yield from () if name.startswith("@") else (name,)
                yield from _names(below)


def from_quads(quads: str) -> Node:
    """The credential that a canonical graph speaks of. Raises Problem where that is not exactly one."""
    triples = JsonLdProcessor.parse_nquads(quads).get("@default", [])
    told: dict[str, dict[str, list[dict[str, str]]]] = {}
    pointed: set[str] = set()
    credentials: set[str] = set()
    for triple in triples:
        subject, said, thing = triple["subject"]["value"], triple["predicate"]["value"], triple["object"]
        told.setdefault(subject, {}).setdefault(said, []).append(thing)
        if thing["type"] != "literal" and thing["value"] != subject and said != REFRESH:
            pointed.add(thing["value"])
        if said == RDF_TYPE and thing["value"] == CREDENTIAL + "VerifiableCredential":
            credentials.add(subject)
    roots = credentials if len(credentials) == 1 else credentials - pointed
    if len(roots) != 1:
        raise Problem(Reason.MALFORMED, f"{len(roots)} credentials in one")
    return _node(told, roots.pop(), ())


def _node(told: dict[str, dict[str, list[dict[str, str]]]], subject: str, above: tuple[str, ...]) -> Node:
    said: dict[str, list[Node | str]] = {}
    mine = told.get(subject, {})
    for predicate, things in mine.items():
        if name := READ.get(predicate):
            said.setdefault(name, []).extend(
                thing["value"]
                if thing["type"] == "literal" or thing["value"] in (*above, subject) or len(above) == READ_DEPTH
                else _node(told, thing["value"], (*above, subject))
                for thing in things
            )
    types = frozenset(_last_word(thing["value"]) for thing in mine.get(RDF_TYPE, ()))
    return Node("" if subject.startswith("_:") else subject, types, said)


def _last_word(iri: str) -> str:
    return iri.rsplit("#", 1)[-1].rsplit("/", 1)[-1]


def from_json(document: Document) -> Node:
    """The same, of a text that is signed as text."""
    said = {
        name: [each for each in map(_value, _listed(value)) if each != ""]
        for name, value in document.items()
        if name in NAMES
    }
    found = document.get("id", document.get("@id", ""))
    types = [each for each in _listed(document.get("type", document.get("@type"))) if isinstance(each, str)]
    return Node(found if isinstance(found, str) else "", frozenset(map(_last_word, types)), said)


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _value(value: Any) -> Node | str:
    if isinstance(value, dict):
        return str(value["@value"]) if "@value" in value else from_json(value)
    return str(value) if isinstance(value, str | int) else ""
