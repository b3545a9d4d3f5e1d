"""More than two hundred broken diplomas: none is verified, none crashes us, each is told why."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from time import perf_counter
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from experts.diplomas.contexts import CREDENTIALS_V2, OPEN_BADGES
from experts.diplomas.keys import ED25519, P384, to_multibase
from experts.diplomas.verdicts import Outcome, Reason, Verdict
from tests.experts.diplomas.makers import (
    EC256,
    EC384,
    KEY,
    LIST,
    OTHER,
    Document,
    b64,
    did,
    diploma,
    judged,
    jwt,
    listed,
    method,
    multikey,
    proved,
    status_list,
)

R = Reason
SMALL_RSA = rsa.generate_private_key(public_exponent=65537, key_size=1024)
GRAPH = proved(diploma(**listed(3)))
TEXT = proved(diploma(**listed(3)), suite="eddsa-jcs-2022")
TOKEN = jwt({**diploma(), "iss": did(KEY), "sub": "did:example:emil"})
PAGES = {LIST: status_list(bits={2: True})}
SHORT = f"did:key:{to_multibase(ED25519 + bytes(31))}"
OFF_CURVE = f"did:key:{to_multibase(P384 + bytes([2]) + bytes(47) + bytes([1]))}"
SUBJECT = GRAPH["credentialSubject"]


def text_of(document: Document) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def flipped(raw: bytes, every: int) -> Iterator[bytes]:
    """One bit of every n-th byte, another bit each time."""
    for turn, place in enumerate(range(0, len(raw), every)):
        yield raw[:place] + bytes([raw[place] ^ (1 << turn % 7)]) + raw[place + 1 :]


@pytest.mark.parametrize(("raw", "every"), [(text_of(GRAPH), 17), (text_of(TEXT), 7), (TOKEN, 7)])
def test_no_flipped_bit_is_verified(raw: bytes, every: int) -> None:
    assert judged(raw, PAGES).outcome == Outcome.VERIFIED
    verdicts = [judged(broken, PAGES) for broken in flipped(raw, every)]
    assert len(verdicts) >= 55
    assert Outcome.VERIFIED not in {verdict.outcome for verdict in verdicts}
    assert all(verdict.reasons for verdict in verdicts)
    # What is left in doubt turned into a vocabulary, a way of signing or an issuer of which we know nothing.
    in_doubt = {reason for each in verdicts if each.outcome == Outcome.UNVERIFIABLE for reason in each.reasons}
    assert in_doubt <= {R.CONTEXT_UNKNOWN, R.SUITE_UNKNOWN, R.KEY_UNREACHABLE, R.KEY_UNCONFIRMED}


def changed(document: Document, *path: str | int, to: Any = "changed") -> Document:
    """A copy with one value replaced, or taken out where `to` is None."""
    copy: Any = deepcopy(document)
    place = copy
    for step in path[:-1]:
        place = place[step]
    if to is None:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return dict(copy)


def every_value(document: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    inside = document.items() if isinstance(document, dict) else enumerate(document)
    for name, value in inside:
        yield (*path, name)
        if isinstance(value, dict | list):
            yield from every_value(value, (*path, name))


@pytest.mark.parametrize("whole", [GRAPH, TEXT])
def test_no_value_can_be_swapped_and_none_left_out(whole: Document) -> None:
    paths = list(every_value(whole))
    assert len(paths) >= 40
    for path in paths:
        for to in ("<script>alert(1)</script>", None):
            verdict = judged(changed(whole, *path, to=to), PAGES)
            assert verdict.outcome != Outcome.VERIFIED, (path, to)
            assert verdict.reasons, (path, to)


def deep(levels: int) -> bytes:
    return b'{"@context":' + b"[" * levels + b"]" * levels + b"}"


def poison(size: int) -> Document:
    """Blank nodes that all look the same and all know each other: n! ways to name them."""
    crowd = [
        {"id": f"_:n{each}", "type": ["Profile"], "parentOrg": [{"id": f"_:n{other}"} for other in range(size)]}
        for each in range(size)
    ]
    return proved_badly(diploma(issuer=did(KEY), evidence=crowd))


def proved_badly(document: Document) -> Document:
    return {**document, "proof": {**GRAPH["proof"]}}


def hidden(name: str, alias: str) -> Document:
    """The holder gives a property another name through a context of their own: the graph, and the proof, stay."""
    made = proved(diploma(validUntil="2020-01-01T00:00:00Z"))
    made[alias] = made.pop(name)
    iri = {"@id": f"https://www.w3.org/2018/credentials#{name}", "@type": "http://www.w3.org/2001/XMLSchema#dateTime"}
    return {**made, "@context": [*made["@context"], {alias: iri}]}


def moved() -> Document:
    """The end of validity is moved to another mention of the same credential."""
    made = proved(
        diploma(
            validUntil="2020-01-01T00:00:00Z",
            refreshService={"id": "urn:uuid:1b6a3a4e-1c2d-4c59-8f5b-5d2f0a3b9c11", "type": "VerifiableCredential"},
        )
    )
    made["refreshService"]["validUntil"] = made.pop("validUntil")
    return made


def confused() -> bytes:
    """HS256 with the public key as the secret."""
    import hashlib
    import hmac

    head, body = b64(b'{"alg":"HS256"}'), b64(text_of(diploma()))
    secret = KEY.public_key().public_bytes_raw()
    return f"{head}.{body}.{b64(hmac.new(secret, f'{head}.{body}'.encode(), hashlib.sha256).digest())}".encode()


def token(head: Any, body: Any, signature: bytes = b"x" * 64) -> bytes:
    parts = [each if isinstance(each, bytes) else text_of(each) for each in (head, body)]
    return f"{b64(parts[0])}.{b64(parts[1])}.{b64(signature)}".encode()


def with_list(page: Document | bytes, entry: Document | None = None) -> Callable[[], Verdict]:
    return lambda: judged(proved(diploma(**(entry or listed(3)))), {LIST: page})


def of(document: Document | bytes) -> Callable[[], Verdict]:
    return lambda: judged(document, PAGES)


BOMB = gzip.compress(bytes(40_000_000), 1, mtime=0)
TWICE = text_of(TEXT).replace(b'"awardedDate":', b'"name":"a","name":"b","awardedDate":')
CASES: dict[str, tuple[Callable[[], Verdict], Reason]] = {
    # files
    "empty": (of(b""), R.MALFORMED),
    "not UTF-8": (of(b"\xff\xfe{}"), R.MALFORMED),
    "no object": (of(b"[1]"), R.MALFORMED),
    "half an object": (of(text_of(GRAPH)[:-9]), R.MALFORMED),
    "not a number": (of(b'{"a":NaN}'), R.MALFORMED),
    "endless number": (of(b'{"a":' + b"9" * 5_000 + b"}"), R.MALFORMED),
    "half a character": (of(b'{"a":"\\ud800"}'), R.MALFORMED),
    "name twice": (of(TWICE), R.DUPLICATE_KEY),
    "issuer twice": (of(text_of(GRAPH)[:-1] + b',"issuer":"did:key:z6Mk"}'), R.DUPLICATE_KEY),
    "oversized": (of(text_of(GRAPH) + b" " * 600_000), R.TOO_LARGE),
    "oversized picture": (of(b"\x89PNG\r\n\x1a\n" + bytes(6_000_000)), R.TOO_LARGE),
    "deep nesting": (of(deep(40)), R.TOO_COMPLEX),
    "deepest nesting": (of(deep(100_000)), R.TOO_COMPLEX),
    "too many values": (of(text_of({"a": list(range(6_000))})), R.TOO_COMPLEX),
    "alike without end": (of(poison(9)), R.TOO_COMPLEX),
    "an entity in SVG": (of(b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><svg>&b;</svg>'), R.MALFORMED),
    # shape
    "no proof": (of(diploma()), R.NO_PROOF),
    "empty proof": (of({**diploma(), "proof": []}), R.NO_PROOF),
    "other context": (of({**GRAPH, "@context": ["https://schema.org"]}), R.MALFORMED),
    "no context": (of(changed(GRAPH, "@context", to=None)), R.MALFORMED),
    "a number for a context": (of({**GRAPH, "@context": 7}), R.MALFORMED),
    "context that is no context": (of({**GRAPH, "@context": [CREDENTIALS_V2, 7]}), R.MALFORMED),
    "unknown context": (of({**GRAPH, "@context": [CREDENTIALS_V2, "https://evil.example/1"]}), R.CONTEXT_UNKNOWN),
    "no type": (of(jwt(diploma(type=["OpenBadgeCredential"]))), R.MALFORMED),
    "no type in the graph": (of({**GRAPH, "type": ["OpenBadgeCredential"]}), R.UNSIGNED_TERMS),
    "no credential in the graph": (of(proved({"@context": [CREDENTIALS_V2], "id": "urn:a", "name": "x"})), R.MALFORMED),
    "says nothing": (of({"@context": [CREDENTIALS_V2], "proof": GRAPH["proof"]}), R.MALFORMED),
    "no type as text": (of(proved(diploma(type=["OpenBadgeCredential"]), suite="eddsa-jcs-2022")), R.MALFORMED),
    "no issuer": (of(jwt({**diploma(), "issuer": ""})), R.NO_ISSUER),
    "two issuers": (of(jwt({**diploma(), "issuer": [did(KEY), did(OTHER)]})), R.MALFORMED),
    "two subjects": (of(proved(diploma(credentialSubject=[SUBJECT, {**SUBJECT, "id": "did:example:b"}]))), R.MALFORMED),
    "no subject": (of(proved(diploma(credentialSubject=None))), R.MALFORMED),
    # what a graph does not sign
    "undefined property": (of({**GRAPH, "grade": "summa cum laude"}), R.UNSIGNED_TERMS),
    "undefined property inside": (of(changed(GRAPH, "credentialSubject", "rank", to="first")), R.UNSIGNED_TERMS),
    "undefined type": (of({**GRAPH, "type": [*GRAPH["type"], "Doctorate"]}), R.UNSIGNED_TERMS),
    "undefined in the proof": (of(changed(GRAPH, "proof", "note", to="x")), R.UNSIGNED_TERMS),
    "relative id": (of(changed(GRAPH, "credentialSubject", "id", to="emil")), R.UNSIGNED_TERMS),
    "protected term redefined": (of({**GRAPH, "@context": [*GRAPH["@context"], {"name": "urn:x"}]}), R.MALFORMED),
    "end hidden by a context": (of(hidden("validUntil", "mayBeUntil")), R.EXPIRED),
    "end moved elsewhere": (of(moved()), R.EXPIRED),
    "end written in full": (
        of({**(made := proved(diploma(validUntil="2020-01-01T00:00:00Z"))),
            "https://www.w3.org/2018/credentials#validUntil": {
                "@value": made["validUntil"], "@type": "http://www.w3.org/2001/XMLSchema#dateTime"},
            "validUntil": []}), R.EXPIRED),
    "proof inside out": (of({"@context": GRAPH["@context"], "@graph": [GRAPH]}), R.NO_PROOF),
    # keys and signatures
    "signed by another": (of(proved(diploma(did(OTHER)))), R.WRONG_ISSUER),
    "another's key named": (of(proved(diploma(), OTHER, verificationMethod=method(KEY))), R.TAMPERED),
    "own key, issuer's name": (of(proved(diploma(), OTHER)), R.WRONG_ISSUER),
    "two keys in one name": (of(proved(diploma(), verificationMethod=f"{did(KEY)}#{multikey(OTHER)}")), R.MALFORMED),
    "issuer swapped": (of(changed(GRAPH, "issuer", "id", to=did(OTHER))), R.WRONG_ISSUER),
    "issuer and key swapped": (
        of(changed(changed(GRAPH, "issuer", "id", to=did(OTHER)), "proof", "verificationMethod", to=method(OTHER))),
        R.TAMPERED),
    "subject swapped": (of(changed(GRAPH, "credentialSubject", "name", to="Farah Siddiqui")), R.TAMPERED),
    "subject's id swapped": (of(changed(TEXT, "credentialSubject", "id", to="did:example:farah")), R.TAMPERED),
    "status taken out": (of(changed(GRAPH, "credentialStatus", to=None)), R.TAMPERED),
    "script in a field": (
        of(changed(GRAPH, "credentialSubject", "achievement", "name", to="<img onerror=alert(1)>")), R.TAMPERED),
    "wrong multibase": (of(changed(GRAPH, "proof", "proofValue", to="m" + GRAPH["proof"]["proofValue"])), R.MALFORMED),
    "not base58": (of(changed(GRAPH, "proof", "proofValue", to="z0OIl")), R.MALFORMED),
    "endless signature": (of(changed(GRAPH, "proof", "proofValue", to="z" + "2" * 9_000)), R.MALFORMED),
    "short signature": (of(changed(GRAPH, "proof", "proofValue", to="z2")), R.TAMPERED),
    "no signature": (of(changed(GRAPH, "proof", "proofValue", to=None)), R.MALFORMED),
    "key too short": (of(changed(proved(diploma("did:key:z6Mk")), "proof", "verificationMethod", to="did:key:z6Mk")),
                      R.ALGORITHM),
    "key of no curve": (of(proved(diploma("did:key:zDn1"), verificationMethod="did:key:zDn1")), R.ALGORITHM),
    "key of no length": (of(proved(diploma(SHORT), verificationMethod=SHORT)), R.MALFORMED),
    "key off its curve": (of(proved(diploma(OFF_CURVE), verificationMethod=OFF_CURVE)), R.MALFORMED),
    "key of another kind": (
        of(changed(proved(diploma(did(EC256)), EC256, "ecdsa-rdfc-2019"), "proof", "cryptosuite",
                   to="eddsa-rdfc-2022")), R.ALGORITHM),
    "elliptic, half as long": (
        of(changed(made := proved(diploma(did(EC256)), EC256, "ecdsa-rdfc-2019"), "proof", "proofValue",
                   to=made["proof"]["proofValue"][:40])), R.TAMPERED),
    "elliptic, all ones": (
        of(changed(proved(diploma(did(EC384)), EC384, "ecdsa-rdfc-2019"), "proof", "proofValue", to="z" + "1" * 96)),
        R.TAMPERED),
    "for sign-in": (of(proved(diploma(), proofPurpose="authentication")), R.PURPOSE),
    "purpose changed": (of(changed(GRAPH, "proof", "proofPurpose", to="keyAgreement")), R.PURPOSE),
    "a chain of proofs": (of(proved(diploma(), suite="eddsa-jcs-2022", previousProof="urn:1")), R.SUITE_UNKNOWN),
    "unknown suite": (of(changed(GRAPH, "proof", "cryptosuite", to="bbs-2023")), R.SUITE_UNKNOWN),
    "suite swapped": (of(changed(GRAPH, "proof", "cryptosuite", to="eddsa-jcs-2022")), R.TAMPERED),
    "too large a number": (of({**TEXT, "n": 2**60}), R.MALFORMED),
    # tokens
    "alg none": (of(token({"alg": "none"}, diploma(), b"")), R.ALGORITHM),
    "alg None": (of(token({"alg": "None"}, diploma(), b"")), R.ALGORITHM),
    "no alg": (of(token({}, diploma())), R.ALGORITHM),
    "alg is a list": (of(token({"alg": ["EdDSA"]}, diploma())), R.ALGORITHM),
    "public key as a secret": (of(confused()), R.ALGORITHM),
    "RSA for an Ed25519 key": (of(token({"alg": "RS256"}, diploma())), R.ALGORITHM),
    "RSA too short": (
        of(jwt(diploma("https://a.example"), SMALL_RSA, jwk={"kty": "RSA", "e": "AQAB", "n": b64(b"\xff" * 128)})),
        R.ALGORITHM),
    "critical extension": (of(jwt(diploma(), crit=["exp"])), R.ALGORITHM),
    "unencoded body": (of(jwt(diploma(), b64=False)), R.ALGORITHM),
    "another's token": (of(jwt(diploma(did(OTHER)), kid=method(KEY))), R.WRONG_ISSUER),
    "another signs": (of(jwt(diploma(), OTHER, kid=method(KEY))), R.TAMPERED),
    "a key in the header": (
        of(jwt(diploma("https://a.example"), OTHER,
               jwk={"kty": "OKP", "crv": "Ed25519", "x": b64(OTHER.public_key().public_bytes_raw())})),
        R.KEY_UNREACHABLE),
    "a broken key in the header": (of(jwt(diploma("https://a.example"), jwk={"kty": "OKP", "crv": "Ed25519"})),
                                   R.MALFORMED),
    "a key of a curve we do not take": (of(jwt(diploma("https://a.example"), jwk={"kty": "EC", "crv": "P-521"})),
                                        R.ALGORITHM),
    "a key off the curve": (
        of(jwt(diploma("https://a.example"), jwk={"kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ"})), R.MALFORMED),
    "iss contradicts": (of(jwt({**diploma(), "iss": did(OTHER)})), R.WRONG_ISSUER),
    "sub contradicts": (of(jwt({**diploma(), "sub": "did:example:farah"})), R.MALFORMED),
    "token expired": (of(jwt({**diploma(), "exp": 1_000_000_000})), R.EXPIRED),
    "token too early": (of(jwt({**diploma(), "nbf": 4_000_000_000})), R.NOT_YET_VALID),
    "exp is no moment": (of(jwt({**diploma(), "exp": "soon"})), R.MALFORMED),
    "exp without end": (of(jwt({**diploma(), "exp": 10**30})), R.MALFORMED),
    "no credential in it": (of(jwt({"vc": "x"})), R.MALFORMED),
    "header not UTF-8": (of(token(b"\xff", diploma())), R.MALFORMED),
    "header no JSON": (of(token(b"{", diploma())), R.MALFORMED),
    "header not base64": (of(b"a.b.c"), R.MALFORMED),
    "name twice in a token": (of(token(b'{"alg":"EdDSA","alg":"none"}', diploma())), R.DUPLICATE_KEY),
    # dates
    "expired": (of(proved(diploma(validUntil="2020-01-01T00:00:00Z"))), R.EXPIRED),
    "not yet valid": (of(proved(diploma(validFrom="2099-01-01T00:00:00Z"))), R.NOT_YET_VALID),
    "no moment": (of(proved(diploma(validFrom="yesterday"))), R.MALFORMED),
    "no such day": (of(proved(diploma(validFrom="2015-02-30T00:00:00Z"))), R.MALFORMED),
    # status
    "revoked": (with_list(status_list(bits={3: True})), R.REVOKED),
    "suspended": (
        with_list(status_list(bits={3: True}, statusPurpose="suspension"), listed(3, "suspension")), R.SUSPENDED),
    "zip bomb": (with_list(status_list(bits={}, raw=BOMB)), R.STATUS_BROKEN),
    "list is junk": (with_list(status_list(bits={}, raw=b"junk")), R.STATUS_BROKEN),
    "list ends too soon": (with_list(status_list(bits={}, raw=BOMB[:99])), R.STATUS_BROKEN),
    "list in another base": (with_list(status_list(bits={}, encodedList="mAAAA")), R.STATUS_BROKEN),
    "list not signed": (with_list(changed(status_list(bits={}), "proof", to=None)), R.STATUS_BROKEN),
    "list tampered": (
        with_list(changed(status_list(bits={3: True}), "credentialSubject", "encodedList",
                          to=status_list(bits={})["credentialSubject"]["encodedList"])), R.STATUS_BROKEN),
    "list of another kind": (with_list(proved(diploma())), R.STATUS_BROKEN),
    "list for another purpose": (with_list(status_list(bits={}, statusPurpose="suspension")), R.STATUS_BROKEN),
    "list is no JSON": (with_list(b"<html>"), R.STATUS_BROKEN),
    "place beyond the list": (with_list(status_list(bits={}), listed(999_999)), R.STATUS_BROKEN),
    "place below zero": (with_list(status_list(bits={}), listed("-1")), R.STATUS_BROKEN),
    "place is no number": (with_list(status_list(bits={}), listed("٣")), R.STATUS_BROKEN),
    "list in a file": (with_list(b"", listed(3, statusListCredential="file:///etc/passwd")), R.STATUS_UNREACHABLE),
    "another kind of status": (
        of(jwt(diploma(credentialStatus={"id": LIST, "type": "1EdTechRevocationList"}))), R.STATUS_UNKNOWN),
    "states of several bits": (of(jwt(diploma(**listed(3, statusSize=2)))), R.STATUS_UNKNOWN),
    "too many states": (of(jwt(diploma(credentialStatus=[{"id": LIST}] * 9))), R.TOO_COMPLEX),
    # a second credential inside
    "two credentials": (
        of(proved({"@context": [CREDENTIALS_V2, OPEN_BADGES],
                   "@graph": [changed(diploma(), "@context", to=None),
                              {"id": "urn:b", "type": "VerifiableCredential", "issuer": did(KEY)}]})),
        R.MALFORMED),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_each_is_told_why(name: str) -> None:
    make, reason = CASES[name]
    verdict = make()
    assert verdict.outcome != Outcome.VERIFIED
    assert reason in verdict.reasons, verdict.findings
    assert (verdict.outcome == Outcome.REFUSED) == any(each.refuses for each in verdict.reasons)


def test_there_are_more_than_two_hundred_and_a_stranger_cannot_keep_us_busy() -> None:
    flips = sum(len(raw) // every for raw, every in ((text_of(GRAPH), 17), (text_of(TEXT), 7), (TOKEN, 7)))
    assert flips + len(CASES) + 4 * len(list(every_value(TEXT))) > 500
    began = perf_counter()
    judged(poison(9))
    assert perf_counter() - began < 5
