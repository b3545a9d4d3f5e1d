"""Diplomas of our own making, sound and broken."""

from __future__ import annotations

import base64
import gzip
import json
import struct
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from experts.diplomas.contexts import CREDENTIALS_V2, OPEN_BADGES
from experts.diplomas.issuers import Fetch, Unreachable
from experts.diplomas.keys import ED25519, P256, P384, to_multibase
from experts.diplomas.proofs import SUITES, sign
from experts.diplomas.verdicts import Verdict
from experts.diplomas.verifier import verify

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
KEY = ed25519.Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
OTHER = ed25519.Ed25519PrivateKey.from_private_bytes(b"\x02" * 32)
EC256 = ec.derive_private_key(12345, ec.SECP256R1())
EC384 = ec.derive_private_key(12345, ec.SECP384R1())
LIST = "https://uni.example/status/1"
Document = dict[str, Any]
Private = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def multikey(key: Private) -> str:
    public = key.public_key()
    if isinstance(public, ed25519.Ed25519PublicKey):
        return to_multibase(ED25519 + public.public_bytes_raw())
    assert isinstance(public, ec.EllipticCurvePublicKey)
    prefix = P256 if public.curve.name == "secp256r1" else P384
    return to_multibase(prefix + public.public_bytes(Encoding.X962, PublicFormat.CompressedPoint))


def did(key: Private) -> str:
    return f"did:key:{multikey(key)}"


def method(key: Private) -> str:
    return f"{did(key)}#{multikey(key)}"


def diploma(issuer: str = "", **changes: Any) -> Document:
    """Emil's doctorate, unsigned. A change to None leaves the property out."""
    whole = {
        "@context": [CREDENTIALS_V2, OPEN_BADGES],
        "id": "urn:uuid:1b6a3a4e-1c2d-4c59-8f5b-5d2f0a3b9c11",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "issuer": {"id": issuer or did(KEY), "type": ["Profile"], "name": "University of Copenhagen"},
        "validFrom": "2015-07-01T00:00:00Z",
        "awardedDate": "2015-06-30T00:00:00Z",
        "credentialSubject": {
            "id": "did:example:emil",
            "type": ["AchievementSubject"],
            "name": "Emil Sørensen",
            "achievement": {
                "id": "https://uni.example/degrees/phd",
                "type": ["Achievement"],
                "achievementType": "DoctoralDegree",
                "name": "PhD in Physics",
                "fieldOfStudy": "Physics",
                "description": "Three years of research.",
                "criteria": {"narrative": "A thesis."},
            },
        },
    }
    return {name: value for name, value in {**whole, **changes}.items() if value is not None}


def proved(document: Document, key: Private = KEY, suite: str = "eddsa-rdfc-2022", **changes: Any) -> Document:
    """With a proof of any suite. Changes to the proof are made before it is signed."""
    changes.setdefault("verificationMethod", method(key))
    if isinstance(key, ed25519.Ed25519PrivateKey) and changes.keys() == {"verificationMethod"} and "eddsa" in suite:
        return sign(document, key, method=changes["verificationMethod"], at=NOW, suite=suite)
    kind = {"type": suite} if suite == "Ed25519Signature2020" else {"type": "DataIntegrityProof", "cryptosuite": suite}
    proof = {**kind, "created": "2026-01-01T00:00:00Z", "proofPurpose": "assertionMethod", **changes}
    algorithm = algorithm_of(key)
    signed = SUITES[suite].algorithms[algorithm](document, proof)
    return {**document, "proof": {**proof, "proofValue": to_multibase(signature(key, signed, algorithm))}}


def algorithm_of(key: Private) -> str:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return "ES256" if key.key_size == 256 else "ES384"
    return "EdDSA" if isinstance(key, ed25519.Ed25519PrivateKey) else "RS256"


def signature(key: Private, signed: bytes, algorithm: str) -> bytes:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(signed)
    if isinstance(key, rsa.RSAPrivateKey):
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256().digest_size)
        return key.sign(signed, pss if algorithm == "PS256" else padding.PKCS1v15(), hashes.SHA256())
    digest = hashes.SHA256() if key.key_size == 256 else hashes.SHA384()
    r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(digest)))
    return r.to_bytes(key.key_size // 8, "big") + s.to_bytes(key.key_size // 8, "big")


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def jwt(claims: Document, key: Private = KEY, **header: Any) -> bytes:
    head = {"alg": algorithm_of(key), "typ": "JWT", **header}
    head = {name: value for name, value in head.items() if value is not None}
    signed = f"{b64(json.dumps(head).encode())}.{b64(json.dumps(claims).encode())}"
    return f"{signed}.{b64(signature(key, signed.encode(), str(head.get('alg'))))}".encode()


def status_list(*, bits: Mapping[int, bool], key: Private = KEY, raw: bytes = b"", **subject: Any) -> Document:
    """A signed list. `bits`: which places are set; `raw`: instead of them, as it comes packed."""
    places = bytearray(2_048)
    for place, is_set in bits.items():
        places[place // 8] |= is_set << (7 - place % 8)
    return proved(
        {
            "@context": [CREDENTIALS_V2],
            "id": LIST,
            "type": ["VerifiableCredential", "BitstringStatusListCredential"],
            "issuer": did(key),
            "credentialSubject": {
                "id": f"{LIST}#list",
                "type": "BitstringStatusList",
                "statusPurpose": "revocation",
                "encodedList": "u" + b64(raw or gzip.compress(bytes(places), mtime=0)),
                **subject,
            },
        },
        key,
    )


def listed(place: int | str = 3, purpose: str = "revocation", **changes: Any) -> Document:
    """What a credential says of its status."""
    entry = {
        "id": f"{LIST}#{place}",
        "type": "BitstringStatusListEntry",
        "statusPurpose": purpose,
        "statusListIndex": str(place),
        "statusListCredential": LIST,
        **changes,
    }
    return {"credentialStatus": {name: value for name, value in entry.items() if value is not None}}


def serving(pages: Mapping[str, Document | bytes]) -> Fetch:
    def fetch(url: str) -> bytes:
        if url not in pages:
            raise Unreachable(f"no answer from {url}")
        page = pages[url]
        return page if isinstance(page, bytes) else json.dumps(page).encode()

    return fetch


def judged(document: Document | bytes, pages: Mapping[str, Document | bytes] | None = None, **more: Any) -> Verdict:
    raw = document if isinstance(document, bytes) else json.dumps(document, ensure_ascii=False).encode()
    return verify(raw, at=NOW, fetch=serving(pages or {}), **more)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*texts: bytes, packed: bool = False, keyword: bytes = b"openbadgecredential") -> bytes:
    """One white pixel with credentials baked in."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)) + chunk(b"tEXt", b"Comment\0none")
    baked = b"".join(
        chunk(b"iTXt", keyword + b"\0" + bytes([packed, 0]) + b"\0\0" + (zlib.compress(text) if packed else text))
        for text in texts
    )
    return b"\x89PNG\r\n\x1a\n" + head + baked + chunk(b"IDAT", zlib.compress(b"\0\xff")) + chunk(b"IEND", b"")


def svg(inside: str) -> bytes:
    space = 'xmlns="http://www.w3.org/2000/svg" xmlns:openbadges="https://purl.imsglobal.org/ob/v3p0"'
    return f"<svg {space}>{inside}<circle r='4'/></svg>".encode()
