"""Public keys as issuers publish them (multikey, JWK), and whether a signature holds under one."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from experts.diplomas.verdicts import Problem, Reason

PublicKey = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey | rsa.RSAPublicKey
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
LONGEST = 2_048  # characters of a multibase text: decoding takes the square of it
MIN_RSA = 2_048  # bits
ED25519, P256, P384 = b"\xed\x01", b"\x80\x24", b"\x81\x24"  # multicodec prefixes
CURVES: MappingProxyType[str, ec.EllipticCurve] = MappingProxyType({"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1()})


def from_multibase(text: str) -> bytes:
    """`z…` is base58btc, `u…` base64url. Raises Problem."""
    if len(text) <= LONGEST and text[:1] == "z":
        return _from_base58(text[1:])
    if text[:1] == "u":
        return from_base64url(text[1:])
    raise Problem(Reason.MALFORMED, "not a multibase text that we read")


def _from_base58(text: str) -> bytes:
    number = 0
    for letter in text:
        digit = BASE58.find(letter)
        if digit < 0:
            raise Problem(Reason.MALFORMED, "not base58")
        number = number * 58 + digit
    zeros = len(text) - len(text.lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")


def to_multibase(raw: bytes) -> str:
    """As base58btc, `z…`."""
    number, letters = int.from_bytes(raw, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        letters = BASE58[digit] + letters
    return "z" + "1" * (len(raw) - len(raw.lstrip(b"\0"))) + letters


def from_base64url(text: str) -> bytes:
    """Without padding. Raises Problem."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):  # ValueError: letters beyond ASCII
        raise Problem(Reason.MALFORMED, "not base64url") from None


def from_multikey(text: str) -> PublicKey:
    """Raises Problem (`malformed`, `algorithm` for a kind of key that we do not take)."""
    raw = from_multibase(text)
    kind, body = raw[:2], raw[2:]
    try:
        if kind == ED25519:
            return ed25519.Ed25519PublicKey.from_public_bytes(body)
        if kind == P256:
            return ec.EllipticCurvePublicKey.from_encoded_point(CURVES["P-256"], body)
        if kind == P384:
            return ec.EllipticCurvePublicKey.from_encoded_point(CURVES["P-384"], body)
    except ValueError:
        raise Problem(Reason.MALFORMED, "not a public key") from None
    raise Problem(Reason.ALGORITHM, "a kind of key that we do not take")


def from_jwk(jwk: dict[str, Any]) -> PublicKey:
    """Raises as `from_multikey`."""
    kind, curve = jwk.get("kty"), jwk.get("crv")
    try:
        if kind == "OKP" and curve == "Ed25519":
            return ed25519.Ed25519PublicKey.from_public_bytes(from_base64url(jwk["x"]))
        if kind == "EC" and isinstance(curve, str) and curve in CURVES:
            x, y = (int.from_bytes(from_base64url(jwk[name]), "big") for name in ("x", "y"))
            return ec.EllipticCurvePublicNumbers(x, y, CURVES[curve]).public_key()
        if kind == "RSA":
            e, n = (int.from_bytes(from_base64url(jwk[name]), "big") for name in ("e", "n"))
            return rsa.RSAPublicNumbers(e, n).public_key()
    except (ValueError, KeyError, TypeError):
        raise Problem(Reason.MALFORMED, "not a public key") from None
    raise Problem(Reason.ALGORITHM, "a kind of key that we do not take")


@dataclass(frozen=True)
class Algorithm:
    """`takes`: which keys; `check`: raises InvalidSignature or ValueError."""

    takes: Callable[[Any], bool]
    check: Callable[[Any, bytes, bytes], None]


def _ecdsa(curve: ec.EllipticCurve, digest: hashes.HashAlgorithm) -> Algorithm:
    half = (curve.key_size + 7) // 8

    def check(key: ec.EllipticCurvePublicKey, signature: bytes, signed: bytes) -> None:
        if len(signature) != 2 * half:
            raise InvalidSignature
        r, s = int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
        key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(digest))

    return Algorithm(lambda key: isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == curve.name, check)


def _rsa(padded: padding.AsymmetricPadding) -> Algorithm:
    def check(key: rsa.RSAPublicKey, signature: bytes, signed: bytes) -> None:
        key.verify(signature, signed, padded, hashes.SHA256())

    return Algorithm(lambda key: isinstance(key, rsa.RSAPublicKey) and key.key_size >= MIN_RSA, check)


_EDDSA = Algorithm(
    lambda key: isinstance(key, ed25519.Ed25519PublicKey), lambda key, signature, signed: key.verify(signature, signed)
)
# `none` and the symmetric HS… are not here, so that a public key never serves as a shared secret.
ALGORITHMS: MappingProxyType[str, Algorithm] = MappingProxyType(
    {
        "EdDSA": _EDDSA,
        "Ed25519": _EDDSA,
        "ES256": _ecdsa(CURVES["P-256"], hashes.SHA256()),
        "ES384": _ecdsa(CURVES["P-384"], hashes.SHA384()),
        "RS256": _rsa(padding.PKCS1v15()),
        "PS256": _rsa(padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256().digest_size)),
    }
)


def fits(algorithm: str, key: PublicKey) -> bool:
    return ALGORITHMS[algorithm].takes(key)


def holds(algorithm: str, key: PublicKey, signature: bytes, signed: bytes) -> bool:
    """Whether the signature is the key's. `algorithm`: one that fits the key."""
    try:
        ALGORITHMS[algorithm].check(key, signature, signed)
    except InvalidSignature:
        return False
    return True
