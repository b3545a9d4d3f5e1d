"""Which keys are an issuer's: by the DID itself, by the document that the issuer publishes, or pinned by ops."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from experts.diplomas.documents import Document, parse
from experts.diplomas.keys import PublicKey, from_jwk, from_multikey
from experts.diplomas.verdicts import Problem, Reason

Fetch = Callable[[str], bytes]  # of an https URL; raises Unreachable
Pinned = Mapping[str, tuple[str, ...]]  # issuer → its keys as multikeys, where ops learned them another way
DID_WEB = re.compile(r"did:web:[A-Za-z0-9.-]+(%3A[0-9]{1,5})?(:[A-Za-z0-9._~%-]+)*")
MAX_KEYS = 50


class Unreachable(Exception):
    """Why nothing came back, in words."""


def fetch_nothing(url: str) -> bytes:
    """The `Fetch` of somebody without a network."""
    raise Unreachable(f"nothing is fetched: {url}")


@dataclass(frozen=True)
class Keys:
    """`doubt`: why they are not known to be the issuer's. They are then named by the signature itself, and show whether
    the credential was changed, no more."""

    keys: tuple[PublicKey, ...]
    doubt: Problem | None = None


def keys_of(issuer: str, method: str, *, fetch: Fetch, pinned: Pinned) -> Keys:
    """The keys under which a signature by `method` may stand for `issuer`.

    Raises Problem (`wrong_issuer` where the key is somebody else's, or as the reading of documents).
    """
    if issuer in pinned:
        return Keys(tuple(map(from_multikey, pinned[issuer])))
    if issuer.startswith("did:key:"):
        _same(method.partition("#")[0], issuer)
        return Keys((_did_key(method),))
    try:
        document = _document(issuer, fetch)
    except Problem as problem:
        return Keys(_named(method), problem)
    return Keys(_published(document, issuer, method))


def _same(found: str, issuer: str) -> None:
    if found != issuer:
        raise Problem(Reason.WRONG_ISSUER, f"signed by {found[:120]}")


def _did_key(method: str) -> PublicKey:
    """`did:key:z6Mk…#z6Mk…`: the fragment says the same key, or is not there."""
    did, _, fragment = method.partition("#")
    name = did.removeprefix("did:key:")
    if fragment not in {"", name}:
        raise Problem(Reason.MALFORMED, "a did:key that names two keys")
    return from_multikey(name)


def _named(method: str) -> tuple[PublicKey, ...]:
    """The key that stands in the name of a method, if one does."""
    did, _, fragment = method.partition("#")
    try:
        return (from_multikey(fragment or did.removeprefix("did:key:")),)
    except Problem:
        return ()


def _document(issuer: str, fetch: Fetch) -> Document:
    """What the issuer publishes about itself. Raises Problem."""
    url = url_of(issuer)
    try:
        found = parse(fetch(url))
    except Unreachable as error:
        raise Problem(Reason.KEY_UNREACHABLE, str(error)[:200]) from None
    if not isinstance(found, dict) or found.get("id") != issuer:
        raise Problem(Reason.KEY_UNCONFIRMED, f"{url} is not the document of {issuer}"[:200])
    return found


def url_of(issuer: str) -> str:
    """Where an issuer's document lies. Raises Problem (`key_unconfirmed`) where there is no such place."""
    if DID_WEB.fullmatch(issuer):
        host, *path = issuer.removeprefix("did:web:").split(":")
        return f"https://{unquote(host)}/{'/'.join(path) if path else '.well-known'}/did.json"
    parts = urlsplit(issuer)
    if parts.scheme == "https" and parts.netloc:
        return issuer
    raise Problem(Reason.KEY_UNCONFIRMED, f"{issuer[:120]} publishes no keys that we can read")


def _published(document: Document, issuer: str, method: str) -> tuple[PublicKey, ...]:
    """The keys that the document allows for assertions; the one that `method` names, or all where it names none."""
    allowed = _listed(document.get("assertionMethod"))
    described = {each.get("id"): each for each in _listed(document.get("verificationMethod")) if isinstance(each, dict)}
    methods = [each if isinstance(each, dict) else described.get(each) for each in allowed[:MAX_KEYS]]
    found = [each for each in methods if each is not None and method in {"", _full(each.get("id"), issuer)}]
    if not found or any(each.get("controller", issuer) != issuer for each in found):
        raise Problem(Reason.WRONG_ISSUER, f"{method[:120]} is not among the keys that {issuer[:120]} publishes")
    return tuple(map(_key, found))


def _full(name: Any, issuer: str) -> str:
    return f"{issuer}{name}" if str(name).startswith("#") else str(name)


def _key(method: Document) -> PublicKey:
    multikey, jwk = method.get("publicKeyMultibase"), method.get("publicKeyJwk")
    if isinstance(multikey, str):
        return from_multikey(multikey)
    if isinstance(jwk, dict):
        return from_jwk(jwk)
    raise Problem(Reason.MALFORMED, "a key without its value")


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
