"""From bytes to a document: JSON, JWT, or a picture (PNG, SVG) with a badge baked in. Strict and bounded."""

from __future__ import annotations

import json
import re
import struct
import zlib
from typing import Any, NoReturn

from lxml import etree

from experts.diplomas.verdicts import Problem, Reason

MAX_FILE = 5 * 1024 * 1024  # bytes of a picture
MAX_TEXT = 512 * 1024  # bytes of the credential itself
MAX_DEPTH = 32
MAX_VALUES = 5_000
PNG = b"\x89PNG\r\n\x1a\n"
KEYWORDS = (b"openbadgecredential", b"openbadges")  # of OB 3.0, and as OB 2.0 had it
JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
Document = dict[str, Any]


def read(raw: bytes) -> Document | str:
    """A JSON object, or the text of a JWT. Raises Problem."""
    if len(raw) > MAX_FILE:
        raise Problem(Reason.TOO_LARGE, f"{len(raw)} bytes")
    if raw.startswith(PNG):
        raw = _baked_in_png(raw)
    elif raw.lstrip()[:1] == b"<":
        raw = _baked_in_svg(raw)
    return parse(raw)


def parse(raw: bytes) -> Document | str:
    """As `read`, for what can be no picture: an answer from the network, or what was baked in."""
    if len(raw) > MAX_TEXT:
        raise Problem(Reason.TOO_LARGE, f"{len(raw)} bytes")
    try:
        text = raw.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise Problem(Reason.MALFORMED, "not UTF-8") from None
    return text if JWT.fullmatch(text) else parse_object(text)


def parse_object(text: str) -> Document:
    """JSON in which each name stands once, no number is unreal, and no text is half a character. Raises Problem."""
    try:
        found = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
        text.encode()
        json.dumps(found, ensure_ascii=False).encode()
    except RecursionError:
        raise Problem(Reason.TOO_COMPLEX, "nesting") from None
    except ValueError as error:  # also half a surrogate pair, and numbers of thousands of digits
        raise Problem(Reason.MALFORMED, str(error)[:120]) from None
    if not isinstance(found, dict):
        raise Problem(Reason.MALFORMED, "not an object")
    _bounded(found)
    return found


def _once(pairs: list[tuple[str, Any]]) -> Document:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise Problem(Reason.DUPLICATE_KEY, next(name for name in names if names.count(name) > 1)[:60])
    return found


def _no_number(word: str) -> NoReturn:
    raise Problem(Reason.MALFORMED, f"{word} is no number")


def _bounded(document: Document) -> None:
    level: list[Any] = [document]
    seen = 0
    for _ in range(MAX_DEPTH):
        seen += len(level)
        if seen > MAX_VALUES:
            raise Problem(Reason.TOO_COMPLEX, f"more than {MAX_VALUES} values")
        level = [below for each in level for below in _inside(each)]
        if not level:
            return
    raise Problem(Reason.TOO_COMPLEX, f"nested deeper than {MAX_DEPTH}")


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _baked_in_png(raw: bytes) -> bytes:
    """The text of the iTXt chunk that Open Badges name; the picture itself is never decoded."""
    found: list[bytes] = []
    place = len(PNG)
    while place + 8 <= len(raw):
        length, kind = struct.unpack(">I4s", raw[place : place + 8])
        body = raw[place + 8 : place + 8 + length]
        if kind == b"iTXt" and body.split(b"\0", 1)[0] in KEYWORDS:
            found.append(_text_of(body))
        place += 12 + length
    if len(found) != 1:
        raise Problem(Reason.NO_PROOF if not found else Reason.MALFORMED, f"{len(found)} credentials in the picture")
    return found[0]


def _text_of(chunk: bytes) -> bytes:
    """iTXt: keyword, 0, compressed?, method, language, 0, translated keyword, 0, text."""
    _, _, rest = chunk.partition(b"\0")
    parts = rest[2:].split(b"\0", 2)
    if len(rest) < 2 or len(parts) != 3:
        raise Problem(Reason.MALFORMED, "a broken iTXt chunk")
    return inflate(parts[2], MAX_TEXT) if rest[0] else parts[2]


def inflate(packed: bytes, limit: int) -> bytes:
    """Unpack zlib or gzip, never more than `limit` bytes. Raises Problem."""
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        unpacked = unpacker.decompress(packed, limit)
    except zlib.error as error:
        raise Problem(Reason.MALFORMED, f"not unpackable: {error}") from None
    if unpacker.unconsumed_tail:
        raise Problem(Reason.TOO_LARGE, f"unpacks to more than {limit} bytes")
    if not unpacker.eof:
        raise Problem(Reason.MALFORMED, "packed data ends too soon")
    return unpacked


def _baked_in_svg(raw: bytes) -> bytes:
    """`<openbadges:credential verify="JWT">` or with the JSON as its text. No entity is ever resolved."""
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        raise Problem(Reason.MALFORMED, "an SVG with a document type")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(raw, parser)
    except etree.XMLSyntaxError as error:
        raise Problem(Reason.MALFORMED, f"not XML: {error}"[:120]) from None
    found = root.findall(".//{https://purl.imsglobal.org/ob/v3p0}credential")
    if len(found) != 1:
        raise Problem(Reason.NO_PROOF if not found else Reason.MALFORMED, f"{len(found)} credentials in the picture")
    text: str = found[0].get("verify") or found[0].text or ""
    return text.encode()
