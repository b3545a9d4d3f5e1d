"""Sound diplomas are verified, whichever way they are signed; what stands in doubt or is wrong gets its reason."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from experts.diplomas.contexts import CREDENTIALS_V1, CREDENTIALS_V2
from experts.diplomas.verdicts import Degree, Finding, Outcome, Reason
from experts.diplomas.verifier import verify
from tests.experts.diplomas.makers import (
    EC256,
    EC384,
    KEY,
    LIST,
    NOW,
    OTHER,
    Private,
    b64,
    chunk,
    did,
    diploma,
    judged,
    jwt,
    listed,
    method,
    multikey,
    png,
    proved,
    status_list,
    svg,
)

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SCHOOL = "https://uni.example/issuer"
WEB = "did:web:uni.example"
SUITE_2020 = "https://w3id.org/security/suites/ed25519-2020/v1"
PROOF_V2 = "https://w3id.org/security/data-integrity/v2"


def controller(issuer: str, *keys: Private, **changes: Any) -> dict[str, Any]:
    """The document that an issuer publishes."""
    methods = [
        {
            "id": f"{issuer}#{multikey(key)}",
            "type": "Multikey",
            "controller": issuer,
            "publicKeyMultibase": multikey(key),
        }
        for key in keys
    ]
    return {"id": issuer, "verificationMethod": methods, "assertionMethod": [each["id"] for each in methods], **changes}


def jwk(key: rsa.RSAPrivateKey) -> dict[str, str]:
    numbers = key.public_key().public_numbers()
    return {"kty": "RSA", "n": b64(numbers.n.to_bytes(256, "big")), "e": b64(numbers.e.to_bytes(3, "big"))}


@pytest.mark.parametrize(
    ("key", "suite"),
    [
        (KEY, "eddsa-rdfc-2022"),
        (KEY, "eddsa-jcs-2022"),
        (KEY, "Ed25519Signature2020"),
        (EC256, "ecdsa-rdfc-2019"),
        (EC384, "ecdsa-rdfc-2019"),
    ],
)
def test_a_sound_diploma_is_verified_and_read(key: Private, suite: str) -> None:
    made = diploma(did(key))
    made["@context"] = [*made["@context"], SUITE_2020] if suite == "Ed25519Signature2020" else made["@context"]
    verdict = judged(proved(made, key, suite))
    assert (verdict.outcome, verdict.findings) == (Outcome.VERIFIED, ())
    assert verdict.issuer.name == "University of Copenhagen"
    assert (verdict.subject.name, verdict.subject.id) == ("Emil Sørensen", "did:example:emil")
    assert verdict.degree == Degree("PhD in Physics", "DoctoralDegree", "Physics", "2015-06-30T00:00:00Z")
    assert verdict.proofs[0].signature == "holds"
    assert verdict.as_json()["degree"] == {"title": "PhD in Physics", "kind": "DoctoralDegree"}
    assert verdict.as_json()["verdict"] == "verified"


@pytest.mark.parametrize("key", [KEY, EC256, EC384])
def test_a_token_is_verified_as_well_and_read_the_same(key: Private) -> None:
    claims = {
        **diploma(did(key)),
        "iss": did(key),
        "sub": "did:example:emil",
        "nbf": 1_435_708_800,
        "exp": 4_000_000_000,
    }
    verdict = judged(jwt(claims, key, kid=method(key)))
    assert (verdict.outcome, verdict.findings) == (Outcome.VERIFIED, ())
    assert verdict.degree is not None
    assert verdict.valid_until == "2096-10-02T07:06:40Z"
    assert judged(jwt(diploma(did(key)), key)).outcome == Outcome.VERIFIED  # a did:key is its own name


def test_the_older_form_of_a_token_carries_the_credential_in_a_claim() -> None:
    inner = {
        "@context": [CREDENTIALS_V1],
        "type": ["VerifiableCredential", "UniversityDegreeCredential"],
        "credentialSubject": {"degree": {"type": "BachelorDegree", "name": "Bachelor of Laws"}},
    }
    claims = {"vc": inner, "iss": SCHOOL, "sub": "did:example:juan", "jti": "urn:x:1", "exp": 1_900_000_000}
    published = {"id": SCHOOL, "assertionMethod": [{"id": f"{SCHOOL}#1", "publicKeyJwk": jwk(RSA)}]}
    for algorithm in ("RS256", "PS256"):
        verdict = judged(jwt(claims, RSA, alg=algorithm, kid="#1"), {SCHOOL: published})
        assert (verdict.outcome, verdict.findings) == (Outcome.VERIFIED, ())
    assert verdict.degree == Degree("Bachelor of Laws", "BachelorDegree")
    assert (verdict.id, verdict.subject.id) == ("urn:x:1", "did:example:juan")


@pytest.mark.parametrize("issuer", [WEB, SCHOOL, "did:web:uni.example%3A8443:physics"])
def test_an_issuer_on_the_web_publishes_its_keys(issuer: str) -> None:
    place = {
        WEB: "https://uni.example/.well-known/did.json",
        SCHOOL: SCHOOL,
        "did:web:uni.example%3A8443:physics": "https://uni.example:8443/physics/did.json",
    }[issuer]
    made = proved(diploma(issuer), verificationMethod=f"{issuer}#{multikey(KEY)}")
    assert judged(made, {place: controller(issuer, OTHER, KEY)}).outcome == Outcome.VERIFIED
    assert judged(made, {place: controller(issuer, OTHER)}).reasons == (Reason.WRONG_ISSUER,)
    assert judged(made, {place: controller("https://else.example", KEY)}).reasons == (Reason.KEY_UNCONFIRMED,)
    assert judged(made, {place: b"[]"}).reasons == (Reason.MALFORMED,)
    assert judged(made, {place: jwt({"id": issuer})}).reasons == (Reason.KEY_UNCONFIRMED,)
    borrowed = controller(issuer, KEY)
    borrowed["verificationMethod"][0]["controller"] = "https://else.example"
    assert judged(made, {place: borrowed}).reasons == (Reason.WRONG_ISSUER,)
    unreachable = judged(made)
    assert (unreachable.outcome, unreachable.reasons) == (Outcome.UNVERIFIABLE, (Reason.KEY_UNREACHABLE,))
    assert unreachable.proofs[0].signature == "holds"


def test_a_key_that_only_the_signature_names_shows_tampering_and_no_more() -> None:
    made = proved(diploma(SCHOOL), verificationMethod=f"{SCHOOL}#{multikey(KEY)}")
    assert judged(made).reasons == (Reason.KEY_UNREACHABLE,)
    changed = {**made, "validFrom": "2014-07-01T00:00:00Z"}
    assert judged(changed).outcome == Outcome.REFUSED
    assert Reason.TAMPERED in judged(changed).reasons
    unnamed = proved(diploma(SCHOOL), verificationMethod=f"{SCHOOL}#key-1")
    assert judged(unnamed).proofs[0].signature == "unchecked"
    nowhere = judged(proved(diploma("urn:uuid:6f2e33e5-7a29-4155-840a-59483ba10164")))
    assert (nowhere.outcome, nowhere.reasons) == (Outcome.UNVERIFIABLE, (Reason.KEY_UNCONFIRMED,))


def test_ops_may_know_a_key_that_nobody_publishes() -> None:
    made = proved(diploma(SCHOOL), verificationMethod=f"{SCHOOL}#key-1")
    assert judged(made, pinned={SCHOOL: (multikey(OTHER), multikey(KEY))}).outcome == Outcome.VERIFIED
    assert judged(made, pinned={SCHOOL: (multikey(OTHER),)}).reasons == (Reason.TAMPERED,)


def test_a_did_key_of_the_issuer_may_stand_in_its_document() -> None:
    made = proved(diploma(SCHOOL))
    listed_there = {"id": method(KEY), "publicKeyMultibase": multikey(KEY)}
    assert judged(made, {SCHOOL: {"id": SCHOOL, "assertionMethod": listed_there}}).outcome == Outcome.VERIFIED
    nothing = {"id": SCHOOL, "assertionMethod": [{"id": method(KEY)}]}
    assert judged(made, {SCHOOL: nothing}).reasons == (Reason.MALFORMED,)
    assert judged(made, {SCHOOL: {"id": SCHOOL}}).reasons == (Reason.WRONG_ISSUER,)


def test_dates_bound_a_diploma() -> None:
    future = judged(proved(diploma(validFrom="2030-01-01T00:00:00+02:00")))
    assert future.reasons == (Reason.NOT_YET_VALID,)
    past = judged(proved(diploma(validUntil="2020-01-01T00:00:00.123456789Z")))
    assert (past.outcome, past.reasons) == (Outcome.REFUSED, (Reason.EXPIRED,))
    assert judged(proved(diploma(validUntil="2026-13-01T00:00:00Z"))).reasons == (Reason.MALFORMED,)
    assert judged(proved(diploma(validUntil="tomorrow"))).reasons == (Reason.MALFORMED,)
    assert judged(proved(diploma(validUntil="2026-06-02T00:00:00"))).outcome == Outcome.VERIFIED  # no zone: UTC
    made = json.dumps(proved(diploma(validUntil="2026-06-02T00:00:00Z"))).encode()
    assert verify(made, at=NOW + timedelta(days=1)).reasons == (Reason.EXPIRED,)


def test_a_proof_may_end_before_the_diploma() -> None:
    assert judged(proved(diploma(), expires="2026-05-01T00:00:00Z")).reasons == (Reason.EXPIRED,)
    assert judged(proved(diploma(), expires="2027-05-01T00:00:00Z")).outcome == Outcome.VERIFIED


def test_withdrawn_diplomas_stand_in_a_list() -> None:
    made = proved(diploma(**listed(3)))
    good = judged(made, {LIST: status_list(bits={2: True, 4: True})})
    assert (good.outcome, good.status) == (Outcome.VERIFIED, "good")
    revoked = judged(made, {LIST: status_list(bits={3: True})})
    assert (revoked.outcome, revoked.reasons, revoked.status) == (Outcome.REFUSED, (Reason.REVOKED,), "revoked")
    unreachable = judged(made)
    assert (unreachable.outcome, unreachable.status) == (Outcome.UNVERIFIABLE, "unknown")
    assert unreachable.reasons == (Reason.STATUS_UNREACHABLE,)


def test_a_list_that_another_signs_counts_because_the_diploma_names_it() -> None:
    made = proved(diploma(**listed(3)))
    assert judged(made, {LIST: status_list(bits={3: True}, key=OTHER)}).reasons == (Reason.REVOKED,)
    assert judged(made, {LIST: status_list(bits={}, key=OTHER)}).outcome == Outcome.VERIFIED


def test_a_suspension_is_said_as_one_and_a_message_refuses_nobody() -> None:
    made = proved(diploma(**listed(3, "suspension")))
    assert judged(made, {LIST: status_list(bits={3: True}, statusPurpose="suspension")}).status == "suspended"
    message = proved(diploma(**listed(3, "message")))
    assert judged(message, {LIST: status_list(bits={3: True}, statusPurpose="message")}).outcome == Outcome.VERIFIED


def test_no_list_is_fetched_at_the_word_of_somebody_unknown() -> None:
    forged = {**proved(diploma(**listed(3))), "validFrom": "2001-01-01T00:00:00Z"}
    verdict = judged(forged, {LIST: status_list(bits={3: True})})
    assert (verdict.reasons, verdict.status) == ((Reason.TAMPERED,), "unknown")


def test_older_lists_are_read_in_tokens() -> None:
    import base64
    import gzip

    bits = gzip.compress(b"\x10" + bytes(99))
    for kind, index, where, text in (
        ("StatusList2021", "statusListIndex", "statusListCredential", b64(bits)),
        ("RevocationList2020", "revocationListIndex", "revocationListCredential", base64.b64encode(bits).decode()),
    ):
        held = {
            "type": ["VerifiableCredential", f"{kind}Credential"],
            "issuer": did(KEY),
            "credentialSubject": {"id": f"{LIST}#list", "type": kind, "encodedList": text},
        }
        entry_type = f"{kind}Entry" if kind == "StatusList2021" else f"{kind}Status"
        for place, reasons in (("3", (Reason.REVOKED,)), ("4", ())):
            entry = {"id": f"{LIST}#3", "type": entry_type, index: place, where: LIST}
            assert judged(jwt(diploma(credentialStatus=entry)), {LIST: jwt(held)}).reasons == reasons
        entry = {"id": f"{LIST}#3", "type": entry_type, index: "3", where: LIST}
        held["credentialSubject"] = {"id": f"{LIST}#list", "type": kind, "encodedList": "ö"}
        assert judged(jwt(diploma(credentialStatus=entry)), {LIST: jwt(held)}).reasons == (Reason.STATUS_BROKEN,)


def test_every_proof_that_we_can_check_must_hold_and_one_must_be_there() -> None:
    made = proved(diploma())
    mine, foreign = made["proof"], {"type": "BbsBlsSignature2020", "proofValue": "z1"}
    assert judged({**made, "proof": [mine, foreign]}).outcome == Outcome.VERIFIED
    assert judged({**made, "proof": [foreign]}).reasons == (Reason.SUITE_UNKNOWN,)
    broken = {**mine, "created": "2025-01-01T00:00:00Z"}
    assert judged({**made, "proof": [mine, broken]}).reasons == (Reason.TAMPERED,)
    assert judged({**made, "proof": [mine] * 5}).reasons == (Reason.TOO_COMPLEX,)
    assert judged({**made, "proof": ["x"]}).reasons == (Reason.MALFORMED,)


def test_signed_as_text_and_as_graph_only_the_graph_is_read() -> None:
    text, graph = proved(diploma(), suite="eddsa-jcs-2022"), proved(diploma())
    verdict = judged({**text, "proof": [text["proof"], graph["proof"]]})
    assert verdict.outcome == Outcome.VERIFIED
    assert len(verdict.proofs) == 2


def test_contexts_that_came_later_do_not_change_what_jcs_signed() -> None:
    made = proved(diploma(), suite="eddsa-jcs-2022")
    assert judged({**made, "@context": [*made["@context"], PROOF_V2]}).outcome == Outcome.VERIFIED
    assert judged({**made, "@context": made["@context"][:1]}).reasons == (Reason.TAMPERED,)
    old = proved(diploma(), suite="eddsa-jcs-2022", nonce="1")  # a proof that repeats no context
    assert judged(old).outcome == Outcome.VERIFIED


def test_a_badge_may_come_as_a_picture() -> None:
    made = json.dumps(proved(diploma(), suite="eddsa-jcs-2022")).encode()
    token = jwt(diploma())
    for picture in (png(made), png(made, packed=True), png(token), png(token, keyword=b"openbadges")):
        assert judged(picture).outcome == Outcome.VERIFIED
    assert judged(svg(f'<openbadges:credential verify="{token.decode()}"/>')).outcome == Outcome.VERIFIED
    baked = f"<openbadges:credential><![CDATA[{made.decode()}]]></openbadges:credential>"
    assert judged(svg(baked)).outcome == Outcome.VERIFIED


@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        (png(), Reason.NO_PROOF),
        (png(b"{}", b"{}"), Reason.MALFORMED),
        (b"\x89PNG\r\n\x1a\n" + chunk(b"iTXt", b"openbadgecredential\0"), Reason.MALFORMED),
        (b"\x89PNG\r\n\x1a\n" + chunk(b"iTXt", b"openbadgecredential\0\1\0\0\0junk"), Reason.MALFORMED),
        (b"\x89PNG\r\n\x1a\n" + chunk(b"iTXt", b"openbadgecredential\0\1\0\0\0\x78\x9c"), Reason.MALFORMED),
        (png(b" " * 1_000_000, packed=True), Reason.TOO_LARGE),
        (svg(""), Reason.NO_PROOF),
        (svg("<openbadges:credential/><openbadges:credential/>"), Reason.MALFORMED),
        (svg("<openbadges:credential/>"), Reason.MALFORMED),
        (svg("<openbadges:credential>"), Reason.MALFORMED),
        (b'<!DOCTYPE svg [<!ENTITY a "b">]>' + svg("&a;"), Reason.MALFORMED),
    ],
)
def test_a_picture_without_one_badge_is_none(picture: bytes, reason: Reason) -> None:
    assert judged(picture).reasons == (reason,)


def test_what_an_issuer_wrote_is_one_clean_line() -> None:
    subject = {
        "id": "did:example:emil",
        "type": ["AchievementSubject"],
        "achievement": {"id": "urn:a:1", "type": ["Achievement"], "name": "  A\u0000\n\tB\u202e<script> " + "x" * 900},
    }
    verdict = judged(jwt(diploma(credentialSubject=[{**subject, "givenName": "Emil", "familyName": "Sørensen"}])))
    assert verdict.subject.name == "Emil Sørensen"
    assert verdict.degree is not None
    assert verdict.degree.title.startswith("A B <script> xxx")
    assert len(verdict.degree.title) == 200
    nameless = judged(jwt(diploma(credentialSubject={"id": "did:example:emil", "achievement": {"id": "urn:a:1"}})))
    assert nameless.degree is None
    assert nameless.as_json()["degree"] is None


def test_one_refusal_outweighs_a_doubt() -> None:
    doubt = judged(proved(diploma(SCHOOL), verificationMethod=f"{SCHOOL}#key-1"))
    assert doubt.outcome == Outcome.UNVERIFIABLE
    assert doubt.with_finding(Finding(Reason.REVOKED, "by us")).outcome == Outcome.REFUSED
    assert doubt.as_json()["reasons"][0]["words"] == "The issuer's keys could not be fetched."
    assert {reason.words for reason in Reason} == {reason.words for reason in Reason if reason.words.endswith(".")}


def test_without_a_network_nothing_is_fetched() -> None:
    made = json.dumps(proved(diploma(WEB), verificationMethod=f"{WEB}#{multikey(KEY)}")).encode()
    assert verify(made, at=NOW).reasons == (Reason.KEY_UNREACHABLE,)


def test_a_single_context_is_enough_where_it_is_the_first() -> None:
    made = diploma(credentialSubject={"name": "Emil"}, awardedDate=None, type=["VerifiableCredential"])
    made["issuer"] = did(KEY)
    made["@context"] = CREDENTIALS_V2
    assert judged(proved(made)).outcome == Outcome.VERIFIED
    assert judged(proved({**made, "@context": [PROOF_V2, CREDENTIALS_V2]})).reasons == (Reason.MALFORMED,)
