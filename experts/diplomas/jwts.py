"""Credentials that travel as a JWT: VC-JWT of the 1.1 data model, and the enveloped form of 2.0."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from experts.diplomas.documents import Document, parse_object
from experts.diplomas.graph import Node, from_json
from experts.diplomas.issuers import Fetch, Pinned, keys_of
from experts.diplomas.keys import ALGORITHMS, fits, from_base64url, from_jwk, holds
from experts.diplomas.proofs import Checked
from experts.diplomas.verdicts import Finding, Problem, Proof, Reason

# Claims that say again what the credential says: both must agree, and either may stand alone.
SAME = (("iss", "issuer"), ("sub", "credentialSubject"))
DATES = (("nbf", "validFrom"), ("exp", "validUntil"))


def check(token: str, *, fetch: Fetch, pinned: Pinned) -> Checked:
    """Raises Problem where nothing can be read."""
    head, body, signature = token.split(".")
    header, claims = _part(head), _part(body)
    node = _credential(claims)
    algorithm = str(header.get("alg", ""))
    proof = {"kind": f"JWT {algorithm}"[:40], "key": str(header.get("kid", ""))[:300]}
    try:
        _fit(header)
        issuer = next((each.id for each in node.nodes("issuer")), "")
        keys = keys_of(issuer, _method(header, issuer), fetch=fetch, pinned=pinned)
        candidates = keys.keys or _carried(header)
        findings = [Finding(keys.doubt.reason, keys.doubt.detail)] if keys.doubt else []
        if not candidates:
            return Checked(node, (Proof(**proof),), tuple(findings))
        if not all(fits(algorithm, key) for key in candidates):
            raise Problem(Reason.ALGORITHM, "the key is of another kind than the signature says")
        signed = f"{head}.{body}".encode()
        if not any(holds(algorithm, key, from_base64url(signature), signed) for key in candidates):
            return Checked(node, (Proof(**proof, signature="fails"),), (Finding(Reason.TAMPERED, proof["kind"]),))
    except Problem as problem:
        return Checked(node, (Proof(**proof),), (Finding(problem.reason, problem.detail),))
    return Checked(node, (Proof(**proof, signature="holds"),), tuple(findings))


def _part(text: str) -> Document:
    try:
        return parse_object(from_base64url(text).decode())
    except UnicodeDecodeError:
        raise Problem(Reason.MALFORMED, "not UTF-8") from None


def _fit(header: Document) -> None:
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise Problem(Reason.ALGORITHM, str(algorithm)[:40])
    if "crit" in header or header.get("b64") is False:
        raise Problem(Reason.ALGORITHM, "extensions that we do not take")


def _method(header: Document, issuer: str) -> str:
    """The name of the key: `kid`, in full. A did:key is its own name."""
    kid = str(header.get("kid", ""))
    if issuer.startswith("did:key:"):
        return kid if kid.startswith("did:") else issuer
    return f"{issuer}{kid}" if kid.startswith("#") else kid


def _carried(header: Document) -> tuple[Any, ...]:
    """A key in the header proves nothing about the issuer; it shows whether the text was changed."""
    jwk = header.get("jwk")
    return (from_jwk(jwk),) if isinstance(jwk, dict) else ()


def _credential(claims: Document) -> Node:
    """The credential with what the claims around it say. Raises Problem where they contradict each other."""
    inner = claims.get("vc", claims)
    if not isinstance(inner, dict):
        raise Problem(Reason.MALFORMED, "no credential in the token")
    node = from_json(inner)
    for claim, name in SAME:
        if claim in claims:
            _agree(node, name, str(claims[claim]))
    for claim, name in DATES:
        if claim in claims:
            node.said.setdefault(name, []).append(_moment(claims[claim]))
    node.id = node.id or str(claims.get("jti", ""))
    return node


def _agree(node: Node, name: str, said: str) -> None:
    found = node.nodes(name) or [Node()]
    if any(each.id not in {"", said} for each in found):
        raise Problem(Reason.WRONG_ISSUER if name == "issuer" else Reason.MALFORMED, f"two answers to {name}")
    node.said[name] = [Node(said, each.types, each.said) for each in found]


def _moment(seconds: Any) -> str:
    try:
        return datetime.fromtimestamp(float(seconds), UTC).isoformat().replace("+00:00", "Z")
    except (TypeError, ValueError, OverflowError, OSError):
        raise Problem(Reason.MALFORMED, f"not a moment: {json.dumps(seconds)[:40]}") from None
