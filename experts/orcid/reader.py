"""An answer of ORCID's API 3.0, JSON or XML, as plain facts. Pure.

The two differ in their clothes only: JSON wraps single values ({"value": …}), XML has attributes and namespaces. So XML
is undressed into the shape of JSON first. A document type is refused, and with it all entities.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from xml.etree import ElementTree

KINDS: Final = ("education", "qualification", "employment", "work")
DEEPEST: Final = 60


class Unreadable(Exception):
    """No answer of this API, or one that says no: the words are ORCID's own where it has some."""


@dataclass(frozen=True)
class Line:
    """One education, qualification, employment or work. `ids`: (scheme, id) of the organisation, "ROR", "GRID" …

    `asserted`: an organisation says so in its own name. What it wrote on behalf of the person is the person's word.
    """

    kind: str
    put_code: int
    title: str
    department: str
    organisation: str
    country: str
    ids: tuple[tuple[str, str], ...]
    started: str
    ended: str
    asserted: bool
    source: str
    source_id: str

    @property
    def ror_id(self) -> str:
        """Without its address, or an empty string."""
        return next((value.rstrip("/").rpartition("/")[2] for scheme, value in self.ids if scheme == "ROR"), "")


@dataclass(frozen=True)
class Record:
    """`orcid` and `name` are empty where the answer is only a part that does not say."""

    orcid: str
    name: str
    lines: tuple[Line, ...]


def read(body: bytes, kind: str = "") -> Record:
    """`kind`: what a bare line is, which JSON does not say of itself. Raises Unreadable."""
    text = body.decode("utf-8", "replace").lstrip("\ufeff \r\n\t")
    try:
        root = _from_xml(text) if text.startswith("<") else _from_json(text, kind)
    except RecursionError:
        raise Unreadable("its answer is nested too deeply") from None
    error = root.get("error") or root
    if isinstance(error, dict) and "response-code" in error:
        raise Unreadable(_text(error.get("user-message")) or "it turned our question down")
    return Record(_orcid(root), _name(root), tuple(_lines(root)))


def is_orcid(text: str) -> bool:
    """Four groups of four, of which the last sign checks the others (ISO 7064, 11-2)."""
    bare = text.replace("-", "")
    if len(text) != 19 or len(bare) != 16 or not (bare[:15].isascii() and bare[:15].isdecimal()):
        return False
    total = 0
    for digit in bare[:15]:
        total = (total + int(digit)) * 2
    return bare[15] == "0123456789X"[(12 - total % 11) % 11]


def _from_json(text: str, kind: str) -> dict[str, Any]:
    try:
        root = json.loads(text)
    except ValueError:
        raise Unreadable("its answer is neither JSON nor XML") from None
    if not isinstance(root, dict):
        raise Unreadable("its answer has another shape")
    return {kind: root} if kind else root


def _from_xml(text: str) -> dict[str, Any]:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise Unreadable("its answer holds a document type, which we do not read")
    try:
        root = ElementTree.fromstring(text.encode())  # noqa: S314, see above
    except ElementTree.ParseError:
        raise Unreadable("its answer is broken XML") from None
    return {_local(root.tag): _undressed(root)}


def _undressed(element: ElementTree.Element) -> Any:
    """Text where there is nothing else; what stands there twice becomes a list."""
    fields: dict[str, Any] = {_local(name): value for name, value in element.attrib.items()}
    for child in element:
        name, value = _local(child.tag), _undressed(child)
        if name in fields:
            value = [*(fields[name] if isinstance(fields[name], list) else [fields[name]]), value]
        fields[name] = value
    return fields or (element.text or "").strip()


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _lines(node: Any, depth: int = 0) -> Iterator[Line]:
    """Every line in it, wherever it stands."""
    if depth > DEEPEST:
        raise Unreadable("its answer is nested too deeply")
    if isinstance(node, list):
        for inner in node:
            yield from _lines(inner, depth + 1)
    elif isinstance(node, dict):
        for name, inner in node.items():
            kind = name.removesuffix("-summary")
            if kind in KINDS:
                yield from (_line(kind, each) for each in _listed(inner) if isinstance(each, dict))
            else:
                yield from _lines(inner, depth + 1)


def _line(kind: str, told: dict[str, Any]) -> Line:
    organisation = _dict(told.get("organization"))
    known = _dict(organisation.get("disambiguated-organization"))
    scheme, value = _text(known.get("disambiguation-source")), _text(known.get("disambiguated-organization-identifier"))
    source = _dict(told.get("source"))
    client, origin = _path(source.get("source-client-id")), _path(source.get("assertion-origin-orcid"))
    title = told.get("role-title") if kind != "work" else _dict(told.get("title")).get("title")
    return Line(
        kind=kind,
        put_code=_number(told.get("put-code")),
        title=_text(title),
        department=_text(told.get("department-name")),
        organisation=_text(organisation.get("name") if kind != "work" else told.get("journal-title")),
        country=_text(_dict(organisation.get("address")).get("country"))[:2],
        ids=((scheme, value),) if scheme and value else (),
        started=_date(told.get("start-date")),
        ended=_date(told.get("end-date") if kind != "work" else told.get("publication-date")),
        asserted=bool(client) and not origin,
        source=_text(source.get("assertion-origin-name")) if origin else _text(source.get("source-name")),
        source_id=origin or client or _path(source.get("source-orcid")),
    )


def _orcid(root: dict[str, Any]) -> str:
    """From the record itself, or from the address that every part carries: "/0000-…/person"."""
    inner = _dict(next(iter(root.values()), None)) if len(root) == 1 else root
    named = _path(inner.get("orcid-identifier"))
    path = _text(inner.get("path")) or _text(_dict(inner.get("name")).get("path"))
    return named or next((part for part in path.split("/") if len(part) == 19), "")


def _name(root: dict[str, Any]) -> str:
    """As the person wants to be credited, else given and family name."""
    inner = _dict(next(iter(root.values()), None)) if len(root) == 1 else root
    name = _dict(_dict(inner.get("person")).get("name") or inner.get("name"))
    full = " ".join(filter(None, (_text(name.get("given-names")), _text(name.get("family-name")))))
    return _text(name.get("credit-name")) or full


def _date(told: Any) -> str:
    """As far as it is known."""
    parts: list[str] = []
    for name in ("year", "month", "day"):
        part = _text(_dict(told).get(name))
        if not part.isdecimal():
            break
        parts.append(part.zfill(2))
    return "-".join(parts)[:10]


def _path(told: Any) -> str:
    """Of an iD or a client, which both come with an address too."""
    return _text(_dict(told).get("path"))


def _text(told: Any) -> str:
    inner = told.get("value", told.get("content")) if isinstance(told, dict) else told
    return " ".join(inner.split())[:255] if isinstance(inner, str) else ""


def _number(told: Any) -> int:
    return int(told) if str(told).isdecimal() and len(str(told)) < 18 else 0


def _dict(told: Any) -> dict[str, Any]:
    return told if isinstance(told, dict) else {}


def _listed(told: Any) -> list[Any]:
    return told if isinstance(told, list) else [told]
